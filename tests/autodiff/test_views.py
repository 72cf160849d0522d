"""The backpropagation table in words, and its graph in a terminal."""

import json

import torch

from gradlab import backward
from gradlab.commands.outcomes import plain
from tests.autodiff.test_table import NETWORK, wrong_in_the_middle
from tests.models.first_course import tanh_network


def of_text():
    return backward("x*sin(x^2)", 1.0).table()


def test_the_text_is_one_table_where_it_fits_and_two_where_not():
    table = of_text()
    wide, narrow = table.text(200), table.text(100)
    assert wide.count("grad_fn") == narrow.count("grad_fn") == 1
    assert "forward →" in narrow
    assert "forward →" not in wide
    assert "sin(x²)    x                       1          1       0      SinBackward0" in narrow


def test_the_backward_table_goes_from_the_output_to_the_leaves():
    lines = of_text().text(100).partition("backward ←")[2].splitlines()[2:6]
    assert [line.split("  ")[0] for line in lines] == ["x sin(x²)", "sin(x²)", "x²", "x"]


def test_no_line_of_the_table_is_longer_than_the_terminal():
    table = backward(tanh_network, NETWORK).table()
    closing = table.conclusion
    for width in (80, 100, 140, 300):
        shown = table.text(width).partition(closing)[0]
        assert max(map(len, shown.splitlines())) <= width


def test_the_terminal_tells_its_width(monkeypatch):
    table = of_text()
    monkeypatch.setenv("COLUMNS", "80")
    assert table.text() == table.text(80)


def test_a_disagreement_is_marked_and_the_conclusion_names_it():
    table = backward(wrong_in_the_middle, NETWORK).table()
    marked = [line.split()[0] for line in table.text(140).splitlines() if "≠" in line]
    assert marked[0] == "Z"
    assert table.conclusion.startswith(
        "The first disagreement from the output back is at Z: its delta δ_H ⊙ (1 - H^⊙2)"
    )


def test_agreement_is_counted_and_what_has_no_partner_is_listed_with_the_reason():
    table = backward(tanh_network, NETWORK).table()
    assert table.conclusion == (
        "10 deltas of torch's graph agree with gradlab's; 4 operations without a node of torch's graph."
    )
    assert "— no node of torch's graph: torch computes it inside another operation: 1 b1^T, o - y" in repr(table)


def test_a_single_delta_agrees():
    assert backward(lambda x: x, 1.0).table().conclusion == "1 delta of torch's graph agrees with gradlab's."


def test_what_is_not_finite_is_said_to_be_undecided():
    table = backward("sqrt(x) + y", {"x": 0, "y": 1}).table()
    assert table.first_disagreement is None
    assert table["√x"].agrees
    nowhere = backward(lambda x: torch.sqrt(x) * torch.log(x), 0.0).table()
    assert "there is no finite number to compare" in nowhere.conclusion


def test_markdown_and_html_escape_what_is_no_words():
    table = backward(tanh_network, NETWORK).table()
    assert table.markdown().splitlines()[1] == "| " + " | ".join(["---"] * 9) + " |"
    assert "δ\\_H ⊙ (1 - H^⊙2)" in table.markdown()
    assert not hasattr(table, "_repr_markdown_")  # a notebook would keep both
    comparing = backward(lambda x: torch.where(x < 1, x, x**2), 0.5).table()
    assert "<td>" in comparing._repr_html_()
    assert "x < 1" not in comparing._repr_html_()


def test_the_table_as_plain_data_goes_into_json():
    found = json.loads(json.dumps(plain(of_text().as_dict()), allow_nan=False))
    assert found["function"] == "f(x)"
    assert found["first_disagreement"] is None
    row = found["rows"][1]
    assert (row["name"], row["node"], row["formula"]) == ("x²", "PowBackward0", "x cos(x²)")
    assert row["passed"][0] == {
        "operand": "x",
        "rule": "power rule",
        "because": "d/du u^n = n u^(n-1)",
        "local": "2 x",
        "value": 2,
    }


def test_the_graph_is_drawn_with_lines_for_what_is_still_needed():
    assert of_text().graph().splitlines()[3:] == [
        "●   x          → 1                  ← 1.922",
        "├─● x²         → 1                  ← 0.5403",
        "│ ● sin(x²)    → 0.8415             ← 1",
        "●─┘ x sin(x²)  → 0.8415             ← 1",
    ]


def test_a_line_that_is_crossed_is_not_joined():
    drawn = [
        line.split("  ")[0].rstrip()
        for line in backward("x*(y*(x + z))", {"x": 1, "y": 2, "z": 3}).table().graph().splitlines()
    ]
    assert any("│" in line and "─│─" in line for line in drawn)

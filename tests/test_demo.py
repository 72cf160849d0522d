"""The main job, end to end."""

from __future__ import annotations

import io
import re
import sys
from contextlib import redirect_stdout

import pytest

from gradlab import cli, data, demo
from gradlab.demo import MOST_LOSS, MOST_PARAMETER, Differences, Result
from gradlab.errors import ReportError


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run the demonstration once; return its result, what it printed and its folder."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    path, modules = [*sys.path], set(sys.modules)
    printed = io.StringIO()
    with redirect_stdout(printed):
        result = demo.run(folder)
    yield result, printed.getvalue(), folder
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.endswith("rollercoaster"):
            del sys.modules[name]


def test_the_published_table_comes_out(shown):
    result, printed, _ = shown
    assert result.differences.loss <= 2e-6
    assert result.differences.parameter <= 1.1e-4
    assert (MOST_LOSS, MOST_PARAMETER) == (2e-6, 1.1e-4)
    assert "as published" in printed


def test_all_ten_published_rows_are_shown(shown):
    losses = data.load("rollercoaster_published")["loss"]
    assert len(losses) == 10
    assert all(f"{loss:11.3f}\n" in shown[1] for loss in losses)


def test_every_comparison_agrees(shown):
    result = shown[0]
    assert result.verdicts == {"rollercoaster": "agree", "x**2 + y": "agree", "(x**2).sum()": "agree"}
    assert result.held


def test_the_gradient_is_printed_in_closed_form(shown):
    assert "∂loss/∂a" in shown[1]
    assert "2/n sum_i (a time_i² + b time_i + c - speed_i) time_i²" in shown[1]


def test_the_two_small_examples_are_in_it(shown):
    printed = shown[1]
    assert "∂f/∂x = 2 x" in printed
    vector = printed.partition("A vector\n")[2]
    assert "125" in vector
    assert all(re.search(rf"\b{value}\b", vector) for value in (6, 8, 20))


def test_it_fits_a_terminal(shown):
    assert max(map(len, shown[1].splitlines())) <= 120


def test_the_report_and_all_its_pictures_are_there(shown):
    result, printed, folder = shown
    assert str(result.document) in printed
    text = result.document.read_text(encoding="utf-8")
    links = re.findall(r"!\[(?:\\.|[^\]\\])+\]\(([^)]+)\)", text)
    kinds = [(link.rpartition(".")[2], (folder / link).read_bytes()[:4]) for link in links]
    assert kinds == [("png", b"\x89PNG"), ("svg", b"<svg"), *[("png", b"\x89PNG")] * 3]
    for title in (
        "Derivation of",
        "by 3 routes: agree",
        "The initial fit",
        "The first four fits",
        "Provenance",
    ):
        assert title in text


def test_the_program_it_works_on_can_be_used_again(shown, capsys):
    folder = shown[2]
    words = ["estimate", "--script", f"{folder / 'rollercoaster.py'}:loss", "--at", ",".join(map(str, demo.START))]
    assert cli.main(words) == 0
    assert "15462.858" in capsys.readouterr().out


def test_rows_unlike_the_published_ones_are_a_failure(shown):
    result = shown[0]
    off = Result(Differences(loss=3e-6, parameter=0.0), result.verdicts, result.document)
    assert not off.held
    assert not Result(Differences(loss=0.0, parameter=1.2e-4), result.verdicts, result.document).held
    assert not Result(result.differences, {"rollercoaster": "kink"}, result.document).held


def test_the_exit_code_tells(monkeypatch, tmp_path, capsys):
    found = Result(Differences(loss=1.0, parameter=0.0), {"rollercoaster": "agree"}, tmp_path / "report.md")
    monkeypatch.setattr(demo, "run", lambda folder: found)
    assert cli.main(["demo"]) == 1
    assert cli.main(["demo", "--json"]) == 1
    assert '"ok": false' in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot make the folder"):
        demo.run(tmp_path / "file" / "folder")

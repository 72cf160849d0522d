"""Worksheets, their solutions, and a variant for each student."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from gradlab import as_function, compare, derive, descend, estimate, report
from gradlab.errors import GradlabError
from gradlab.reports.variants import varied


def records(source="2*x**3 + 5*y"):
    f = as_function(source, name="f")
    return [derive(f), compare(f, {"x": 2, "y": -1}), descend(f, {"x": 2, "y": -1}, steps=5, check=False)]


def without_blanks(text):
    return [line for line in text.splitlines() if line.strip() and "&nbsp;" not in line]


def test_a_worksheet_holds_no_result_and_its_solutions_hold_them():
    sheet = report(*records(), kind="worksheet").markdown
    solved = report(*records(), kind="solutions").markdown
    assert "6 x^{2}" not in sheet
    assert "6 x^{2}" in solved
    assert "| $x$ | 24 |" in solved
    assert "24" not in sheet
    assert "power rule" in solved
    assert "power rule" not in sheet
    assert sheet.count("&nbsp;") > 20


def test_both_ask_the_same():
    sheet = without_blanks(report(*records(), kind="worksheet").markdown)
    solved = without_blanks(report(*records(), kind="solutions").markdown)
    asked = [line for line in sheet if line.startswith(("Derive", "Evaluate", "Take"))]
    assert len(asked) == 3
    assert all(line in solved for line in asked)


def test_a_worksheet_says_whose_it_is():
    assert "Name: \\_" in report(*records(), kind="worksheet").markdown
    assert "Name: \\_" not in report(*records(), kind="solutions").markdown


def test_a_descent_asks_for_its_first_steps_only():
    solved = report(*records(), kind="solutions").markdown
    run = records()[2]
    rows = re.findall(r"^\| (\d) \| (\S+) \|", solved, re.MULTILINE)
    assert [int(step) for step, _ in rows] == [0, 1, 2, 3]
    assert float(rows[1][1]) == pytest.approx(run.points[1]["x"], rel=1e-5)


def test_a_seed_makes_a_variant_and_the_same_one_again():
    first, again, other = (report(*records(), kind="worksheet", seed=seed).markdown for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert "| seed | 1 |" in first


def test_the_solutions_of_a_seed_are_those_of_its_worksheet():
    sheet = report(*records(), kind="worksheet", seed=7).markdown
    solved = report(*records(), kind="solutions", seed=7).markdown
    formulas = [re.findall(r"^\$\$\n(?:.*\n)+?\$\$", text, re.MULTILINE)[0] for text in (sheet, solved)]
    assert formulas[0] == formulas[1]
    points = [re.findall(r"Evaluate .*", text) for text in (sheet, solved)]
    assert points[0] == points[1]


@pytest.mark.parametrize("seed", range(8))
def test_a_variant_is_a_right_problem(seed):
    derivation, comparison, run = varied(records("sqrt(4*x)*log(3*x + 1) + y^2"), seed)
    assert derivation.function is comparison.function
    assert comparison.verdict in ("agree", "unstable")
    assert comparison.at["x"] > 0  # the sign stays, and with it the domain
    assert np.isfinite(run.losses[0])


def test_numbers_that_carry_the_structure_stay():
    for seed in range(5):
        (found,) = varied([as_function("x**2/(1 + x) + 0*x")], seed)
        assert "(1 + x)" in found.source
        assert re.fullmatch(r"x\*\*[2-5]/\(1 \+ x\) \+ 0\*x", found.source)


def test_code_keeps_its_numbers():
    def f(x):
        return 3 * x**2

    (found,) = varied([as_function(f)], 1)
    assert found.text() == as_function(f).text()


def test_a_report_has_no_variants():
    with pytest.raises(ValueError, match="only a worksheet and its solutions have variants"):
        report(*records(), seed=1)
    with pytest.raises(ValueError, match="kind is one of report, worksheet, solutions; not 'exam'"):
        report(*records(), kind="exam")


def test_what_nothing_can_be_asked_about_is_refused():
    with pytest.raises(TypeError, match="a worksheet asks about what derive, compare and descend return; not Gradient"):
        report(estimate("x**2", 3.0), kind="worksheet")


def test_a_function_without_a_finite_variant_says_so():
    f = as_function("log(-x**2 - 2)")
    with pytest.raises(GradlabError, match=r"no variant of f\(x\) works out: "):
        varied([replace(compare("x**2", 1.0), function=f)], 1)


def test_a_worksheet_has_room_in_every_format(tmp_path):
    document = report(*records(), kind="worksheet")
    for ending in ("html", "pdf", "tex", "docx"):
        document.save(tmp_path / f"sheet.{ending}")
    assert 'class="blank" style="--lines: 16"' in (tmp_path / "sheet.html").read_text("utf-8")
    assert r"\vspace{16\baselineskip}" in (tmp_path / "sheet.tex").read_text("utf-8")

"""What the page shows is what gradlab finds: derivation, three gradients, run and report."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gradlab.lab import answering, controls, page
from gradlab.lab.comparing import hold
from gradlab.lab.deriving import unfold
from gradlab.lab.descending import MOST_STEPS, RULES, Asked, descend, largest_rate, run
from gradlab.lab.models import MODELS, named
from gradlab.lab.writing import document

PARABOLA = "A parabola: x²"
LINE = "A line through points"


def _asked(text="x^2", model=PARABOLA, start=(3.0,), rate=0.1, **others):
    return Asked(text, model, start, rate, **others)


def test_a_run_takes_the_steps_of_gradient_descent():
    walked = run(_asked(steps=2))
    assert walked.points.rows[:, 0].tolist() == pytest.approx([3.0, 2.4, 1.92], rel=1e-12)  # x - 0.1 · 2x


@pytest.mark.parametrize(("rate", "label"), [(0.1, "converging"), (0.9, "bouncing"), (1.1, "diverging")])
def test_the_rate_decides(rate, label):
    found = descend(_asked(rate=rate))
    assert found.label == label
    assert found.picture.startswith(b"\x89PNG")
    assert found.alternative.startswith("Descent of f(x) from x = 3 to x = ")


@pytest.mark.parametrize("rule", RULES)
def test_every_optimizer_goes_down(rule):
    losses = run(_asked(rule=rule, rate=0.05, steps=20)).losses
    assert losses[-1] < losses[0]


def test_a_batch_is_seen_by_each_step():
    model = named(LINE)
    whole = run(_asked(model.text, LINE, (-1.0, 3.0), steps=20))
    small = run(_asked(model.text, LINE, (-1.0, 3.0), steps=20, batch=2))
    assert whole.points.rows[-1].tolist() != small.points.rows[-1].tolist()
    assert small.steps == 20


def test_steps_are_bounded():
    assert run(_asked(rate=1e-3, steps=10**9)).steps == MOST_STEPS


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    assert "is no rate" in answering.answer("descent", _asked(rate=rate)).problem


def test_an_optimizer_that_is_none_is_refused():
    assert "there are gradient descent, momentum" in answering.answer("descent", _asked(rule="os.system")).problem


def test_a_start_without_a_value_is_said():
    found = answering.answer("descent", _asked("log(x)", start=(-1.0,)))
    assert "not a number at the start" in found.problem


def test_the_limit_is_two_by_the_largest_curvature():
    assert largest_rate("x^2 + 10y^2", PARABOLA, (1.0, 1.0)) == pytest.approx(0.1, rel=1e-12)  # 2 / 20
    assert "above" in page.rate(0.2, 0.1, "gradient descent")
    assert "below" in page.rate(0.05, 0.1, "gradient descent")
    assert "no curvature" in page.rate(0.05, None, "gradient descent")


def test_a_derivation_unfolds_line_by_line():
    found = unfold("x*sin(x^2)", PARABOLA)
    shown = [page.unfolded(found, count).count("<li") for count in range(1, len(found.lines) + 1)]
    assert shown == list(range(1, len(found.lines) + 1))
    assert "4 more lines" in page.unfolded(found, len(found.lines) - 4)
    assert "The derivation is complete." in page.unfolded(found, len(found.lines))
    assert page.unfolded(found, 2).count("lab-newest") == 1


def test_three_gradients_agree_in_words():
    found = hold("x^2 + y", "A slope: x² + y", (3.0, 1.0))
    assert found.verdict == "agree"
    assert [row[0] for row in found.rows] == ["x", "y"]
    html = page.verdicts(found)
    assert "✓ agree" in html
    assert "6.0" in html or ">6<" in html


def test_a_kink_is_a_kink():
    assert hold("abs(x)", "A kink: |x|", (0.0,)).verdict == "kink"


@pytest.mark.parametrize(("ending", "begins"), [(".html", b"<!DOCTYPE html"), (".md", b"#"), (".ipynb", b"{")])
def test_a_report_is_a_document(ending, begins):
    found = document(_asked(steps=5), ending)
    assert found.lstrip().startswith(begins) or begins in found[:200]
    assert len(found) > 2_000


def test_rates_are_even_on_a_logarithmic_scale():
    for model in MODELS:
        grid = controls.rates(model.rate)
        ratios = [above / below for below, above in pairwise(grid)]
        assert model.rate in grid
        assert max(ratios) < 1.5
        assert min(ratios) > 1.01


def test_a_slider_reaches_where_it_starts():
    for value in (0.0, 3.0, -1.2, 17.0, -2e4):
        low, high, _ = controls.reach(value)
        assert low <= value <= high


def test_what_takes_long_says_so():
    assert page.took(answering.Answer(seconds=0.2)) == ""
    assert "1.3 s" in page.took(answering.Answer(seconds=1.3))

"""Derivations, verdicts and descents of the lab, without its page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradlab.lab import controls, page
from gradlab.lab.answering import Answer, answer
from gradlab.lab.descending import RULES, Asked, run
from gradlab.lab.models import MODELS

BOWL = Asked("x^2 + 10y^2", MODELS[0].name, (4.0, 1.0), 0.09)
LINE = next(model for model in MODELS if model.name == "A line through points")


def test_a_derivation_unfolds_by_named_rules():
    found = answer("derivation", "x*sin(x^2)", MODELS[0].name).found
    assert [line.rule.partition(":")[0] for line in found.lines[:3]] == ["product rule", "chain rule", "power rule"]
    assert {line.evidence for line in found.lines} == {"exact"}
    assert r"\frac{\partial f}{\partial x}" in found.gradient


@pytest.mark.parametrize(("text", "start", "verdict"), [("x^2", 3.0, "agree"), ("abs(x)", 0.0, "kink")])
def test_the_verdict_is_that_of_compare(text, start, verdict):
    assert answer("gradients", text, MODELS[0].name, (start,)).found.verdict == verdict


def test_a_point_outside_of_the_domain_is_said():
    found = answer("gradients", "log(x)", MODELS[0].name, (-1.0,)).found
    assert found.verdict == "undecided"
    assert "needs x > 0" in found.reason
    assert answer("descent", Asked("log(x)", MODELS[0].name, (-1.0,), 0.1)).problem


def test_the_rate_decides():
    assert answer("descent", BOWL).found.label == "converging"
    assert answer("descent", replace(BOWL, rate=0.11)).found.label == "diverging"


def test_the_limit_is_two_over_the_largest_curvature():
    assert answer("limit", BOWL.text, BOWL.model, BOWL.start).found == pytest.approx(2 / 20, rel=1e-12)
    assert answer("limit", "abs(x)", MODELS[0].name, (2.0,)).found is None


def test_the_picture_is_a_picture_of_three_numbers_too():
    fit = next(model for model in MODELS if "t" in model.data)
    found = answer("descent", Asked(fit.text, fit.name, (0.0, 0.0, 0.0), fit.rate)).found
    assert found.picture.startswith(b"\x89PNG")
    assert [label for label, _, _ in found.ends] == ["a", "b", "c"]


def test_batches_make_another_path():
    asked = Asked(LINE.text, LINE.name, (-1.0, 3.0), 0.1)
    whole, parts = run(asked), run(replace(asked, batch=5))
    assert whole.places is None
    assert parts.places is not None
    assert not np.array_equal(whole.points.rows, parts.points.rows)


@pytest.mark.parametrize("rule", RULES)
def test_every_optimizer_runs(rule):
    assert run(replace(BOWL, rule=rule, rate=0.01)).losses[-1] < 26


@pytest.mark.parametrize(("change", "said"), [({"rate": -1.0}, "no rate"), ({"rule": "magic"}, "no optimizer")])
def test_what_no_control_can_ask_is_refused(change, said):
    assert said in answer("descent", replace(BOWL, **change)).problem


def test_a_report_is_written():
    text = answer("report", BOWL, ".md").found.decode()
    assert text.startswith("# Report of the lab: f(x, y)")
    assert "fell from 26" in text


def test_the_page_shows_what_was_typed_as_text_only():
    hostile = "<script>alert(1)</script>\n<img src=x onerror=alert(1)>"
    shown = page.trouble(hostile)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;" in shown
    assert "||]" not in page.tex("x")  # an inline formula has no end of a block in it


def test_every_verdict_has_a_sign_of_its_own():
    assert len({sign for _, sign in page.VERDICTS.values()}) == len(page.VERDICTS)


def test_the_limit_belongs_to_the_rate():
    assert "= 0.1<" in page.stable(0.09, answer("limit", BOWL.text, BOWL.model, BOWL.start))
    assert "no curvature" in page.stable(0.09, answer("limit", "abs(x)", MODELS[0].name, (2.0,)))
    assert "too long" in page.stable(0.09, Answer(problem="this takes longer than 3 s and was ended"))


def test_what_stood_there_stays_in_sight_while_the_next_is_worked_out():
    busy = page.working("Descent", page.section("Descent", "<p>before</p>"))
    assert "Working" in busy
    assert "<p>before</p>" in busy
    assert page.working("Descent", "").count("<h2>Descent</h2>") == 1


def test_the_first_picture_is_that_of_the_controls_as_they_begin():
    asked, found, limit = answer("first").found
    assert (asked.rule, asked.steps, asked.batch) == ("gradient descent", 50, 0)
    shown = page.first(asked, found, limit)
    assert 'alt="Descent of f(x, y) from x = 3, y = 1 ' in shown
    assert "controls are being loaded" in shown
    assert shown.count("<div") == shown.count("</div>")


def test_what_is_slow_is_said():
    quick = answer("movable", "x^2", MODELS[0].name)
    assert page.took(replace(quick, seconds=0.1)) == ""
    assert "1.2 s" in page.took(replace(quick, seconds=1.2))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_sliders_reach_every_start_and_rate(model):
    assert model.rate in controls.rates(model.rate)
    for value in model.start.values():
        low, high, _ = controls.reach(value)
        assert low <= value <= high

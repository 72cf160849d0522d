"""What is typed becomes a function by the readers of text and LaTeX alone."""

from __future__ import annotations

import os

import pytest

from gradlab.lab.answering import answer
from gradlab.lab.models import MODELS, arrays

PARABOLA = MODELS[0].name

REFUSED = {
    "__import__('os').system('touch HACKED')": "cannot start a name",
    "().__class__.__bases__[0].__subclasses__()": "",
    "lambda x: x": "",
    "eval('1')": "",
    "open('/etc/passwd').read()": "",
    "x" * 100_000: "100,000 characters are too many",
    "+".join(["x*y"] * 300): "characters are too many",
    "9**9**9**9": "out of range",
    "1/0": "division by the number 0",
    "((x": "never closes",
    "x))": "",
    "": "there is no formula",
    "   ": "there is no formula",
    "\x00\x07": "",
    "х + 1": "CYRILLIC",
    "<script>alert(1)</script>": "comparison",
    "<img src=x onerror=alert(1)>": "",
    r"\href{javascript:alert(1)}{x}": "is not read",
    r"\htmlClass{a}{x}": "is not read",
    r"\def\x{\x\x}\x": "is not read",
    "5": "has no variable",
    "[x, y]": "one number",
    "a b c d g h k": "too many for the lab",
    "🙂": "",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:20])
def test_nonsense_is_refused_in_words(text):
    refused = answer("movable", text, PARABOLA)
    assert refused.found is None
    assert REFUSED[text] in refused.problem
    assert 10 < len(refused.problem) < 1_000
    assert not os.path.exists("HACKED")


@pytest.mark.parametrize("question", ["derivation", "gradients", "report"])
def test_every_question_refuses_it(question):
    more = {"derivation": (), "gradients": ((1.0,),)}
    if question in more:
        assert "never closes" in answer(question, "((x", PARABOLA, *more[question]).problem


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_starts_where_it_says(model):
    found = answer("movable", model.text, model.name).found
    assert dict(zip(found.labels, found.start, strict=True)) == model.start
    assert found.examples == (len(next(iter(arrays(model).values()))) if model.data else 0)


@pytest.mark.parametrize("sent", [5, None, True, ["x"], {"x": 1}, b"x", float("nan")], ids=repr)
@pytest.mark.parametrize("question", ["movable", "derivation", "gradients"])
def test_what_is_no_text_is_said_to_be_none(question, sent):
    found = answer(question, sent, PARABOLA, *([(1.0,)] if question == "gradients" else []))
    assert found.found is None
    assert "this cannot be worked out" in found.problem or "a formula is text" in found.problem


def test_a_tower_of_powers_is_derived():
    assert answer("derivation", "x**x**x**x", PARABOLA).found.lines


def test_latex_is_read():
    assert answer("movable", r"\frac{x^2}{y}", PARABOLA).found.labels == ("x", "y")


def test_the_formula_of_a_fit_can_be_changed():
    fit = next(model for model in MODELS if "t" in model.data)
    found = answer("movable", "1/n sum_i (a t_i^3 + b - v_i)^2", fit.name).found
    assert found.labels == ("a", "b")
    assert found.examples == 20

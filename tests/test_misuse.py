"""Calls that do not fit a signature: what is said, and that nothing else changes."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

import gradlab as gl
from gradlab.misuse import ELSEWHERE, EXAMPLES, MADE_BY, explains_misuse

PUBLIC = {f"gradlab.{name}": getattr(gl, name) for name in gl.__all__ if name != "GradlabError"}
PUBLIC |= {f"plots.{name}": getattr(gl.plots, name) for name in gl.plots.__all__}
PUBLIC |= {f"testing.{name}": getattr(gl.testing, name) for name in gl.testing.__all__}

MISUSES = {
    "a point left out": (lambda: gl.compare("x^2"), 'compare needs at; write compare(…, at={"x": 3})'),
    "a start left out": (lambda: gl.descend("x^2"), 'descend needs start; write descend(…, start={"x": 3})'),
    "everything left out": (lambda: gl.derive(), 'derive needs f; write derive(f="x**2 + y")'),
    "an answer left out": (
        lambda: gl.grade(gl.Exercise("x^2")),
        'grade needs answer; write grade(…, answer="2*x")',
    ),
    "a rate left out": (lambda: gl.GradientDescent(), "GradientDescent needs rate; write GradientDescent(rate=0.1)"),
    "values by their names": (
        lambda: gl.compare("x^2 + y", x=3, y=1),
        'compare has no argument \'x\'; write at={"x": 3, "y": 1} for values of variables',
    ),
    "values one after the other": (
        lambda: gl.compare("x^2 + y", 3, 1),
        "compare takes 2 values (f, at) without a name and is given 3; the others are given by name: wrt=…, routes=…, "
        'claimed=…; values of several variables are one point, at={"x": 3, "y": 1}',
    ),
    "a value given twice": (
        lambda: gl.estimate("x^2", 3, at=3),
        "estimate is given 'at' twice, by its place and by its name; write one of them",
    ),
    "torch's learning rate": (lambda: gl.Adam(lr=0.1), "Adam has no argument 'lr'; write rate=0.1"),
    "torch's betas": (
        lambda: gl.Adam(betas=(0.9, 0.99)),
        "Adam has no argument 'betas'; write first=0.9, second=0.99",
    ),
    "torch's scheduler": (
        lambda: gl.OneCycle(max_lr=0.1, total_steps=9),
        "OneCycle has no argument 'max_lr'; write highest=0.1",
    ),
    "an optimizer of a descent": (
        lambda: gl.descend("x^2", 3, optimizer=gl.Adam()),
        "descend has no argument 'optimizer'; write rule=…",
    ),
    "the other word for a point": (lambda: gl.compare("x^2", start=3), "compare has no argument 'start'; write at=3"),
    "a slip of the finger": (
        lambda: gl.derive("x^2", ordr=2),
        "derive has no argument 'ordr'; did you mean 'order'?",
    ),
    "what there is not": (
        lambda: gl.estimate("x^2", 3, h=1e-5),
        "estimate has no argument 'h'; there are f, at, wrt and method",
    ),
    "the class in place of the verb": (
        lambda: gl.Function("x^2"),
        'Function needs variables and output; write as_function("x**2 + y")',
    ),
    "records by a name": (
        lambda: gl.report(gl.derive("x^2"), titel="Lesson"),
        "report has no argument 'titel'; did you mean 'title'?",
    ),
    "a condition that needs nothing named": (
        lambda: gl.explain(None, None),
        "explain takes 1 value (run) without a name and is given 2; the others are given by name: data=…, inputs=…",
    ),
}


@pytest.mark.parametrize(("call", "said"), MISUSES.values(), ids=MISUSES)
def test_a_call_that_does_not_fit_says_what_to_write(call, said):
    with pytest.raises(TypeError, match=f"^{re.escape(said)}$") as raised:
        call()
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None, "Python's own words would be printed above"


@pytest.mark.parametrize("called", PUBLIC.values(), ids=PUBLIC)
def test_every_public_call_answers_in_its_own_words(called):
    with pytest.raises(TypeError, match=r" has no argument 'no_such_argument'; "):
        called(no_such_argument=1)


@pytest.mark.parametrize("called", PUBLIC.values(), ids=PUBLIC)
def test_signatures_and_docstrings_are_those_written(called):
    written = inspect.unwrap(called.__init__ if isinstance(called, type) else called)
    shown = list(inspect.signature(called).parameters)
    assert shown == list(inspect.signature(written).parameters)[isinstance(called, type) :]
    assert called.__doc__
    assert pickle.loads(pickle.dumps(called)) is called  # noqa: S301 - what was just written


def test_an_error_from_inside_goes_through_as_it_is():
    @explains_misuse
    def outer(f):
        return f()

    def needing(x):
        return x

    with pytest.raises(TypeError, match=r"needing\(\) missing 1 required positional argument: 'x'"):
        outer(needing)


def test_every_word_that_is_pointed_to_is_an_argument_somewhere():
    arguments = {name for called in PUBLIC.values() for name in inspect.signature(called).parameters}
    pointed = {name for names in ELSEWHERE.values() for pair in names for name in pair.split()}
    assert pointed <= arguments
    assert set(EXAMPLES) <= arguments
    assert set(MADE_BY) <= set(gl.__all__)

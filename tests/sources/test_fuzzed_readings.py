"""Whatever is typed is read or refused at once, runs nothing, and is worth what Python's own arithmetic makes of it."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradlab.errors import ParseError
from gradlab.sources.answers import Names, Reading, read
from tests.attacks.mutants import SIGNS, mutant
from tests.sources.expressions_drawn import (
    Drawn,
    Unsuitable,
    agree,
    as_typed,
    drawn,
    for_python,
    in_latex,
    of_python,
    of_tree,
)

NAMES = Names(["x", "y", "n"])
LIMIT = 0.05
"""Seconds for any one text."""

STRINGS = 2_000
"""In an ordinary run; `pytest -m slow` draws 100,000."""


SUGGESTION = re.compile(
    "write|did you mean|the variables are|delete|name a part|rename|make it the last|add a last|for example|give this"
)


def read_in_time(text: str) -> Reading | None:
    """Return the reading, None where the text is refused; the slowest texts are timed again, alone."""
    for _ in range(3):
        start = time.process_time()
        result = read_or_refused(text)
        if time.process_time() - start < LIMIT:
            return result if isinstance(result, Reading) else None
    raise AssertionError(f"{text!r} takes more than {LIMIT} s")


def read_or_refused(text: str) -> Reading | ParseError:
    try:
        return read(text, NAMES)
    except ParseError as refused:
        error = refused
    assert error.text == text
    assert 0 <= error.position <= len(text)
    assert SUGGESTION.search(error.reason), error.reason
    return error


def check_value(text: str, python: str) -> bool:
    """Hold what *text* was read as against what Python makes of *python*; return whether both have a value."""
    reading = read_in_time(text)
    if reading is None:
        return False
    try:
        expected, found = of_python(python), of_tree(reading.tree)
    except (Unsuitable, OverflowError):
        return False
    assert agree(expected, found), (text, repr(reading.tree), expected, found)
    return True


def formulas(count: int, seed: int) -> list[tuple[Drawn, Random]]:
    random = Random(seed)
    return [(drawn(random, random.choice([2, 3, 4])), Random(random.random())) for _ in range(count)]


def check_typed(count: int, seed: int) -> None:
    compared = 0
    for formula, random in formulas(count, seed):
        python = for_python(formula)
        for text in (as_typed(formula, random), in_latex(formula, random)):
            assert read_in_time(text) is not None or "digits" in str(read_or_refused(text)), text
            compared += check_value(text, python)
    assert compared > 0.8 * 2 * count


PIECES = ["sin", "log", "**", "\\frac", "\\left(", "\\right)", "{", "}", "^{", "_{", "sum_i", " if ", " else ", "1e"]


def check_mutants(count: int, seed: int) -> None:
    read_ones = compared = 0
    for formula, random in formulas(count, seed):
        text = mutant(random.choice([as_typed, in_latex])(formula, random), random, PIECES, 400)
        if read_in_time(text) is not None:
            read_ones += 1
            python = text.replace("^", "**").replace("−", "-")
            if "(" not in python or not any(f"{name}(" in python for name in ("x", "y", "n", "e", ")", "π")):
                compared += check_value(text, python)
    assert read_ones > count / 20  # some mutants are still formulas


def test_what_is_typed_is_worth_what_python_makes_of_it():
    check_typed(STRINGS // 4, 1)


def test_mutants_are_read_or_refused_and_worth_the_same():
    check_mutants(STRINGS // 2, 2)


@pytest.mark.slow
def test_eighty_thousand_more():
    check_typed(20_000, 3)
    check_mutants(40_000, 4)


anything = st.lists(
    st.one_of(st.sampled_from(SIGNS), st.sampled_from(PIECES), st.sampled_from(["x", "y", "(", ")"]), st.characters()),
    max_size=60,
).map("".join)


@settings(max_examples=STRINGS // 8, deadline=None)
@given(anything)
def test_any_text_is_read_or_refused_at_once(text: str):
    read_in_time(text)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything)
def test_twenty_thousand_texts_more(text: str):
    read_in_time(text)


PYTHON = [
    "__import__('os').system('touch /tmp/gradlab_was_here')",
    "().__class__.__bases__[0].__subclasses__()",
    "exec('x')",
    "eval(x)",
    "open(x)",
    "(lambda: x)()",
    "[x for x in (1, 2)]",
    "x.__class__",
    "f'{x}'",
    r"\input{/etc/passwd}",
    r"\write18{ls}",
    r"\def\x{\x\x}\x",
    r"\csname x\endcsname",
    r"\newcommand{\y}{x}\y",
    "$(ls)",
    "`ls`",
    "%s%s%n",
    "x; import os",
]


def refused(text: str, notation: str) -> bool:
    with contextlib.suppress(ParseError):
        read(text, NAMES, notation)
        return False
    return True


@pytest.mark.parametrize("text", PYTHON)
def test_what_is_no_mathematics_is_refused(text: str):
    assert refused(text, "auto")


_watched: list[str] = []
_watching = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event.split(".")[0] in ("exec", "compile", "import", "os", "subprocess", "open", "socket"):
        _watched.append(event)


def test_nothing_that_is_read_is_run():
    global _watching
    sys.addaudithook(_watch)  # for good: Python keeps hooks to its end
    for text in PYTHON:
        for notation in ("text", "latex"):
            refused(text, notation)  # loads what the messages need
    _watching = True
    try:
        exec("1")  # noqa: S102  # the watch has to see something
        assert _watched
        _watched.clear()
        for text in [*PYTHON, "x^2 + sin(y)", r"\frac{x}{y}"]:
            for notation in ("text", "latex"):
                refused(text, notation)
    finally:
        _watching = False
    assert not _watched

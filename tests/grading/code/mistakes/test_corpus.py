"""Every mistake of the corpus is named at its line, and nothing else is named."""

from __future__ import annotations

import pytest

from gradlab.grading.code.mistakes.records import SAYS
from gradlab.isolation import Sandbox, available
from tests import mistakes_page
from tests.grading.code.mistakes.corpus import given, programs

ALWAYS = 8
"""Of the programs of a file every eighth runs always, and the others with the slow tests."""


@pytest.fixture(scope="module")
def sandbox():
    # Where nothing isolates, these programs are the tests' own and may run all the same.
    with Sandbox(available()) as made:
        yield made


def some(file):
    """Return the programs of a file, most of them marked as slow."""
    return [
        pytest.param(program, marks=() if number % ALWAYS == 0 else pytest.mark.slow, id=f"{file}-{number}")
        for number, program in enumerate(programs(file))
    ]


@pytest.mark.parametrize("program", [*some("wrong"), *some("twice")])
def test_each_mistake_is_named_at_its_line(program, sandbox):
    found = given(program.exercise).check(program.source, sandbox=sandbox)
    certain = {mistake.name: mistake.line for mistake in found.mistakes if mistake.certain}
    assert found.verdict == "wrong"
    assert certain.keys() == program.places.keys(), program.source
    assert all(line in program.places[name] for name, line in certain.items()), (certain, program)


@pytest.mark.parametrize("program", some("right"))
def test_no_right_program_is_accused(program, sandbox):
    found = given(program.exercise).check(program.source, sandbox=sandbox)
    assert (found.verdict, found.mistakes) == ("correct", ()), program.source


@pytest.mark.parametrize("program", some("unknown"))
def test_what_has_no_name_is_given_none(program, sandbox):
    found = given(program.exercise).check(program.source, sandbox=sandbox)
    assert found.verdict == "wrong"
    assert not [mistake for mistake in found.mistakes if mistake.certain], program.source


def test_the_corpus_has_every_mistake_and_enough_of_each_kind():
    wrong = [*programs("wrong"), *programs("twice")]
    assert {name for program in wrong for name in program.places} == SAYS.keys()
    assert all(len(program.places) == 1 for program in programs("wrong"))
    assert all(len(program.places) == 2 for program in programs("twice"))
    assert not any(program.places for file in ("right", "unknown") for program in programs(file))


def test_the_page_of_mistakes_is_up_to_date():
    assert mistakes_page.PAGE.read_text(encoding="utf-8") == mistakes_page.page(), "run python -m tests.mistakes_page"

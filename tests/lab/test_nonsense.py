"""What is typed reaches the parser of text and LaTeX and nothing else, and every mistake is an answer."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gradlab.lab import answering, page
from gradlab.lab.descending import Asked
from gradlab.lab.models import MODELS
from gradlab.lab.reading import LONGEST, MOST_NUMBERS, LabError, read

FIRST = MODELS[0].name

NONSENSE = {
    "__import__('os').system('true')": "cannot start a name",
    "x.__class__": "attributes such as x.T are not read",
    "lambda x: x": "is not part of a formula",
    "1/0": "division by the number 0",
    "((x": "this bracket never closes",
    "x))": "this bracket closes nothing",
    "<script>alert(1)</script>": "write one side only",
    r"\input{/etc/passwd}": r"\input is not read",
    r"\def\x{\x}\x": r"\def is not read",
    r"\href{javascript:alert(1)}{x}": r"\href is not read",
    "": "there is no formula yet",
    "7": "has no variable",
    "[x, y]": "sum its entries",
    "9**9**9**9": "out of range",
    "x" * 100_000: "100,000 characters are too many",
    "(" * 900: "this bracket never closes",
    "-" * 999 + "x": "more than 100 levels",
    "a+b+c+d+u+v+w": "too many for the lab",
    "x\x00": "CONTROL CHARACTER",
    "cosine(x)": "did you mean",
}


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_answered_in_words(text):
    answer = answering.answer("movable", text, FIRST)
    assert answer.found is None
    assert NONSENSE[text] in answer.problem


@pytest.mark.parametrize("text", NONSENSE)
def test_the_words_are_text_on_the_page(text):
    shown = page.trouble(answering.answer("movable", text, FIRST).problem)
    assert _tags(shown) == ["div", "pre"]


def test_a_tower_of_powers_is_descended_or_refused():
    subject = read("x**x**x**x", FIRST)
    found = answering.answer("descent", Asked("x**x**x**x", FIRST, subject.start, 0.1))
    assert found.found.label == "diverging"


def test_latex_and_text_mean_the_same():
    assert str(read(r"\frac{x^2}{2}", FIRST).function) == str(read("x^2/2", FIRST).function)


def test_the_longest_text_is_read():
    text = "x" + " " * (LONGEST - 1)
    assert read(text, FIRST).labels == ("x",)
    with pytest.raises(LabError, match="1,001 characters"):
        read(text + " ", FIRST)


def test_as_many_numbers_as_there_are_sliders():
    names = "abcduv"[:MOST_NUMBERS]
    assert read("+".join(names), FIRST).labels == tuple(names)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_entry_of_the_list_is_read(model):
    subject = read(model.text, model.name)
    assert set(model.start) <= set(subject.labels)
    assert (subject.open is None) == (not model.data)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def _tags(html):
    found = _Tags()
    found.feed(html)
    return found.tags

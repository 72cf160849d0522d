"""Text that a reader of the document sees as it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gradlab.reports.markdown import fenced, link_target, mathematics, table, typed


def shown(markdown):
    """Return what a reader sees of one paragraph."""
    (inline,) = [token for token in MarkdownIt().parse(markdown) if token.type == "inline"]
    assert {child.type for child in inline.children} <= {"text", "text_special"}
    return "".join(child.content for child in inline.children)


@pytest.mark.parametrize(
    "text",
    [
        'cost in $ & <b>_1_</b> # \\ " |',
        "*stars* and `code` and ~~gone~~ and x^2^",
        "[a](b) ![c](d) &amp; <!-- hidden -->",
        "1. not a list",
        "- not a list",
        "+ nor this",
        "2) nor this",
        "# no heading",
        "> no quotation",
        "$x$ is no formula here",
        "عنوان التقرير \u200fx = 3",
        "勾配 ∂f/∂x — Größe",
    ],
)
def test_what_is_typed_is_what_is_seen(text):
    assert shown(typed(text)) == text


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), include_characters=" "), min_size=1))
def test_any_text_is_seen_as_typed(text):
    words = " ".join(text.split())
    if words:
        assert shown(typed(words)) == words


def test_a_dollar_never_begins_mathematics():
    assert typed("$1 and $2") == r"\$1 and \$2"


def test_line_ends_become_blanks():
    assert typed("one\n# two\tthree\x00") == r"one \# two three"


def test_a_fence_is_longer_than_any_in_the_code():
    code = '"""\n````\nnot the end\n"""'
    (token,) = MarkdownIt().parse(fenced(code, "python"))
    assert (token.type, token.content, token.info) == ("fence", f"{code}\n", "python")


def test_bars_in_a_formula_do_not_end_a_cell():
    assert mathematics(r"\left\|x\right\| |y|") == r"$\left\Vert x\right\Vert  \vert y\vert $"


def test_a_table_has_one_line_per_row():
    assert table(["a", "b"], [["1", "2"]], left=1) == "| a | b |\n| :--- | ---: |\n| 1 | 2 |"


def test_a_link_survives_blanks_and_brackets():
    (inline,) = [t for t in MarkdownIt().parse(f"![]({link_target('my (run) <1>/ü.png')})") if t.type == "inline"]
    assert inline.children[0].attrs["src"] == "my%20%28run%29%20%3C1%3E/%C3%BC.png"

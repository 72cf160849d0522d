"""Markup in what is written about: in no format does a stranger's name or title come out as a live thing."""

from __future__ import annotations

import json
import re
import zipfile
from html.parser import HTMLParser

import pytest
import sympy
from markdown_it import MarkdownIt

from gradlab.descent import descend
from gradlab.errors import TraceError
from gradlab.grading import Exercise
from gradlab.reports import report
from gradlab.sources import as_function
from gradlab.symbolic import derive

HOSTILE = [
    "[a](javascript:alert(1))",
    "![a](javascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "<javascript:alert(1)>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    r"\href{javascript:alert(1)}{a}",
    r"$\href{javascript:alert(1)}{a}$",
    r"\input{/etc/passwd}",
    r"\immediate\write18{id}",
    r"}\input{x}{",
    r"\end{aligned}$$ [a](javascript:alert(1)) $$",
    "```{=html}\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`{=html}",
    '`#read("x")`{=typst}',
    '#link("javascript:alert(1)")[a]',
    "a | b\n--- | ---\n<b>x</b> | y",
    "x onmouseover=alert(1)",
    '"><script>alert(1)</script>',
]


class Living(HTMLParser):
    """What a browser would follow, load or run."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "iframe", "object", "embed", "form", "base"):
            self.found.append((tag, "", ""))
        for name, value in attrs:
            leads = name in ("href", "src", "xlink:href", "action", "data")
            inside = (value or "").startswith(("#", "data:image/", "data:font/"))
            if name.startswith("on") or (leads and not inside):
                self.found.append((tag, name, value))


def living(page):
    parser = Living()
    parser.feed(page)
    return parser.found


def named(text):
    """Return a function with a variable of this name, as SymPy allows any."""
    return as_function(sympy.Symbol(text) ** 2 * sympy.sin(sympy.Symbol("x")))


UNSET = [text for text in HOSTILE if "$" in text or "\n" in text or text.startswith("}")]
"""What no symbol may be called."""


def made(text):
    """Return a report in which *text* stands wherever a stranger's text can."""
    function = as_function("x^2") if text in UNSET else named(text)
    at = dict.fromkeys(function.variables, 0.5)
    run = descend(function, at, steps=2, check=False)
    return report(derive(function), run, title=text, author=text, command=text)


def rendered(markdown):
    reader = MarkdownIt("commonmark").enable("table")
    reader.validateLink = lambda _: True  # others leave javascript: in
    return reader.render(markdown)


COMMANDS = re.compile(r"(?<![\\\w])\\(?:href|url|input|include|write|immediate|openout|csname|htmlClass)(?![a-z])")
"""What MathJax, KaTeX or TeX would obey; after another backslash it is text."""


def commands(markdown):
    """Return the commands in the formulas of a document."""
    outside = re.sub(r"^(```+).*?^\1`*$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    formulas = re.findall(r"(?<!\\)\$\$?(.+?)(?<!\\)\$\$?", outside, re.DOTALL)
    return [found for formula in formulas for found in COMMANDS.findall(formula)]


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_markdown_has_no_link_no_html_and_no_command(text):
    written = made(text).linking_to(None)
    assert living(rendered(written)) == []
    assert commands(written) == []


@pytest.mark.parametrize("text", UNSET, ids=repr)
def test_a_symbol_that_no_document_can_set_is_refused(text):
    with pytest.raises(TraceError, match="is called by what no document can set"):
        named(text)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_an_exercise_of_a_stranger_leads_nowhere_in_a_notebook(text):
    exercise = Exercise("x^2", prompt=text)
    grade = exercise.check(text)
    for written in (exercise._repr_markdown_(), grade._repr_markdown_()):
        assert living(rendered(written)) == []
    assert commands(exercise._repr_markdown_()) == []


def test_the_formulas_of_an_exercise_are_set():
    assert Exercise("x^2", prompt="What is the slope of $x^2$?")._repr_markdown_().endswith("slope of $x^2$?")


def test_what_lives_is_seen():
    assert living(rendered("[a](http://a.example) <b onclick=x>")) != []
    assert commands(r"$\href{javascript:alert(1)}{a}$") != []


EXTERNAL = re.compile(r'Target="[^"]*"[^>]*TargetMode="External"')


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_no_format_has_a_live_link_or_a_command(text, tmp_path):
    document = made(text)
    for ending in ("html", "tex", "ipynb", "docx", "pdf"):
        document.save(tmp_path / f"report.{ending}")
    assert living((tmp_path / "report.html").read_text("utf-8")) == []
    assert not [
        name for name in (b"/URI", b"/JavaScript", b"/Launch") if name in (tmp_path / "report.pdf").read_bytes()
    ]
    cells = json.loads((tmp_path / "report.ipynb").read_text("utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert [found for each in texts for found in living(rendered(each)) if "attachment:" not in str(found)] == []
    assert [found for each in texts for found in commands(each)] == []
    _, _, body = (tmp_path / "report.tex").read_text("utf-8").partition(r"\begin{document}")
    assert not COMMANDS.search(re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", body, flags=re.DOTALL))
    with zipfile.ZipFile(tmp_path / "report.docx") as archive:
        related = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".rels")]
    assert not EXTERNAL.search("".join(related))

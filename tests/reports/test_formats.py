"""What is in the produced files themselves."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from markdown_it import MarkdownIt

from gradlab import as_function, backward, compare, derive, descend, report
from tests.reports.conftest import HOSTILE

TITLES = ["The function as written", "Step by step", "Closed form", "As a program", "Backpropagation"]
SPOKEN = " ".join(HOSTILE.split())
VISIBLE = ("Cost in $ & <script>alert", "_under_ #5", "{y} ~z~ ^w^ [a](b) *b* @c --- ...", "`x`", "C:\\temp")
"""Parts of the title without letters whose order a PDF may turn round."""


class Page(HTMLParser):
    """Every element with its attributes, and the text of some."""

    VOID = ("meta", "img", "col", "br", "hr")

    def __init__(self, text):
        super().__init__()
        self.elements, self.stack, self.words = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.stack.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        for tag in set(self.stack):
            self.words[tag] = self.words.get(tag, "") + data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(saved):
    return Page(saved("network", "html").read_text("utf-8"))


# HTML ------------------------------------------------------------------------------------------------


def test_a_page_is_well_formed_and_has_its_titles(page):
    assert page.stack == []
    assert all(title in page.words["h2"] for title in TITLES)
    assert page.all("html") == [{"lang": "en"}]


def test_a_page_takes_nothing_from_elsewhere_and_runs_nothing(page, saved):
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    handlers = [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert handlers == []
    targets = [value for _, attributes in page.elements for name in ("src", "href") if (value := attributes.get(name))]
    assert targets
    assert all(target.startswith(("#", "data:")) for target in targets)
    text = saved("network", "html").read_text("utf-8")
    assert not re.search(r"url\((?!.?data:)|@import", text)
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'")


def test_every_link_of_a_page_leads_somewhere(page):
    places = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = {link["href"][1:] for link in page.all("a") if link.get("href", "").startswith("#")}
    assert len(links) > 5
    assert links <= places


def test_a_page_has_mathematics_in_its_own_font(page, saved):
    assert len(page.all("math")) > 50
    text = saved("network", "html").read_text("utf-8")
    assert '@font-face { font-family: "STIX Two Math"; src: url("data:font/woff2;base64,d09GMg' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_every_picture_of_a_page_says_what_it_shows(page):
    pictures = [*page.all("img"), *page.all("svg")]
    assert len(pictures) == 2
    assert all(picture.get("alt") or picture.get("aria-label") for picture in pictures)


def test_no_word_in_a_formula_is_spelt_letter_by_letter(saved):
    """A screen reader would spell it, and a browser space it."""
    text = saved("network", "html").read_text("utf-8")
    assert not re.search(r'<mi mathvariant="normal">\w</mi><mi mathvariant="normal">', text)


def test_a_page_is_small(saved):
    assert saved("network", "html").stat().st_size < 1_000_000


# Titles that are no markup ---------------------------------------------------------------------------


def test_a_hostile_title_is_shown_as_typed_in_a_page(page):
    assert page.words["title"].strip() == SPOKEN
    assert page.words["h1"].startswith(SPOKEN)
    assert [author["content"] for author in page.all("meta") if author.get("name") == "author"] == [
        "Ä. O'Neil & _Söhne_"
    ]


def test_a_hostile_title_is_shown_as_typed_in_a_pdf(saved):
    text = _pdf_text(saved("network", "pdf"))
    joined = re.sub(r"\s+", "", text)
    assert all(re.sub(r"\s+", "", part) in joined for part in VISIBLE)
    assert "Ä. O'Neil & _Söhne_" in text


def test_a_hostile_title_is_shown_as_typed_in_a_word_file(saved):
    assert SPOKEN in _docx_text(saved("network", "docx"))


def test_a_hostile_title_is_shown_as_typed_in_a_notebook(saved):
    source = "".join(json.loads(saved("network", "ipynb").read_text("utf-8"))["cells"][0]["source"])
    page = Page(MarkdownIt("commonmark").render(source))
    assert page.words["h1"] == SPOKEN
    assert "script" not in {tag for tag, _ in page.elements}


def test_a_hostile_title_is_inert_in_latex(saved):
    text = saved("network", "tex").read_text("utf-8")
    (title,) = re.findall(r"\\title\{(.*)\}\n", text)
    for written in (r"\$ \& \textless script\textgreater", r"\_under\_ \#5 C:\textbackslash temp", r"\{y\}"):
        assert written in title


@pytest.mark.parametrize("word", ["= one", "- two", "+ three", "/ four", "1. five", "#six", "$7$", "<eight>", "@nine"])
def test_words_that_typst_would_read_as_marks_are_shown(tmp_path, word):
    report(derive("x**2"), title=word, author=word).save(tmp_path / "marks.pdf")
    text = _pdf_text(tmp_path / "marks.pdf")
    assert text.count(word) == 2


@pytest.mark.parametrize(
    "name", ["cost $ & <b>", "<script>alert(1)</script>", r"$x$ \input{a}", "שלום", "{", "%", "= a", "größe"]
)
def test_a_function_of_any_name_reaches_every_format(tmp_path, name):
    document = report(derive(replace(as_function("x**2"), name=name)), depth="result")  # past the check of names
    for ending in ("html", "pdf", "docx", "ipynb", "tex"):
        document.save(tmp_path / f"named.{ending}")
    page = Page((tmp_path / "named.html").read_text("utf-8"))
    assert f"The gradient of {name}(x)" in page.words["h1"]
    assert not {"script", "b"} & {tag for tag, _ in page.elements}
    assert f"The gradient of {name}(x)" in _docx_text(tmp_path / "named.docx")
    outside = re.sub(r"(?s)\\begin\{verbatim\}.*?\\end\{verbatim\}", "", (tmp_path / "named.tex").read_text("utf-8"))
    assert re.search(r"\\(input|include)\b", outside) is None


def test_names_with_an_underscore_reach_every_format(tmp_path):
    f = as_function("x_1**2 + rate_of_change*x_1", name="cost_of")
    document = report(derive(f), compare(f, {"x_1": 1, "rate_of_change": 2}))
    for ending in ("html", "pdf", "docx", "ipynb", "tex"):
        document.save(tmp_path / f"names.{ending}")
    assert "cost_of(x_1, rate_of_change)" in _pdf_text(tmp_path / "names.pdf").replace("\n", " ")
    assert "cost_of(x_1, rate_of_change)" in Page((tmp_path / "names.html").read_text("utf-8")).words["h1"]


# The other formats -----------------------------------------------------------------------------------


def _pdf_text(path):
    document = pypdfium2.PdfDocument(path)
    text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    return text.replace("\r\n", "\n")


def _docx_text(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    return "".join(node.text or "" for node in root.iter() if node.tag.endswith("}t"))


def test_a_pdf_has_its_titles_and_numbers_in_order(saved):
    text = _pdf_text(saved("scalar", "pdf"))
    places = [text.index(title) for title in ("1.1 The function as written", "1.2 Step by step", "1.3 Closed form")]
    assert places == sorted(places)
    assert "(1)" in text
    assert "gradlab" in text.partition("Provenance")[2]


def test_a_word_file_has_mathematics_pictures_and_links(saved):
    with zipfile.ZipFile(saved("network", "docx")) as archive:
        document = archive.read("word/document.xml").decode()
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
    assert document.count("<m:oMath>") > 20
    assert [name.rpartition(".")[2] for name in pictures] == ["png"] * 2
    anchors = set(re.findall(r'w:anchor="([^"]+)"', document))
    assert anchors
    assert anchors <= set(re.findall(r'<w:bookmarkStart [^>]*w:name="([^"]+)"', document))


def test_no_equation_of_a_word_file_is_aligned(saved):
    """LibreOffice shows an aligned one as a row of question marks."""
    with zipfile.ZipFile(saved("scalar", "docx")) as archive:
        assert "<m:eqArr>" not in archive.read("word/document.xml").decode()


def test_latex_has_balanced_environments_and_its_pictures(saved):
    path = saved("scalar", "tex")
    text = path.read_text("utf-8")
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]+)\}", text):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    links = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", text)
    assert len(links) == 4
    assert all((path.parent / link).read_bytes().startswith(b"\x89PNG") for link in links)
    references = set(re.findall(r"\\eqref\{([^}]+)\}", text))
    assert references
    assert references <= set(re.findall(r"\\label\{([^}]+)\}", text))


def test_a_notebook_runs(saved):
    notebook = json.loads(saved("scalar", "ipynb").read_text("utf-8"))
    assert notebook["nbformat"] == 4
    assert {cell["cell_type"] for cell in notebook["cells"]} == {"markdown", "code"}
    scope = {}
    for cell in notebook["cells"]:
        assert set(cell) >= {"cell_type", "metadata", "source"}
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "cell", "exec"), scope)  # noqa: S102 - gradlab's own program
    at = {"x": 1.5, "y": 1.0}
    value, partials = scope["g_and_gradient"](**at)
    exact = derive("x^2 + 10*y^2 + exp(sin(x*y)^2)/(1 + x^2)").at(at)
    assert np.isclose(value, exact.value, rtol=1e-12)
    assert np.isclose(partials["x"], exact["x"], rtol=1e-12)


def test_the_pictures_of_a_notebook_are_in_it(saved):
    notebook = json.loads(saved("scalar", "ipynb").read_text("utf-8"))
    attached = {name for cell in notebook["cells"] for name in cell.get("attachments", {})}
    shown = set(re.findall(r"\(attachment:([^)]+)\)", json.dumps(notebook)))
    assert len(shown) == 4
    assert shown == attached


def test_a_notebook_makes_its_document_again(tmp_path):
    f = as_function("x**2*y")
    first = report(derive(f, order=2), compare(f, {"x": 3, "y": 1}))
    notebook = json.loads(first.save(tmp_path / "fit.ipynb").read_text("utf-8"))
    scope = {}
    exec("".join(notebook["cells"][-1]["source"]), scope)  # noqa: S102 - gradlab's own program
    assert scope["document"].markdown == first.markdown


def test_no_program_is_given_that_would_not_make_it_again():
    f = as_function("x**2*y")
    others = [
        descend(f, {"x": 1, "y": 2}, steps=1, check=False),
        compare(f, {"x": 3, "y": 1}, claimed={"x": 6, "y": 9}),
    ]
    for record in others:
        assert "gl.report(" not in report(derive(f), record).markdown
    square = lambda x: x * x  # noqa: E731 - shown as it is written
    assert "gl.report(" not in report(derive(square)).markdown


@pytest.mark.parametrize("ending", ["md", "html", "tex"])
def test_the_same_input_gives_the_same_bytes(tmp_path, ending):
    def made():
        document = report(
            derive("x**2*y"), compare("x**2*y", {"x": 3, "y": 1}), descend("x**2*y", {"x": 1, "y": 2}, steps=2)
        )
        return document.save(tmp_path / f"fit.{ending}").read_bytes()

    assert made() == made()


# Languages -------------------------------------------------------------------------------------------


def test_german_words_and_the_language_of_the_page(tmp_path):
    f = as_function("x**2*y")
    report(derive(f), compare(f, {"x": 3, "y": 1}), language="de").save(tmp_path / "fit.html")
    page = Page((tmp_path / "fit.html").read_text("utf-8"))
    assert page.all("html") == [{"lang": "de"}]
    assert "Schritt für Schritt" in page.words["h2"]
    assert "Potenzregel" in page.words["span"]
    assert "Inhalt" in page.words["nav"]


def test_a_table_of_the_pass_is_a_record_too(tmp_path):
    text = report(backward("x*sin(x^2)", 1).table()).markdown
    assert "PowBackward0" in text
    assert "| name | operation | value | local derivative |" in text

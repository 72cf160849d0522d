"""`report`: from records to a document."""

from __future__ import annotations

import base64
import platform
import re
from importlib.metadata import version

import pytest

import gradlab
from gradlab import as_function, backward, compare, derive, descend, estimate, report
from gradlab.errors import ReportError


def test_the_same_records_give_the_same_text():
    def made():
        return report(derive("x**2 + y"), descend("x**2", 3.0, steps=3, check=False)).markdown

    assert made() == made()


def test_the_title_names_the_one_function():
    assert report(derive("x**2 + y")).title == "The gradient of f(x, y)"
    assert report(as_function("x**2", name="g"), derive(as_function("x**2", name="g"))).title == "The gradient of g(x)"


def test_two_functions_have_no_common_title():
    assert report(derive("x**2"), derive("x*y")).title == "Gradients"


def test_the_records_stand_in_their_order():
    sections = [part.title for part in report(estimate("x**2", 3.0), as_function("x**2")).sections]
    assert sections == ["Gradient by the numeric route", "The function f(x)", "Provenance"]


def test_the_last_section_names_what_was_used_and_nothing_else():
    text = report(estimate("x**2", 3.0)).markdown.partition(" Provenance\n")[2]
    assert f"| gradlab | {gradlab.__version__} |" in text
    assert f"| Python | {platform.python_version()} |" in text
    assert f"| NumPy | {version('numpy')} |" in text
    assert "| numbers | float64 |" in text
    assert "PyTorch" not in text
    assert "Matplotlib" not in text


def test_float32_is_called_float32():
    text = report(backward("x**2", 3.0, dtype="float32")).markdown
    assert "| numbers | float32 |" in text


def test_no_date_is_in_it():
    assert not re.search(r"\b20\d\d-\d\d|\d\d:\d\d", report(derive("x**2")).markdown)


def test_in_a_notebook_the_pictures_are_in_the_text():
    text = report(descend("x**2", 3.0, steps=2, check=False))._repr_markdown_()
    pictures = re.findall(r"\(data:image/png;base64,([A-Za-z0-9+/=]+)\)", text)
    assert len(pictures) == 2
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)


def test_it_shows_its_parts():
    shown = repr(report(derive("x**2"), title="Squares"))
    assert shown.splitlines()[:2] == ["report “Squares”, no pictures", "  Derivation of the gradient of f(x)"]


def test_without_a_record_there_is_no_report():
    with pytest.raises(ValueError, match="a report needs a record"):
        report()


def test_a_title_is_text():
    with pytest.raises(TypeError, match="title=3 is no text"):
        report(derive("x**2"), title=3)


def test_a_record_of_another_version_says_so(tmp_path):
    old = derive("x**2")
    object.__delattr__(old, "output")
    with pytest.raises(ReportError, match="this Derivation was made by another version of gradlab: it has no output"):
        report(old)


def test_parts_are_numbered_and_equations_are_referred_to():
    text = report(derive("x**2 + y"), compare("x**2 + y", {"x": 3, "y": 1})).markdown
    assert "\n## 1 Derivation of the gradient of f(x, y)\n" in text
    assert "\n### 1.3 Closed form\n" in text
    assert text.count("\\tag{4}") == 1
    assert r"\frac{\partial f}{\partial x} &= 2 x" in text.partition("\\tag{3}")[2].partition("\\tag{4}")[0]
    assert "The symbolic column is equation (4) evaluated." in text


def test_nothing_refers_to_an_equation_that_is_not_there():
    assert "is equation" not in report(compare("x**2 + y", {"x": 3, "y": 1})).markdown


def test_a_long_document_has_contents_that_lead_to_its_titles():
    text = report(derive("x**2 + y"), compare("x**2 + y", {"x": 3, "y": 1})).markdown
    assert "- [1 Derivation of the gradient of f(x, y)](#1-derivation-of-the-gradient-of-fx-y)\n" in text
    assert "](#" not in report(derive("x**2"), depth="result").markdown


def test_each_depth_shows_more():
    lengths = [
        len(report(derive("sin(x^2)*x"), depth=depth).markdown) for depth in ("result", "outline", "steps", "rules")
    ]
    assert lengths == sorted(set(lengths))
    with pytest.raises(ValueError, match="depth is one of result, outline, steps, rules; not 'deep'"):
        report(derive("x"), depth="deep")


def test_matrix_and_index_form_are_both_shown():
    data = {"X": [[1, 2], [3, 4], [5, 6]], "y": [1, 2, 3]}
    f = as_function("sum((X @ w - y)**2)", variables=["w"], shapes={"w": "d"}, data=data)
    text = report(derive(f)).markdown
    assert r"X^{\top}" in text
    assert "or, in index form," in text
    assert r"\frac{\partial f}{\partial w_{i}}" in text


def test_records_show_one_form_in_a_notebook():
    f = as_function("x**2 + y")
    records = [f, derive(f), derive(f).chain("x"), compare(f, {"x": 3, "y": 1}), backward(f, {"x": 3, "y": 1}).table()]
    forms = ("_repr_markdown_", "_repr_html_", "_repr_latex_", "_repr_mimebundle_")
    assert [[form for form in forms if hasattr(record, form)] for record in records] == [
        ["_repr_markdown_"],
        ["_repr_markdown_"],
        ["_repr_markdown_"],
        ["_repr_html_"],
        ["_repr_html_"],
    ]


def test_a_function_without_a_formula_has_a_document_all_the_same(tmp_path):
    def strange(x):
        return float(str(float(x)))

    f = as_function(strange)
    report(f, compare(f, 1.0)).save(tmp_path / "strange.html")
    assert "It has no formula" in (tmp_path / "strange.html").read_text("utf-8")

"""`report`: from records to a document."""

from __future__ import annotations

import base64
import platform
import re
from importlib.metadata import version

import pytest

import gradlab
from gradlab import as_function, backward, derive, descend, estimate, report


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

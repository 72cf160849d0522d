"""What a function may be called, and what is refused before anything is worked out."""

from __future__ import annotations

import pytest

from gradlab.descent import sweep_rates, sweeping
from gradlab.errors import NotScalarError
from gradlab.sources import as_function
from gradlab.testing.tensor_functions import TensorFunction

NO_NAMES = ["<script>", "my loss", "", "f'", "2f", "f.g", "f\x1b[2J", r"\input{x}", "[a](javascript:alert(1))", "x\n"]


@pytest.mark.parametrize("name", NO_NAMES, ids=repr)
def test_what_is_no_name_is_refused_wherever_a_function_is_called(name):
    for source in ("x^2", lambda x: x**2, as_function("x^2")):
        with pytest.raises(
            ValueError, match=r"^name=['\"].*['\"] cannot be a function's name; write a letter, then letters"
        ):
            as_function(source, name=name)


@pytest.mark.parametrize("name", [5, ["f"], b"f"], ids=repr)
def test_what_is_no_text_is_no_name(name):
    with pytest.raises(TypeError, match="a function's name is a string, not"):
        as_function("x^2", name=name)


@pytest.mark.parametrize("name", ["f", "loss_1", "δ", "ℒ", "lambda"])
def test_a_letter_and_then_letters_digits_or_underscores_are_a_name(name):
    assert as_function("x^2", name=name).name == name


def test_a_checked_function_of_any_name_is_called_by_one():
    def doubled(x):
        return x * 2

    doubled.__name__ = "<script>\x1b[2J"
    assert TensorFunction(doubled, ()).called == "func"


@pytest.mark.parametrize("source", ["x^2", lambda x: x**2, "[x^2, x]"], ids=["text", "code", "vector"])
def test_a_sweep_of_what_has_no_gradient_is_refused_before_its_curvature_is_looked_at(source, monkeypatch):
    monkeypatch.setattr(sweeping, "spectrum", lambda *_: pytest.fail("looked at the curvature"))
    with pytest.raises(NotScalarError, match="a gradient belongs to a single number"):
        sweep_rates(source, 1.0 if source == "[x^2, x]" else [1.0, 2.0], steps=3)

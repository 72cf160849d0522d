"""read(print(f)) is f: what gradlab prints, as text and as LaTeX, it reads again."""

from __future__ import annotations

import pytest

from gradlab import Function, as_function
from gradlab.sources.reading import at_point
from tests.models.first_course import TEXTS
from tests.symbolic.scalar_corpus import CORPUS

WRITTEN = list(dict.fromkeys([*(text for group in CORPUS.values() for text, *_ in group), *TEXTS]))

PRINTED_ALIKE = {
    "-2*x/7",
    "(x + y)*(x - y)*(x*y)",
    "sec(x)*tan(x)",
    "csc(x)*cot(x)",
    "where(0 < x < 1, x^2, 1/x)",
    "piecewise((1, x > 2), (x/2, x > 0), (0, true))",
    "where(x != 0, x^2*sin(1/x), 0)",
    "x*where(x >= 1, log(x), 0)",
    "leaky_relu(x)",
    "exp(-x^2/2)",
    "(x^2 - 1)*exp(-x^2/2)",
}
"""Read back as another graph of the same values: printing merges 0.01 into its default, 1/cos(x) into a fraction, …"""


@pytest.mark.parametrize("written", WRITTEN)
def test_what_is_printed_is_read_as_what_it_was(written: str):
    function = as_function(written)
    for printed in (function.text(), function.latex()):
        again = as_function(printed, variables=list(function.variables))
        if written in PRINTED_ALIKE:
            assert again.output is not function.output  # else it belongs on the list no longer
            check_values(again, function)
        else:
            assert again.output is function.output, printed


def check_values(first: Function, second: Function) -> None:
    for at in ({"x": 0.7, "y": 0.4}, {"x": 2.3, "y": -0.6}, {"x": 0.2, "y": 1.7}):
        point = {name: at[name] for name in second.variables}
        assert first(point) == pytest.approx(second(point), rel=1e-12)


ARRAYS = {
    "sum_i x_i²": {"x": ("n",)},
    "1/n sum_i exp(-x_i)": {"x": ("n",)},
    "1/n sum_i (a t_i² + b t_i + c - y_i)²": {"t": ("n",), "y": ("n",)},
    "2/n sum_i (a t_i² + b t_i + c - y_i) t_i²": {"t": ("n",), "y": ("n",)},
    "1/n sum_i |x_i - y_i|": {"x": ("n",), "y": ("n",)},
    "1/n sum_i (softplus(z_i) - y_i z_i)": {"y": ("n",), "z": ("n",)},
    "sum_ij X_ij b_i": {"X": ("n", "m"), "b": ("n",)},
    "sum_ij σ(X_ij + b_j)": {"X": ("n", "m"), "b": ("m",)},
    "sum_i X_ii": {"X": ("n", "n")},
    "sum_i=1..n i t_i": {"t": ("n",)},
    "2/n X^T (X w - y)": {"X": ("n", "d"), "w": ("d",), "y": ("n",)},
    "‖X w - y‖²": {"X": ("n", "d"), "w": ("d",), "y": ("n",)},
    "x^T A x": {"x": ("n",), "A": ("n", "n")},
    "x y^T": {"x": ("n",), "y": ("m",)},
}


@pytest.mark.parametrize("written", ARRAYS)
def test_formulas_of_arrays_are_printed_and_read_back(written: str):
    function = as_function(written, shapes=ARRAYS[written])
    assert function.text() == written
    for printed in (function.text(), function.latex()):
        again = as_function(printed, variables=list(function.variables), shapes=ARRAYS[written])
        assert again.output is function.output, printed


def test_shapes_come_from_a_point_too():
    function, point = at_point("1/n sum_{i=1}^{n} (a t_i - y_i)^2", {"a": 2.0, "t": [1.0, 2.0], "y": [1.0, 5.0]})
    assert function(point) == pytest.approx(1.0)

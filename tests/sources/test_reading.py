import pytest
import sympy as sp
import torch

from gradlab.errors import ParseError, PointError
from gradlab.sources import as_function

x, y = sp.symbols("x y", real=True)

EXPRESSIONS = {
    x**2 + y: "x² + y",
    sp.exp(-x) / y: "exp(-x)/y",
    x - y / 2: "x - 1/2 y",
    sp.sqrt(x) + sp.Abs(y): "x^(1/2) + |y|",
    sp.Max(x, y) * sp.pi: "π max(x, y)",
    sp.sin(x) ** 2: "sin(x)²",
    sp.Float(0.5) * x: "1/2 x",
}


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_a_sympy_expression_is_read(expression):
    function = as_function(expression)
    assert function.text() == EXPRESSIONS[expression]
    at = {"x": 0.7, "y": 1.3}
    exact = float(expression.subs({x: at["x"], y: at["y"]}))
    assert function({name: at[name] for name in function.variables}) == pytest.approx(exact, rel=1e-14)


def test_a_part_of_a_sympy_expression_that_is_not_read_is_named():
    with pytest.raises(Exception, match="Integral"):
        as_function(sp.Integral(sp.exp(x * y), x))


@pytest.mark.parametrize("source", [3, None, [1, 2], {"x": 1}], ids=repr)
def test_what_is_no_function_is_refused_with_what_to_give(source):
    with pytest.raises(TypeError, match="text such as"):
        as_function(source)


def test_what_is_built_in_shows_no_parameters_and_is_written_out():
    with pytest.raises(TypeError, match=r"write lambda x: sum\(x\) in its place"):
        as_function(torch.sum, variables=["x"])


def test_variables_are_those_of_the_text_in_order():
    assert list(as_function("y + x**2").variables) == ["y", "x"]
    assert list(as_function("y + x**2", variables=["x", "y"]).variables) == ["x", "y"]


def test_a_variable_that_does_not_occur_is_kept():
    assert as_function("x**2", variables=["x", "y"])({"x": 2, "y": 5}) == 4


def test_bound_data_are_no_variables():
    function = as_function("a x + b", data={"a": 2, "b": [1.0, 2.0]}, shapes={"x": ("n",)})
    assert list(function.variables) == ["x"]
    assert function([1, 1]).tolist() == [3, 4]


def test_vectors_in_text():
    assert as_function("sum((X @ w - y)^2)", shapes={"X": ("n", "d"), "w": ("d",), "y": ("n",)}).text() == "‖X w - y‖²"


def test_shapes_that_cannot_agree_point_into_the_text():
    with pytest.raises(ParseError, match="cannot add"):
        as_function("2 + x + y", shapes={"x": ("n",), "y": ("m",)})


@pytest.mark.parametrize(("text", "message"), [("1/0", "division by the number 0"), ("max(x)", "compares two")])
def test_mathematics_that_cannot_be_is_refused_in_place(text, message):
    with pytest.raises(ParseError, match=message):
        as_function(text)


def test_no_variables_means_none():
    assert as_function("2 + 3", variables=())({}) == 5
    with pytest.raises(ParseError, match="abc"):
        as_function("abc", variables=())


def test_a_shape_for_an_unknown_variable_is_refused():
    with pytest.raises(PointError, match="names z"):
        as_function("x + y", shapes={"z": ("n",)})


def test_a_size_that_is_no_size_is_refused():
    with pytest.raises(ValueError, match="a size is a number or a name"):
        as_function("x", shapes={"x": (2.5,)})


def test_a_size_cannot_have_the_name_of_a_variable():
    with pytest.raises(ValueError, match="call the size otherwise"):
        as_function("n mean(x)", variables=["n", "x"], shapes={"x": ("n",)})


def test_a_size_is_a_number_in_the_formula():
    function = as_function("n mean(x)", shapes={"x": ("n",)})
    assert list(function.variables) == ["x"]
    assert function([1.0, 2.0, 4.0]) == pytest.approx(7)


def test_variables_as_one_string_is_refused():
    with pytest.raises(TypeError, match="list of names"):
        as_function("x y", variables="xy")


def test_a_function_comes_back_as_itself():
    function = as_function("x**2")
    assert as_function(function) is function
    assert as_function(function, name="g").name == "g"
    assert as_function(function, shapes={"x": ("n",)}).variables == {"x": ("n",)}


def test_a_derived_function_keeps_its_shapes():
    from gradlab.symbolic import derive

    with pytest.raises(TypeError, match="derived from another function"):
        as_function(derive("x**2").gradient["x"], shapes={"x": ("n",)})


STATED = {
    "f(x) = x^2": "f(x) = x²",
    "g(a, x) = a x^2": "g(a, x) = a x²",
    "h(x, y) = x": "h(x, y) = x",
    "y = x^2": "y(x) = x²",
    r"f(x) = \frac{x}{2}": "f(x) = 1/2 x",
    "loss(w) = (w - 1)^2": "loss(w) = (w - 1)²",
}


@pytest.mark.parametrize("text", STATED)
def test_a_stated_function_has_the_name_and_the_variables_of_its_left_side(text):
    assert repr(as_function(text)) == STATED[text]
    assert as_function(text, name="k").name == "k"


@pytest.mark.parametrize("text", ["x^2 + y = 1", "y = y^2", "sin(x) = 1", "f(x) == x", "f(x) = x = 2", "f(x) < x"])
def test_an_equation_is_no_stated_function(text):
    with pytest.raises(ParseError, match="makes this an equation or a comparison; write one side only"):
        as_function(text)


def test_a_function_whose_file_was_edited_since_is_read_all_the_same(tmp_path):
    path = tmp_path / "edited.py"
    path.write_text("def f(x):\n    return x**2\n", encoding="utf-8")
    scope = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), scope)  # noqa: S102 - the test's own
    path.write_text("def f(x:\n", encoding="utf-8")
    assert as_function(scope["f"]).text() == "x²"

import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import sympy as sp
import torch

from gradlab.errors import GradlabError, MissingExtra, PointError
from gradlab.graph.emission.compiling import loop_function
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.models import MODELS
from tests.models.first_course import attention, tanh_network


def of_model(model):
    function, point = at_point(model.source, model.at)
    derivation = derive(function)
    return derivation, point, derivation.at(point)


UNGUARDED = [model for model in MODELS if not at_point(model.source, model.at)[0].guards]
"""What branches on its values is not compiled: nothing would check the branch."""


@pytest.mark.parametrize("model", UNGUARDED, ids=lambda model: model.name)
def test_compiled_functions_agree_with_the_graph_and_share_no_memory(model):
    derivation, point, expected = of_model(model)
    for backend in ("numpy", "torch"):
        compiled = derivation.compile(backend)
        values = [np.array(array) for array in point.values()]
        for _ in range(2):
            value, partials = compiled(*values)
            assert float(value) == pytest.approx(expected.value, rel=1e-12, abs=1e-14)
            for name, partial in expected.partials.items():
                assert np.shape(partials[name]) == partial.shape
                np.testing.assert_allclose(partials[name], partial, rtol=1e-11, atol=1e-14)
            # What a caller does with a gradient must not change inputs, data, or another partial derivative.
            for name, partial in partials.items():
                if np.ndim(partial):
                    partial += 1e3
                    np.testing.assert_allclose(partial, expected.partials[name] + 1e3, rtol=1e-11)


@pytest.mark.parametrize("model", UNGUARDED, ids=lambda model: model.name)
def test_the_loops_for_numba_are_right_as_plain_python(model):
    derivation, point, expected = of_model(model)
    try:
        gradient, _, _ = loop_function(derivation.function, derivation.partials, lambda plain: plain)
    except GradlabError as error:
        assert "is not written as loops" in str(error)  # noqa: PT017  # some kinds have no loops, and say so
        return
    value, partials = gradient(*(np.array(array) for array in point.values()))
    assert value == pytest.approx(expected.value, rel=1e-12, abs=1e-14)
    for name, partial in expected.partials.items():
        assert np.shape(partials[name]) == partial.shape
        np.testing.assert_allclose(partials[name], partial, rtol=1e-11, atol=1e-14)


TIME = np.linspace(0.0, 1.0, 20)
SPEED = TIME**2 - 0.3


def loss(params):
    a, b, c = params
    preds = a * TIME**2 + b * TIME + c
    return ((preds - SPEED) ** 2).mean()


def reference(params):
    leaf = torch.tensor(np.array(params, dtype=float), requires_grad=True)
    a, b, c = leaf
    value = ((a * torch.tensor(TIME) ** 2 + b * torch.tensor(TIME) + c - torch.tensor(SPEED)) ** 2).mean()
    (gradient,) = torch.autograd.grad(value, [leaf])
    return value.item(), gradient.numpy()


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_data_are_bound(backend):
    value, partials = derive(loss).compile(backend)([0.1, 2, -3])
    expected_value, expected = reference([0.1, 2, -3])
    assert float(value) == pytest.approx(expected_value, rel=1e-13)
    np.testing.assert_allclose(partials["params"], expected, rtol=1e-12)


def test_values_come_by_position_by_name_or_as_a_point():
    gradient = derive("x**2 + λ").compile()
    for value, partials in (gradient(3, 1), gradient(x=3, λ=1), gradient(3, λ=1), gradient({"x": 3, "λ": 1})):
        assert value == 10
        assert partials == {"x": 6, "λ": 1}


def test_lists_and_integers_are_float64():
    value, partials = derive(lambda x: (1 / x).sum()).compile()([1, 2, 4])
    assert value == 1.75
    assert partials["x"].tolist() == [-1, -0.25, -0.0625]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_misshapen_value_is_refused(backend):
    function = as_function(lambda X, w: ((X @ w) ** 2).sum(), shapes={"X": ("n", "d"), "w": ("d",)})
    gradient = derive(function).compile(backend)
    with pytest.raises(PointError, match="the size d cannot be both"):
        gradient(np.ones((3, 2)), np.ones(1))
    with pytest.raises(PointError, match="w has shape"):
        gradient(np.ones((3, 2)), np.ones((2, 1)))
    with pytest.raises(PointError, match="X has shape"):
        gradient(np.ones(2), np.ones(2))


def test_a_number_is_no_array():
    with pytest.raises(PointError, match="single number"):
        derive("x**2").compile()([1.0, 2.0])


def test_a_square_matrix_stays_square():
    gradient = derive(as_function(lambda x, A: x @ A @ x, shapes={"x": ("n",), "A": ("n", "n")})).compile()
    with pytest.raises(PointError, match="cannot be both"):
        gradient(np.ones(2), np.ones((2, 3)))


def test_tensors_keep_their_dtype_and_need_no_autograd():
    params = torch.tensor([0.1, 2.0, -3.0], requires_grad=True)
    value, partials = derive(loss).compile("torch")(params)
    assert partials["params"].dtype == value.dtype == torch.float32
    assert not partials["params"].requires_grad
    np.testing.assert_allclose(partials["params"], reference([0.1, 2, -3])[1], rtol=1e-5)


def test_what_depends_on_data_alone_is_computed_once():
    text = derive(loss).compile().source
    assert "**" not in text
    assert "shape[0]" not in text


def test_infinities_come_out_as_they_are():
    with np.errstate(all="ignore"):
        value, partials = derive("1/x").compile()(0.0)
    assert np.isinf(value)
    assert np.isinf(partials["x"])


def test_it_says_what_it_is():
    assert repr(derive("x**2").compile()) == "f(x) with its gradient, compiled for numpy"


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match="'jax'"):
        derive("x").compile("jax")


def test_numba_is_an_extra_and_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)  # as where it is not installed
    with pytest.raises(MissingExtra, match=r"gradlab\[fast\]"):
        derive("x**2").compile("numba")


@pytest.mark.skipif(find_spec("numba") is None, reason="numba is an extra: pip install -e .[fast]")
def test_numba_runs_the_loops():
    value, partials = derive(loss).compile("numba")([0.1, 2, -3])
    expected_value, expected = reference([0.1, 2, -3])
    assert value == pytest.approx(expected_value, rel=1e-13)
    np.testing.assert_allclose(partials["params"], expected, rtol=1e-12)


def test_a_fit_is_two_products_with_one_matrix():
    text = derive(loss).compile().source
    assert text.count("design_1") == 2
    assert "known_1" not in text


def test_a_fit_of_part_of_a_vector_is_no_matrix_product():
    def partly(params):
        return ((params[0] * TIME**2 + params[1] * TIME - SPEED + params[2] ** 2) ** 2).mean()

    derivation = derive(as_function(partly, shapes={"params": (3,)}))
    value, partials = derivation.compile()([0.1, 2, -3])
    expected = derivation.at([0.1, 2, -3])
    assert value == pytest.approx(expected.value, rel=1e-13)
    np.testing.assert_allclose(partials["params"], expected.partials["params"], rtol=1e-12)


def test_arrays_that_are_not_needed_any_more_are_written_over():
    shapes = {"X": (5, 3), "W1": (3, 4), "b1": (4,), "w2": (4,), "y": (5,)}
    function = as_function(tanh_network, shapes=shapes)
    text = derive(function).compile().source
    assert "H += b1" in text
    assert "np.tanh(H, out=H)" in text
    assert "np.outer" not in text


def test_what_softmax_passes_back_takes_one_array():
    shapes = {"X": (6, 3), "Wq": (3, 2), "Wk": (3, 2), "Wv": (3, 4)}
    text = derive(as_function(attention, shapes=shapes), ["Wq", "Wk", "Wv"]).compile().source
    assert "np.einsum('ij,ij->i'" in text
    assert "softmax(A, out=A)" in text


def test_sums_of_squares_are_inner_products():
    function = as_function(lambda x: (100 * np.sin(x) ** 2 + (1 - x) ** 2).sum(), shapes={"x": ("n",)})
    text = derive(function).compile().source
    assert ".sum()" not in text
    x = np.array([0.3, -1.2])
    value, _ = derive(function).compile()(x)
    assert value == pytest.approx((100 * np.sin(x) ** 2 + (1 - x) ** 2).sum(), rel=1e-14)


def test_a_sum_of_broadcast_squares_counts_every_copy():
    function = as_function(lambda X, b: (X**2 + b**2).sum(), shapes={"X": ("n", "d"), "b": ("d",)})
    X, b = np.ones((3, 2)), np.array([1.0, 2.0])
    value, partials = derive(function).compile()(X, b)
    assert value == 6 + 3 * 5
    assert partials["b"].tolist() == [6, 12]


CALL = "__import__('pathlib').Path('ran').touch()"
HOSTILE = [f"a': {CALL}, 'b", f'a": {CALL}, "b', f'"""\n{CALL}\n"""', f'"""+{CALL}+"""', "back\\slash", "two\nlines"]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_run_whatever_it_holds(name, backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    functions = [replace(as_function("x^2"), name=name)]
    if "\n" not in name:  # which no symbol may have
        functions.append(as_function(sp.Symbol(name) ** 2))
    for function in functions:
        _, partials = derive(function).compile(backend)(3.0)
        assert [float(partial) for partial in partials.values()] == [6.0]
        assert list(partials) == list(function.variables)
    assert not list(tmp_path.iterdir())

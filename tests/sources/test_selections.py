"""Choosing entries in code: NumPy's and torch's own values, and torch's autograd, say what is right."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import gradlab as gl
from gradlab.errors import DomainError, GradlabError
from gradlab.sources import at_point

DRAW = np.random.default_rng(5)
X43, X34, X33, X53 = (DRAW.normal(size=shape) for shape in ((4, 3), (3, 4), (3, 3), (5, 3)))
WEIGHTS = torch.arange(1.0, 17).reshape(2, 2, 4)
X243, x4 = DRAW.normal(size=(2, 4, 3)), DRAW.normal(size=4)
ROWS = torch.tensor([0, 2])
Y = torch.tensor([0, 2, 1, 2, 2])
TABLE = torch.tensor([[0, 2], [1, 1], [2, 0]])
FIRST = np.arange(5)
Y_NUMPY = Y.numpy()
MASK = np.array([[True, False, True], [False, False, True], [True, True, True], [False, True, False]])

TORCH = {
    "rows": (lambda X: (X[ROWS] ** 3).sum(), X43),
    "columns": (lambda X: (X[:, ROWS] ** 3).sum(), X43),
    "last axis": (lambda X: (X[..., ROWS] ** 3).sum(), X243),
    "a table of rows": (lambda X: (X[TABLE] ** 3).mean(), X33),
    "array and number": (lambda X: (X[ROWS, 1] ** 3).sum() * X[1, ROWS].sum(), X43),
    "arrays apart": (lambda X: (X[ROWS[:1], :, ROWS] ** 3 * torch.tensor([1.0, 2, 3, 4])).sum(), X243),
    "arrays apart behind a slice": (
        lambda X: (X[:, ROWS, :, ROWS] * WEIGHTS).pow(3).sum(),
        DRAW.normal(size=(2, 3, 4, 3)),
    ),
    "a new axis": (lambda X: (X[:, ROWS, None] * X[None, ROWS].sum()).pow(3).sum(), X43),
    "a slice and rows": (lambda X: (X[1:, ROWS] ** 3).sum(), X43),
    "arrays that broadcast": (lambda X: (X[ROWS[:, None], ROWS] ** 3 * TABLE[:2]).sum(), X43),
    "the diagonal": (lambda X: (X[torch.arange(3), torch.arange(3)] ** 3).sum(), X33),
    "numbers from the end": (lambda X: (X[range(5), [-1, 0, 1, 2, -2]] ** 3).sum(), X53),
    "a list": (lambda X: (X[[0, 2, 2]] ** 3).sum(), X43),
    "one column in a list": (lambda X: (X[:, [0]] ** 3).sum(), X43),
    "take": (lambda X: (torch.take(X, Y) ** 3).sum(), X43),
    "index_select": (lambda X: (torch.index_select(X, 1, Y) ** 3).sum(), X43),
    "gather along columns": (lambda X: (X.gather(1, TABLE) ** 3).sum(), X33),
    "gather from some rows": (lambda X: (torch.gather(X, 1, TABLE[:2]) ** 3).sum(), X33),
    "gather one each": (lambda X: (X.gather(0, Y[None, :3]) ** 3).sum(), X53),
    "take_along_dim": (lambda X: (torch.take_along_dim(X, TABLE, 1) ** 3).sum(), X33),
    "one_hot": (lambda X: (F.one_hot(Y, 3).double() * X).sum() + (F.one_hot(Y) * X**2).sum(), X53),
    "index_add": (lambda X: (torch.ones(3, 3, dtype=torch.float64).index_add(0, Y, X, alpha=2) ** 2).sum(), X53),
    "scatter_add": (lambda x: (torch.zeros(3, dtype=torch.float64).scatter_add(0, Y[:4], x) ** 3).sum(), x4),
    "masked_select": (lambda X: (torch.masked_select(X, torch.tensor(MASK)) ** 3).sum(), X43),
    "mask of entries": (lambda X: (X[torch.tensor(MASK)] ** 3).sum(), X43),
    "mask of rows": (lambda X: (X[torch.tensor(MASK[:, 0])] ** 3).sum(), X43),
    "max, first of its pair": (lambda X: X.max(dim=1)[0].pow(2).sum(), X43),
    "max, by name": (lambda X: torch.max(X, 1).values.pow(2).sum() + torch.min(X, dim=0).values.sum(), X43),
    "max, kept axis": (lambda X: torch.exp(X - X.max(1, keepdim=True).values).pow(2).sum(), X43),
    "max of two": (lambda X: torch.max(X, X.T).sum() + torch.min(X, 2 * X).sum(), X33),
    "amax over two axes": (lambda X: X.amax((0, 2)).pow(2).sum() + X.amin(dim=1, keepdim=True).sum(), X243),
    "at the argmax": (lambda X: X[X.argmax(0), torch.arange(3)].pow(2).sum(), X43),
    "cumulative": (lambda X: torch.cumsum(X, dim=1).pow(3).sum() + X.cumsum(0).pow(2).sum(), X43),
    "product": (lambda X: torch.prod(X, 1).sum() * X.prod(0, keepdim=True).sum(), X43),
    "product at zeros": (lambda x: torch.prod(x) + x.prod() ** 2, np.array([2.0, 0.0, 3.0])),
    "cumulative product at zeros": (lambda x: x.cumprod(0).sum(), np.array([2.0, 0.0, 3.0])),
    "differences": (lambda X: torch.diff(X, n=2, dim=0).pow(3).sum(), X43),
    "roll": (lambda X: (torch.roll(X, (1, -1), (0, 1)) * X**2).sum(), X43),
    "flip": (lambda X: (torch.flip(X, (0, 1)) * X**2).sum() + (torch.fliplr(X) * X**3).sum(), X43),
    "counting": (lambda x: ((torch.arange(x.shape[0]) / x.shape[0] - x) ** 2).sum(), x4),
    "a loop": (lambda x: sum(i * x[i] ** 2 for i in range(x.shape[0])), x4),
}


@pytest.mark.parametrize("case", TORCH)
def test_torch_code_has_autograds_gradient(case):
    code, value = TORCH[case]
    name = code.__code__.co_varnames[0]
    function, point = at_point(code, {name: value})
    tensor = torch.tensor(value, requires_grad=True)
    loss = code(tensor)
    loss.backward()
    assert function(point) == pytest.approx(loss.item(), rel=1e-13)
    found = gl.derive(function).at(point).partials[name]
    np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=1e-12, atol=1e-13)


def _steps(code, value, h=1e-6):
    gradient = np.zeros_like(value)
    for place in np.ndindex(value.shape):
        step = np.zeros_like(value)
        step[place] = h
        gradient[place] = (code(value + step) - code(value - step)) / (2 * h)
    return gradient


NUMPY = {
    "rows": (lambda X: (X[Y_NUMPY[:2]] ** 3).sum(), X43),
    "by two arrays": (lambda X: (X[FIRST, Y_NUMPY] ** 3).sum(), X53),
    "by arange": (lambda X: np.log(X[np.arange(X.shape[0]), Y_NUMPY] ** 2).sum(), X53),
    "by arange of a length": (lambda X: (X[np.arange(len(X)), Y_NUMPY] ** 3).mean(), X53),
    "take": (lambda X: (np.take(X, Y_NUMPY) ** 3).sum() + (X.take(Y_NUMPY, 1) ** 2).sum(), X43),
    "take_along_axis": (lambda X: (np.take_along_axis(X, Y_NUMPY[:4, None], 1) ** 3).sum(), X43),
    "take_along_axis, stretched": (lambda X: (np.take_along_axis(X, np.array([[0, 2, 1]]), 0) ** 3).sum(), X43),
    "rows of the identity": (lambda X: (np.eye(3)[Y_NUMPY] * X**2).sum(), X53),
    "bincount": (lambda x: (np.bincount([0, 2, 2, 1], weights=x, minlength=5) ** 3).sum(), x4),
    "max of an axis": (lambda X: np.sum(X.max(axis=1) ** 2) + (np.min(X, 0) ** 3).sum(), X43),
    "max, kept axis": (lambda X: (np.exp(X - np.max(X, axis=1, keepdims=True)) ** 2).sum(), X43),
    "range": (lambda X: np.ptp(X) + np.amax(X) * X.min() + (np.ptp(X, axis=0) ** 2).sum(), X43),
    "at the argmin": (lambda x: x[np.argmin(x)] ** 2 + x[x.argmax()] ** 3, x4),
    "cumulative": (lambda X: (np.cumsum(X, axis=0) ** 3).sum(), X43),
    "product": (lambda X: np.prod(X) + np.cumprod(X, axis=1).sum(), X43),
    "turned": (lambda X: (np.fliplr(X) * X**2).sum() + (np.flipud(X) * X).sum() + (np.flip(X) * X**3).sum(), X43),
    "roll": (lambda x: (np.roll(x, 1) - 2 * x + np.roll(x, -1)) @ x, x4),
    "differences": (lambda x: (np.diff(x) ** 2).sum(), x4),
    "mask": (lambda X: (X[MASK] ** 3).sum() + (X[:, MASK[0]] ** 2).sum(), X43),
}


@pytest.mark.parametrize("case", NUMPY)
def test_numpy_code_has_the_gradient_of_its_differences(case):
    code, value = NUMPY[case]
    name = code.__code__.co_varnames[0]
    function, point = at_point(code, {name: value})
    assert function(point) == pytest.approx(float(code(value)), rel=1e-13)
    found = gl.derive(function).at(point).partials[name]
    np.testing.assert_allclose(found, _steps(code, value), rtol=1e-6, atol=1e-7)


def by_range(Z):
    logp = torch.log_softmax(Z, 1)
    n = Z.shape[0]
    return -logp[range(n), Y].mean()


def by_number(Z):
    return -F.log_softmax(Z, 1)[range(5), Y].mean()


def by_arange(Z):
    return -F.log_softmax(Z, 1)[torch.arange(Z.shape[0]), Y].mean()


def by_gather(Z):
    return -torch.gather(F.log_softmax(Z, 1), 1, Y[:, None]).mean()


def by_numpy(Z):
    logp = Z - np.log(np.exp(Z).sum(1, keepdims=True))
    return -logp[np.arange(Z.shape[0]), Y_NUMPY].mean()


@pytest.mark.parametrize("code", [by_range, by_number, by_arange, by_gather], ids=lambda code: code.__name__)
def test_a_cross_entropy_by_positions_has_the_gradient_of_the_textbook(code):
    function = gl.as_function(code, shapes={"Z": ("n", "k")})
    assert gl.derive(function).gradient["Z"].text() == "1/n (softmax(Z) - onehot(Y))"


def test_a_cross_entropy_in_numpy_keeps_its_size_a_symbol():
    written = gl.derive(gl.as_function(by_numpy, shapes={"Z": ("n", "k")})).gradient["Z"].text()
    assert "onehot(Y_NUMPY)" in written
    assert "1/n" in written


@pytest.mark.parametrize("scale", [40.0, -800.0, 1e4])
def test_a_cross_entropy_by_positions_is_right_for_large_logits(scale):
    Z = scale * X53
    tensor = torch.tensor(Z, requires_grad=True)
    F.cross_entropy(tensor, Y).backward()
    function, point = at_point(by_arange, {"Z": Z})
    found = gl.derive(function).at(point).partials["Z"]
    np.testing.assert_allclose(found, tensor.grad.numpy(), rtol=1e-9, atol=1e-20)


def test_an_embedding_prints_its_rows():
    derivation = gl.derive(gl.as_function(lambda E: (E[Y] ** 2).sum(), shapes={"E": ("v", "d")}))
    assert derivation.function.text() == "‖E_{Y,:}‖_F²"
    assert derivation.gradient["E"].text() == "2 onehot(Y)^T E_{Y,:}"
    assert derivation.gradient["E"].text(form="index") == "2 sum_k [Y_k=i] E_{Y_k,j}"


def test_a_mask_used_twice_is_one_array_of_positions():
    held = np.array([True, False, True])
    function = gl.as_function(lambda X: (X[held] * X[held]).sum())
    assert {name: array.tolist() for name, array in function.data.items()} == {"held": [0, 2]}


def test_positions_may_be_a_variable():
    function = gl.as_function(lambda E, c: (E[c] ** 2).sum(), shapes={"E": ("v", "d"), "c": ("m",)})
    derivation = gl.derive(function, "E")
    found = derivation.at({"E": X43, "c": [3, 3, 0]}).partials["E"]
    wanted = np.zeros((4, 3))
    np.add.at(wanted, [3, 3, 0], 2 * X43[[3, 3, 0]])
    np.testing.assert_allclose(found, wanted)
    for wrong in ([0.5, 1, 1], [4, 0, 0], [-5, 0, 0]):
        with pytest.raises(DomainError, match="position"):
            derivation.at({"E": X43, "c": wrong})


def test_positions_are_no_variable_to_differentiate_by():
    def squares(E, c):
        return (E[c] ** 2).sum()

    at = {"E": X43, "c": [3, 3, 0]}
    assert gl.compare(squares, at, wrt="E").verdict == "agree"
    with pytest.raises(DomainError, match="nothing is differentiated"):
        gl.estimate(squares, at, wrt="c")
    bound = gl.as_function(squares, data={"c": [3, 3, 0]})
    assert gl.compare(bound, {"E": X43}).verdict == "agree"


def test_what_is_no_class_is_said_where_classes_are_a_variable():
    def loss(Z, y):
        return -torch.log_softmax(Z, 1)[range(Z.shape[0]), y].mean()

    derivation = gl.derive(gl.as_function(loss, shapes={"Z": ("n", "k"), "y": ("n",)}), "Z")
    right = derivation.at({"Z": X53, "y": [0, 2, 1, 2, -1]}).partials["Z"]
    tensor = torch.tensor(X53, requires_grad=True)
    F.cross_entropy(tensor, Y).backward()
    np.testing.assert_allclose(right, tensor.grad.numpy(), rtol=1e-12)
    with pytest.raises(DomainError, match="position 3 is outside"):
        derivation.at({"Z": X53, "y": [0, 2, 1, 2, 3]})


TIED = np.array([[1.0, 3.0, 3.0, 2.0], [5.0, 5.0, 5.0, 1.0]])


@pytest.mark.parametrize(
    "code",
    [
        lambda X: X.max(dim=1).values.sum(),
        lambda X: torch.min(-X, 1)[0].sum(),
        lambda X: X.amax(1).sum(),
        lambda X: X.max() + torch.max(X),
        lambda X: X.amax((0, 1)),
        lambda X: (
            torch.max(X, torch.full_like(X, 3.0)).sum()
            if isinstance(X, torch.Tensor)
            else torch.max(X, 0 * X + 3).sum()
        ),
    ],
    ids=["max of a row", "min of a row", "amax of rows", "max of all", "amax of all", "max of two"],
)
def test_ties_go_where_torch_sends_them_and_are_a_kink(code):
    tensor = torch.tensor(TIED, requires_grad=True)
    code(tensor).backward()
    function, point = at_point(code, {"X": TIED})
    np.testing.assert_allclose(gl.derive(function).at(point).partials["X"], tensor.grad.numpy())
    assert gl.compare(code, {"X": TIED}).verdict == "kink"


REFUSED = {
    "a number and an array apart": (lambda X: X[0, :, ROWS].sum(), X243, "two steps"),
    "positions that are no whole numbers": (lambda X: X[np.array([0.0, 1.0])].sum(), X43, "integer arrays"),
    "positions from the values": (lambda X: X[2 * X / 3].sum(), x4, "whole"),
    "a position outside": (lambda X: X[[0, 7]].sum(), X43, "position 7"),
    "a mask of another shape": (lambda X: X[torch.tensor([True, False])].sum(), X43, "mask"),
    "topk": (lambda X: torch.topk(X, 2).values.sum(), x4, "amax"),
    "sort": (lambda X: torch.sort(X).values.sum(), x4, "sort the data"),
    "median": (lambda X: np.median(X), x4, "mean"),
    "padding_idx": (lambda X: F.embedding(ROWS, X, padding_idx=0).sum(), X43, "leave them out"),
    "one_hot of a variable": (lambda X: (F.one_hot(X) * 1.0).sum(), x4, "number of classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_chosen_is_refused_with_a_reason(case):
    code, value, said = REFUSED[case]
    with pytest.raises(GradlabError, match=said):
        gl.derive(at_point(code, {"X": value})[0])

"""Functions that overflow as they are written are derived in a form that does not."""

import numpy as np
import pytest
import torch

from gradlab import as_function, derive
from gradlab.symbolic.proof import Evidence


def naive_bce(z, y):
    p = 1 / (1 + np.exp(-z))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


def signs_apart(z, y):
    p = torch.sigmoid(z)
    return torch.mean(-y * torch.log(p) - (1 - y) * torch.log(1 - p))


def complement_first(z, y):
    p = torch.sigmoid(z)
    return -((1 - y) * torch.log(1 - p) + torch.log(p) * y).mean()


def naive_cross_entropy(Z, Y):
    E = np.exp(Z)
    P = E / E.sum(1, keepdims=True)
    return -(Y * np.log(P)).sum() / Z.shape[0]


def shifted_cross_entropy(Z, Y):
    E = np.exp(Z - Z.mean(1, keepdims=True))
    P = E / E.sum(1, keepdims=True)
    return -(Y * np.log(P)).sum() / Z.shape[0]


@pytest.mark.parametrize("loss", [naive_bce, signs_apart, complement_first])
def test_binary_cross_entropy_by_hand_has_the_closed_form(loss):
    derivation = derive(as_function(loss, shapes={"z": ("n",), "y": ("n",)}))
    assert derivation.gradient["z"].text() == "1/n (σ(z_i) - y_i)"
    assert "y log σ(u) + (1 - y) log(1 - σ(u)) = y u - softplus(u)" in derivation.text()


@pytest.mark.parametrize("loss", [naive_cross_entropy, shifted_cross_entropy])
def test_cross_entropy_by_hand_has_the_closed_form(loss):
    derivation = derive(as_function(loss, shapes={"Z": ("n", "k"), "Y": ("n", "k")}))
    assert derivation.gradient["Z"].text() == "1/n (diag(Y 1) softmax(Z) - Y)"


@pytest.mark.parametrize("loss", [naive_bce, signs_apart, complement_first])
@pytest.mark.parametrize("logit", [40.0, -800.0, 1e4, -1e4])
def test_binary_cross_entropy_by_hand_is_right_for_every_logit(loss, logit):
    z, y = np.array([logit, 0.3]), np.array([0.25, 1.0])
    found = derive(as_function(loss, shapes={"z": ("n",), "y": ("n",)})).at({"z": z, "y": y})
    given = torch.tensor(z, requires_grad=True)
    value = torch.nn.functional.binary_cross_entropy_with_logits(given, torch.tensor(y))
    value.backward()
    assert found.value == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(found.partials["z"], given.grad, rtol=1e-12)


def test_cross_entropy_by_hand_is_right_for_large_logits():
    Z, Y = np.array([[1e4, 40.0, -800.0], [0.0, 1.0, -1e4]]), np.eye(3)[[1, 0]]
    found = derive(as_function(naive_cross_entropy, shapes={"Z": ("n", "k"), "Y": ("n", "k")})).at({"Z": Z, "Y": Y})
    given = torch.tensor(Z, requires_grad=True)
    value = torch.nn.functional.cross_entropy(given, torch.tensor(Y))
    value.backward()
    assert found.value == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(found.partials["Z"], given.grad, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("source", "shapes", "gradient"),
    [
        (lambda z: np.log(1 + np.exp(z)).sum(), {"z": ("n",)}, "σ(z_i)"),
        (lambda z: np.log1p(np.exp(z)).sum(), {"z": ("n",)}, "σ(z_i)"),
        (lambda z: np.log(np.exp(z).sum()), {"z": ("n",)}, "exp(z_i)/(sum_j exp(z_j))"),
        (lambda z: (1 + np.exp(-z)) ** -1.0, {"z": ()}, "σ(z) (1 - σ(z))"),
        (lambda Z: np.log(np.exp(Z).sum(0)).sum(), {"Z": ("n", "k")}, "softmax(Z, axis=0)"),
    ],
)
def test_what_overflows_is_recognised(source, shapes, gradient):
    derivation = derive(as_function(source, shapes=shapes))
    (written,) = (partial.text() for partial in derivation.gradient.values())
    assert written == gradient
    assert all(rewriting.evidence is Evidence.CERTIFIED for rewriting in derivation.rewritings)
    assert derivation.rewritings


@pytest.mark.parametrize(
    "source",
    [
        lambda z: np.log(2 + np.exp(z)).sum(),
        lambda z: np.log(1 - np.exp(z)).sum(),
        lambda z: (2 / (1 + np.exp(-z))).sum(),
        lambda Z: (np.exp(Z) / np.exp(Z).sum(0, keepdims=True).T).sum(),
        lambda z: (np.exp(z) / np.exp(2 * z).sum()).sum(),
    ],
)
def test_what_only_looks_alike_is_left_alone(source):
    name = source.__code__.co_varnames[0]
    shapes = {name: ("n", "n") if name == "Z" else ("n",)}
    assert derive(as_function(source, shapes=shapes)).rewritings == ()


def test_text_is_derived_as_it_stands():
    assert derive("log(1 + exp(x))").gradient["x"].text() == "exp(x)/(exp(x) + 1)"

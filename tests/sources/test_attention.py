"""Attention as torch means it, masked or not, with one head or several, and handwritten."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradlab as gl
from gradlab.sources import as_function, at_point
from tests.models.model import drawn
from tests.sources.test_modules import assert_same, expected_gradients
from tests.sources.test_normalization import assert_as_autograd

LOWER = torch.ones(4, 4).tril().bool()
ADDED = torch.from_numpy(drawn(4, 4, seed=7))
HIDING = ADDED.masked_fill(~LOWER, -torch.inf)
PADDING = torch.tensor([[False, False, False, True], [False, False, True, True]])


def heads_by_hand(X, Wq, Wk, Wv, Wo):
    outputs = []
    for head in range(2):
        Q, K, V = X @ Wq[head], X @ Wk[head], X @ Wv[head]
        A = torch.softmax(Q @ K.T / K.shape[1] ** 0.5, dim=-1)
        outputs.append(A @ V @ Wo[head])
    return (sum(outputs) ** 2).sum()


def heads_by_einsum(X, Wq, Wk, Wv, Wo):
    Q, K, V = (torch.einsum("nd,hdk->hnk", X, W) for W in (Wq, Wk, Wv))
    A = torch.softmax(torch.einsum("hnk,hmk->hnm", Q, K) / Q.shape[2] ** 0.5, dim=-1)
    return torch.einsum("hnm,hmk,hkd->nd", A, V, Wo).pow(2).sum()


@pytest.mark.parametrize("function", [heads_by_hand, heads_by_einsum])
@pytest.mark.parametrize("sizes", [(5, 4, 3, 2), (2, 2, 2, 2)])
def test_handwritten_heads(function, sizes):
    n, d, k, e = sizes
    shapes = {"X": (n, d), "Wq": (2, d, k), "Wk": (2, d, k), "Wv": (2, d, e), "Wo": (2, e, d)}
    assert_as_autograd(function, {name: drawn(*shape, seed=len(name)) for name, shape in shapes.items()})


CALLS = {
    "plain": {},
    "scaled": {"scale": 0.3},
    "causal": {"is_causal": True},
    "truth values": {"attn_mask": LOWER},
    "added": {"attn_mask": ADDED},
    "added, with -inf": {"attn_mask": HIDING},
}


@pytest.mark.parametrize("options", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_scaled_dot_product_attention(options, lead):
    def loss(Q, K, V):
        return (F.scaled_dot_product_attention(Q, K, V, **options) ** 2).sum()

    at = {"Q": drawn(*lead, 4, 3), "K": drawn(*lead, 4, 3, seed=1), "V": drawn(*lead, 4, 2, seed=2)}
    assert_as_autograd(loss, at)


def test_causal_attention_is_the_handwritten_one():
    def by_hand(Q, K, V):
        scores = (Q @ K.T / Q.shape[1] ** 0.5).masked_fill(~LOWER, -torch.inf)
        return (torch.softmax(scores, -1) @ V).pow(2).sum()

    def by_call(Q, K, V):
        return (F.scaled_dot_product_attention(Q, K, V, is_causal=True) ** 2).sum()

    at = {"Q": drawn(4, 3), "K": drawn(4, 3, seed=1), "V": drawn(4, 2, seed=2)}
    first, second = (gl.derive(at_point(f, at)[0]).at(at) for f in (by_hand, by_call))
    for name in at:
        np.testing.assert_allclose(first.partials[name], second.partials[name], rtol=1e-12, atol=1e-14)


def test_causal_attention_is_derived_for_every_length():
    def loss(Q, K, V):
        return (F.scaled_dot_product_attention(Q, K, V, is_causal=True) ** 2).sum()

    shapes = {"Q": ("n", "k"), "K": ("m", "k"), "V": ("m", "d")}
    function = as_function(loss, shapes=shapes)
    assert function.variables == shapes
    assert "A = softmax(1/√k Q K^T if causal else -∞)" in gl.derive(function).text()
    assert gl.compare(function, {"Q": drawn(3, 2), "K": drawn(5, 2), "V": drawn(5, 4)}).verdict == "agree"


@pytest.mark.parametrize("size", [40.0, 800.0, 1e4])
def test_attention_is_finite_and_right_at_large_scores(size):
    def loss(Q, K, V):
        return (F.scaled_dot_product_attention(Q, K, V, is_causal=True) ** 2).sum()

    at = {"Q": size * drawn(4, 3), "K": drawn(4, 3, seed=1), "V": drawn(4, 2, seed=2)}
    assert_as_autograd(loss, at)


def test_attention_reads_as_in_a_textbook():
    def loss(Q, K, V):
        O = F.scaled_dot_product_attention(Q, K, V)  # noqa: E741 - the output, as it is called on paper
        return (O**2).sum()

    text = gl.derive(as_function(loss, shapes={"Q": ("n", "k"), "K": ("m", "k"), "V": ("m", "d")})).text()
    assert "A = softmax(1/√k Q K^T)" in text
    assert "∂loss/∂Q = 1/√k (δ_A ⊙ A - diag((δ_A ⊙ A) 1) A) K" in text
    assert "∂loss/∂K = 1/√k (δ_A ⊙ A - diag((δ_A ⊙ A) 1) A)^T Q" in text
    assert "∂loss/∂V = A^T δ_O" in text


@pytest.mark.parametrize(
    ("build", "call"),
    [
        ({}, {}),
        ({"bias": False}, {"attn_mask": ~LOWER}),
        ({"batch_first": True}, {"key_padding_mask": PADDING}),
        ({"kdim": 3, "vdim": 5}, {"average_attn_weights": False}),
        ({}, {"key_padding_mask": PADDING, "attn_mask": ~LOWER, "need_weights": False}),
    ],
)
def test_multihead_attention(build, call):
    torch.manual_seed(1)
    module = nn.MultiheadAttention(4, 2, **build)
    shape = (2, 4) if build.get("batch_first") else (4, 2)
    at = {
        "q": drawn(*shape, 4),
        "k": drawn(*shape, build.get("kdim", 4), seed=1),
        "v": drawn(*shape, build.get("vdim", 4), seed=2),
    }

    def loss(q, k, v, module=module):
        output, weights = module(q, k, v, **call)
        return (output**2).sum() + (0 if weights is None else torch.exp(weights).sum())

    expected = expected_gradients(module, lambda double: loss(*map(torch.tensor, at.values()), double))
    function, point = at_point(loss, at)
    assert function.output is not None, function.no_formula
    assert_same(function, point, expected)


def test_a_transformer_layer_is_derived():
    torch.manual_seed(1)
    layer = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, dropout=0.0)
    X = drawn(2, 4, 4)

    def loss(X, layer=layer):
        return (layer(X, src_mask=~LOWER, is_causal=True) ** 3).sum()

    expected = expected_gradients(layer, lambda double: loss(torch.tensor(X), double))
    function, point = at_point(loss, {"X": X})
    assert_same(function, point, expected)
    before = copy.deepcopy(layer.state_dict())
    assert gl.compare(function, point).verdict == "agree"
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


@pytest.mark.parametrize(
    ("options", "said"),
    [({"dropout_p": 0.5}, "draws at random"), ({"enable_gqa": True}, "repeat the heads")],
)
def test_refusals_say_what_to_write(options, said):
    function = as_function(lambda Q: F.scaled_dot_product_attention(Q, Q, Q, **options).sum())
    assert said in str(function.no_formula)


def test_dropout_of_the_heads_is_refused():
    module = nn.MultiheadAttention(4, 2, dropout=0.1)
    assert "module.eval()" in str(as_function(lambda X: module(X, X, X)[0].sum()).no_formula)

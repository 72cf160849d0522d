import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.comparison import Verdict, compare
from gradlab.comparison.stability import CALLS, stable_form
from gradlab.sources import as_function
from gradlab.symbolic import stable


def log_of_softmax(z):
    return torch.log(torch.softmax(z, 0))[0]


def cross_entropy_of_sigmoid(z):
    return F.binary_cross_entropy(torch.sigmoid(z), torch.zeros((), dtype=torch.float64))


@pytest.mark.parametrize(
    ("f", "at", "exact", "form"),
    [
        (log_of_softmax, [-800.0, 0.0], [1, -1], "log_softmax, as log softmax(u) = u - logsumexp(u)"),
        (log_of_softmax, [-740.0, 0.0], [1, -1], "log_softmax"),
        (cross_entropy_of_sigmoid, 200.0, 1, "binary_cross_entropy_with_logits"),
        (lambda z: -torch.log(1 - torch.sigmoid(z)), 200.0, 1, "logsigmoid(-u)"),
        ("log(1 + exp(x))", 800, 1, "softplus, as log(1 + e^u) = softplus(u): f = softplus(x)"),
        ("exp(x)/(1 + exp(x))", 800, 0, "sigmoid, as e^u / (1 + e^u) = σ(u): f = σ(x)"),
        ("exp(x)/exp(x - 1)", 800, 0, ""),
        ("(exp(x) - 1)/x", 1e-9, 0.5, ""),
    ],
)
def test_what_is_lost_as_written_is_unstable_and_its_stable_form_is_named(f, at, exact, form):
    comparison = compare(f, at, claimed=np.array(exact, dtype=float))
    assert comparison.verdict is Verdict.UNSTABLE, repr(comparison)
    assert "numerically unstable as written" in comparison.reason
    assert (form or "no stable form of it is known") in comparison.reason
    assert comparison.reason.endswith("; claimed has it right")
    assert comparison.check() is comparison


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [("(exp(x) - 1)/x", 1e-9, "exp(x) - 1"), ("(1 - cos(x))/x^2", 1e-6, "1 - cos(x)")],
)
def test_the_sum_that_cancels_is_named(text, at, place):
    assert f"cancellation in {place} costs float64 more than half of its digits" in compare(text, at).reason


def test_a_wrong_claim_differs_where_torch_is_lost_too():
    assert compare(log_of_softmax, [-800.0, 0.0], claimed=[1.0, 1.0]).verdict is Verdict.DIFFER


def test_torch_that_is_wrong_where_nothing_is_lost_differs():
    class Halved(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, delta):
            (x,) = ctx.saved_tensors
            return delta * x

    assert compare(lambda x: Halved.apply(x).sum(), [1.0, 2.0]).verdict is Verdict.DIFFER


@pytest.mark.parametrize("text", ["(x - 1)^2", "x^3 - x", "cos(x)"])
def test_rounding_that_no_evaluation_escapes_is_no_instability(text):
    assert compare(text, {"cos(x)": np.pi}.get(text, 1.0)).verdict is Verdict.AGREE


def test_at_a_minimum_the_gradient_is_zero_up_to_rounding():
    random = np.random.default_rng(1)
    X, y = random.normal(size=(30, 4)), random.normal(size=30)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    comparison = compare(lambda w: ((X @ w - y) ** 2).mean(), best, claimed=2 / 30 * X.T @ (X @ best - y))
    assert comparison.verdict is Verdict.AGREE, repr(comparison)


@pytest.mark.parametrize(("text", "at"), [("log(x)", -1), ("1/x", 0), ("sqrt(x)", 0), ("exp(x)", 1000)])
def test_where_there_is_no_gradient_no_form_is_stable(text, at):
    assert compare(text, at).verdict is Verdict.UNDECIDED


def test_every_rewriting_has_its_name_in_torch():
    assert {rule.__doc__ for rule in stable._RULES} == set(CALLS)


def test_of_several_equalities_the_last_that_was_used_names_the_call():
    said = stable_form(as_function("exp(y)/(1 + exp(y)) + log(1 + exp(x))"))
    assert said.startswith("softplus, as log(1 + e^u) = softplus(u) and e^u / (1 + e^u) = σ(u)")


def test_a_stable_function_needs_no_other_form():
    assert stable_form(as_function("softplus(x)")) == ""


def test_a_wrong_claim_is_blamed_before_what_torch_lost():
    comparison = compare("log(1 + exp(x))", 1000.0, claimed=1.1)
    assert comparison.verdict is Verdict.DIFFER
    assert comparison.reason.startswith("x: claimed is 1.1 but symbolic is 1: 0.1 apart, 1.77e+13 times the bound")

"""Values that torch does not differentiate: held constant, and said so."""

import math

import numpy as np
import pytest
import torch

from gradlab.autodiff import backward
from gradlab.comparison import compare
from gradlab.descent import descend
from gradlab.numeric import estimate
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.sources.oracle import POINTS, check, reason


@torch.no_grad()
def scale_of(x):
    return torch.exp(x)


def _no_grad_block(x):
    with torch.no_grad():
        y = x * 2
        z = y[1:]
    return (y * x).sum() + (z * x[1:]).sum()


def _no_grad_buffer(x):
    buffer = torch.zeros(3)
    with torch.no_grad():
        buffer[0] = x[1] * 2
    return torch.sum(buffer * x)


def _enabled_again(x):
    with torch.no_grad():
        y = x * 2
        with torch.enable_grad():
            z = x * 3
    return torch.sum(y * z)


def _detached_clone_written(x):
    d = (x * 2).detach().clone()
    d[0] = x[1]
    return (d * x).sum()


def _clone_detached_written(x):
    d = x.clone().detach()
    d *= 2
    return torch.sum(d * x)


def _detached_view_sees_a_write(x):
    y = x * 2
    d = y.detach()
    y += 1
    return (d * x).sum()


def _straight_through(x):
    rounded = torch.sign(x)
    return (x + (rounded - x).detach()).pow(2).sum()


FROZEN = {
    "detach": lambda x: (x * (2 * x).detach()).sum(),
    "torch.detach": lambda x: (x * torch.detach(2 * x)).sum(),
    "data": lambda x: (x.data * x).sum(),
    "twice": lambda x: (x * (2 * x.detach()).detach()).sum(),
    "all of it": lambda x: (x.detach() ** 2).sum() + 0 * x.sum(),
    "a norm": lambda x: (x / torch.sqrt((x * x).sum()).detach()).sum(),
    "straight-through": _straight_through,
    "clone and detach": lambda x: (x.clone().detach() * x**2).sum(),
    "a detached clone that is written": _detached_clone_written,
    "a clone that is detached and written": _clone_detached_written,
    "a detached view that sees a write": _detached_view_sees_a_write,
    "no_grad": _no_grad_block,
    "no_grad as a decorator": lambda x: (scale_of(x) * x).sum(),
    "a buffer written under no_grad": _no_grad_buffer,
    "enable_grad inside": _enabled_again,
    "item": lambda x: torch.sum(x).item() * torch.sum(x),
    "float": lambda x: float(torch.sum(x).detach()) * x.sum(),
    "tolist": lambda x: x.tolist()[0] * torch.sum(x),
    "numpy": lambda x: torch.sum(x * torch.as_tensor((2 * x).detach().numpy())),
    "a condition": lambda x: (x * (x.detach() > 0)).sum(),
}


@pytest.mark.parametrize("name", FROZEN)
def test_what_torch_detaches_has_no_derivative(name):
    for point in POINTS:
        check(FROZEN[name], point, torch_code=True)


@pytest.mark.parametrize("name", FROZEN)
def test_all_three_routes_agree_on_it(name):
    comparison = compare(FROZEN[name], POINTS[0])
    assert comparison.verdict == "agree"
    assert set(comparison.gradients) == {"symbolic", "numeric", "autodiff"}


NUMPY = {
    "item": lambda x: x.sum().item() * np.sum(x),
    "float": lambda x: float(x[0]) * np.sum(x),
    "math": lambda x: math.exp(x[0]) * np.sum(x),
    "tolist": lambda x: x.tolist()[0] * np.sum(x),
}


@pytest.mark.parametrize("name", NUMPY)
def test_a_number_taken_out_of_an_array_is_the_value_itself_in_numpy(name):
    for point in POINTS:
        check(NUMPY[name], point, torch_code=False)


def test_math_in_torch_code_takes_a_number_out():
    def scaled(x):
        return math.exp(x[0]) * torch.sum(x)

    function, point = at_point(scaled, POINTS[0])
    np.testing.assert_allclose(derive(function).at(point).partials["x"], math.exp(0.3))
    assert backward(scaled, POINTS[0]).partials["x"] == pytest.approx(math.exp(0.3))


def _tensor_of(x):
    return torch.tensor([x[0], x[1]]).sum()


def _as_tensor_of(x):
    return torch.as_tensor([x[0], x[1]]).sum()


def _written_under_no_grad(x):
    y = x * 2
    with torch.no_grad():
        y.mul_(3)
    return (y * x).sum()


def _source_of_a_written_detached_value(x):
    y = x * 2
    d = y.detach()
    d += 1
    return (y * x).sum()


def _detached_argument_written(x):
    d = x.detach()
    d += 1
    return (d * x).sum()


REFUSED = {
    "torch.tensor": (_tensor_of, "torch.stack"),
    "torch.as_tensor": (_as_tensor_of, "torch.stack"),
    "detach_": (lambda x: torch.sum((x * 2).detach_() * x), "write x = x.detach"),
    "requires_grad_(False)": (lambda x: torch.sum((x * 2).requires_grad_(False) * x), "write x.detach()"),
    "numpy of a live tensor": (lambda x: torch.sum(torch.as_tensor((2 * x).numpy())), ".detach().numpy()"),
    "a write under no_grad": (_written_under_no_grad, "y.detach().clone()"),
    "a write into what is detached": (_source_of_a_written_detached_value, "may share its memory"),
    "a write into the detached argument": (_detached_argument_written, "changing the argument x in place"),
    "item in code of no library": (lambda x: x[0].item() * x[1], "np.sum or torch.sum"),
    "float in code of no library": (lambda x: float(x[0]) * x[1], "np.sum or torch.sum"),
    "item of an array": (lambda x: np.sum(x.item() * x), "single entry"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_cut_off_unseen_is_refused(name):
    code, words = REFUSED[name]
    assert words in reason(code)


def loss(x):
    target = (x[1:] * 2).detach()
    return ((x[:-1] - target) ** 2).sum()


def test_it_is_said():
    function, point = at_point(loss, POINTS[0])
    assert function.notes == ("target is detached: derivatives hold it constant",)
    derivation = derive(function)
    assert "target_i = detach(2 x_{i+1})" in str(derivation)
    assert "note: target is detached" in str(derivation)
    assert r"\operatorname{detach}\left(2 x_{i+1}\right)" in derivation.latex()
    assert "target is detached" in derivation.markdown()
    assert all(step.evidence in ("exact", "certified") for step in derivation.steps)
    assert any("held at its value" in note for note in compare(function, point).notes)


def test_differences_hold_a_detached_value_at_the_point():
    gradient = estimate(loss, POINTS[0])
    np.testing.assert_allclose(gradient.partials["x"], backward(loss, POINTS[0]).partials["x"], rtol=1e-10)
    assert "target" in gradient.notes[0]


def test_a_bootstrapped_target_descends_alike_with_every_engine():
    def bootstrapped(w):
        target = 0.5 * torch.sum(w**2).detach()
        return (w[0] - target) ** 2 + (w[1] - 1) ** 2

    ends = [descend(bootstrapped, [0.2, 0.1], steps=5, engine=engine).points[-1]["w"] for engine in ("exact", "torch")]
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-12)
    numeric = descend(bootstrapped, [0.2, 0.1], steps=5, engine="numeric").points[-1]["w"]
    np.testing.assert_allclose(numeric, ends[0], rtol=1e-8)


def test_gradients_switched_off_by_the_caller_change_nothing():
    with torch.no_grad():
        assert as_function(lambda x: torch.sin(x) ** 2).text() == "sin(x)²"

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.comparison import Verdict, compare
from gradlab.errors import TraceError
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.sources.torch_gradients import assert_torch_agrees

ACTIVATIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "leaky_relu(0.2)": lambda x: F.leaky_relu(x, 0.2),
    "elu": F.elu,
    "elu(2)": lambda x: F.elu(x, 2.0),
    "celu(1/2)": lambda x: F.celu(x, 0.5),
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softplus(2)": lambda x: F.softplus(x, 2.0),
    "logsigmoid": F.logsigmoid,
    "softsign": F.softsign,
    "hardtanh": F.hardtanh,
    "hardtanh(-2, 1/2)": lambda x: F.hardtanh(x, -2.0, 0.5),
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "tanhshrink": F.tanhshrink,
    "threshold": lambda x: F.threshold(x, 0.3, 7.0),
    "clamp": lambda x: x.clamp(-1, 1),
    "clamp_min": lambda x: torch.clamp(x, min=0.1),
    "clip": lambda x: torch.clip(x, max=0.1),
    "glu": lambda x: F.glu(x[:4]),
    "softmin": lambda x: F.softmin(x, 0) * x,
    "prelu": lambda x: F.prelu(x[None, :].T, x[:1]),
    "erfc": torch.erfc,
    "ndtr": torch.special.ndtr,
    "sinc": torch.sinc,
    "exp2": torch.exp2,
    "rsqrt": lambda x: torch.rsqrt(x.abs()),
    "deg2rad": torch.deg2rad,
    "rad2deg": torch.rad2deg,
    "fmod": lambda x: torch.fmod(x, 0.7),
    "remainder": lambda x: torch.remainder(x, 0.7),
    "whole parts": lambda x: (torch.trunc(x) + 2 * torch.ceil(x) + 3 * torch.round(x)) * x,
    "lgamma": lambda x: torch.lgamma(x.abs() + 0.1),
    "digamma": lambda x: torch.digamma(x.abs() + 0.1),
    "logit": lambda x: torch.logit(torch.sigmoid(x)),
    "logaddexp": lambda x: torch.logaddexp(x, 2 * x),
    "logaddexp2": lambda x: torch.logaddexp2(x, 2 * x),
    "hypot": lambda x: torch.hypot(x, 2 * x + 1),
    "atan2": lambda x: torch.atan2(x, 2 * x + 1),
    "xlogy": lambda x: torch.xlogy(x, x.abs()),
    "square and reciprocal": lambda x: torch.square(x) + torch.reciprocal(x),
}

# torch's backward of these multiplies by a number in single precision, or leaves the exact form above 20.
COARSE = {"hardsigmoid": 1e-7, "softplus(2)": 1e-7, "digamma": 1e-8}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_gradient_are_torchs(name):
    x = np.array([-4.3, -1.1, -0.2, 0.35, 2.6])
    assert_torch_agrees(lambda x: (ACTIVATIONS[name](x) ** 2).sum(), {"x": x}, COARSE.get(name, 1e-9))


KINKS = {
    "relu": [0.0],
    "relu6": [0.0, 6.0],
    "leaky_relu": [0.0],
    "elu(2)": [0.0],
    "selu": [0.0],
    "hardtanh": [-1.0, 1.0],
    "hardsigmoid": [-3.0, 3.0],
    "hardswish": [-3.0, 3.0],
    "softshrink": [-0.5, 0.5],
    "hardshrink": [-0.5, 0.5],
    "threshold": [0.3],
    "softsign": [0.0],
    "sinc": [0.0],
}


@pytest.mark.parametrize("name", KINKS)
def test_conventions_at_kinks_are_torchs(name):
    assert_torch_agrees(lambda x: ACTIVATIONS[name](x).sum(), {"x": KINKS[name]})


@pytest.mark.parametrize(("name", "bound"), [("clamp", -1.0), ("clamp", 1.0), ("clamp_min", 0.1), ("clip", 0.1)])
def test_at_a_bound_the_slope_is_1_and_whatever_torch_takes_is_between_the_slopes(name, bound):
    # 1 in PyTorch up to 2.13, 0 since
    comparison = compare(lambda x: ACTIVATIONS[name](x).sum(), at={"x": [bound]})
    assert comparison.gradients["symbolic"]["x"] == 1.0
    assert comparison.gradients["autodiff"]["x"] in (0.0, 1.0)
    assert comparison.verdict is Verdict.KINK


FAR = ("relu", "elu", "selu", "gelu", "gelu by tanh", "silu", "mish", "softplus", "logsigmoid", "softsign", "hardswish")


@pytest.mark.parametrize("name", FAR)
def test_activations_stay_right_far_out(name):
    assert_torch_agrees(lambda x: ACTIVATIONS[name](x).sum(), {"x": [-1e4, -800.0, -40.0, 40.0, 1e4]}, 1e-8)


def test_gradients_read_as_in_a_textbook():
    def gradient(code):
        return derive(as_function(lambda x: code(x))).gradient["x"].text()

    assert gradient(F.gelu) == "Φ(x) + x φ(x)"
    assert gradient(F.relu) == "[x > 0]"
    assert gradient(F.elu) == "1 if x > 0 else exp(x)"
    assert gradient(lambda x: F.leaky_relu(x, 0.1)) == "1 if x > 0 else 0.1"
    assert gradient(F.hardtanh) == "[-1 < x < 1]"
    assert gradient(F.silu) == "σ(x) (x (1 - σ(x)) + 1)"
    assert derive("gelu(x)").gradient["x"].latex() == r"\Phi\left(x\right) + x \varphi\left(x\right)"


def test_pythons_own_functions_are_read():
    def code(x):
        return math.erfc(x) + math.fmod(x, 0.7) * math.atan2(x, 2) + math.cbrt(x) * math.ceil(x) + math.lgamma(x)

    function = as_function(code)
    assert function(1.3) == pytest.approx(code(1.3), rel=1e-14)
    assert "math.remainder" in str(as_function(lambda x: math.remainder(x, 2)).no_formula)


def test_activations_with_a_slope_for_each_channel():
    at = {"X": np.random.default_rng(0).normal(size=(3, 2)), "a": [0.1, 0.7]}
    assert_torch_agrees(lambda X, a: F.prelu(X, a).pow(2).sum(), at)


REFUSED = {
    "rrelu": lambda x: F.rrelu(x).sum(),
    "a slope that is traced": lambda x: F.leaky_relu(x, x[0]).sum(),
    "a low threshold": lambda x: F.softplus(x, threshold=1).sum(),
    "a negative alpha": lambda x: F.celu(x, -1.0).sum(),
    "nan_to_num": lambda x: torch.nan_to_num(x).sum(),
    "copysign": lambda x: torch.copysign(x, x).sum(),
    "decimals": lambda x: torch.round(x, decimals=1).sum(),
    "an order that is traced": lambda x: x.polygamma(1).sum(),
    "logit with eps": lambda x: torch.logit(x, 1e-6).sum(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused(name):
    assert isinstance(as_function(REFUSED[name], shapes={"x": (3,)}).no_formula, TraceError)

"""What people type."""

from __future__ import annotations

import numpy as np

from tests.sources.corpus.program import Program

AT = {"x": 0.7, "y": 0.4, "z": 1.3, "w": -0.6, "b": 0.2, "t": 0.9, "a": 1.1, "u": 0.35, "v": 0.8}

TEXTS = {
    "x^2 + y": "xy",
    "x**2*y + y**3": "xy",
    "3x^3 - 2x^2 + x - 7": "x",
    "(x + 1)(x - 2)": "x",
    "(x + 1)/(x^2 + 1)": "x",
    "1/x + 1/x^2": "x",
    "x^y": "xy",
    "2^x": "x",
    "x^x": "x",
    "e^(-x^2/2)": "x",
    "exp(-(x - y)^2)": "xy",
    "sin(x) cos(y)": "xy",
    "sin x / x": "x",
    "tan(2x)": "x",
    "x sin(x^2)": "x",
    "log(x^2 + 1)": "x",
    "ln(x y)": "xy",
    "log(1 + exp(x))": "x",
    "log10(x) + log2(y)": "xy",
    "sqrt(x^2 + y^2)": "xy",
    "sqrt(x) y": "xy",
    "x^(1/3)": "x",
    "|x - 1|": "x",
    "tanh(x)": "x",
    "sigmoid(w x + b)": "wxb",
    "(sigmoid(w x + b) - y)^2": "wxby",
    "-(y log(sigmoid(x)) + (1 - y) log(1 - sigmoid(x)))": "xy",
    "softplus(x) - y x": "xy",
    "relu(x) + relu(-x)": "x",
    "max(x, y)": "xy",
    "min(x, y)^2": "xy",
    "max(0, 1 - x y)": "xy",
    "asin(x) + acos(y)": "xy",
    "atan(x/y)": "xy",
    "sinh(x) + cosh(x)": "x",
    "asinh(x) + atanh(y)": "xy",
    "erf(x)": "x",
    "x y z": "xyz",
    "x y + y z + z x": "xyz",
    "(x - y)^2 + 100(y - x^2)^2": "xy",
    "1 + x + x^2/2 + x^3/6": "x",
    "(a t^2 + b t - y)^2": "atby",
    "exp(x)/(exp(x) + exp(y))": "xy",
    "cos(x)^2 + sin(x)^2": "x",
    "x/(1 + |x|)": "x",
    "1/(1 + e^(-x))": "x",
    "(1 - u)^2 (1 - v)": "uv",
    "sin(sin(sin(x)))": "x",
    "log(log(x + 3))": "x",
    "x^2 y^-1": "xy",
    "pi x^2": "x",
    "0.5 x^2 - 3e-2 x": "x",
    "½x² + y³": "xy",
    "2·x·y": "xy",
    "gelu(x)": "x",
    "leaky_relu(x)": "x",
    "elu(x - 1)": "x",
    "silu(x)": "x",
    "clamp(x, 0, 1)": "x",
    "hypot(x, y)": "xy",
}

PROGRAMS = [
    Program(f"text: {text}", text, {name: np.asarray(AT[name]) for name in names}) for text, names in TEXTS.items()
]

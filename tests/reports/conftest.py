"""Documents that the tests of the formats look into."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gradlab as gl
from gradlab.sources import at_point

HOSTILE = 'Cost in $ & <script>alert("1")</script> _under_ #5 C:\\temp שלום `x` {y} ~z~ ^w^ [a](b) *b* @c --- ...'
"""What Markdown, HTML, LaTeX, Typst or Pandoc would read as more than a title."""


def network():
    """The records of a two-layer network: matrices, deltas, a pass of ``backward()``."""
    draw = np.random.default_rng(0)
    X, Y = (torch.tensor(draw.normal(size=size)) for size in ((5, 3), (5, 2)))

    def loss(W1, b1, w2):
        Z = X @ W1 + b1
        H = torch.tanh(Z)
        out = H @ w2
        return ((out - Y[:, 0]) ** 2).mean()

    at = {"W1": draw.normal(size=(3, 2)), "b1": np.zeros(2), "w2": np.array([1.0, -0.5])}
    function, point = at_point(loss, at)
    return [gl.derive(function), gl.compare(function, point)]


def scalar():
    """The records of a function of two numbers with a descent on it, and second derivatives."""
    function = gl.as_function("x^2 + 10*y^2 + exp(sin(x*y)^2)/(1 + x^2)", name="g")
    at = {"x": 1.5, "y": 1.0}
    rule = gl.GradientDescent(0.12)
    return [gl.derive(function, order=2), gl.compare(function, at), gl.descend(function, at, rule=rule, steps=6)]


def kink():
    """The records of a function at a kink, with conditions."""
    function = gl.as_function("abs(x) + max(x, y)^2 + log(y)/y")
    return [gl.derive(function), gl.compare(function, {"x": 0, "y": 1})]


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Return a function that saves a document once in a format and returns its path."""
    folder = tmp_path_factory.mktemp("documents")
    made = {}

    def save(name, ending):
        path = folder / f"{name}.{ending}"
        if not path.exists():
            if name not in made:
                records, title = {"network": (network, HOSTILE), "scalar": (scalar, None), "kink": (kink, None)}[name]
                made[name] = gl.report(*records(), title=title, author="Ä. O'Neil & _Söhne_")
            made[name].save(path)
        return path

    return save

"""Runs that the tests of pictures share."""

from __future__ import annotations

import numpy as np

from gradlab.descent import GradientDescent, descend
from tests.descent import rollercoaster as ride

BOWL = "x**2/2 + 4*y**2"
CORNER = {"x": 3.0, "y": 1.0}


def run(f, start, rule=0.1, steps=10):
    return descend(f, start, rule=GradientDescent(rule) if isinstance(rule, float) else rule, steps=steps, check=False)


def bowl(rate=0.1, steps=10):
    return run(BOWL, CORNER, rate, steps)


def fit(rate=1e-5, steps=10):
    return run(ride.numpy_loss(), ride.START, rate, steps)


def network(steps=30):
    """A small network: 5 inputs, 8 hidden units, 57 parameters."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(40, 5))
    targets = np.sin(inputs[:, 0]) + inputs[:, 1] ** 2

    def loss(W1, b1, w2, b2):
        return np.mean((np.tanh(inputs @ W1 + b1) @ w2 + b2 - targets) ** 2)

    start = {"W1": 0.5 * random.normal(size=(5, 8)), "b1": np.zeros(8), "w2": 0.5 * random.normal(size=8), "b2": 0.0}
    return run(loss, start, 0.1, steps)


def drawn(ax):
    """Draw it all, which is when matplotlib finds fault."""
    ax.figure.canvas.draw()
    return ax

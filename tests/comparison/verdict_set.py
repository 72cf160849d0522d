"""Fifty right gradients and fifty wrong ones, each hard for a checker that decides by fixed tolerances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

RANDOM = np.random.default_rng(20)


@dataclass(frozen=True, eq=False)
class Case:
    """A function, a point, and its gradient there, worked out by hand in NumPy; *kind* says what makes it hard."""

    kind: str
    f: Callable[..., Any]
    at: np.ndarray
    gradient: Callable[[np.ndarray], np.ndarray]
    coarse: bool = False  # whether the function computes in float32

    @property
    def right(self):
        return self.gradient(self.at)

    def wrong(self, place):
        """Return a wrong gradient; *place* chooses the mistake and the component."""
        found = np.array(self.right, dtype=float)
        index = np.flatnonzero(np.abs(found) > 1e-8 * np.abs(found).max())[place % np.count_nonzero(found) :][:1]
        mistakes = [-1.0, 0.5, 1 + 1e-3] if self.coarse else [-1.0, 0.5, 1 + 1e-3, 1 + 1e-6]
        found[index] *= mistakes[place % len(mistakes)]
        return found


def _scaled(scale):
    return [
        Case(
            f"values at {scale:g}",
            lambda x: scale * (x**3).sum(),
            np.array([1.0, -2.0, 0.5]),
            lambda x: 3 * scale * x**2,
        ),
        Case(
            f"points at {scale:g}",
            lambda x: (x**3).sum(),
            scale * np.array([1.0, -2.0, 0.5]),
            lambda x: 3 * x**2,
        ),
        Case(
            f"exponentials at {scale:g}",
            lambda x: scale * torch.exp(-x / scale).sum(),
            scale * np.array([0.1, 1.0, 3.0]),
            lambda x: -np.exp(-x / scale),
        ),
    ]


def _offset(offset):
    return [
        Case(
            f"value offset by {offset:g}",
            lambda x: offset + (x**2).sum(),
            np.array([1.0, 20.0, -3.0]),
            lambda x: 2 * x,
        ),
        Case(
            f"point offset by {offset:g}",
            lambda x: ((x - offset) ** 2).sum(),
            offset + np.array([1.0, 20.0, -3.0]),
            lambda x: 2 * (x - offset),
        ),
    ]


def _beside_a_kink(gap):
    return [
        Case(
            f"{gap:g} beside the kink of |x|",
            lambda x: torch.abs(x).sum() + (x**2).sum(),
            np.array([gap, -gap, 1.0]),
            lambda x: np.sign(x) + 2 * x,
        ),
        Case(
            f"{gap:g} beside the kink of relu",
            lambda x: torch.relu(x - 1).sum() + 0.25 * (x**2).sum(),
            1 + np.array([gap, -gap, 2.0]),
            lambda x: (x > 1) + 0.5 * x,
        ),
        Case(
            f"{gap:g} beside the join of Huber",
            lambda x: torch.nn.functional.huber_loss(x, torch.zeros_like(x), reduction="sum"),
            np.array([1 + gap, 1 - gap, 3.0]),
            lambda x: np.clip(x, -1, 1),
        ),
    ]


def _beside_an_edge(gap):
    return [
        Case(
            f"sqrt at {gap:g}",
            lambda x: torch.sqrt(x).sum(),
            np.array([gap, 3 * gap, 1.0]),
            lambda x: 0.5 / np.sqrt(x),
        ),
        Case(f"log at {gap:g}", lambda x: torch.log(x).sum(), np.array([gap, 2 * gap, 1.0]), lambda x: 1 / x),
        Case(
            f"arcsine {gap:g} below 1",
            lambda x: torch.asin(x).sum(),
            1 - np.array([gap, 4 * gap, 1.0]),
            lambda x: 1 / np.sqrt((1 - x) * (1 + x)),
        ),
    ]


X, Y = RANDOM.normal(size=(40, 8)), RANDOM.normal(size=40)
LABELS = (RANDOM.random(40) > 0.5).astype(float)
XT, YT, LT = torch.tensor(X), torch.tensor(Y), torch.tensor(LABELS)
XF, YF = XT.float(), YT.float()


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _softmax(z):
    raised = np.exp(z - z.max())
    return raised / raised.sum()


def _rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def _rosenbrock_gradient(x):
    found = np.zeros_like(x)
    inner = x[1:] - x[:-1] ** 2
    found[:-1] += -400 * x[:-1] * inner - 2 * (1 - x[:-1])
    found[1:] += 200 * inner
    return found


def _float32(w):
    return ((XF @ w.float() - YF) ** 2).mean()


WEIGHTS = [RANDOM.normal(size=8), 0.01 * RANDOM.normal(size=8), 10 * RANDOM.normal(size=8)]

MODELS = [
    *(
        Case(
            "least squares",
            lambda w: ((torch.mv(XT, w) - YT) ** 2).mean(),
            w,
            lambda w: 2 / 40 * X.T @ (X @ w - Y),
        )
        for w in WEIGHTS
    ),
    *(
        Case(
            "logistic regression",
            lambda w: torch.nn.functional.binary_cross_entropy_with_logits(torch.mv(XT, w), LT),
            w,
            lambda w: X.T @ (_sigmoid(X @ w) - LABELS) / 40,
        )
        for w in WEIGHTS[:2]
    ),
    Case(
        "softmax cross-entropy",
        lambda z: torch.logsumexp(z, 0) - z[3],
        3 * RANDOM.normal(size=10),
        lambda z: _softmax(z) - np.eye(10)[3],
    ),
    *(Case("Rosenbrock", _rosenbrock, RANDOM.normal(size=size), _rosenbrock_gradient) for size in (2, 50, 500)),
    Case(
        "five hundred of all sizes",
        lambda x: (torch.sin(x) * torch.exp(-(x**2) / 50)).sum(),
        np.geomspace(1e-6, 5, 500),
        lambda x: (np.cos(x) - x / 25 * np.sin(x)) * np.exp(-(x**2) / 50),
    ),
    Case(
        "saturated",
        lambda x: torch.tanh(x).sum() + (x**2).sum(),
        np.array([18.0, -20.0, 0.1]),
        lambda x: 1 - np.tanh(x) ** 2 + 2 * x,
    ),
    *(
        Case(
            "float32",
            _float32,
            w,
            lambda w: 2 / 40 * X.T @ (X @ w - Y),
            coarse=True,
        )
        for w in WEIGHTS[1:]
    ),
    Case(
        "float32",
        lambda x: torch.exp(x.float()).sum(),
        np.array([0.1, 1.0, 2.5]),
        np.exp,
        coarse=True,
    ),
]

CASES = [
    *(case for scale in (1e-12, 1e-6, 1e6, 1e12) for case in _scaled(scale)),
    *(case for offset in (1e4, 1e6, 1e8) for case in _offset(offset)),
    *(case for gap in (1e-3, 1e-6, 1e-9) for case in _beside_a_kink(gap)),
    *(case for gap in (1e-3, 1e-5, 1e-8) for case in _beside_an_edge(gap)),
    *MODELS,
]

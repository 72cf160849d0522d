"""What students hand in: right in any style, wrong in plain words, whatever inputs are drawn."""

from __future__ import annotations

import json
import sys

import pytest

from gradlab.grading import CodeExercise
from tests.grading.code import styles
from tests.grading.code.programs import LOGISTIC, exercise
from tests.grading.code.styles import BOTH, NUMPY, STEP, TORCH
from tests.sampling import sampled


@pytest.mark.parametrize(("given", "source"), sampled(styles.RIGHT_STYLES, 3, single=False))
def test_a_right_program_is_right_in_any_style(given, source, sandbox):
    found = given.check(source, sandbox=sandbox)
    assert found.verdict == "correct", (source, found)
    assert not found.mistakes


@pytest.mark.parametrize(("given", "source"), sampled(styles.WRONG_STYLES, 3, single=False))
def test_a_wrong_program_is_wrong(given, source, sandbox):
    found = given.check(source, sandbox=sandbox)
    assert found.verdict == "wrong", source
    assert found.score == 0
    assert found.feedback


NATURAL = [
    # an exercise whose digits are easily lost, and an honest program
    (styles.NET, {"float32": True}, styles.net()),
    (
        LOGISTIC,
        {"library": "torch", "float32": True},
        """import torch
def gradient(w, b, X, y):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    p = torch.sigmoid(X @ w + b)
    (-(y * p.log() + (1 - y) * (1 - p).log()).mean()).backward()
    return w.grad, b.grad
""",
    ),
    (
        {"function": "tanh(x)", "variables": ["x"], "shapes": {"x": "n"}},
        {"kind": "autograd function"},
        """import torch
class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        e = torch.exp(2 * x)
        ctx.save_for_backward(e)
        return (e - 1) / (e + 1)
    @staticmethod
    def backward(ctx, above):
        (e,) = ctx.saved_tensors
        return above * 4 * e / (e + 1)**2
""",
    ),
]


@pytest.mark.parametrize(("of", "options", "source"), NATURAL)
def test_a_right_program_is_right_whatever_is_drawn(of, options, source):
    given = exercise(of, **options)
    for secret in range(8):
        given.secret = str(secret)
        found = given.check(source, trust=True)
        assert found.verdict == "correct", (secret, found)


def test_the_solution_of_a_function_by_another_name_is_right():
    def squares(w, X):
        return ((X @ w) ** 2).sum()

    given = CodeExercise(squares, shapes={"w": "d", "X": ("n", "d")})
    assert given.check(given.answer, trust=True).verdict == "correct"


@pytest.mark.parametrize(
    ("given", "source", "said"),
    [
        (STEP, "def step(a, b, x, y, rate):\n    a -= rate", "it returned None; it is to return the parameters a, b"),
        (NUMPY, "def gradient(w, X, y):\n    return {}", "the mapping that it returned lacks w; it is empty"),
        (NUMPY, "def gradient(w, X, y):\n    yield w", "it is a generator, because of `yield`; write `return`"),
        (NUMPY, "async def gradient(w, X, y):\n    return w", "it is a coroutine, because of `async`"),
        (NUMPY, "def gradient(w, X, y):\n    return gradient", "no array of real numbers but a function"),
        (NUMPY, "def gradient(w, X, y):\n    return w[:, None]", "the gradient by w has shape ("),
        (TORCH, "def gradient(w, X, y):\n    (X @ w - y).sum().backward()", "call w.requires_grad_() before the loss"),
        (BOTH, styles.logistic("gw, 3 * gb")[0], "the gradient by b is wrong in a call with"),
        (BOTH, styles.logistic("gw, 3 * gb")[0], "; the gradient by w is right throughout"),
        (BOTH, styles.logistic("c, (gb, gw)")[0], "is no array: its parts have different shapes"),
        (TORCH, "def gradient(w, X, y):\n    w *= 2\n    return w", "work on a copy, w.clone()"),
    ],
)
def test_what_is_wrong_is_said_plainly(given, source, said, sandbox):
    found = given.check(source, sandbox=sandbox)
    assert said in found.feedback, found.feedback
    assert "NoAnswer" not in found.feedback
    assert "NoAnswer" not in given.check(source, trust=True).feedback


def test_a_tensor_that_was_not_asked_for_a_gradient_is_no_forward_under_no_grad(sandbox):
    source = "def gradient(w, X, y):\n    loss = ((X @ w - y)**2).mean()\n    loss.backward()\n    return w.grad"
    assert TORCH.check(source, sandbox=sandbox).candidates == ("gradient not asked for",)


def test_what_torch_says_when_it_may_not_differentiate_is_not_repeated(sandbox):
    source = "import torch\ndef gradient(w, X, y):\n    return torch.func.grad(lambda v: (X @ v - y).sum())(w)"
    found = styles.BY_HAND.check(source, sandbox=sandbox)
    assert found.feedback == "line 3: torch.func is used; the gradient is to be derived by hand"


def test_modules_that_draw_are_taken_away_again():
    before = set(sys.modules)
    source = "import tqdm, seaborn.objects\ndef gradient(w, X, y):\n    return 2 / len(y) * X.T @ (X @ w - y)"
    assert NUMPY.check(source, trust=True).verdict == "correct"
    assert not {"seaborn", "seaborn.objects", "submission"} & (set(sys.modules) - before)


def test_what_only_a_notebook_understands_does_nothing(sandbox):
    cells = [
        "%%time\nimport numpy as np\nif True:\n    !pip install numpy\nfiles = !ls\nnp.dot?\n?np.dot",
        "%%bash\nrm -r /",
        "def gradient(w, X, y):\n    return 2 / len(y) * X.T @ (X @ w - y)\ntext = '''\n% no magic\n'''",
        "assert text == '\\n% no magic\\n'",
        "%timeit gradient(np.ones(1), np.ones((1, 1)), np.ones(1))",
    ]
    notebook = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": each} for each in cells]})
    found = NUMPY.check("\ufeff" + notebook, sandbox=sandbox)
    assert found.verdict == "correct", found

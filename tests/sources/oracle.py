"""What torch's autograd and NumPy say of a function of one vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from gradlab.sources import at_point
from gradlab.symbolic import derive

POINTS = (np.array([0.3, 1.2, -0.7]), np.array([-0.8, 0.4, -0.5]))


@contextmanager
def double_precision() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def by_torch(code: Callable[..., Any], point: np.ndarray) -> tuple[float, np.ndarray]:
    x = torch.tensor(point, requires_grad=True)
    with double_precision():
        value = code(x)
    value.backward()
    return value.item(), np.zeros_like(point) if x.grad is None else x.grad.numpy()


def by_numpy(code: Callable[..., Any], point: np.ndarray) -> tuple[float, np.ndarray]:
    h = 1e-5
    steps = h * np.eye(point.size)
    slopes = [(float(code(point + step)) - float(code(point - step))) / (2 * h) for step in steps]
    return float(code(point.copy())), np.array(slopes)


def check(code: Callable[..., Any], point: np.ndarray, *, torch_code: bool) -> None:
    """Hold value and gradient of what is read against the library's own."""
    value, gradient = (by_torch if torch_code else by_numpy)(code, point)
    function, at = at_point(code, point)
    found = derive(function).at(at)
    assert found.value == pytest.approx(value, rel=1e-12, abs=1e-12)
    close = {"rtol": 1e-11, "atol": 1e-11} if torch_code else {"rtol": 1e-6, "atol": 1e-8}
    np.testing.assert_allclose(found.partials["x"], gradient, **close)


def reason(code: Callable[..., Any], point: Any = POINTS[0]) -> str:
    """Return why *code* is not read at the point."""
    function, _ = at_point(code, point)
    assert function.output is None, f"read as {function!r}"
    return str(function.no_formula)

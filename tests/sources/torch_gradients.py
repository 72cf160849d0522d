"""What torch says of a function, beside what the derivation says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from gradlab.sources import at_point
from gradlab.symbolic import derive


def assert_torch_agrees(code: Callable[..., Any], at: Mapping[str, Any], rtol: float = 1e-9) -> None:
    """Raise AssertionError where value or gradient of *code* at a point are not those of torch."""
    function, point = at_point(code, at)
    gradient = derive(function).at(point)
    leaves = {name: torch.tensor(np.array(value), requires_grad=True) for name, value in point.items()}
    value = code(*leaves.values())
    found = torch.autograd.grad(value, list(leaves.values()), materialize_grads=True, allow_unused=True)
    np.testing.assert_allclose(gradient.value, float(value.detach()), rtol=rtol)
    for name, expected in zip(leaves, found, strict=True):
        np.testing.assert_allclose(gradient.partials[name], expected.numpy(), rtol=rtol, atol=1e-14)

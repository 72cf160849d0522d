"""The assertions of `gradlab.testing` as pytest fixtures; pytest finds the plugin where gradlab is installed.

Importing this module loads no library but pytest's own: what a test run does not use, it does not wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
def assert_gradient() -> Callable[..., Any]:
    """`gradlab.testing.assert_gradient`: check a gradient of yours, ``assert_gradient(f, at, claimed)``."""
    from gradlab.testing import assert_gradient

    return assert_gradient


@pytest.fixture(scope="session")
def assert_gradients_agree() -> Callable[..., Any]:
    """`gradlab.testing.assert_gradients_agree`: check backward() on a function, ``assert_gradients_agree(f, at)``."""
    from gradlab.testing import assert_gradients_agree

    return assert_gradients_agree


@pytest.fixture(scope="session")
def gradcheck() -> Callable[..., bool]:
    """`gradlab.testing.gradcheck`: check a torch.autograd.Function of yours, ``gradcheck(func, inputs)``."""
    from gradlab.testing import gradcheck

    return gradcheck

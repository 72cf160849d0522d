"""Assertions about gradients for test suites: no tolerance to choose, and nothing undecided passes."""

from gradlab.testing.assertions import assert_gradient, assert_gradients_agree
from gradlab.testing.autograd_functions import gradcheck

__all__ = ["assert_gradient", "assert_gradients_agree", "gradcheck"]

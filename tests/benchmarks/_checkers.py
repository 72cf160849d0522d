"""Gradient checkers, gradlab's and those in use: each answers accepted, rejected or undecided.

Each peer is taken as its documentation shows it, at its default tolerances.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradlab.comparison import Verdict, compare
from gradlab.errors import GradientNotConfirmed
from gradlab.sources import as_function
from tests.benchmarks._estimates import by_numdifftools, by_scipy
from tests.benchmarks._verdict_set import Array, Case, Problem

ACCEPTED, REJECTED, UNDECIDED = "accepted", "rejected", "undecided"

Checker = Callable[[Case], str]

_ANSWERS = {Verdict.AGREE: ACCEPTED, Verdict.DIFFER: REJECTED, Verdict.KINK: UNDECIDED, Verdict.UNDECIDED: UNDECIDED}


def in_numpy(problem: Problem) -> Callable[[Array], Any]:
    """Return the function of a problem over NumPy."""
    return lambda x: problem.f(np, x)


def with_formula(case: Case) -> str:
    return _answer(case, opaque=False)


def without_formula(case: Case) -> str:
    return _answer(case, opaque=True)


def _answer(case: Case, opaque: bool) -> str:
    function = as_function(in_numpy(case.problem), shapes={"x": case.problem.at.shape}, opaque=opaque)
    comparison = compare(function, case.problem.at, claimed=case.claimed)
    return _ANSWERS.get(comparison.verdict, UNDECIDED)


def as_gradcheck(case: Case) -> str:
    """``gradlab.testing.gradcheck`` of a custom function whose backward pass is the claim."""
    from gradlab.testing import gradcheck

    try:
        gradcheck(*_claimed_function(case))
    except GradientNotConfirmed as error:
        return REJECTED if "Mismatched" in str(error) else UNDECIDED
    return ACCEPTED


def torch_gradcheck(case: Case) -> str:
    """``torch.autograd.gradcheck`` of the same, in slow mode."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that float32 will likely fail
        return _bool(torch.autograd.gradcheck(*_claimed_function(case), raise_exception=False))


def _claimed_function(case: Case) -> tuple[Callable[[Any], Any], Any]:
    """Return a ``torch.autograd.Function`` whose backward pass is the claim, and its argument."""
    import torch

    problem = case.problem

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return problem.f(torch, x)

        @staticmethod
        def setup_context(context: Any, inputs: Any, output: Any) -> None: ...

        @staticmethod
        def backward(context: Any, above: Any) -> Any:
            return above * torch.tensor(case.claimed)

    return Claimed.apply, torch.tensor(problem.at, requires_grad=True)


def scipy_check_grad(case: Case) -> str:
    """``scipy.optimize.check_grad`` with the usual limit: 1e-6, relative to the gradient where that is above 1."""
    from scipy.optimize import check_grad

    with np.errstate(all="ignore"):
        apart = check_grad(in_numpy(case.problem), lambda _: case.claimed, case.problem.at)
    return _bool(apart <= 1e-6 * max(1.0, float(np.linalg.norm(case.claimed))))


def scipy_differentiate(case: Case) -> str:
    """``scipy.differentiate.jacobian``, judged by its own estimate of its error."""
    return _within(case, *by_scipy(in_numpy(case.problem), case.problem.at))


def numdifftools_gradient(case: Case) -> str:
    """``numdifftools.Gradient``, judged by its own estimate of its error."""
    return _within(case, *by_numdifftools(in_numpy(case.problem), case.problem.at))


def jax_check_grads(case: Case) -> str:
    """``jax.test_util.check_grads`` of a function whose backward pass is the claim, in float64."""
    import jax
    import jax.numpy as jnp
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    @jax.custom_vjp
    def claimed(x: Any) -> Any:
        return case.problem.f(jnp, x)

    claimed.defvjp(lambda x: (claimed(x), None), lambda _, above: (above * jnp.asarray(case.claimed),))
    try:
        check_grads(claimed, (jnp.asarray(case.problem.at),), order=1, modes=["rev"])
    except AssertionError:
        return REJECTED
    return ACCEPTED


def _bool(accepted: Any) -> str:
    return ACCEPTED if accepted else REJECTED


def _within(case: Case, value: Array, error: Array) -> str:
    if not (np.isfinite(value).all() and np.isfinite(error).all()):
        return UNDECIDED
    # Half a unit in the last place is nobody's mistake.
    return _bool((np.abs(value - case.claimed) <= error + np.finfo(case.claimed.dtype).eps * np.abs(value)).all())


CHECKERS: dict[str, Checker] = {
    "gradlab, with the formula": with_formula,
    "gradlab, formula hidden": without_formula,
    "gradlab, as a gradcheck": as_gradcheck,
    "torch gradcheck": torch_gradcheck,
    "jax check_grads": jax_check_grads,
    "scipy check_grad": scipy_check_grad,
    "scipy.differentiate": scipy_differentiate,
    "numdifftools": numdifftools_gradient,
}
"""By name, gradlab's own first."""

"""The assertions in a stranger's test suite: whatever it gives them and has switched, they say what is so."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from gradlab.autodiff import backward
from gradlab.comparison import compare
from gradlab.descent import descend
from gradlab.errors import CodeError, GradientNotConfirmed, GradlabError, PointError
from gradlab.numeric import estimate
from gradlab.sources import as_function
from gradlab.symbolic import derive
from gradlab.testing import assert_gradient, assert_gradients_agree, gradcheck
from tests.test_pytest_plugin import plugin_options

pytest_plugins = ["pytester"]


def waves(x):
    return (torch.sin(x) * x).sum()


def written(x):
    y = x * 1.0
    y[0] = x[1] * 3.0
    return (y**2).sum()


POINT = torch.tensor([0.5, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode], ids=lambda off: off.__name__)
def test_a_suite_without_gradients_has_the_same_verdicts(off):
    leaf = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    with off():
        assert set(compare(waves, POINT).gradients) == {"symbolic", "numeric", "autodiff"}
        assert backward(waves, POINT).table() is not None
        assert descend(waves, POINT, steps=2, engine="torch").steps == 2
        assert gradcheck(torch.sin, leaf)
        assert derive(written).at({"x": [1.0, 2.0]})["x"].tolist() == [0.0, 40.0]
        assert torch.is_grad_enabled() is False


def test_a_function_that_cuts_its_own_gradient_off_is_told_so_all_the_same():
    with torch.no_grad(), pytest.raises(Exception, match=r"the code cuts it off: under torch.no_grad"):
        backward(as_function(lambda x: torch.no_grad()(waves)(x), opaque=True), POINT)


@pytest.mark.parametrize("error", ["raise", "warn"])
def test_a_suite_that_raises_at_any_rounding_has_the_same_verdicts(error):
    with np.errstate(all=error):
        assert str(compare("exp(x)*exp(-x)", 800).verdict) == "unstable"
        assert gradcheck(torch.sin, torch.ones(2, dtype=torch.float64, requires_grad=True))
    assert np.geterr()["under"] == "ignore"


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_a_default_dtype_that_was_left_behind_changes_nothing(dtype):
    before, state = torch.get_default_dtype(), torch.get_rng_state()
    torch.set_default_dtype(dtype)
    try:
        assert_gradients_agree(waves, POINT)
        assert torch.get_default_dtype() is dtype
    finally:
        torch.set_default_dtype(before)
    assert torch.equal(state, torch.get_rng_state())


def inference():
    with torch.inference_mode():
        return torch.ones(2, requires_grad=True)


LEAF = torch.ones(2, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"func": None}, "func=None is no function"),
        ({"func": "x**2"}, r"func='x\*\*2' is no function; give the function itself"),
        ({"inputs": None}, "no argument of sin requires a gradient"),
        ({"inputs": {"x": LEAF}}, "no argument of sin requires a gradient"),
        ({"inputs": torch.ones(2, device="meta", requires_grad=True)}, r"inputs\[0\] is on the device meta"),
        ({"inputs": inference()}, r"inputs\[0\] was made under torch.inference_mode"),
        ({"nondet_tol": "a"}, "nondet_tol='a' is no distance"),
        ({"nondet_tol": float("nan")}, "nondet_tol=nan is no distance"),
        ({"nondet_tol": float("inf")}, "nondet_tol=inf is no distance"),
        ({"nondet_tol": -1.0}, "nondet_tol=-1.0 is no distance"),
    ],
    ids=str,
)
def test_what_cannot_be_checked_is_told(given, said):
    with pytest.raises((TypeError, ValueError), match=said):
        gradcheck(**{"func": torch.sin, "inputs": LEAF, **given})


class Raising(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x**2

    @staticmethod
    def backward(ctx, above):
        raise MemoryError("none left")


def test_a_backward_pass_that_raises_is_not_confirmed():
    with pytest.raises(GradientNotConfirmed, match="the backward pass of Raising raises MemoryError: none left"):
        gradcheck(Raising.apply, LEAF)
    assert gradcheck(Raising.apply, LEAF, raise_exception=False) is False


@pytest.mark.parametrize(
    "claimed",
    ["6", None, [[2], [4, 5]], object(), lambda x: None, {"x": None}],
    ids=["text", "None", "rows of two lengths", "an object", "a function", "None for x"],
)
def test_what_is_no_gradient_is_told(claimed):
    if claimed is None:
        with pytest.raises(TypeError, match="claimed is None; give the gradient"):
            assert_gradient("x^2", 3, claimed)
    else:
        with pytest.raises(PointError, match=r"claimed gives .* for x, which is no number or array of numbers"):
            assert_gradient("x^2", 3, claimed)


@pytest.mark.parametrize(("wrt", "said"), [(5, "wrt names 5;"), ([1], "wrt names 1;"), ([None], "wrt names None;")])
def test_what_is_no_name_of_a_variable_is_told(wrt, said):
    with pytest.raises(PointError, match=said):
        assert_gradient("x^2", 3, 6, wrt=wrt)


# Code that raises -------------------------------------------------------------------------------------


def raising(error, style, calls):
    """Return a function that raises after so many calls."""
    made = []

    def f(x):
        made.append(x)
        if len(made) > calls:
            raise error("boom")
        return (torch.sin(x) ** 2).sum() if style == "torch" else float(np.asarray(x) ** 2)

    return as_function(f, opaque=True)


VERBS = {
    "compare": compare,
    "estimate": estimate,
    "backward": backward,
    "descend": lambda f, x: descend(f, x, steps=3),
    "torch": lambda f, x: descend(f, x, steps=3, engine="torch", check=False),
    "call": lambda f, x: f(x),
    "claimed": lambda f, x: compare("x^2", 0.5, claimed=f.code),
}


@pytest.mark.parametrize("error", [MemoryError, RecursionError, ZeroDivisionError, KeyError, StopIteration])
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("calls", [0, 2])
def test_what_code_raises_is_told_with_the_point(error, verb, calls):
    """In every verb: at once with the point, later as a value that is missing."""
    style = "numpy" if verb in ("call", "claimed", "estimate") else "torch"
    x = torch.tensor([0.5]) if style == "torch" else 0.5
    with contextlib.ExitStack() as told:
        if calls == 0:
            told.enter_context(pytest.raises(GradlabError, match=r"boom"))
        else:
            told.enter_context(contextlib.suppress(CodeError))
        VERBS[verb](raising(error, style, calls), x)


def test_what_code_raises_keeps_its_cause_and_its_line():
    with pytest.raises(
        CodeError, match=r"f\(x\) raises MemoryError: boom at x = 0.5 \(line \d+ of test_suites.py\)"
    ) as e:
        estimate(raising(MemoryError, "numpy", 0), 0.5)
    assert isinstance(e.value.error, MemoryError)
    assert e.value.__cause__ is e.value.error


@pytest.mark.parametrize("ended", [SystemExit, KeyboardInterrupt])
def test_what_ends_a_program_ends_it(ended):
    with pytest.raises(ended):
        estimate(raising(ended, "numpy", 0), 0.5)


def test_a_descent_keeps_what_it_found_before_the_code_raised():
    run = descend(raising(KeyError, "torch", 6), torch.tensor([1.0]), steps=50, engine="torch", check=False)
    assert 0 < run.steps < 50
    assert "raises KeyError: 'boom' at x = " in run.stopped


# The plugin ---------------------------------------------------------------------------------------------

ODD = """
import pytest, torch

@pytest.fixture
def gradcheck():
    return "mine"

def test_a_fixture_of_one_s_own_wins(gradcheck):
    assert gradcheck == "mine"

def test_leaves_a_mess_behind(assert_gradient):
    torch.set_default_dtype(torch.float16)
    torch.set_grad_enabled(False)
    assert_gradient("x**2", 3, 6)

def test_after_the_mess(assert_gradients_agree):
    assert_gradients_agree(lambda x: (torch.sin(x)**2).sum(), [1.0, 2.0])

def test_ends(assert_gradients_agree):
    def f(x):
        raise SystemExit(3)
    assert_gradients_agree(f, 1.0)

def test_after_the_end(assert_gradient):
    assert_gradient("x**2", 3, 6)
"""


@pytest.fixture
def tidied():
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)
    torch.set_grad_enabled(True)


def test_a_suite_that_behaves_badly_loses_no_test(pytester, tidied):
    pytester.makepyfile(ODD)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *plugin_options())
    result.assert_outcomes(passed=4, failed=1)


@pytest.mark.slow
def test_it_loses_none_in_several_processes(pytester):
    pytest.importorskip("xdist")
    pytester.makepyfile(ODD)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *plugin_options(), "-n", "2")
    result.assert_outcomes(passed=4, failed=1)

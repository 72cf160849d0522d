import numpy as np
import pytest
import torch

from gradlab.comparison import Verdict, compare
from gradlab.sources import as_function


def quartic(x):
    return (x**4 / 3).sum()


AT = np.array([0.7, 1.3, -2.1])
TRUTH = 4 / 3 * AT**3


def test_torch_is_rated_in_ulps_of_the_exact_value():
    comparison = compare(quartic, AT, claimed=TRUTH * (1 + 2.0**-51))
    for entry in comparison.components:
        assert entry.ulps["autodiff"] <= 4
        assert 1 <= entry.ulps["claimed"] <= 8
    assert "autodiff: within 1 ulp of float64 of the exact gradient" in repr(comparison)


def test_a_point_in_float32_is_computed_and_judged_in_float32():
    at = torch.tensor(AT, dtype=torch.float32)
    comparison = compare(quartic, at, claimed=(4 / 3 * at**3))
    assert comparison.dtypes == {
        "symbolic": "float64",
        "numeric": "float64",
        "autodiff": "float32",
        "claimed": "float32",
    }
    assert comparison.verdict is Verdict.AGREE
    assert "autodiff, float32" in repr(comparison)
    assert all(entry.ulps["autodiff"] < 8 for entry in comparison.components)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_judged_by_its_own_bits(dtype):
    at = torch.tensor([0.5, 1.25], dtype=dtype)
    comparison = compare(lambda x: (x**3 / 3).sum(), at)
    assert comparison.dtypes["autodiff"] == str(dtype).removeprefix("torch.")
    assert comparison.verdict is Verdict.AGREE, repr(comparison)
    assert compare(lambda x: (x**3 / 3).sum(), at, claimed=-(at**2)).verdict is Verdict.DIFFER


@pytest.mark.parametrize("opaque", [False, True])
def test_a_claim_in_float32_may_be_rounded_to_float32_and_no_more(opaque):
    function = as_function(quartic, opaque=opaque)
    assert compare(function, AT, claimed=TRUTH.astype(np.float32)).verdict is Verdict.AGREE
    wrong = (TRUTH * [1, 1 + 1e-5, 1]).astype(np.float32)
    assert compare(function, AT, claimed=wrong).verdict is not Verdict.AGREE


def test_values_that_float32_holds_are_judged_by_float32_where_f_computes_in_it():
    def code(x):
        return (torch.exp(x.float()) - x.float()).sum()

    at = np.array([0.01, 0.02])
    short = (np.exp(at.astype(np.float32)) - np.float32(1)).astype(float)
    assert compare(code, at, claimed=short).verdict is not Verdict.DIFFER
    assert compare(code, at, claimed=short * (1 + 1e-3)).verdict is Verdict.DIFFER


def test_a_claim_in_float64_may_not():
    assert compare(quartic, AT, claimed=TRUTH.astype(np.float32).astype(float)).verdict is Verdict.DIFFER


def test_what_float32_may_lose_to_cancellation_is_undecided_without_a_formula():
    def cancelling(x):
        return x[0] ** 2 + 1000 * x[1]

    hidden = as_function(cancelling, opaque=True)
    claimed = np.array([2.0 * (1 + 1e-5), 1000.0], dtype=np.float32)
    comparison = compare(hidden, [1.0, 1.0], claimed=claimed)
    assert comparison.verdict is Verdict.UNDECIDED
    assert "float64 instead of float32 would decide" in comparison.reason


def test_a_large_offset_hides_no_small_error_from_the_formula():
    def far(x):
        return ((x - 4e9) ** 2).sum()

    at = 4e9 + np.array([1.0, 2.0])
    assert compare(far, at, claimed=[2.0, 4.0]).verdict is Verdict.AGREE
    assert compare(far, at, claimed=2 * at - 8e9).verdict is Verdict.AGREE
    assert compare(far, at, claimed=[2.0, 4.0 * (1 + 1e-6)]).verdict is Verdict.DIFFER


def test_a_kink_says_of_each_route_whether_it_is_a_subgradient():
    (entry,) = compare("abs(x)", 0, claimed=1.5).components
    assert entry.subgradients == {"symbolic": True, "autodiff": True, "claimed": False}
    assert compare("x^2", 0).components[0].subgradients == {}


def test_with_the_formula_a_large_component_hides_no_wrong_one_in_float32():
    def scaled(x):
        return 1e4 * x[0] ** 2 + x[1] ** 2 / 1e4

    at, right = np.array([1.3, 0.7], dtype=np.float32), np.array([2.6e4, 1.4e-4], dtype=np.float32)
    assert compare(scaled, at, claimed=right).verdict is Verdict.AGREE
    assert compare(scaled, at, claimed=right * np.float32([1, 1.5])).verdict is Verdict.DIFFER


def test_without_a_reference_float32_decides_nothing_either():
    comparison = compare("x^2", np.float32(1.5), routes="autodiff", claimed=np.float32(3.0))
    assert comparison.verdict is Verdict.UNDECIDED
    assert comparison.reason.endswith("the numeric route would decide")

"""What a comparison says where it is neither a plain yes nor a plain no."""

import numpy as np
import pytest

from gradlab.comparison import Verdict, compare
from gradlab.sources import as_function


def test_what_rounding_swallows_is_said_and_no_fault_of_the_gradient():
    comparison = compare("(1 + x) - 1", 2.0**-30)
    assert comparison.verdict is Verdict.AGREE
    assert comparison.reason == (
        "x: numeric is 0 and symbolic 1: evaluated as it is written, f loses the difference to rounding"
    )


def test_only_the_component_that_loses_its_digits_is_said_to():
    comparison = compare("((1 + x) - 1) + y", {"x": 2.0**-30, "y": 1e-20})
    reasons = {entry.name: entry.reason for entry in comparison.components}
    assert "loses the difference" in reasons["x"]
    assert "loses the difference" not in reasons["y"]


def test_without_a_reference_nothing_is_decided():
    comparison = compare("x*y", {"x": 2.0, "y": 3.0}, routes=["autodiff"], claimed={"x": 3.0, "y": 5.0})
    assert comparison.verdict is Verdict.UNDECIDED
    assert comparison.worst.bound == np.inf
    assert comparison.reason.endswith("the numeric route would decide")
    assert comparison.cause == ""


def test_more_digits_would_decide_what_float32_cannot():
    comparison = compare(as_function(lambda x: 1e15 + x, opaque=True), np.float32(2.0), claimed=2.0)
    assert comparison.verdict is Verdict.UNDECIDED
    assert comparison.reason.endswith("a formula would decide, or float64 instead of float32")


def test_a_claim_that_is_silent_has_a_dash_and_the_routes_say_of_how_many_it_speaks():
    comparison = compare("x*y", {"x": 2.0, "y": 3.0}, claimed={"x": 3.0})
    row = next(line for line in repr(comparison).splitlines() if line.startswith("y"))
    assert row.split()[-2:] == ["—", "agree"]
    assert "(symbolic, numeric, autodiff and claimed on 1 of them)" in comparison.reason


def test_nothing_to_compare_is_said():
    assert compare(lambda x: (x**2).sum() + 1, np.zeros(0)).reason == "there are no components to compare"


def test_verdicts_come_as_arrays_in_the_shapes_of_the_variables():
    comparison = compare(lambda w, b: (w**2).sum() + b, {"w": [[1.0, 2.0]], "b": 3.0}, claimed={"w": [[2.0, 5.0]]})
    verdicts = comparison.verdicts()
    assert verdicts["w"].tolist() == [["agree", "differ"]]
    assert verdicts["b"].tolist() == "agree"


def test_a_component_that_is_none_is_an_index_error():
    with pytest.raises(IndexError):
        compare("x*y", {"x": 2.0, "y": 3.0}).located(2)


def test_torchs_loss_without_a_formula_has_no_operation_to_blame():
    def forgets(x):
        return x**2 + (np.sin(x) if isinstance(x, np.ndarray | np.floating) else x.detach().sin())

    comparison = compare(as_function(forgets, opaque=True), 1.0)
    assert comparison.verdict is Verdict.DIFFER
    assert comparison.cause == ""


def test_one_component_alone_is_named_and_not_counted():
    assert compare("x^2", 3.0).reason == "x: symbolic, numeric and autodiff are equal"


def test_of_two_claims_the_silent_one_is_said_to_be_silent():
    function = as_function(lambda x, y: float(x) ** 2 + float(y) ** 2, opaque=True)
    comparison = compare(function, {"x": 1.0, "y": 2.0}, routes={"a": {"x": 2.0}, "b": {"x": 2.0, "y": 4.0}})
    assert comparison.verdict is Verdict.AGREE
    silent = next(entry for entry in comparison.components if entry.name == "y")
    assert silent.reason == "numeric and b agree; a has no value here"


def test_in_float64_nothing_is_noted_of_the_dtype():
    assert compare("x^2", 3.0).notes == ()


def test_a_route_that_has_no_number_where_two_others_have_one_is_told():
    root = as_function(lambda x: (x**4).sqrt().sum(), opaque=True)
    reason = compare(root, [0.0, 1.0], claimed=[0.0, 2.0]).reason
    assert reason.startswith("x[0]: autodiff has no finite value here, which proves nothing: numeric 0, autodiff nan")

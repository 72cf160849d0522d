import json
import math

import numpy as np
import pytest
import torch

from gradlab.comparison import Verdict, compare
from gradlab.errors import GradientMismatch, NotScalarError, PointError, ShapeError
from gradlab.sources import as_function
from tests.models import MODELS

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])
Y = np.array([1.0, -2.0, 0.5])
W = np.array([0.3, -0.7])
T = torch.tensor(X)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


SCENARIOS = [
    ("polynomial", "x**2 + y", {"x": 3.0, "y": 1.0}, {"x": 6.0, "y": 1.0}),
    ("quotient", "x/y", {"x": 3.0, "y": 4.0}, {"x": 0.25, "y": -0.1875}),
    ("chain", "sin(x**2)", {"x": 1.5}, {"x": 3 * math.cos(2.25)}),
    ("power", "x**y", {"x": 2.0, "y": 3.0}, {"x": 12.0, "y": 8 * math.log(2)}),
    ("vector", lambda x: (x**2).sum(), {"x": [3.0, 4.0, 10.0]}, {"x": np.array([6.0, 8.0, 20.0])}),
    ("numpy", lambda x: np.mean(np.exp(x)), {"x": [0.0, 1.0]}, {"x": np.array([0.5, math.e / 2])}),
    ("torch", lambda x: torch.tanh(x).sum(), {"x": [0.0, 0.5]}, {"x": np.array([1.0, 1 - math.tanh(0.5) ** 2])}),
    ("least squares", lambda w: ((X @ w - Y) ** 2).mean(), {"w": W}, {"w": 2 / 3 * X.T @ (X @ W - Y)}),
    (
        "logistic",
        lambda w: torch.nn.functional.binary_cross_entropy_with_logits(T @ w, torch.tensor([1.0, 0.0, 1.0]).double()),
        {"w": W},
        {"w": X.T @ (_sigmoid(X @ W) - np.array([1.0, 0.0, 1.0])) / 3},
    ),
    ("constant in y", "x + 0*y", {"x": 1.0, "y": 5.0}, {"x": 1.0, "y": 0.0}),
    ("saturated", "log(1 + exp(-x))", {"x": 30.0}, {"x": -1 / (1 + math.exp(30))}),
    ("tiny", "1e-12*x**2", {"x": 1e-6}, {"x": 2e-18}),
    ("huge", "1e12*x**3", {"x": 1e4}, {"x": 3e20}),
]
IDS = [scenario[0] for scenario in SCENARIOS]


@pytest.mark.parametrize(("name", "f", "at", "truth"), SCENARIOS, ids=IDS)
def test_the_three_routes_agree_with_the_hand_derived_gradient(name, f, at, truth):
    comparison = compare(f, at, claimed=truth)
    assert list(comparison.gradients) == ["symbolic", "numeric", "autodiff", "claimed"]
    assert comparison.verdict is Verdict.AGREE, repr(comparison)
    assert comparison.check() is comparison


@pytest.mark.parametrize(("name", "f", "at", "truth"), SCENARIOS, ids=IDS)
@pytest.mark.parametrize("wrong", [lambda p: -p, lambda p: p / 2, lambda p: p * (1 + 1e-6)])
def test_one_wrong_component_is_found(name, f, at, truth, wrong):
    name, partial = max(truth.items(), key=lambda item: np.abs(item[1]).max())
    claimed = np.array(partial, dtype=float)
    place = np.unravel_index(np.abs(claimed).argmax(), claimed.shape)
    claimed[place] = wrong(claimed[place])
    comparison = compare(f, at, claimed={**truth, name: claimed})
    assert comparison.verdict is Verdict.DIFFER
    assert (comparison.worst.variable, comparison.worst.position) == (name, tuple(place))
    assert "claimed" in comparison.reason
    with pytest.raises(GradientMismatch, match=r"Mismatched components: 1 / "):
        comparison.check()


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6, 1e12])
@pytest.mark.parametrize("opaque", [False, True])
def test_scale_makes_no_difference(scale, opaque):
    function = as_function(lambda x: scale * (x**3).sum(), opaque=opaque)
    at = np.array([1.0, -2.0, 0.5]) * scale
    truth = 3 * scale * at**2
    assert compare(function, at, claimed=truth).verdict is Verdict.AGREE
    for wrong in (-truth, truth / 2, truth * np.array([1, 1, 1 + 1e-6])):
        assert compare(function, at, claimed=wrong).verdict is Verdict.DIFFER


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_models_of_a_course_agree(model):
    comparison = compare(model.source, model.at)
    assert comparison.verdict is Verdict.AGREE, repr(comparison)


@pytest.mark.parametrize(
    ("text", "at", "left", "right"),
    [
        ("abs(x)", {"x": 0}, -1, 1),
        ("relu(x)", {"x": 0}, 0, 1),
        ("max(x, y)", {"x": 1, "y": 1}, 0, 1),
        ("min(x, -x)", {"x": 0}, 1, -1),
    ],
)
def test_a_kink_is_said_with_its_slopes_and_who_lies_between(text, at, left, right):
    comparison = compare(text, at)
    assert comparison.verdict is Verdict.KINK
    assert f"slope {left} to the left and {right} to the right" in comparison.worst.reason
    assert "; between them, as a subgradient is: symbolic" in comparison.worst.reason
    assert comparison.check() is comparison


def test_a_claim_at_a_kink_must_lie_between_the_slopes():
    assert compare("abs(x)", 0, claimed=1).verdict is Verdict.KINK
    assert compare("abs(x)", 0, claimed=-0.25).verdict is Verdict.KINK
    outside = compare("abs(x)", 0, claimed=1.001)
    assert outside.verdict is Verdict.DIFFER
    assert outside.reason.endswith(
        "; between them, as a subgradient is: symbolic 0, autodiff 0; not between them, no subgradient: claimed 1.001"
    )


@pytest.mark.parametrize("text", ["1e6*x**2", "x*abs(x)", "exp(x)", "x**3"])
def test_a_smooth_function_is_no_kink(text):
    assert compare(text, 0).verdict is Verdict.AGREE


def test_beside_a_kink_the_function_is_smooth():
    assert compare("relu(x)", 1e-9).verdict is Verdict.AGREE


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("log(x)", -1, "x = -1"),
        ("1/x", 0, "x = 0"),
        ("sqrt(x)", 0, "x = 0"),
        ("floor(x)", 1, "jumps"),
        ("sign(x) + x", 0, "jumps"),
        ("exp(x)", 1000, "overflows at x = 1000"),
    ],
)
def test_where_there_is_no_gradient_it_is_undecided_and_says_where(text, at, said):
    comparison = compare(text, at)
    assert comparison.verdict is Verdict.UNDECIDED
    assert said in comparison.reason
    assert comparison.check() is comparison


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ({"x": 1}, "no value for y"),
        ({"x": 1, "y": 2, "z": 3}, "no variable named z"),
        ({"x": [1, 2], "y": 2}, "shape"),
        ({"x": float("nan"), "y": 2}, "x = nan"),
        ({"x": 1, "y": float("inf")}, "y = inf"),
    ],
)
def test_a_point_that_does_not_fit_is_refused_by_name(at, said):
    with pytest.raises(PointError, match=said):
        compare(as_function("x*y", shapes={"x": (), "y": ()}), at)


def test_a_vector_has_no_gradient():
    with pytest.raises(NotScalarError, match="sum"):
        compare(lambda x: x**2, [1.0, 2.0])


def test_without_a_formula_two_routes_are_left_and_the_reason_is_told():
    comparison = compare(as_function(lambda x: (x**2).sum(), opaque=True), [1.0, 2.0])
    assert list(comparison.gradients) == ["numeric", "autodiff"]
    assert comparison.verdict is Verdict.AGREE
    assert any("no symbolic gradient" in note for note in comparison.notes)


def test_without_a_formula_a_bound_too_large_confirms_nothing():
    comparison = compare(as_function(lambda x: 1e15 + x, opaque=True), 2.0, claimed=2.0)
    assert comparison.verdict is Verdict.UNDECIDED
    assert "a formula would decide" in comparison.reason
    assert compare("1e15 + x", 2.0, claimed=2.0).verdict is Verdict.DIFFER


def test_one_route_alone_proves_nothing():
    comparison = compare("x**2", 3, routes=["autodiff"])
    assert comparison.verdict is Verdict.UNDECIDED
    assert "only the autodiff route" in comparison.reason


def test_a_function_that_loses_its_digits_is_not_blamed_on_the_gradient():
    comparison = compare("1e9*(log(1 + x**2) - 1e-3)", 2.0**-22)
    assert comparison.verdict is Verdict.AGREE, repr(comparison)


def test_a_claim_that_is_no_number_differs():
    comparison = compare("x**2", 3, claimed=float("nan"))
    assert comparison.verdict is Verdict.DIFFER
    assert "claimed is not a number" in comparison.reason


@pytest.mark.parametrize(
    ("claimed", "error", "said"),
    [
        ({"z": 1}, PointError, "claimed names z"),
        ({"x": [1, 2]}, ShapeError, "shape"),
        ("six", PointError, "give a mapping"),
        ({"x": "six"}, PointError, "no number"),
        (3.0, PointError, "give a mapping"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(claimed, error, said):
    with pytest.raises(error, match=said):
        compare("x**2 + y", {"x": 3, "y": 1}, claimed=claimed)


def test_a_claim_may_be_a_function_or_leave_variables_out():
    at = {"x": 3.0, "y": 1.0}
    assert compare("x**2 + y", at, claimed=lambda x, y: (2 * x, 1.0)).verdict is Verdict.AGREE
    assert compare("x**2 + y", at, claimed=lambda x, y: {"y": 2.0}).verdict is Verdict.DIFFER
    partial = compare("x**2 + y", at, claimed={"x": 6})
    assert partial.verdict is Verdict.AGREE
    assert "claimed" not in next(entry for entry in partial.components if entry.name == "y").values


def test_routes_of_the_callers_own_join_by_name():
    comparison = compare("x**2", 3.0, routes={"mine": lambda x: 3 * x})
    assert list(comparison.gradients) == ["symbolic", "numeric", "autodiff", "mine"]
    assert comparison.reason.startswith("x: mine is 9 but symbolic is 6")
    with pytest.raises(ValueError, match="'symbolic' is the name"):
        compare("x**2", 3.0, routes={"symbolic": lambda x: 2 * x})
    with pytest.raises(ValueError, match="no route named 'magic'"):
        compare("x**2", 3.0, routes=["magic"])


def test_torch_that_loses_sight_of_a_term_is_found_out():
    function = as_function(lambda x: x**2 + torch.sin(x.detach() if hasattr(x, "detach") else x), opaque=True)
    comparison = compare(function, 1.0)
    assert comparison.verdict is Verdict.DIFFER
    assert "autodiff is 2 but numeric is 2.54" in comparison.reason


def test_the_mismatch_reads_like_numpys():
    with pytest.raises(AssertionError) as caught:
        compare("x**2 + y", {"x": 3, "y": 1}, claimed={"x": -6, "y": 1}).check()
    lines = str(caught.value).splitlines()
    assert lines[0] == "gradients of f(x, y) differ at x = 3, y = 1"
    assert lines[1] == "Mismatched components: 1 / 2 (50%)"
    assert lines[3:5] == [" ACTUAL (claimed): -6.0", " DESIRED (symbolic): 6.0"]


def test_the_table_shows_twenty_rows_the_worst_first():
    at = np.linspace(1, 2, 500)
    claimed = 2 * at
    claimed[77] *= 1.5
    comparison = compare(lambda x: (x**2).sum(), at, claimed=claimed)
    lines = repr(comparison).splitlines()
    assert lines[3].startswith("x[77] ")
    assert lines[3].endswith("differ")
    assert "… and 480 more that agree" in lines
    assert len({line.index("agree") for line in lines[4:23]}) == 1
    assert comparison.worst.name == "x[77]"


def test_every_view_says_the_same_and_is_escaped():
    comparison = compare(lambda x: (x**2).sum(), [3.0, 4.0], routes={"<mine|>": lambda x: 2 * x})
    assert "&lt;mine|&gt;" in comparison._repr_html_()
    assert "<mine" not in comparison._repr_html_()
    head, marks, *rows = comparison.markdown().splitlines()
    assert r"\<mine\|>" in head
    assert marks.count("---") == 6
    assert rows[0].count("|") == 7
    plain = json.loads(json.dumps(comparison.as_dict()))
    assert plain["verdict"] == "agree"
    assert plain["components"][0]["values"]["<mine|>"] in (6.0, 8.0)


def test_wrt_leaves_the_others_out():
    assert [entry.name for entry in compare("x*y", {"x": 2, "y": 3}, wrt="y").components] == ["y"]


def test_no_components_are_no_disagreement():
    assert compare(lambda x: (x**2).sum() + 1, np.zeros(0)).verdict is Verdict.AGREE


def test_a_thousand_components_stay_quick():
    import time

    at = np.random.default_rng(0).normal(size=1000)
    compare(lambda x: (x**2).sum(), at[:10])
    start = time.perf_counter()
    comparison = compare(lambda x: (x**2).sum(), at)
    repr(comparison)
    # Measured at 0.2 s; ten times that is a fault and not a slow machine.
    assert time.perf_counter() - start < 2
    assert len(comparison.components) == 1000


@pytest.mark.parametrize("made", [np.array, torch.tensor], ids=["array", "tensor"])
def test_an_array_claims_the_partial_derivatives_of_several_numbers_in_their_order(made):
    at = {"x": 3, "y": 1}
    assert compare("x**2 + y", at, claimed=made([6.0, 1.0])).verdict is Verdict.AGREE
    assert compare("x**2 + y", at, claimed=lambda x, y: made([6.0, 1.0])).verdict is Verdict.AGREE
    assert compare("x**2 + y", at, claimed=made([1.0, 6.0])).verdict is Verdict.DIFFER
    with pytest.raises(PointError, match="for 2 variables give a mapping"):
        compare(lambda x, y: (x * y).sum(), {"x": [1, 2], "y": [3, 4]}, claimed=made([6.0, 1.0]))
    with pytest.raises(PointError, match="for 2 variables give a mapping"):
        compare("x**2 + y", at, claimed=made([6.0, 1.0, 0.0]))


def test_code_that_means_another_function_in_torch_is_said_to():
    comparison = compare(lambda A: A.var(0).sum(), {"A": [[0.0, 1.0], [9.0, 16.0]]})
    assert comparison.verdict is Verdict.DIFFER
    assert any("f itself is 76.5 for numeric" in note and "and 153 for autodiff" in note for note in comparison.notes)
    alike = compare(lambda x: x.max(), {"x": [1.0, 2.0]}, claimed=[1.0, 1.0])
    assert not any("f itself" in note for note in alike.notes)

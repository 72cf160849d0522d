import math

import numpy as np
import pytest
import torch

from gradlab.errors import DomainError, GradlabError, NotScalarError, PointError
from gradlab.numeric import estimate, ladder
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.models import MODELS

HAND_DERIVED = [
    ("x**2 + y", {"x": 3, "y": 1}, {"x": 6, "y": 1}),
    ("x**3", {"x": 0}, {"x": 0}),
    ("1e6*x**2", {"x": 0}, {"x": 0}),
    ("x*abs(x)", {"x": 0}, {"x": 0}),
    ("exp(x)", {"x": 0}, {"x": 1}),
    ("relu(x)", {"x": 1e-9}, {"x": 1}),
    ("relu(x)", {"x": -1e-9}, {"x": 0}),
    ("abs(x - 1)", {"x": 1 + 2**-20}, {"x": 1}),
    ("sqrt(x)", {"x": 1e-8}, {"x": 5000}),
    ("log(x)", {"x": 1e-7}, {"x": 1e7}),
    ("x**2", {"x": 1e-160}, {"x": 2e-160}),
    ("x**2", {"x": 1e150}, {"x": 2e150}),
    ("sin(x)", {"x": 1000.25}, {"x": math.cos(1000.25)}),
    ("sin(1024*x)", {"x": 1.25}, {"x": 1024 * math.cos(1280)}),
    ("exp(x)", {"x": 1e-12}, {"x": 1 + 1e-12}),
    ("x/y", {"x": 3, "y": 4}, {"x": 0.25, "y": -3 / 16}),
]


@pytest.mark.parametrize("method", ["ladder", "central"])
@pytest.mark.parametrize(("text", "at", "truth"), HAND_DERIVED, ids=lambda value: str(value)[:20])
def test_the_truth_lies_within_the_error(text, at, truth, method):
    gradient = estimate(text, at, method=method)
    for name, partial in truth.items():
        # The truth given here is rounded too: half a unit in its last place.
        assert abs(gradient[name] - partial) <= gradient.error[name] + 2**-53 * abs(partial)
    # One step cannot tell a kink beside the point from one at it; its error then spans both slopes.
    assert gradient.slopes is None or (method == "central" and text == "abs(x - 1)")


@pytest.mark.parametrize(("text", "at", "truth"), HAND_DERIVED, ids=lambda value: str(value)[:20])
def test_the_ladder_leaves_at_least_ten_digits(text, at, truth):
    gradient = estimate(text, at)
    for name, partial in truth.items():
        # 1e-14 is for derivatives that are 0 at functions of size 1.
        assert gradient.error[name] <= max(1e-10 * abs(partial), 1e-13)


@pytest.mark.parametrize(
    ("text", "at", "at_most"),
    [("exp(x)", 1.0, 1.1e-12), ("x^5", 1.3, 4e-13), ("x^2 + 1", 1e-6, 7e-15), ("exp(x)", 1e-8, 6e-13)],
)
def test_the_bounds_are_as_tight_as_they_were(text, at, at_most):
    # Twice what was measured; each wrong power in the extrapolation, and each rung too few, costs more.
    assert estimate(text, at).error["x"] <= at_most


# All of them are compared in tests/test_comparison.py.
@pytest.mark.parametrize("model", MODELS[::5], ids=lambda model: model.name)
def test_the_models_of_a_course(model):
    function, point = at_point(model.source, model.at)
    derived, gradient = derive(function).at(point), estimate(model.source, model.at)
    for name, partial in derived.partials.items():
        assert (np.abs(gradient[name] - partial) <= gradient.error[name]).all()


@pytest.mark.parametrize(
    ("text", "at", "slopes"),
    [
        ("abs(x)", {"x": 0}, [-1, 1]),
        ("relu(x)", {"x": 0}, [0, 1]),
        ("1 + 3*relu(-x)", {"x": 0}, [-3, 0]),
        ("max(x, 2*x)", {"x": 0}, [1, 2]),
        ("abs(x - 3) + x**2", {"x": 3}, [5, 7]),
        ("sqrt(x**2)", {"x": 0}, [-1, 1]),
    ],
)
@pytest.mark.parametrize("method", ["ladder", "central"])
def test_a_kink_has_a_slope_on_each_side(text, at, slopes, method):
    gradient = estimate(text, at, method=method)
    np.testing.assert_allclose(gradient.slopes["x"], slopes, atol=1e-4 if method == "central" else 1e-9)
    assert gradient["x"] == pytest.approx(np.mean(slopes), abs=1e-4 if method == "central" else 1e-9)
    low, high = gradient["x"] - gradient.error["x"], gradient["x"] + gradient.error["x"]
    assert low <= min(slopes)
    assert max(slopes) <= high


def test_the_bound_at_a_kink_is_half_the_gap_and_hardly_more():
    # Slopes 0 and 2; powers of the step that fit neither side would leave ten times as much.
    assert 1 <= estimate("abs(x) + exp(x)", 0).error["x"] <= 1 + 1e-10


def test_only_the_components_at_a_kink_have_slopes():
    slopes = estimate(lambda x: np.abs(x).sum(), [0.0, 1.0, -2.0]).slopes["x"]
    np.testing.assert_allclose(slopes[0], [-1, 1], atol=1e-12)
    assert np.isnan(slopes[1:]).all()


@pytest.mark.parametrize("text", ["x**2", "x**3", "exp(x)", "x*abs(x)", "1e6*x**2", "abs(x)**1.5", "cos(1000*x)"])
def test_a_smooth_function_has_no_kink(text):
    assert estimate(text, 0).slopes is None


@pytest.mark.parametrize("text", ["exp(x)", "sin(x)", "x^5", "1/x"])
def test_what_is_smooth_beyond_doubt_is_looked_at_once(text, monkeypatch):
    monkeypatch.delattr(ladder, "_looked_at")
    assert np.isfinite(estimate(text, 1.3).error["x"])


SLOWLY_FLAT = [
    # Slopes like h^0.01 are 0.7 at the smallest step and 0 at the point.
    ("abs(x)^1.01", 0, 0),
    ("x*abs(x)^0.01", 0, 0),
    ("x^1.01", 0, 0),
    ("x^1.1", 0, 0),
    ("x^1.3", 0, 0),
    ("abs(x)^1.1", 0, 0),
    ("abs(x - 1)^1.1", 1, 0),
    ("1000 + abs(x)^1.01", 0, 0),
    # Small beside a slope that is plain, and still more than the bound of the plain one.
    ("x + x*abs(x)^0.1/10^8", 0, 1),
    ("x + x*abs(x)^0.01/10^9", 0, 1),
    ("relu(x)^1.01", 0, 0),
    ("x^(3/2)", 0, 0),
    ("x + x^1.5", 0, 1),
]


@pytest.mark.parametrize(("text", "at", "slope"), SLOWLY_FLAT)
def test_slopes_that_fall_slowly_have_a_bound_that_covers_what_is_left(text, at, slope):
    gradient = estimate(text, at)
    assert abs(gradient["x"] - slope) <= gradient.error["x"] < np.inf
    assert any("few digits" in note for note in gradient.notes)


@pytest.mark.parametrize("text", ["abs(x)^1.01", "abs(x)^1.1", "relu(x)^1.01", "1000 + abs(x)^1.01"])
def test_slopes_that_have_not_converged_are_no_kink(text):
    assert estimate(text, 0).slopes is None


@pytest.mark.parametrize("power", ["1.5", "1.1"])
def test_a_kink_beyond_slow_slopes_still_is_one(power):
    gradient = estimate(f"abs(x) + abs(x)^{power}", 0)
    assert np.isfinite(gradient.slopes["x"]).all()
    # The bound covers how far the slopes are from -1 and 1.
    assert (np.abs(gradient.slopes["x"]) - 1 <= gradient.error["x"] - 1).all()


@pytest.mark.parametrize(
    ("text", "slopes"),
    [
        ("x^x", [np.nan, -np.inf]),
        ("x^(9/10)", [np.nan, np.inf]),
        ("x^(3/4)", [np.nan, np.inf]),
        ("x^(2/3)", [np.nan, np.inf]),
        ("abs(x)^(2/3)", [-np.inf, np.inf]),
        ("abs(x)^0.99", [-np.inf, np.inf]),
        ("relu(x)^(2/3)", [0, np.inf]),
        ("x*log(abs(x) + 1e-300)", [-np.inf, -np.inf]),
        ("-sqrt(x)", [np.nan, -np.inf]),
        ("1e9 - sqrt(abs(x))", [np.inf, -np.inf]),
    ],
)
def test_slopes_that_grow_however_slowly_have_no_limit(text, slopes):
    gradient = estimate(text, 0)
    np.testing.assert_array_equal(gradient.slopes["x"], slopes)
    assert np.isnan(gradient["x"])
    assert np.isinf(gradient.error["x"])
    assert any("grow without bound" in note for note in gradient.notes)


@pytest.mark.parametrize("lost", [1e9, 1e12, 1e14, 1e15, 1e16, 1e17])
@pytest.mark.parametrize("at", [0.0, 0.3, 1.0, 3.0])
def test_what_a_large_number_rounds_away_is_no_jump_and_no_flat_place(lost, at):
    gradient = estimate(lambda x: x + lost - lost, at)
    assert not any("jump" in note for note in gradient.notes)
    assert np.isinf(gradient.error["x"]) or abs(gradient["x"] - 1) <= gradient.error["x"]


@pytest.mark.parametrize(("text", "at"), [("floor(x)", 1), ("sign(x)", 0), ("sqrt(abs(x))", 0), ("sqrt(x)", 0)])
def test_a_jump_or_a_vertical_tangent_has_no_slope(text, at):
    gradient = estimate(text, at)
    assert np.isnan(gradient["x"])
    assert np.isinf(gradient.error["x"])
    assert any("grow without bound" in note for note in gradient.notes)


def test_huber_joins_smoothly():
    for at in (-1.0, 1.0):
        gradient = estimate("x^2/2 - relu(abs(x) - 1)^2/2", at)
        assert gradient.slopes is None
        assert abs(gradient["x"] - at) <= gradient.error["x"]
        assert not any("few digits" in note for note in gradient.notes)


def test_a_steep_place_beside_the_point_is_no_vertical_tangent():
    for text in ("sqrt(x)", "1e8 + sqrt(x)"):
        gradient = estimate(text, 1e-8)
        assert abs(gradient["x"] - 5000) <= gradient.error["x"]
        assert gradient.slopes is None


def test_beyond_the_domain_points_are_left_out_and_said_so():
    gradient = estimate("sqrt(x - 1)", 1 + 2**-20)
    assert abs(gradient["x"] - 512) <= gradient.error["x"]
    assert any("gave no finite value" in note for note in gradient.notes)


def test_at_the_edge_of_the_domain_the_inner_side_is_used():
    gradient = estimate("x + x**2.5", 0)
    assert abs(gradient["x"] - 1) <= gradient.error["x"]
    assert any("from the right only" in note for note in gradient.notes)


def test_noise_without_signal_is_no_derivative():
    gradient = estimate("sin(x)", 1e22)
    assert np.isnan(gradient["x"])
    assert any("too few digits" in note for note in gradient.notes)


@pytest.mark.parametrize(("text", "at", "named"), [("log(x)", -1, "x = -1"), ("1/x + y", {"x": 0, "y": 2}, "x = 0")])
def test_a_point_outside_the_domain_is_named(text, at, named):
    with pytest.raises(DomainError, match=named):
        estimate(text, at)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ({"x": 1}, "no value for y"),
        ({"x": 1, "y": 2, "z": 3}, "no variable named z"),
        ({"x": [1, 2], "y": 2}, "shape"),
        ({"x": float("nan"), "y": 2}, "x = nan"),
        ({"x": 1, "y": float("-inf")}, "y = -inf"),
    ],
)
def test_a_point_that_does_not_fit_is_refused_by_name(at, said):
    function = as_function("x*y", shapes={"x": (), "y": ()})
    with pytest.raises(PointError, match=said):
        estimate(function, at)


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(ValueError, match="'central', 'complex', 'richardson', 'ladder'"):
        estimate("x", 1, method="magic")


def test_an_unknown_variable_names_the_known_ones():
    with pytest.raises(PointError, match="wrt names z; the variables of f are x, y"):
        estimate("x*y", {"x": 1, "y": 2}, wrt="z")


def test_wrt_leaves_the_others_out():
    assert list(estimate("x*y", {"x": 1, "y": 2}, wrt=["y"]).partials) == ["y"]


def test_a_vector_has_no_gradient():
    with pytest.raises(NotScalarError, match="sum"):
        estimate(lambda x: x**2, [1.0, 2.0])


def test_a_function_without_a_formula_is_called_point_by_point():
    calls = []

    def f(x):
        calls.append(x)
        return math.sin(x)

    gradient = estimate(as_function(f, opaque=True), 1.0)
    assert abs(gradient["x"] - math.cos(1)) <= gradient.error["x"]
    assert 40 < len(calls) < 60


def test_a_call_that_raises_is_a_point_without_value():
    gradient = estimate(as_function(lambda x: math.sqrt(x - 1), opaque=True), 1.0625)
    assert abs(gradient["x"] - 2) <= gradient.error["x"]


def test_torch_code_without_a_formula_is_given_tensors():
    gradient = estimate(as_function(lambda x: torch.logsumexp(x, 0), opaque=True), [1.0, 1.0])
    np.testing.assert_allclose(gradient["x"], 0.5, atol=1e-9)


def test_a_function_that_changes_its_input_cannot_change_the_point():
    def f(x):
        x *= 2
        return (x**2).sum()

    np.testing.assert_allclose(estimate(as_function(f, opaque=True), [1.0, 3.0])["x"], [8, 24], rtol=1e-9)


def test_code_that_its_formula_does_not_describe_is_caught():
    hidden = {"calls": 0}

    def f(x):
        hidden["calls"] += 1
        return x**2 + 0.001 * hidden["calls"]

    with pytest.raises(GradlabError, match="but the code itself gives"):
        estimate(f, 1.0)


def test_rounding_is_no_disagreement_between_code_and_formula():
    x = np.linspace(0, 1, 50)
    assert estimate(lambda w: np.mean((np.exp(w * x) - np.sin(x)) ** 2), 1.0).value > 0
    assert estimate(lambda z: torch.nn.functional.softplus(z).sum(), [25.0, -30.0]).value > 0


def test_mixing_batched_and_unbatched_values_gives_what_single_calls_give():
    rng = np.random.default_rng(0)
    X, w, b, y = rng.normal(size=(6, 3)), rng.normal(size=3), 0.5, rng.normal(size=6)
    gradient = estimate(lambda X, w, b, y: ((X @ w + b - y) ** 2).sum(), {"X": X, "w": w, "b": b, "y": y})
    residual = X @ w + b - y
    truth = {"X": 2 * np.outer(residual, w), "w": 2 * X.T @ residual, "b": 2 * residual.sum(), "y": -2 * residual}
    for name, partial in truth.items():
        assert (np.abs(gradient[name] - partial) <= gradient.error[name] + 1e-14 * np.abs(partial)).all()


def test_a_large_variable_is_taken_in_chunks(monkeypatch):
    from gradlab.numeric import probing

    whole = estimate(lambda x: (x**2).sum(), np.arange(10.0))
    monkeypatch.setattr(probing, "ENTRIES_AT_ONCE", 100)
    np.testing.assert_array_equal(estimate(lambda x: (x**2).sum(), np.arange(10.0))["x"], whole["x"])


def test_a_bend_finer_than_the_coarse_steps_is_not_overlooked():
    # The coarse steps agree among themselves on 1; only the fine ones see the other 100.
    gradient = estimate("x + 0.0001*(1e6*(x - 1))*exp(-(1e6*(x - 1))**2)", 1)
    assert abs(gradient["x"] - 101) <= gradient.error["x"] < 1e-4


def test_where_the_spacing_of_floats_changes_the_two_steps_may_differ():
    below_one = 1 - 2**-53
    gradient = estimate("(x - 1)**2", below_one)
    assert abs(gradient["x"] + 2**-52) <= gradient.error["x"] < 2**-53


def test_values_that_overflow_are_left_out_and_said_so():
    gradient = estimate("exp(x)", 709)
    assert abs(gradient["x"] / math.exp(709) - 1) < 1e-9
    assert any("gave no finite value" in note for note in gradient.notes)

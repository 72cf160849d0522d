import numpy as np
import pytest
import torch

from gradlab import data
from gradlab.errors import DomainError, NoFormulaError, PointError
from gradlab.graph.kinds import Variable
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.models.first_course import fit, least_squares, logistic
from tests.models.model import drawn


def mean_of_squares(X, w, y):
    return ((X @ w - y) ** 2).mean()


def line(params, t, y):
    a, b = params
    return ((a * t + b - y) ** 2).mean()


SHAPES = {"X": ("n", "d"), "w": ("d",), "y": ("n",)}


def _rollercoaster():
    ride = data.load("rollercoaster")
    bound = {"t": ride["time"], "y": ride["speed"]}
    return derive(as_function(fit, shapes={"params": (3,)}, data=bound))


def test_the_rollercoaster_fit_has_its_published_eigenvalues():
    curvature = _rollercoaster().curvature()
    assert [f"{value:.3g}" for value in curvature.eigenvalues[:2]] == ["0.259", "16"]
    assert round(curvature.eigenvalues[2]) == 56499
    assert curvature.largest_rate == pytest.approx(3.54e-5, rel=1e-3)
    assert curvature.definiteness == "positive definite"
    assert curvature.condition == pytest.approx(56499.4 / 0.258637, rel=1e-4)


def test_the_rollercoaster_hessian_is_that_of_its_design_matrix():
    time = np.array(data.load("rollercoaster")["time"])
    design = np.stack([time**2, time, np.ones_like(time)], axis=1)
    curvature = _rollercoaster().curvature({"params": [1, 2, 3]})
    assert curvature.matrix == pytest.approx(2 / len(time) * design.T @ design, rel=1e-13)
    assert curvature.eigenvalues[::-1] == pytest.approx(
        2 / len(time) * np.linalg.svd(design, compute_uv=False) ** 2, rel=1e-9
    )
    assert curvature.labels == ("params[0]", "params[1]", "params[2]")


def test_the_errors_hold():
    time = data.load("rollercoaster")["time"]
    from fractions import Fraction

    exact = [
        [Fraction(2, len(time)) * sum(Fraction(t) ** (4 - i - j) for t in time) for j in range(3)] for i in range(3)
    ]
    curvature = _rollercoaster().curvature()
    for i in range(3):
        for j in range(3):
            assert abs(Fraction(float(curvature.matrix[i, j])) - exact[i][j]) <= Fraction(float(curvature.error[i, j]))
    assert (curvature.error <= 1e-15 * curvature.matrix).all()


def test_blocks_of_several_variables_make_one_symmetric_matrix():
    at = {"X": drawn(5, 3), "w": drawn(3), "b": 0.3, "y": (drawn(5) > 0) * 1.0}
    function = as_function(logistic, shapes={**SHAPES, "b": ()})
    curvature = derive(function, ["b", "w"]).curvature(at)
    assert curvature.labels == ("b", "w[0]", "w[1]", "w[2]")
    assert (curvature.matrix == curvature.matrix.T).all()

    def joined(parameters):
        return logistic(torch.tensor(at["X"]), parameters[1:], parameters[0], torch.tensor(at["y"]))

    expected = torch.autograd.functional.hessian(joined, torch.tensor([0.3, *at["w"]], dtype=torch.float64))
    assert curvature.matrix == pytest.approx(expected.numpy(), rel=1e-12)
    assert curvature.definiteness == "positive definite"


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("x^2 + y^2", {"x": 0, "y": 0}, "positive definite"),
        ("-x^2 - 3y^2", {"x": 0, "y": 0}, "negative definite"),
        ("x^2 - y^2", {"x": 0, "y": 0}, "indefinite"),
        ("x^2 + y^4", {"x": 0, "y": 0}, "undecided"),
        ("(x + y)^2", {"x": 1, "y": 2}, "undecided"),
    ],
)
def test_what_the_signs_of_the_eigenvalues_say(text, at, said):
    assert derive(text).curvature(at).definiteness == said


def test_a_curvature_shows_itself():
    shown = repr(derive("x**2*y + y**3").curvature({"x": 1, "y": 2}))
    assert shown.splitlines() == [
        "Hessian at x = 1, y = 2 (x, y):",
        "   4   2",
        "   2  12",
        "eigenvalues [3.52786, 12.4721]: positive definite",
        "2/λ_max = 0.160357",
    ]


def test_a_rate_is_bounded_only_where_f_curves_upwards():
    assert derive("-x^2").curvature(0).largest_rate == float("inf")
    assert derive("3x^2").curvature().largest_rate == pytest.approx(1 / 3)


def test_gradient_descent_turns_at_the_largest_rate():
    derivation = derive("x^2 + 5 y^2")
    rate = derivation.curvature().largest_rate
    for factor, grows in ((0.99, False), (1.01, True)):
        x = np.array([1.0, 1.0])
        for _ in range(100):
            x = x - factor * rate * np.array([2 * x[0], 10 * x[1]])
        assert bool(abs(x[1]) > 1) is grows


def test_a_point_is_needed_where_the_hessian_depends_on_it():
    with pytest.raises(PointError, match="depends on x; give a point"):
        derive("x^3 + y").curvature()
    with pytest.raises(PointError, match="the size n is not known"):
        derive(as_function(lambda x: (x**2).sum(), shapes={"x": ("n",)})).curvature()


def test_a_hessian_that_is_not_finite_is_named():
    with pytest.raises(DomainError, match="is infinite at x = 0"):
        derive("x^(3/2)").curvature(0)


def test_a_kink_is_noted():
    assert derive("|x| + x^2").curvature(0).notes == ("|x| has a kink where x = 0",)
    assert derive("|x| + x^2").curvature(1).notes == ()


# Eigenvalues in closed form -----------------------------------------------------------------------------


def _eigenvalues(code, wrt, shapes):
    return derive(as_function(code, shapes=shapes), wrt).eigenvalues


FORMS = {
    "mean of squares": (
        mean_of_squares,
        "w",
        SHAPES,
        "λ_i = 2/n σ_i(X)²    (i = 1, …, d)\nσ_i(X): the singular values of X, 0 beyond their number",
        r"\lambda_{i} &= \frac{2}{n} \sigma_{i}\left(X\right)^{2}",
    ),
    "ridge": (
        lambda X, w, y, lam: least_squares(X, w, y) + lam * (w @ w),
        "w",
        {**SHAPES, "lam": ()},
        "λ_i = 2 σ_i(X)² + 2 λ    (i = 1, …, d)\nσ_i(X): the singular values of X, 0 beyond their number",
        r"\lambda_{i} &= 2 \sigma_{i}\left(X\right)^{2} + 2 \lambda",
    ),
    "over a variance": (
        lambda X, w, y, s: least_squares(X, w, y) / s**2 + w @ w,
        "w",
        {**SHAPES, "s": ()},
        "λ_i = 2 σ_i(X)²/s² + 2    (i = 1, …, d)\nσ_i(X): the singular values of X, 0 beyond their number",
        r"\lambda_{i} &= \frac{2 \sigma_{i}\left(X\right)^{2}}{s^{2}} + 2",
    ),
    "concave": (
        lambda X, w, y: -least_squares(X, w, y) - 3 * (w @ w),
        "w",
        SHAPES,
        "λ_i = -2 σ_i(X)² - 6    (i = 1, …, d)\nσ_i(X): the singular values of X, 0 beyond their number",
        r"\lambda_{i} &= -2 \sigma_{i}\left(X\right)^{2} - 6",
    ),
    "matrix of weights": (
        lambda X, W, Y: ((X @ W - Y) ** 2).sum(),
        "W",
        {"X": ("n", "d"), "W": ("d", "k"), "Y": ("n", "k")},
        "λ_i = 2 σ_i(X)²    (i = 1, …, d, each k times)\nσ_i(X): the singular values of X, 0 beyond their number",
        r"\lambda_{i} &= 2 \sigma_{i}\left(X\right)^{2}",
    ),
    "matrix of weights on the left": (
        lambda X, W, Y: ((W @ X - Y) ** 2).sum(),
        "W",
        {"X": ("d", "n"), "W": ("k", "d"), "Y": ("k", "n")},
        "λ_i = 2 σ_i(X)²    (i = 1, …, d, each k times)\nσ_i(X): the singular values of X, 0 beyond their number",
        r"\lambda_{i} &= 2 \sigma_{i}\left(X\right)^{2}",
    ),
    "squares of a matrix": (
        lambda W: (W**2).sum(),
        "W",
        {"W": ("d", "k")},
        "λ_i = 2    (i = 1, …, d, each k times)",
        r"\lambda_{i} &= 2",
    ),
    "linear in a matrix": (
        lambda W, A: (A * W).sum(),
        "W",
        {"W": ("n", "d"), "A": ("n", "d")},
        "λ_i = 0    (i = 1, …, n, each d times)",
        r"\lambda_{i} &= 0",
    ),
    "quadratic form": (
        lambda x, A: x @ A @ x,
        "x",
        {"x": ("n",), "A": ("n", "n")},
        "λ_i = λ_i(A + A^T)    (i = 1, …, n)",
        r"\lambda_{i} &= \lambda_{i}\left(A + A^{\top}\right)",
    ),
    "sum of squares": (lambda x: (x**2).sum(), "x", {"x": ("n",)}, "λ_i = 2    (i = 1, …, n)", r"\lambda_{i} &= 2"),
    "weighted squares": (
        lambda x, v: (v * x**2).sum(),
        "x",
        {"x": ("n",), "v": ("n",)},
        "λ_i = 2 v_i    (i = 1, …, n)",
        r"\lambda_{i} &= 2 v_{i}",
    ),
    "weighted squares less others": (
        lambda x, v: (v * x**2).sum() - 0.5 * (x @ x),
        "x",
        {"x": ("n",), "v": ("n",)},
        "λ_i = 2 v_i - 1    (i = 1, …, n)",
        r"\lambda_{i} &= 2 v_{i} - 1",
    ),
    "square of a product": (
        lambda x, v: (x @ v) ** 2,
        "x",
        {"x": ("n",), "v": ("n",)},
        "λ_1 = 2 sum_i v_i²\nλ_i = 0    (i = 1, …, n - 1)",
        r"\lambda_{1} &= 2 \sum_{i} v_{i}^{2}",
    ),
    "square of a product, times a number": (
        lambda x, v, a: a * (x @ v) ** 2,
        "x",
        {"x": ("n",), "v": ("n",), "a": ()},
        "λ_1 = 2 a sum_i v_i²\nλ_i = 0    (i = 1, …, n - 1)",
        r"\lambda_{1} &= 2 a \sum_{i} v_{i}^{2}",
    ),
    "two variables apart": (
        lambda x, y: (x**2).sum() + 3 * (y**2).sum(),
        ["x", "y"],
        {"x": ("n",), "y": ("m",)},
        "λ_i = 2    (i = 1, …, n)\nλ_i = 6    (i = 1, …, m)",
        r"\lambda_{i} &= 6",
    ),
    "line": (
        line,
        "params",
        {"params": (2,), "t": ("n",), "y": ("n",)},
        "λ_1 = 1/n sum_i t_i² + 1 - sqrt((1/n sum_i t_i² - 1)² + 4/n² (sum_i t_i)²)\n"
        "λ_2 = 1/n sum_i t_i² + 1 + sqrt((1/n sum_i t_i² - 1)² + 4/n² (sum_i t_i)²)",
        r"\frac{4}{n^{2}} \left(\sum_{i} t_{i}\right)^{2}}",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_eigenvalues_in_closed_form(name):
    code, wrt, shapes, text, latex = FORMS[name]
    found = _eigenvalues(code, wrt, shapes)
    assert found.text() == text
    assert latex in found.latex()


@pytest.mark.parametrize(
    "sizes", [{"n": 5, "d": 3, "k": 2, "m": 2}, {"n": 2, "d": 4, "k": 3, "m": 3}, dict.fromkeys("ndkm", 3)]
)
@pytest.mark.parametrize("name", FORMS)
def test_the_closed_form_is_numpys_eigenvalues(name, sizes):
    code, wrt, shapes, _, _ = FORMS[name]
    derivation = derive(as_function(code, shapes=shapes), wrt)
    at = {
        key: drawn(*(sizes.get(size, size) for size in axes), seed=place)
        for place, (key, axes) in enumerate(shapes.items())
    }
    curvature = derivation.curvature(at)
    found = derivation.eigenvalues.at(at)
    assert found == pytest.approx(curvature.eigenvalues, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("x^2", "λ_1 = 2"),
        ("x^3", "λ_1 = 6 x"),
        ("x^2 + 3y^2", "λ_1 = 2\nλ_2 = 6"),
        ("x^2 + x y + y^2", "λ_1 = 1\nλ_2 = 3"),
        ("x y", "λ_1 = -1\nλ_2 = 1"),
        ("x^2 - y^2 + 3 x y", "λ_1 = -sqrt(13)\nλ_2 = sqrt(13)"),
        ("x^2 + 3x y + 2 y^2 + z^2", "λ_1 = 3 - sqrt(10)\nλ_2 = 3 + sqrt(10)\nλ_3 = 2"),
        ("2 x^2 + 2 x y + y^2 / 2", "λ_1 = 0\nλ_2 = 5"),
        ("x^2 y + y^3", "λ_1 = 4 y - 2 sqrt(x² + y²)\nλ_2 = 4 y + 2 sqrt(x² + y²)"),
        ("a x^2 + b x y", None),
    ],
)
def test_eigenvalues_of_numbers(text, form):
    derivation = derive(text)
    if form is None:
        with pytest.raises(NoFormulaError, match=r"no closed form here.*curvature"):
            _ = derivation.eigenvalues
        assert derivation.curvature(dict.fromkeys(derivation.wrt, 1.0)).eigenvalues.shape == (4,)
        return
    assert derivation.eigenvalues.text() == form
    at = {name: 0.7 + place for place, name in enumerate(derivation.wrt)}
    assert derivation.eigenvalues.at(at) == pytest.approx(derivation.curvature(at).eigenvalues, rel=1e-12, abs=1e-14)


NO_FORM = {
    "a number tied to two others": ("x y + x z", None, {}),
    "entries beside an array": (
        lambda params, t, y, z: line(params, t, y) + (z**2).sum(),
        ["params", "z"],
        {"params": (2,), "t": ("n",), "y": ("n",), "z": ("m",)},
    ),
    "a quadratic form of the entries of a matrix": (
        lambda W, A: W.reshape(-1) @ A @ W.reshape(-1),
        "W",
        {"W": (2, 3), "A": (6, 6)},
    ),
    "a squared sum over a matrix": (lambda W, A: (W * A).sum() ** 2, "W", {"W": ("n", "d"), "A": ("n", "d")}),
}


@pytest.mark.parametrize("name", NO_FORM)
def test_no_eigenvalue_is_left_out(name):
    with pytest.raises(NoFormulaError, match="no closed form here"):
        _eigenvalues(*NO_FORM[name])


def test_a_quadratic_loss_is_known_as_one():
    assert derive(as_function(mean_of_squares, shapes=SHAPES), "w").is_quadratic
    assert not derive(as_function(mean_of_squares, shapes=SHAPES)).is_quadratic
    assert not derive("x^3").is_quadratic


def test_a_network_has_eigenvalues_at_a_point_only():
    derivation = derive(as_function(logistic, shapes={**SHAPES, "b": ()}), "w")
    assert derivation.eigenvalues.text().startswith("λ_i = 1/n λ_i(X^T diag(")
    both = derive(as_function(logistic, shapes={**SHAPES, "b": ()}), ["w", "b"])
    with pytest.raises(NoFormulaError, match="no closed form"):
        _ = both.eigenvalues


def test_the_variables_stay_variables():
    assert isinstance(derive("x^2 y").hessian["x", "y"].nodes["x"], Variable)

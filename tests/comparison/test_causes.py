import numpy as np
import pytest

from gradlab.comparison import compare
from gradlab.sources import as_function

RANDOM = np.random.default_rng(5)
X, Y, W = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=5), RANDOM.normal(size=3)
A = RANDOM.normal(size=(3, 3))
RESIDUAL = X.T @ (X @ W - Y)
GRADIENT = 2 / 5 * RESIDUAL + 0.6 * W


def ridge(w):
    return ((X @ w - Y) ** 2).mean() + 0.3 * (w**2).sum()


@pytest.mark.parametrize(
    ("claimed", "said"),
    [
        (-GRADIENT, "minus the exact gradient: a sign is wrong"),
        (2 * GRADIENT, "2 times the exact gradient"),
        (GRADIENT / 4, "a factor 4 is missing"),
        (5 * GRADIENT, "the 1/n of a mean over 5 is missing"),
        (GRADIENT / 5, "divided by n = 5 once too often"),
        (1.5 * GRADIENT, "3/2 times the exact gradient"),
        (GRADIENT * 5 / 7, "0.714286 times the exact gradient throughout"),
        (np.pi * GRADIENT, "3.14159 times the exact gradient throughout"),
        (2 / 5 * RESIDUAL, "the summand 0.6 w_i is left out"),
        (2 / 5 * RESIDUAL - 0.6 * W, "the summand 0.6 w_i has the wrong sign"),
        (2 / 5 * RESIDUAL + 0.3 * W, "the summand 0.6 w_i is only half of what it should be"),
        (GRADIENT[[1, 0, 2]], "claimed has w[0] and w[1] swapped"),
        (GRADIENT[[2, 0, 1]], "shifted by one place"),
        (GRADIENT * [1, -1, 1], "only w[1] is wrong: there it is minus the exact value: a sign is wrong; the other 2"),
        (GRADIENT * [1, 1 + 1e-6, 1], "only w[1] is wrong; the other 2 agree"),
        (GRADIENT * [1, 0, 1], "only w[1] is wrong: claimed has 0 there"),
        (RANDOM.normal(size=3), ""),
    ],
)
def test_a_simple_mistake_is_told_in_plain_words(claimed, said):
    comparison = compare(ridge, W, claimed=claimed)
    assert comparison.verdict == "differ"
    assert said in comparison.cause
    assert bool(said) == bool(comparison.cause)


@pytest.mark.parametrize(
    ("text", "claimed", "said"),
    [
        ("sin(x^2)", np.cos(1.3**2), "the factor 2 x is missing"),
        ("x*sin(x^2)", np.sin(1.3**2), "the summand 2 x² cos(x²) is left out"),
        ("exp(3*x)", 3 * np.exp(3 * 1.3) ** 2, "the factor exp(3 x) is one too many"),
    ],
)
def test_a_part_of_the_derivative_that_is_missing_is_named(text, claimed, said):
    assert said in compare(text, 1.3, claimed=claimed).cause


def test_a_transposed_matrix_is_recognised():
    comparison = compare(lambda M: (A * M * M).sum(), A + 1, claimed=(2 * A * (A + 1)).T)
    assert comparison.cause == "claimed for M is transposed"


def test_two_variables_may_be_swapped():
    comparison = compare("x*y^2", {"x": 2.0, "y": 3.0}, claimed={"x": 12.0, "y": 9.0})
    assert comparison.cause == "claimed has the partial derivatives by x and y swapped"


def test_one_variable_alone_may_be_wrong():
    comparison = compare("x*y^2", {"x": 2.0, "y": 3.0}, claimed={"x": 9.0, "y": 24.0})
    assert comparison.cause == "claimed is 2 times the exact gradient: a factor 2 is too much, or a 1/2 missing for y"


def test_without_a_formula_the_measured_gradient_is_the_measure():
    hidden = as_function(ridge, opaque=True)
    assert "a sign is wrong" in compare(hidden, W, claimed=-GRADIENT).cause


def test_the_cause_stands_in_every_view():
    comparison = compare(ridge, W, claimed=-GRADIENT)
    assert "cause: claimed is minus the exact gradient" in repr(comparison)
    assert "cause: claimed is minus the exact gradient" in comparison.markdown()
    assert comparison.as_dict()["cause"] == comparison.cause
    with pytest.raises(AssertionError, match="minus the exact gradient"):
        comparison.check()


def test_gradients_that_agree_have_no_cause():
    assert compare(ridge, W, claimed=GRADIENT).cause == ""


def test_variables_that_are_right_or_of_another_shape_are_not_swapped():
    def f(x, y, z):
        return (x**2).sum() * y * z

    at = {"x": [1.0, 2.0], "y": 2.0, "z": 3.0}
    comparison = compare(f, at, claimed={"x": [12.0, 24.0], "y": 10.0, "z": 15.0})
    assert comparison.cause == "claimed has the partial derivatives by y and z swapped"
    assert comparison.reason.startswith("2 of 4 components: differ; the worst is z: ")


def test_two_wrong_entries_that_are_not_each_others_are_not_swapped():
    assert compare("x*y^2*z", {"x": 1.0, "y": 2.0, "z": 3.0}, claimed={"x": 1.0, "y": 7.0, "z": 4.0}).cause == ""
    assert compare(lambda x: x[0] * x[1] ** 2 * x[2], [1.0, 2.0, 3.0], claimed=[4.0, 12.0, 5.0]).cause == ""


def test_where_the_exact_value_is_zero_no_factor_is_named():
    assert compare("x^2", 0.0, claimed=3.0).cause == ""


def test_without_a_formula_no_summand_is_named():
    function = as_function(lambda x: (x**3).sum(), opaque=True)
    assert compare(function, [1.0, 2.0, 3.0], claimed=[5.0, 1.0, 2.0]).cause == ""


def test_half_of_a_mean_over_two_lacks_a_factor_and_says_nothing_of_the_mean():
    said = compare(lambda x: (x**2).mean(), [1.0, 3.0], claimed=[0.5, 1.5]).cause
    assert said == "claimed is 1/2 of the exact gradient: a factor 2 is missing"


def test_a_factor_shows_through_the_rounding_of_float32():
    said = compare(ridge, W, claimed=(4 * GRADIENT).astype(np.float32)).cause
    assert said == "claimed is 4 times the exact gradient: a factor 4 is too much, or a 1/4 missing"


@pytest.mark.parametrize(
    ("claimed", "said"),
    [
        (3 * W**2, "claimed for w: the summand 2/n w_i is left out"),
        (3 * W**2 - 2 / 3 * W, "claimed for w: the summand 2/n w_i has the wrong sign"),
        (2 / 3 * W, "claimed for w: the summand 3 w_i² is left out"),
    ],
)
def test_a_summand_of_a_mean_is_named_with_its_n(claimed, said):
    assert compare(lambda w: (w**2).mean() + (w**3).sum(), W, claimed=claimed).cause == said


def test_the_number_of_a_mean_is_tried_with_the_factors():
    comparison = compare(lambda w: (w**2).mean(), W, claimed=np.ones(3))
    assert comparison.cause == "claimed for w: the factor 2/n w_i is missing"


def test_a_matrix_that_is_not_square_has_no_transpose_of_its_shape():
    at = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    comparison = compare(lambda M: (M**3).sum(), at, claimed=(3 * at**2).T.reshape(2, 3))
    assert comparison.verdict == "differ"
    assert comparison.cause == ""


def test_what_differences_cannot_see_is_no_mistake_in_a_claim():
    comparison = compare("x + x*exp(-(10^14*x)^2)/100", 0.0)
    assert comparison.reason.startswith("x: numeric is 1 but symbolic is 1.01")
    assert comparison.cause == ""

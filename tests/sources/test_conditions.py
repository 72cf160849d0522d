import numpy as np
import pytest
import sympy
import torch

from gradlab.comparison import Verdict, compare
from gradlab.errors import DomainError, ParseError, TraceError
from gradlab.graph import bounds
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.sources.torch_gradients import assert_torch_agrees

mask = torch.tensor([[True, False, True], [False, True, True]])
numpy_mask = mask.numpy()
far = torch.full((2, 3), float("-inf"), dtype=torch.float64).masked_fill(mask, 0.0)
X = np.array([[0.3, -1.2, 2.0], [0.0, 0.7, -0.4]])
SUMMED = {
    "where": lambda x: torch.where(torch.gt(x, 0.1), x**2, -x),
    "where by a method": lambda x: x.where(torch.le(x, 0.3), torch.sin(x)),
    "where of a real tensor": lambda x: torch.ones(2, 3, dtype=torch.float64).where(mask, x),
    "where of data": lambda x: torch.where(mask, x, 0.0),
    "not": lambda x: torch.where(~mask, x**2, 1.0),
    "masked_fill": lambda x: x.masked_fill(mask, 3.0) * x,
    "and, or, not": lambda x: torch.where(
        torch.logical_or(torch.logical_and(torch.gt(x, 0), torch.lt(x, 1)), torch.logical_not(torch.ge(x, -1))), x, x**3
    ),
    "a mask times": lambda x: x**2 * mask,
    "counting": lambda x: (torch.gt(x, -1).double() + torch.ne(x, 2).double()) * x,
    "a mask and a comparison": lambda x: torch.where(torch.logical_and(mask, torch.gt(x, 0)), x, 2 * x),
    "signs in torch": lambda x: torch.where(torch.gt(x, 0) & ~torch.eq(x, 2) | torch.lt(x, -1), x**2, x),
    "softmax with a mask": lambda x: torch.softmax(x.masked_fill(~mask, float("-inf")), 1) * x,
    "softmax with where": lambda x: torch.softmax(torch.where(mask, x, -torch.inf), 1) ** 2,
    "softmax with a tensor": lambda x: torch.softmax(torch.where(mask, x, torch.tensor(-torch.inf)), 1) ** 2,
    "softmax with -inf added": lambda x: torch.softmax(x / 2 + far, 1) ** 2,
    "softmax with -1e9": lambda x: torch.softmax(x.masked_fill(~mask, -1e9), 1) ** 2,
    "logsumexp with a mask": lambda x: torch.logsumexp(torch.where(mask, x, -torch.inf), 1),
    "bounds that are arrays": lambda x: torch.clamp(x, min=x[0], max=x[1] + 1) ** 2,
    "where 0 is safe": lambda x: torch.sqrt(torch.where(torch.gt(x, 0), x, 0.0)),
}


@pytest.mark.parametrize("name", SUMMED)
def test_value_and_gradient_are_torchs(name):
    assert_torch_agrees(lambda x: SUMMED[name](x).sum(), {"x": X})


def test_a_nan_of_the_case_that_does_not_hold_spoils_the_gradient_as_in_torch():
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.where(x > 0, x.sqrt(), torch.zeros_like(x)), x)
    assert slope.isnan()
    with pytest.raises(DomainError, match="at x = 0"):
        derive(as_function(lambda x: torch.where(torch.gt(x, 0), torch.sqrt(x), 0.0))).at(0)


NUMPY = {
    "where": lambda x: np.where(numpy_mask, x**2, np.sin(x)),
    "where of numbers": lambda x: np.where(np.array([[1, 0, 2], [0, 0, 3]]), x, 0),
    "comparisons": lambda x: np.where(np.less_equal(x, 0.3) & np.not_equal(x, 0.0), x**2, x),
    "a comparison with data": lambda x: np.where(np.greater(np.ones(3), x), x**2, x),
    "clip": lambda x: np.clip(x, -0.5, 0.5) ** 2,
    "clip from below": lambda x: np.clip(x, 0.1, None) ** 2,
    "heaviside": lambda x: np.heaviside(x, 0.5) * x,
    "functions": lambda x: np.cbrt(x - 3) + np.hypot(x, 1) + np.mod(x, 0.7) + np.rint(x) * np.trunc(x),
    "angles": lambda x: np.radians(np.degrees(x)) + np.arctan2(x, 2.0) + np.sinc(x) + np.exp2(x),
}


@pytest.mark.parametrize("name", NUMPY)
def test_value_and_gradient_are_numpys(name):
    def code(x):
        return np.sum(NUMPY[name](x))

    function, point = at_point(code, X + 0.01)
    gradient = derive(function).at(point)
    assert gradient.value == pytest.approx(float(code(X + 0.01)), rel=1e-13)
    for place in np.ndindex(*X.shape):
        h = 1e-6 * np.equal(np.arange(6).reshape(2, 3), np.ravel_multi_index(place, X.shape))
        slope = (code(X + 0.01 + h) - code(X + 0.01 - h)) / 2e-6
        assert gradient.partials["x"][place] == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_masked_scores_are_finite_everywhere():
    def loss(x):
        return (torch.softmax(x.masked_fill(~mask, float("-inf")), 1) ** 2).sum()

    function, point = at_point(loss, {"x": X})
    derivation = derive(function)
    outputs = [function.formula, *derivation.partials.values()]
    for bounded in bounds.with_bounds(outputs, {**function.data, **point}, function.sizes(point)):
        assert (np.asarray(bounded.error) < 1e-13).all()
    assert (derivation.at(point).error["x"] < 1e-15).all()
    assert all(step.evidence in ("exact", "certified", "sampled") for step in derivation.steps)
    assert compare(loss, {"x": X}).verdict is Verdict.AGREE


def test_a_score_that_is_masked_everywhere_is_no_number():
    everywhere = torch.zeros(2, 3, dtype=torch.bool)
    with pytest.raises(DomainError, match="softmax"):
        derive(at_point(lambda x: torch.softmax(torch.where(everywhere, x, -torch.inf), 1).sum(), {"x": X})[0]).at(
            {"x": X}
        )


def test_cases_read_as_in_a_textbook():
    function = as_function(lambda x: torch.where(torch.gt(x, 0), x**2, -x))
    assert function.text() == "x² if x > 0 else -x"
    assert function.latex() == r"\begin{cases} x^{2} & \text{if } x > 0 \\ -x & \text{otherwise} \end{cases}"
    assert derive(function).gradient["x"].text() == "2 x if x > 0 else -1"
    hidden = as_function(lambda S: torch.softmax(S.masked_fill(mask, -torch.inf), 1), shapes={"S": (2, 3)})
    assert hidden.text() == "softmax(-∞ if mask else S)"
    assert r"\begin{cases} -\infty & \text{if } \mathrm{mask} \\ S & \text{otherwise} \end{cases}" in hidden.latex()
    both = as_function(lambda x: np.where(np.logical_and(np.greater(x, 0), np.less(x, 1)), x, 0) + 1)
    assert both.text() == "[x > 0 and x < 1] x + 1"
    assert as_function(lambda x: np.where(np.less(0, x), 1, 2) * x).text() == "(1 if x > 0 else 2) x"


def test_masks_can_be_data():
    function = as_function(
        lambda x, keep: torch.where(~keep, x, 0.0).sum(), data={"keep": np.array([True, False])}, shapes={"x": (2,)}
    )
    assert function([1.0, 5.0]) == 5
    assert function.text() == "sum_i [not keep_i] x_i"
    with_infinity = as_function("sum(exp(x + m))", data={"m": [0.0, -np.inf]}, shapes={"x": (2,)})
    assert with_infinity([1.0, 2.0]) == pytest.approx(np.e)


def test_comparisons_of_data_are_no_kink():
    codes = np.array([0.0, 1.0, 2.0])
    comparison = compare(lambda x: np.where(np.equal(codes, 1), x, x**2).sum(), [1.0, 2.0, 3.0])
    assert comparison.verdict is Verdict.AGREE
    assert compare(lambda x: torch.where(torch.gt(x, 1), 2 * x - 1, x**2), 1.0).verdict is Verdict.AGREE
    assert compare(lambda x: torch.where(torch.gt(x, 1), 3 * x, x**2 + 2), 1.0).verdict is Verdict.KINK


REFUSED = {
    "torch.equal": lambda x: x * torch.equal(x, x),
    "positions": lambda x: np.where(x),
    "& of numbers": lambda x: x & x,
    "~ of numbers": lambda x: ~x,
    "a sum of comparisons": lambda x: (torch.gt(x, 0) + torch.lt(x, 1)) * x,
    "no bound": lambda x: torch.clamp(x).sum(),
    "-inf elsewhere": lambda x: x + float("-inf"),
    "a threshold that is traced": lambda x: torch.nn.functional.threshold(x, x, 1.0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_misread_is_refused(name):
    reason = as_function(REFUSED[name]).no_formula
    assert isinstance(reason, (TraceError, DomainError))


TEXTS = {
    "where(x > y, x^2, y)": ("x² if x > y else y", 9.0),
    "where(x <= 1, x, 1) + 1": ("(x if x ≤ 1 else 1) + 1", 2.0),
    "where(x != 3, 1, 2)": ("1 if x ≠ 3 else 2", 2.0),
    "where(|x - 3| < 1/2, 0, 1) x": ("(0 if |x - 3| < 1/2 else 1) x", 0.0),
    "clamp(x, -1, y)": ("clamp(x, -1, y)", 2.0),
    "huber(x) + huber(x, 1/2)": ("huber(x) + huber(x, 1/2)", 2.5 + 1.375),
    "leaky_relu(-x) + leaky_relu(-x, 1/2)": ("leaky_relu(-x, 0.01) + leaky_relu(-x, 1/2)", -1.53),
    "heaviside(x - 3)": ("heaviside(x - 3, 1/2)", 0.5),
    "hypot(x, 2y) + mod(x, y)": ("hypot(x, 2 y) + mod(x, y)", 6.0),
    "swish(x) - x sigmoid(x)": ("silu(x) - x σ(x)", 0.0),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_reads_as_written(text):
    function = as_function(text, variables=["x", "y"])
    written, value = TEXTS[text]
    assert function.text() == written
    assert function(3.0, 2.0) == pytest.approx(value, abs=1e-14)


UNREAD = {
    "x > 2": "makes this an equation or a comparison",
    "where(x, 1, 2)": "where chooses by a comparison",
    "where(x > 0, 1)": "where takes three arguments, not 2",
    "elu(x, -1)": "the second argument of elu is a positive number",
    "clamp(x, 1)": "clamp takes three arguments, not 2",
}


@pytest.mark.parametrize("text", UNREAD)
def test_text_that_is_not_read_says_why(text):
    with pytest.raises(ParseError, match=UNREAD[text].replace("(", r"\(")):
        as_function(text)


x, y = sympy.symbols("x y", real=True)
SYMPY = {
    "cases": sympy.Piecewise((x**2, x > y), (sympy.sin(x), sympy.And(x <= 1, sympy.Ne(y, 5))), (y, True)),
    "or, not": sympy.Piecewise((x, sympy.Or(x < -1, sympy.Not(y >= 1))), (x**2, True)),
    "max and step": sympy.Max(x, y, 1) + sympy.Heaviside(x) + sympy.Min(x, y),
    "special": sympy.erfc(x) + sympy.loggamma(y + 3) + sympy.polygamma(1, y + 3) + sympy.ceiling(x) + sympy.Mod(y, 3),
}


@pytest.mark.parametrize("name", SYMPY)
@pytest.mark.parametrize("at", [(0.3, 1.7), (1.5, -0.4), (-2.2, 0.1)])
def test_sympys_cases_are_read(name, at):
    function = as_function(SYMPY[name], variables=["x", "y"])
    expected = float(SYMPY[name].subs({x: at[0], y: at[1]}))
    assert function(*at) == pytest.approx(expected, rel=1e-12)


def test_a_piecewise_without_a_last_case_is_refused():
    with pytest.raises(TraceError, match="add a last case"):
        _ = as_function(sympy.Piecewise((x, x > 0))).formula


def test_the_value_of_a_step_at_0_is_sympys():
    assert as_function(sympy.Heaviside(x))(0.0) == 0.5
    assert as_function(sympy.Heaviside(x, 0))(0.0) == 0

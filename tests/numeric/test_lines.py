import numpy as np
import pytest
import torch

from gradlab.graph.precision import SINGLE
from gradlab.numeric import estimate, fronts, lines, patterns
from gradlab.numeric.probing import Probe
from gradlab.sources import as_function, at_point

RANDOM = np.random.default_rng(3)
A, B = RANDOM.normal(size=(12, 30)), RANDOM.normal(size=12)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def ridge(x):
    return ((x - 1) ** 2).mean() + 0.5 * (x[1:] * x[:-1]).sum() + x[3]


def cross_entropy(z):
    return torch.nn.functional.cross_entropy(z, torch.tensor([0, 2, 1, 0, 1, 2]))


SEPARABLE = {
    "rosenbrock": (rosenbrock, np.linspace(-1, 1.3, 40), 2),
    "several sums": (ridge, np.linspace(-1, 1.3, 40), 2),
    "rows": (cross_entropy, RANDOM.normal(size=(6, 3)), 3),
}
LINEAR = {
    "least squares": lambda x: ((A @ x - B) ** 2).sum(),
    "both": lambda x: np.tanh(A @ x).sum() * x[0] + (x @ x),
    "quadratic form": lambda x: x @ A.T @ A @ x,
    "two maps": lambda x: np.exp(A @ x / 40).sum() + np.sin(A[:, ::-1] @ x).sum(),
}


def _probe(f, at):
    function, point = at_point(f, at)
    (name,) = point
    return Probe(function, point), name


def _torch_gradient(f, at):
    x = torch.tensor(at, requires_grad=True)
    f(x).backward()
    return x.grad.numpy()


@pytest.mark.parametrize("name", SEPARABLE)
def test_terms_that_share_no_entry_are_evaluated_together(name):
    f, at, colours = SEPARABLE[name]
    probe, variable = _probe(f, at)
    along = lines.of_number(probe, variable)
    assert along.pattern.count == colours
    gradient = estimate(f, at)
    # Entries below 2^-10 have more steps.
    assert gradient.calls <= 1 + 60 * colours
    truth = _torch_gradient(f, at)
    assert (np.abs(gradient[variable] - truth) <= gradient.error[variable] + 2**-50 * np.abs(truth)).all()


@pytest.mark.parametrize("name", SEPARABLE)
def test_sums_over_terms_are_differences_of_the_whole(name):
    f, at, _ = SEPARABLE[name]
    probe, variable = _probe(f, at)
    apart, whole = lines.of_number(probe, variable), lines.of_number(probe, variable, apart=False)
    entries = at.reshape(-1, 1) + np.array([[0.5, -0.25, 0.0]])
    moved = apart.along(entries) - apart.centre[:, None]
    np.testing.assert_allclose(moved, whole.along(entries) - whole.centre[:, None], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LINEAR)
def test_linear_maps_at_the_front_move_by_their_columns(name):
    f, at = LINEAR[name], RANDOM.normal(size=30)
    probe, variable = _probe(f, at)
    front = fronts.front(probe, variable)
    assert front is not None
    entries = at.reshape(-1, 1) + np.array([[0.5, -0.25, 1e-3]])
    whole = lines.of_number(probe, variable, apart=False)
    np.testing.assert_allclose(front.at(range(30), entries)[..., 0], whole.along(entries), rtol=1e-12)
    gradient, plain = estimate(f, at), estimate(f, at, method="central")
    assert (np.abs(gradient["x"] - plain["x"]) <= gradient.error["x"] + plain.error["x"]).all()


def test_a_variable_is_known_by_the_letters_of_its_name():
    M, at = RANDOM.normal(size=(8, 10)), RANDOM.normal(size=10)
    function = as_function(lambda weight: np.tanh(M @ weight).sum() + (weight**3).sum())
    name = "".join(["we", "ight"])  # another string with the same letters
    gradient = estimate(function, {"weight": at}, wrt=name)
    truth = M.T @ (1 - np.tanh(M @ at) ** 2) + 3 * at**2
    assert (np.abs(gradient["weight"] - truth) <= gradient.error["weight"]).all()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.where(x > 0, x[::-1], x).sum(),
        lambda x: (x * (x > 0)).sum(),
        lambda x: x.max() + (x**2).sum(),
    ],
)
def test_a_choice_by_value_may_swallow_a_nan_and_is_not_taken_apart(f):
    probe, variable = _probe(f, np.linspace(-1, 2, 12))
    assert patterns.separated(probe, variable) is None


def test_short_numbers_are_summed_as_the_code_sums_them():
    at = np.linspace(-1, 1.3, 40).astype(np.float32)
    probe, variable = _probe(rosenbrock, at)
    short = Probe(probe.f, probe.point, SINGLE)
    assert lines.of_number(short, variable).pattern is None


def test_an_entry_that_no_term_holds_does_not_move_f():
    gradient = estimate(lambda x: (x[:20] ** 2).sum(), np.arange(30.0))
    np.testing.assert_allclose(gradient["x"], np.where(np.arange(30) < 20, 2 * np.arange(30.0), 0), atol=1e-10)
    assert (gradient.error["x"][20:] == 0).all()
    assert np.isnan(gradient.steps["x"][20:]).all()


def test_colours_of_a_band_are_as_many_as_it_is_wide():
    distance = np.abs(np.subtract.outer(np.arange(60), np.arange(60)))
    for width in (0, 1, 2, 5):
        assert patterns.pattern(distance <= width).count == 2 * width + 1


def test_no_two_entries_of_a_colour_share_a_value():
    depends = RANDOM.random((40, 60)) < 0.08
    found = patterns.pattern(depends)
    for colour in range(found.count):
        assert (depends[:, found.colours == colour].sum(axis=1) <= 1).all()


def test_patterns_are_remembered_by_formula_and_not_by_point():
    function = as_function(rosenbrock, shapes={"x": (40,)})
    first, second = (estimate(function, at).calls for at in (np.linspace(1, 2, 40), np.linspace(3, 4, 40)))
    assert first == second

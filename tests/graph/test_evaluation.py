from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch

from gradlab.graph import bounds, evaluation
from gradlab.graph.kinds import Elementwise, Variable
from gradlab.graph.operations import FAMILIES, LETTERS, OPERATIONS, polygamma
from gradlab.sources import at_point
from tests.models import MODELS


def _all_nodes(model):
    function, point = at_point(model.source, model.at)
    return function, {**function.data, **point}, function.sizes(point)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_numpy_torch_balls_and_bounds_agree(model):
    function, values, sizes = _all_nodes(model)
    (plain,) = evaluation.with_numpy([function.formula], values, sizes)
    tensors = {name: torch.tensor(np.array(value)) for name, value in values.items()}
    (tensor,) = evaluation.with_torch([function.formula], tensors, sizes, torch.float64)
    (ball,) = evaluation.with_balls([function.formula], values, sizes, 128)
    (bounded,) = bounds.with_bounds([function.formula], values, sizes)
    exact = float(ball[()].mid())
    assert abs(plain - exact) <= bounded.error
    assert abs(float(tensor) - exact) <= 16 * bounded.error
    assert 0 <= bounded.error <= 1e-12 * max(1, abs(exact))


@pytest.mark.parametrize("model", [m for m in MODELS if callable(m.source)], ids=lambda model: model.name)
def test_the_graph_computes_what_the_code_computes(model):
    function, _, _ = _all_nodes(model)
    tensors = [torch.tensor(np.array(value)) for value in model.at.values()]
    assert float(function.code(*tensors)) == pytest.approx(function(model.at), rel=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_many_points_at_once_are_many_points(model):
    function, values, sizes = _all_nodes(model)
    name = next(iter(function.variables))
    batch = np.stack([values[name] * scale for scale in (1.0, 0.9, 0.8)])
    (together,) = evaluation.with_numpy([function.formula], {**values, name: batch}, sizes)
    for row, alone in zip(batch, together, strict=True):
        (single,) = evaluation.with_numpy([function.formula], {**values, name: row}, sizes)
        assert alone == pytest.approx(single, rel=1e-13)


MEMBERS = {f"{name}({number})": FAMILIES[name](Fraction(number)) for name in FAMILIES for number in (1, "1/2", 3)}
EVERY = {**OPERATIONS, **MEMBERS, "polygamma(1)": polygamma(Fraction(1)), "polygamma(2)": polygamma(Fraction(2))}


@pytest.mark.parametrize("name", EVERY)
def test_every_operation_is_the_same_in_every_arithmetic(name):
    operation = EVERY[name]
    shift = 1.0 if name == "acosh" else 0.0
    given = {"u": np.array([0.3, 0.77]) + shift, "v": np.array([0.5, 0.2]), "w": np.array([0.9, 0.6])}
    operands = tuple(Variable(letter, ("n",)) for letter in LETTERS[: operation.arity])
    node = Elementwise(operation, operands)
    (plain,) = evaluation.with_numpy([node], given, {"n": 2})
    (tensor,) = evaluation.with_torch([node], {k: torch.tensor(v) for k, v in given.items()}, {"n": 2}, torch.float64)
    (balls,) = evaluation.with_balls([node], given, {"n": 2})
    expression, symbols = node.scalar_function()
    for place in range(2):
        at = {symbol: sympy.Rational(given[symbol.name][place]) for symbol in symbols}
        exact = float(expression.subs(at).evalf(30))
        assert plain[place] == pytest.approx(exact, rel=1e-14, abs=1e-15)
        assert float(tensor[place]) == pytest.approx(exact, rel=1e-14, abs=1e-15)
        assert float(balls[place].mid()) == pytest.approx(exact, rel=1e-15)


SPREAD = np.array([-1e4, -800.0, -40.0, -6.3, -4.1, -1.7, -0.6, -0.2, -1e-9, 0.1, 0.47, 0.9, 3.7, 5.2, 27.0, 40.0, 1e4])


@pytest.mark.parametrize("name", EVERY)
def test_the_error_of_every_operation_is_bounded_near_and_far(name):
    operation = EVERY[name]
    drawn = np.random.default_rng(0)
    given = {letter: drawn.permutation(SPREAD) if place else SPREAD for place, letter in enumerate(LETTERS)}
    operands = tuple(Variable(letter, ("n",)) for letter in LETTERS[: operation.arity])
    node = Elementwise(operation, operands)
    (bounded,) = bounds.with_bounds([node], given, {"n": len(SPREAD)})
    tensors = {letter: torch.tensor(value) for letter, value in given.items()}
    (tensor,) = evaluation.with_torch([node], tensors, {"n": len(SPREAD)}, torch.float64)
    (balls,) = evaluation.with_balls([node], given, {"n": len(SPREAD)})
    seen = 0
    for value, other, error, ball in zip(bounded.value, tensor.numpy(), bounded.error, balls, strict=True):
        exact = float(ball.mid())
        if not (ball.is_finite() and np.isfinite(exact) and np.isfinite(value)):
            continue
        seen += 1
        assert abs(value - exact) <= error + np.spacing(abs(exact)) / 2
        assert abs(other - exact) <= 16 * error + 1e-15  # torch's erfc loses digits far out
        assert error <= 1e-10 * max(1.0, abs(exact))
    assert seen >= 5


@pytest.mark.parametrize("z", [-800.0, -40.0, 40.0, 800.0, 1e4])
def test_sigmoid_and_softplus_stay_finite_for_large_arguments(z):
    u = Variable("u")
    nodes = [Elementwise(OPERATIONS[name], (u,)) for name in ("sigmoid", "softplus")]
    sigmoid, softplus = evaluation.with_numpy(nodes, {"u": z}, {})
    assert float(sigmoid) == pytest.approx(1.0 if z > 0 else 0.0)
    assert float(softplus) == pytest.approx(max(z, 0.0))


def test_float32_stays_float32():
    function, values, sizes = _all_nodes(MODELS[0])
    (value,) = evaluation.with_numpy([function.formula], values, sizes, np.float32)
    assert value.dtype == np.float32


ROWS = [
    (((), (0,)), ()),
    (((0,), ()), ()),
    (((), (0,)), (0,)),
    (((0,), (0,)), ()),
    (((0,), (0,)), (0,)),
    (((0, 1), (1,)), (0,)),
    (((0, 1), (0,)), (1,)),
    (((1,), (0, 1)), (0,)),
    (((0, 1), (1, 2)), (0, 2)),
    (((1, 0), (1, 2)), (0, 2)),
    (((0, 1), (2, 1)), (0, 2)),
    (((1, 0), (2, 1)), (0, 2)),
    (((0, 1), (1, 2)), (2, 0)),
    (((0, 1), (0, 1)), (0,)),
    (((0, 1), (0, 1)), ()),
    (((0, 1, 2), (1, 2)), (0,)),
    (((0,), (1,)), (0, 1)),
    (((0,), (1,)), (1, 0)),
    (((0, 0),), (0,)),
    (((0, 0),), ()),
    (((0, 1),), (1, 0)),
    (((0, 1),), (1,)),
    (((0,),), (1,)),
    (((), ()), (0,)),
    (((0,),), (0, 0)),
    (((0,),), (0, 1)),
    (((0,), (1,)), (0, 0, 1)),
    (((0, 1), (1, 2), (2, 0)), ()),
]


def _by_hand(arrays, inputs, output, extents):
    result = np.zeros([extents[index] for index in output])
    for place in np.ndindex(*extents):
        at = tuple(place[index] for index in output)
        repeated = any(place[output[i]] != p for i, p in enumerate(at))
        if not repeated:
            result[at] += np.prod(
                [array[tuple(place[i] for i in row)] for array, row in zip(arrays, inputs, strict=True)]
            )
    return result


@pytest.mark.parametrize(("inputs", "output"), ROWS, ids=str)
def test_every_contraction_is_the_sum_written_out(inputs, output):
    from gradlab.graph.backends import BallBackend, NumpyBackend, TorchBackend

    extents = (2, 3, 4)
    used = sorted({index for row in (*inputs, output) for index in row})
    arrays = [np.random.default_rng(n).normal(size=[extents[i] for i in row]) for n, row in enumerate(inputs)]
    expected = _by_hand(arrays, inputs, output, extents[: len(used)])
    numpy_value = NumpyBackend({}, {}).contract(arrays, inputs, output, extents)
    torch_value = TorchBackend({}, {}, torch.float64).contract(
        [torch.tensor(a) for a in arrays], inputs, output, extents
    )
    balls = BallBackend({"a": 1.0}, {})
    boxed = [balls.variable("a") * 0 + a.astype(object) if a.ndim else balls._box(float(a)) for a in arrays]
    ball_value = balls.contract(boxed, inputs, output, extents)
    np.testing.assert_allclose(numpy_value, expected, rtol=1e-13)
    np.testing.assert_allclose(torch_value.numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(np.vectorize(float, otypes=[float])(ball_value), expected, rtol=1e-13)
    # One more leading axis: many points at once.
    batched = [np.stack([arrays[0], 2 * arrays[0]]), *arrays[1:]]
    many = NumpyBackend({}, {}).contract(batched, inputs, output, extents)
    np.testing.assert_allclose(many, np.stack([expected, 2 * expected]), rtol=1e-13)


LARGE_ROWS = [
    "abcd,ebfcgd->eafg",  # a convolution: weights, windows
    "abcd,becf->aedf",
    "nfop,fckl->ncokpl",
    "nfop,ncokpl->fckl",
    "gfck,ngcok->ngfo",  # in groups
    "abcd,abed->ace",
    "abc,bca->",  # no matrix product, but large
    "abc,cd->ab",
]


@pytest.mark.parametrize("equation", LARGE_ROWS)
@pytest.mark.parametrize("leads", [(0, 0), (1, 0), (0, 1), (1, 1)], ids=str)
def test_large_contractions_are_einsteins_sums(equation, leads):
    from gradlab.graph.backends import NumpyBackend

    letters = sorted(set(equation) - set(",->"))
    sizes = {letter: 3 + place % 4 for place, letter in enumerate(letters)}
    left, _, output = equation.partition("->")
    rows = [tuple(map(letters.index, row)) for row in left.split(",")]
    extents = tuple(sizes[letter] for letter in letters)
    draw = np.random.default_rng(0)
    arrays = [
        draw.normal(size=[2] * lead + [sizes[letter] for letter in row])
        for lead, row in zip(leads, left.split(","), strict=True)
    ]
    found = NumpyBackend({}, {}).contract(arrays, rows, tuple(map(letters.index, output)), extents)
    first, second = ("..." + row for row in left.split(","))
    np.testing.assert_allclose(found, np.einsum(f"{first},{second}->...{output}", *arrays), rtol=1e-12, atol=1e-12)

import numpy as np
import pytest
import torch

from gradlab.errors import NoFormulaError, NotScalarError, PointError
from gradlab.graph import algebra, evaluation, jacobians, printing
from gradlab.graph.kinds import Constant, Contraction, Elementwise, Index, OneHot, Scatter, Softmax, Stack, Variable
from gradlab.graph.kinds.index import WHOLE
from gradlab.graph.nodes import Node, Pull, compute, pullback
from gradlab.graph.operations import DIVIDE
from gradlab.graph.rules import Rule
from gradlab.sources import as_function
from tests.models.model import drawn


def stacked(x):
    return torch.stack([x[0] ** 2 * x[1], torch.sin(x[1]), x[2]])


def layer(X, W, b):
    Z = X @ W + b
    return torch.tanh(Z)


def times_I(z, I):  # noqa: E741  # the name is what is tested
    return z * I


ARRAYS = {
    "matrix times vector": (lambda A, x: A @ x, {"A": (2, 3), "x": (3,)}),
    "matrix product": (lambda A, B: A @ B, {"A": (2, 3), "B": (3, 4)}),
    "square matrix product": (lambda A, B: A @ B.T, {"A": (3, 3), "B": (3, 3)}),
    "layer": (layer, {"X": (2, 3), "W": (3, 4), "b": (4,)}),
    "layer, equal sizes": (layer, {"X": (3, 3), "W": (3, 3), "b": (3,)}),
    "elementwise": (lambda x, y: x**3 * torch.exp(y) / (1 + x**2), {"x": (4,), "y": (4,)}),
    "softmax": (lambda z: torch.softmax(z, 0), {"z": (4,)}),
    "softmax of rows": (lambda Z: torch.softmax(Z, -1), {"Z": (2, 3)}),
    "softmax of columns": (lambda Z: torch.softmax(Z, 0), {"Z": (2, 3)}),
    "log-sum-exp of rows": (lambda Z: torch.logsumexp(Z, -1), {"Z": (2, 3)}),
    "outer": (lambda x, y: torch.outer(x, y), {"x": (2,), "y": (3,)}),
    "slices": (lambda x: x[1:] * x[:-1], {"x": (4,)}),
    "reversed": (lambda x: x[::2] ** 2, {"x": (5,)}),
    "stack of numbers": (stacked, {"x": (3,)}),
    "stack of rows": (lambda x: torch.stack([x, x**2, 3 * x]), {"x": (3,)}),
    "stack of columns": (lambda x: torch.stack([x, x**2], 1), {"x": (3,)}),
    "diagonal": (lambda A: torch.einsum("ii->i", A) ** 2, {"A": (3, 3)}),
    "transpose": (lambda A: A.T * 2, {"A": (2, 3)}),
    "mean of rows": (lambda A: A.mean(0), {"A": (2, 3)}),
    "number": (lambda x: (x**2).sum(), {"x": (3,)}),
    "number to number": (lambda x: torch.sin(x), {"x": ()}),
    "does not depend": (lambda x, y: x * 2 + 0 * y, {"x": (3,), "y": (3,)}),
    "batched product": (lambda A, B: A @ B, {"A": (2, 3, 2), "B": (2, 2, 2)}),
}


def _drawn(name):
    code, shapes = ARRAYS[name]
    return as_function(code, shapes=shapes), {key: drawn(*s, seed=i) for i, (key, s) in enumerate(shapes.items())}


@pytest.mark.parametrize("name", ARRAYS)
def test_jacobians_and_their_products_are_torchs(name):
    function, at = _drawn(name)
    for place, key in enumerate(at):
        tensors = [torch.tensor(value) for value in at.values()]

        def alone(value, place=place, tensors=tensors):
            return function.code(*tensors[:place], value, *tensors[place + 1 :])

        expected = torch.autograd.functional.jacobian(alone, tensors[place]).numpy()
        found = function.jacobian(key)
        assert found(at) == pytest.approx(expected, rel=1e-11, abs=1e-13)
        assert np.shape(found(at)) == expected.shape
        direction, left = drawn(*at[key].shape, seed=7), drawn(*np.shape(function(at)), seed=8)
        _, slope = torch.autograd.functional.jvp(alone, tensors[place], torch.tensor(direction))
        assert function.jvp(key)({**at, "v": direction}) == pytest.approx(slope.numpy(), rel=1e-11, abs=1e-13)
        _, pulled = torch.autograd.functional.vjp(alone, tensors[place], torch.tensor(left))
        assert function.vjp(key)({**at, "u": left}) == pytest.approx(pulled.numpy(), rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_jacobian_has_one_value_in_every_arithmetic(name):
    function, at = _drawn(name)
    for key in at:
        node = function.jacobian(key).formula
        assert node.axes == function.formula.axes + function.variables[key]
        sizes = function.sizes({key: np.asarray(value) for key, value in at.items()})
        (plain,) = evaluation.with_numpy([node], at, sizes)
        (tensor,) = evaluation.with_torch([node], {k: torch.tensor(v) for k, v in at.items()}, sizes, torch.float64)
        (balls,) = evaluation.with_balls([node], at, sizes)
        exact = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
        assert plain == pytest.approx(exact, rel=1e-12, abs=1e-14)
        assert tensor.numpy() == pytest.approx(exact, rel=1e-12, abs=1e-14)


X, Z = {"X": ("n", "d")}, {"z": ("n",)}
READ = {
    "linear map": (lambda A, x: A @ x, {"A": ("m", "n"), "x": ("n",)}, "x", "A", "A"),
    "softmax": (
        lambda z: torch.softmax(z, 0),
        Z,
        "z",
        "diag(softmax(z)) - softmax(z) softmax(z)^T",
        r"\operatorname{diag}\left(\operatorname{softmax}\left(z\right)\right) - "
        r"\operatorname{softmax}\left(z\right) \operatorname{softmax}\left(z\right)^{\top}",
    ),
    "elementwise": (
        lambda z: torch.tanh(z),
        Z,
        "z",
        "diag(1 - tanh(z)^⊙2)",
        r"\operatorname{diag}\left(1 - \tanh\left(z\right)^{\odot 2}\right)",
    ),
    "itself": (lambda z: z * 1, Z, "z", "I", "I"),
    "three times itself": (lambda z: 3 * z, Z, "z", "3 I", "3 I"),
    "a number times itself": (lambda z, c: c * z, {**Z, "c": ()}, "z", "c I", "c I"),
    "where I is a variable": (times_I, {**Z, "I": ()}, "z", "[[i=j] I]_ij", r"\left[[i=j] I\right]_{ij}"),
    "mean of the columns": (lambda X: X.mean(0), X, "X", "1/n [[i=k]]_ijk", r"\frac{1}{n} \left[[i=k]\right]_{ijk}"),
    "entries": (
        lambda x: torch.stack([x[0] ** 2 * x[1], torch.sin(x[1])]),
        {"x": (2,)},
        "x",
        "[[2 x_0 x_1, x_0²], [0, cos(x_1)]]",
        r"\left[\left[2 x_{0} x_{1}, x_{0}^{2}\right], \left[0, \cos\left(x_{1}\right)\right]\right]",
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_jacobian_reads_as_in_a_textbook(name):
    code, shapes, wrt, text, latex = READ[name]
    found = as_function(code, shapes=shapes).jacobian(wrt)
    assert (found.text(), found.latex()) == (text, latex)


def test_products_read_as_in_a_textbook():
    function = as_function(lambda A, x: torch.sin(A @ x), shapes={"A": ("m", "n"), "x": ("n",)})
    assert function.jvp("x").text() == "(A v) ⊙ cos(A x)"
    assert function.vjp("x").text() == "A^T (u ⊙ cos(A x))"
    assert as_function("x^3").jvp().text() == "3 v x²"
    assert as_function("x^3").hvp().text() == "6 v x"
    squares = as_function(lambda X, w, y: ((X @ w - y) ** 2).sum(), shapes={"X": ("n", "d"), "w": ("d",), "y": ("n",)})
    assert squares.hvp("w").text() == "2 X^T X v"
    assert squares.hvp("w", vector="p").variables["p"] == ("d",)


def test_a_vector_needs_a_name_of_its_own():
    with pytest.raises(PointError, match="uses the name v already"):
        as_function("x v").hvp("x")
    assert as_function("x^2 v").hvp("x", vector="p").text() == "2 p v"


def test_one_variable_at_a_time():
    with pytest.raises(PointError, match="say which one"):
        as_function("x y").jacobian()
    with pytest.raises(PointError, match="wrt names q"):
        as_function("x y").jacobian("q")


def test_a_hessian_of_a_vector_is_refused():
    with pytest.raises(NotScalarError, match="has shape"):
        as_function(lambda x: x**2, shapes={"x": ("n",)}).hvp()


class Tripled(Node):
    """A kind that can be differentiated, but not done for many values at once."""

    __slots__ = ()

    def __init__(self, operand):
        self.operands, self.axes = (operand,), operand.axes


pullback.register(Tripled)(
    lambda node, delta, wanted, output: [Pull(Rule("tripling", "d 3u = 3 du"), None, Tripled(delta))]
)
compute.register(Tripled)(lambda node, arguments, backend: arguments[0] * 3)


def test_a_kind_that_cannot_be_batched_is_named():
    x = Variable("x", ("n",))
    with pytest.raises(NoFormulaError, match=r"no second derivative through Tripled yet.*hvp"):
        jacobians.jacobian(Tripled(x), x)
    product = jacobians.jacobian_vector(Tripled(x), x, Variable("v", ("n",)))
    assert evaluation.with_numpy([product], {"v": np.ones(2)}, {"n": 2})[0].tolist() == [3, 3]


# What is done for many values at once ----------------------------------------------------------------

A, B, V = Variable("A", (2, 3)), Variable("B", (3,)), Variable("c", (2,))
MANY = {
    "elementwise": Elementwise(DIVIDE, (A, A)),
    "divided": Elementwise(DIVIDE, (A, algebra.raised(A, 2))),
    "contraction": Contraction((A, B), ((0, 1), (1,)), (1, 0), (2, 3)),
    "linear": algebra.add(algebra.scale_by(2, A), algebra.number(1, (2, 3))),
    "index": Index(A, (1, (0, 2, None))),
    "scatter": Scatter(A, (WHOLE, 1, WHOLE), (2, 4, 3)),
    "softmax": Softmax(A, 0),
    "stack": Stack((A, algebra.number(0, (2, 3))), 1),
    "one-hot": OneHot(V, 4),
}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("leading", [("A", "c"), ("A", "B", "c")], ids=["some", "all"])
def test_a_kind_done_for_many_values_is_done_for_each(name, leading):
    node = MANY[name]
    batch = (2, 3)
    drawing = np.random.default_rng(0)
    values = {"A": drawing.normal(size=(2, 3)), "B": drawing.normal(size=3), "c": np.array([0.0, 2.0])}
    many = {key: np.stack([[values[key] * 1] * 3] * 2) for key in leading}
    for key, scale in (("A", 0.25), ("B", 0.5)):
        if key in many:
            many[key] = many[key] + scale * drawing.normal(size=many[key].shape)
    renamed = {key: Variable(f"{key}s", batch + values[key].shape) for key in leading}

    def raised(part):
        """Return *part* on the values that there are many of, and whether it depends on them."""
        if isinstance(part, Variable):
            return (renamed[part.name], True) if part.name in renamed else (part, False)
        below = [raised(operand) for operand in part.operands]
        lead = tuple(flag for _, flag in below)
        return (part.batched(tuple(new for new, _ in below), lead, batch), True) if any(lead) else (part, False)

    found, _ = raised(node)
    assert found.axes == batch + node.axes
    (together,) = evaluation.with_numpy([found], {**values, **{f"{key}s": many[key] for key in many}}, {})
    for place in np.ndindex(batch):
        (single,) = evaluation.with_numpy([node], {**values, **{key: many[key][place] for key in many}}, {})
        assert together[place] == pytest.approx(single, rel=1e-14)


# The identity ----------------------------------------------------------------------------------------


def test_the_identity_is_absorbed_by_what_it_meets():
    identity = algebra.identity(("n",))
    assert printing.text(identity) == "I"
    x, M = Variable("x", ("n",)), Variable("M", ("n", "n"))
    assert algebra.contract([identity, x], [(0, 1), (1,)], (0,), ("n", "n")) is x
    assert algebra.contract([M, identity], [(0, 1), (1, 2)], (0, 2), ("n",) * 3) is M
    assert algebra.contract([identity, M], [(0, 1), (1, 2)], (0, 2), ("n",) * 3) is M
    diagonal = algebra.contract([identity, x], [(0, 1), (1,)], (0, 1), ("n", "n"))
    assert printing.text(diagonal) == "diag(x)"
    assert printing.text(algebra.contract([diagonal, diagonal], [(0, 1), (1, 2)], (0, 2), ("n",) * 3)) == "diag(x ⊙ x)"
    assert algebra.contract([diagonal], [(0, 1)], (0,), ("n", "n")) is x
    assert printing.text(algebra.contract([diagonal], [(0, 0)], (), ("n",))) == "sum_i x_i"


def test_the_trace_of_the_identity_is_its_size():
    trace = algebra.contract([algebra.identity(("n",))], [(0, 0)], (), ("n",))
    assert isinstance(trace, Constant)
    assert printing.text(trace) == "n"
    total = algebra.contract([algebra.identity(("n",))], [(0, 1)], (), ("n", "n"))
    assert printing.text(total) == "n"


def test_a_long_chain_has_a_small_jacobian():
    def chain(x):
        for _ in range(200):
            x = torch.sin(x)
        return x

    from gradlab.graph.nodes import topological

    found = jacobians.jacobian(as_function(chain, shapes={"x": ("n",)}).formula, Variable("x", ("n",)))
    assert len(topological([found])) < 1_500

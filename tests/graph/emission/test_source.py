import re
import textwrap

import numpy as np
import pytest
import torch

from gradlab.errors import GradlabError
from gradlab.graph import operations
from gradlab.graph.emission import source
from gradlab.graph.function import Function
from gradlab.graph.kinds import Elementwise, Variable
from gradlab.graph.operations import RELU, SIN
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.models import MODELS as ALL_MODELS
from tests.models.first_course import attention, logistic, quadratic, tanh_network

MODELS = [model for model in ALL_MODELS if not at_point(model.source, model.at)[0].guards]


def run(text, name, values, convert):
    """Return what the text returns in a namespace that holds nothing else."""
    namespace = {}
    exec(text, namespace)  # noqa: S102  # the source under test, run as a reader would run it
    value, partials = namespace[f"{name}_and_gradient"](*map(convert, values))
    return float(value), {name: np.asarray(partial) for name, partial in partials.items()}


FOUND = [
    *operations.OPERATIONS.values(),
    *(o for o in vars(operations).values() if isinstance(o, operations.Operation)),
]

CONVERTED = {
    "numpy": lambda array: float(array) if np.ndim(array) == 0 else np.array(array),
    "torch": lambda array: torch.tensor(np.array(array)),
}


@pytest.mark.parametrize("backend", CONVERTED)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_source_runs_alone_and_agrees_with_the_graph(model, backend):
    function, point = at_point(model.source, model.at)
    derivation = derive(function)
    expected = derivation.at(point)
    values = [*point.values(), *function.data.values()]
    value, partials = run(derivation.source(backend), function.name, values, CONVERTED[backend])
    assert value == pytest.approx(expected.value, rel=1e-12, abs=1e-14)
    assert list(partials) == list(expected.partials)
    for name, partial in expected.partials.items():
        assert partials[name].shape == partial.shape
        np.testing.assert_allclose(partials[name], partial, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_torch_source_keeps_the_dtype(model):
    function, point = at_point(model.source, model.at)
    namespace = {}
    exec(derive(function).source("torch"), namespace)  # noqa: S102  # as above
    values = [
        torch.tensor(np.array(array), dtype=torch.float32) for array in [*point.values(), *function.data.values()]
    ]
    _, partials = namespace[f"{function.name}_and_gradient"](*values)
    assert all(partial.dtype == torch.float32 for partial in partials.values() if isinstance(partial, torch.Tensor))


def golden(text):
    return textwrap.dedent(text).lstrip()


def test_the_fit_reads_as_a_person_would_write_it():
    def loss(params, t, y):
        preds = quadratic(t, params)
        return ((preds - y) ** 2).mean()

    function = as_function(loss, shapes={"params": (3,), "t": ("n",), "y": ("n",)})
    assert derive(function, "params").source() == golden('''
        import numpy as np


        def loss_and_gradient(params, t, y):
            """Return loss and its partial derivatives by name.

            Shapes: params (3,), t (n,), y (n,).
            """
            n = t.shape[0]
            a, b, c = params
            square_t = t**2
            preds = a * square_t + b * t + c
            difference = preds - y
            value = difference @ difference / n
            delta_preds = 2 / n * difference
            return value, {"params": np.array([delta_preds @ square_t, delta_preds @ t, delta_preds.sum()])}
        ''')


def test_logistic_regression_reads_as_a_person_would_write_it():
    function = as_function(logistic, shapes={"X": ("n", "d"), "w": ("d",), "b": (), "y": ("n",)})
    assert derive(function, ["w", "b"]).source() == golden('''
        import numpy as np


        def sigmoid(u):
            decayed = np.exp(-np.abs(u))  # never overflows
            return np.where(u >= 0, 1.0, decayed) / (1.0 + decayed)


        def logistic_and_gradient(X, w, b, y):
            """Return logistic and its partial derivatives by name.

            Shapes: X (n, d), w (d,), y (n,).
            """
            n = X.shape[0]
            z = X @ w + b
            value = (np.logaddexp(0, z) - y * z).sum() / n
            delta_z = (sigmoid(z) - y) / n
            return value, {"w": X.T @ delta_z, "b": delta_z.sum()}
        ''')


@pytest.mark.parametrize(("backend", "module", "axis"), [("numpy", "np", "axis"), ("torch", "torch", "dim")])
def test_the_tanh_network_reads_as_a_person_would_write_it(backend, module, axis):
    shapes = {"X": ("n", "d"), "W1": ("d", "h"), "b1": ("h",), "w2": ("h",), "y": ("n",)}
    function = as_function(tanh_network, shapes=shapes)
    assert derive(function, ["W1", "b1", "w2"]).source(backend) == golden(f'''
        import {"numpy as np" if backend == "numpy" else "torch"}


        def tanh_network_and_gradient(X, W1, b1, w2, y):
            """Return tanh_network and its partial derivatives by name.

            Shapes: X (n, d), W1 (d, h), b1 (h,), w2 (h,), y (n,).
            """
            n = X.shape[0]
            Z = X @ W1 + b1
            H = {module}.tanh(Z)
            o = H @ w2
            difference = o - y
            value = difference @ difference / n
            delta_o = 2 / n * difference
            delta_H = {module}.outer(delta_o, w2)
            delta_Z = delta_H * (1 - H**2)
            return value, {{"W1": X.T @ delta_Z, "b1": delta_Z.sum({axis}=0), "w2": H.T @ delta_o}}
        ''')


def test_attention_needs_no_einsum():
    shapes = {"X": ("n", "d"), "Wq": ("d", "k"), "Wk": ("d", "k"), "Wv": ("d", "v")}
    text = derive(as_function(attention, shapes=shapes)).source()
    assert re.search(r"delta_K = \(?\w+\.T @ Q", text)
    assert "einsum" not in text
    assert text.count("softmax(") == 2  # its definition, and one call


def test_names_that_python_has_not_are_replaced():
    x, y = Variable("layer.weight", ()), Variable("lambda", ())
    function = as_function("x y").with_output(Elementwise(SIN, (x,)))
    function = type(function)("loss", {"layer.weight": (), "lambda": ()}, Elementwise(SIN, (x,)))
    text = source(function, {"layer.weight": x, "lambda": y})
    assert "def loss_and_gradient(layer_weight, lambda_):" in text
    assert 'return value, {"layer.weight": layer_weight, "lambda": lambda_}' in text


def test_a_greek_letter_is_spelled():
    assert "def f_and_gradient(tau, y):" in derive("τ y").source()


def test_names_that_the_code_gives_twice_stay_apart():
    def loss(x):
        x = x / 2
        x = np.sin(x)
        return (x * x).sum()

    text = derive(as_function(loss, shapes={"x": ("n",)})).source()
    value, partials = run(text, "loss", [np.array([0.3, -2.0])], CONVERTED["numpy"])
    assert value == pytest.approx(np.sin(0.15) ** 2 + np.sin(1.0) ** 2, rel=1e-14)
    np.testing.assert_allclose(partials["x"], [0.5 * np.sin(0.3), -0.5 * np.sin(2.0)], rtol=1e-14)


def test_a_long_chain_is_no_deep_expression():
    def loss(x):
        for _ in range(300):
            x = np.sin(x) + 1
        return x

    derivation = derive(loss)
    text = derivation.source()
    assert max(map(len, text.splitlines())) < 120
    value, partials = run(text, "loss", [0.5], CONVERTED["numpy"])
    expected = derivation.at(0.5)
    assert value == pytest.approx(expected.value, rel=1e-12)
    assert partials["x"] == pytest.approx(expected.partials["x"], rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("logit", [40.0, -40.0, -800.0, 1e4])
@pytest.mark.parametrize("backend", CONVERTED)
def test_the_source_is_stable_for_large_logits(logit, backend):
    def loss(z, y):
        return torch.nn.functional.binary_cross_entropy_with_logits(z, y)

    point = {"z": np.array([logit, 0.5]), "y": np.array([0.0, 1.0])}
    function, point = at_point(loss, point)
    expected = derive(function).at(point)
    value, partials = run(derive(function).source(backend), "loss", point.values(), CONVERTED[backend])
    assert value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(partials["z"], expected.partials["z"], rtol=1e-12)


def test_softmax_and_its_logarithmic_sum_share_their_exponentials():
    labels = torch.tensor([0, 3, 1])
    function, point = at_point(lambda Z: torch.nn.functional.cross_entropy(Z, labels), np.ones((3, 4)) * 1e4)
    text = derive(function).source()
    assert text.count("np.exp") == 1
    value, partials = run(text, "f", [*point.values(), *function.data.values()], CONVERTED["numpy"])
    assert value == pytest.approx(np.log(4), rel=1e-12)
    np.testing.assert_allclose(partials["Z"].sum(), 0, atol=1e-15)


def test_an_unknown_library_is_refused():
    with pytest.raises(ValueError, match="no source for 'jax'"):
        derive("x").source("jax")


@pytest.mark.parametrize("backend", CONVERTED)
@pytest.mark.parametrize("operation", sorted(set(FOUND), key=lambda operation: operation.name), ids=lambda o: o.name)
def test_every_operation_is_written(operation, backend):
    arguments = [np.array([value, 1.1 - value]) for value in (0.3, 0.7, 0.9)[: operation.arity]]
    variables = dict.fromkeys("abc"[: operation.arity], ("n",))
    node = Elementwise(operation, tuple(Variable(letter, ("n",)) for letter in variables))
    function = Function("f", variables, node)
    namespace = {}
    exec(source(function, {}, backend), namespace)  # noqa: S102  # as above
    with np.errstate(invalid="ignore"):
        value, _ = namespace["f_and_gradient"](*map(CONVERTED[backend], arguments))
        expected = operation.numpy(np, *arguments)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)


def test_what_reads_values_is_refused_with_its_name():
    operation = type(RELU)(
        **{**{name: getattr(RELU, name) for name in RELU.__dataclass_fields__}, "name": "odd", "numpy": _odd}
    )
    function = as_function("x").with_output(Elementwise(operation, (Variable("x", ()),)))
    with pytest.raises(GradlabError, match="odd cannot be written as numpy source"):
        source(function, {})


def _odd(np, u):
    return np.sin(u) if u > 0 else u


def clipped(x):
    norm = torch.norm(x)
    return (x / norm).sum() if norm > 1 else x.sum()


def test_a_function_that_decides_is_not_compiled():
    function, _ = at_point(clipped, {"x": np.array([0.3, 0.4])})
    with pytest.raises(GradlabError, match="was derived for norm ≤ 1"):
        derive(function).compile()

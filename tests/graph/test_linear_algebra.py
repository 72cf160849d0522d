import numpy as np
import pytest
import torch

from gradlab.graph import algebra, bounds, evaluation, printing
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import (
    Cholesky,
    Contraction,
    Determinant,
    DeterminantSign,
    Inverse,
    LogDeterminant,
    Norm,
    Solve,
    Triangle,
    Variable,
)
from gradlab.graph.kinds.contraction import contraction

SIZES = {"n": 3, "m": 2, "k": 4, "p": 5}
A, B, b = Variable("A", ("n", "n")), Variable("B", ("n", "k")), Variable("b", ("n",))
AA, BB, bb = Variable("A", ("m", "n", "n")), Variable("B", ("m", "n", "k")), Variable("b", ("m", "n"))


def _drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def _definite(array):
    return array @ array.swapaxes(-1, -2) + 3 * np.eye(array.shape[-1])


NODES = {
    "inverse": (Inverse(A), torch.linalg.inv),
    "inverses": (Inverse(AA), torch.linalg.inv),
    "vector": (Solve(A, b, True), torch.linalg.solve),
    "matrix": (Solve(A, B, False), torch.linalg.solve),
    "vectors": (Solve(AA, bb, True), torch.linalg.solve),
    "matrices": (Solve(AA, BB, False), torch.linalg.solve),
    "one matrix, many right sides": (Solve(A, BB, False), torch.linalg.solve),
    "one matrix, many vectors": (Solve(A, bb, True), lambda A, b: torch.linalg.solve(A, b.mT).mT),
    "determinant": (Determinant(A), torch.linalg.det),
    "determinants": (Determinant(AA), torch.linalg.det),
    "log determinant": (LogDeterminant(A, True), lambda A: torch.linalg.slogdet(A).logabsdet),
    "log determinants": (LogDeterminant(AA, True), lambda A: torch.linalg.slogdet(A).logabsdet),
    "sign": (DeterminantSign(AA), lambda A: torch.linalg.slogdet(A).sign),
    "lower": (Triangle(B, 1, False), lambda B: torch.tril(B, 1)),
    "upper": (Triangle(BB, -1, True), lambda B: torch.triu(B, -1)),
    "norm": (Norm(B, (0, 1)), torch.norm),
    "norms": (Norm(BB, (1,)), lambda B: torch.linalg.vector_norm(B, dim=1)),
}


def _values(node):
    axes = {leaf.name: leaf.axes for leaf in node.operands}
    return {name: _drawn(*(SIZES[size] for size in own), seed=len(own)) for name, own in axes.items()}


@pytest.mark.parametrize("name", NODES)
def test_value_and_gradient_are_torchs(name):
    node, function = NODES[name]
    values = _values(node)
    weights = _drawn(*(SIZES[size] for size in node.axes), seed=7)
    found = sweep(node, node.operands, Variable("W", node.axes))
    plain = evaluation.with_numpy([node, *map(found.gradient, node.operands)], {**values, "W": weights}, SIZES)
    leaves = {key: torch.tensor(value, requires_grad=True) for key, value in values.items()}
    value = function(*leaves.values())
    np.testing.assert_allclose(plain[0], value.detach(), rtol=1e-12, atol=1e-14)
    expected = torch.autograd.grad((value * torch.tensor(weights)).sum(), list(leaves.values()), allow_unused=True)
    for own, other in zip(plain[1:], expected, strict=True):
        np.testing.assert_allclose(own, other if other is not None else 0, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("axes", [("n", "n"), ("m", "n", "n")])
def test_the_gradient_of_a_cholesky_factor_is_torchs(axes):
    S = Variable("S", axes)
    value = _definite(_drawn(*(SIZES[size] for size in axes)))
    weights = _drawn(*value.shape, seed=3)
    gradient = sweep(Cholesky(S), [S], Variable("W", axes)).gradient(S)
    (found,) = evaluation.with_numpy([gradient], {"S": value, "W": weights}, SIZES)
    leaf = torch.tensor(value, requires_grad=True)
    (torch.linalg.cholesky(leaf) * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(found, leaf.grad, rtol=1e-12, atol=1e-14)


EVERYWHERE = {**{name: node for name, (node, _) in NODES.items()}, "Cholesky factors": Cholesky(AA)}


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_arithmetic_gives_the_same_within_the_bound(name):
    node = EVERYWHERE[name]
    values = _values(node)
    if isinstance(node, Cholesky):
        values = {"A": _definite(values["A"])}
    (plain,) = evaluation.with_numpy([node], values, SIZES)
    (tensor,) = evaluation.with_torch([node], {k: torch.tensor(v) for k, v in values.items()}, SIZES, torch.float64)
    (balls,) = evaluation.with_balls([node], values, SIZES, 256)
    (bounded,) = bounds.with_bounds([node], values, SIZES)
    exact = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
    assert (np.abs(plain - exact) <= bounded.error + np.spacing(np.abs(exact))).all()
    assert (np.abs(tensor.numpy() - exact) <= 16 * bounded.error + np.spacing(np.abs(exact))).all()
    assert (bounded.error <= 1e-11).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_bounds_hold_for_matrices_that_are_nearly_singular(seed):
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(4, 4))
    matrix[3] = matrix[:3].sum(axis=0) + 10.0 ** draw.integers(-9, -2) * matrix[3]
    matrix *= 10.0 ** draw.integers(-3, 4, size=(4, 1))
    values = {"A": matrix, "B": draw.normal(size=(4, 2)), "b": draw.normal(size=4)}
    nodes = [
        Inverse(A),
        Solve(A, B, False),
        Determinant(A),
        LogDeterminant(A, True),
        Solve(Triangle(A, 0, True), b, True),
    ]
    sizes = {"n": 4, "k": 2}
    pairs = bounds.with_bounds(nodes, values, sizes)
    for pair, balls in zip(pairs, evaluation.with_balls(nodes, values, sizes, 400), strict=True):
        exact = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
        assert (np.abs(pair.value - exact) <= pair.error + np.spacing(np.abs(exact))).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_bounds_of_a_cholesky_factor_hold(seed):
    factor = np.random.default_rng(seed).normal(size=(4, 2))
    values = {"A": factor @ factor.T + 10.0 ** (-4 - seed) * np.eye(4)}
    (pair,), (balls,) = (
        evaluate([Cholesky(A)], values, {"n": 4}) for evaluate in (bounds.with_bounds, evaluation.with_balls)
    )
    exact = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
    assert (np.abs(pair.value - exact) <= pair.error + np.spacing(np.abs(exact))).all()
    assert pair.error.max() < 1e-3


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
REGULAR = np.array([[1.0, 2.0], [3.0, 5.0]])
ZERO = np.zeros((2, 2))


@pytest.mark.parametrize("bad", [SINGULAR, SINGULAR.T, ZERO, np.array([[0.0, 1.0], [0.0, 1.0]]), -REGULAR * np.inf])
@pytest.mark.parametrize("kind", ["inverse", "solve", "Cholesky"])
def test_one_matrix_without_an_answer_spoils_no_other(kind, bad):
    node = {"inverse": Inverse(A), "solve": Solve(A, B, False), "Cholesky": Cholesky(A)}[kind]
    good = _definite(REGULAR)
    values = {"A": np.stack([good, bad, 2 * good]), "B": np.ones((2, 3))}
    sizes = {"n": 2, "k": 3}
    tensors = {name: torch.tensor(value) for name, value in values.items()}
    (plain,) = evaluation.with_numpy([node], values, sizes)
    (tensor,) = evaluation.with_torch([node], tensors, sizes, torch.float64)
    assert not np.isfinite(plain[1]).all()
    assert not np.isfinite(tensor[1].numpy()).all()
    if not np.isfinite(bad).all():
        return
    (balls,) = evaluation.with_balls([node], values, sizes)
    middle = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
    for place, single in ((0, good), (2, 2 * good)):
        (alone,) = evaluation.with_numpy([node], {**values, "A": single}, sizes)
        for array in (plain, tensor.numpy(), middle):
            np.testing.assert_allclose(array[place], alone, rtol=1e-14)
    assert not all(ball.is_finite() for ball in balls[1].flat)


@pytest.mark.parametrize("seed", range(30))
def test_a_singular_matrix_of_whole_numbers_never_raises(seed):
    draw = np.random.default_rng(seed)
    left, right = draw.integers(-3, 4, size=(6, 5, 2)), draw.integers(-3, 4, size=(6, 2, 5))
    values = {"A": (left @ right).astype(float), "B": np.ones((5, 1))}
    evaluation.with_numpy([Inverse(A), Solve(A, B, False), LogDeterminant(A, False)], values, {"n": 5, "k": 1})


def test_the_logarithm_of_a_negative_determinant_has_a_value_only_as_absolute():
    values = {"A": np.array([[0.0, 2.0], [1.0, 0.0]])}
    signed, absolute, sign = evaluation.with_numpy(
        [LogDeterminant(A, False), LogDeterminant(A, True), DeterminantSign(A)], values, {"n": 2}
    )
    assert np.isnan(signed)
    assert absolute == pytest.approx(np.log(2))
    assert sign == -1


def test_the_sign_of_a_determinant_that_underflows():
    values = {"A": -1e-3 * np.eye(121)}
    sign, whole, log = evaluation.with_numpy(
        [DeterminantSign(A), Determinant(A), LogDeterminant(A, True)], values, {"n": 121}
    )
    assert (sign, whole) == (-1, 0)
    assert log == pytest.approx(121 * np.log(1e-3))


BATCHED = [
    (Inverse(A), (True,)),
    (Solve(A, B, False), (True, False)),
    (Solve(A, B, False), (False, True)),
    (Solve(A, bb, True), (True, True)),
    (Solve(A, BB, False), (True, False)),
    (Determinant(A), (True,)),
    (DeterminantSign(AA), (True,)),
    (LogDeterminant(A, True), (True,)),
    (Cholesky(AA), (True,)),
    (Triangle(B, 1, True), (True,)),
    (Norm(BB, (0, 2)), (True,)),
]


@pytest.mark.parametrize(("node", "lead"), BATCHED, ids=lambda value: str(value)[:30])
def test_done_for_many_values_at_once_is_done_for_each(node, lead):
    values, wide = {}, []
    for leaf, many in zip(node.operands, lead, strict=True):
        axes = ("p", *leaf.axes) if many else leaf.axes
        values[leaf.name] = _drawn(*(SIZES[size] for size in axes), seed=len(axes))
        if isinstance(node, Cholesky):
            values[leaf.name] = _definite(values[leaf.name])
        wide.append(Variable(leaf.name, axes))
    together = node.batched(tuple(wide), lead, ("p",))
    assert together.axes == ("p", *node.axes)
    (found,) = evaluation.with_numpy([together], values, SIZES)
    for place in range(SIZES["p"]):
        own = {
            leaf.name: values[leaf.name][place] if many else values[leaf.name]
            for leaf, many in zip(node.operands, lead, strict=True)
        }
        (single,) = evaluation.with_numpy([node], own, SIZES)
        np.testing.assert_allclose(found[place], single, rtol=1e-12)


def test_many_points_of_a_system_whose_right_side_has_more_axes():
    values = {"A": _drawn(5, 3, 3), "B": _drawn(2, 3, 4)}
    (found,) = evaluation.with_numpy([Solve(A, BB, False)], values, SIZES)
    assert found.shape == (5, 2, 3, 4)
    np.testing.assert_allclose(found[4, 1], np.linalg.solve(values["A"][4], values["B"][1]), rtol=1e-12)


# Tidying -------------------------------------------------------------------------------------------

IDENTITY = Contraction((algebra.number(1),), ((),), (0, 0), ("n",))


def test_the_inverse_of_an_inverse_is_what_was_inverted():
    assert algebra.inverse(algebra.inverse(A)) is A
    assert algebra.inverse(algebra.transposed(A)) is algebra.transposed(Inverse(A))


def test_the_identity_vanishes_in_products():
    assert algebra.contract([IDENTITY, A], [(0, 1), (1, 2)], (0, 2), ("n",) * 3) is A
    assert algebra.contract([A, IDENTITY], [(0, 1), (1, 2)], (0, 2), ("n",) * 3) is A
    assert algebra.contract([IDENTITY, A], [(1, 0), (1, 2)], (2, 0), ("n",) * 3) is algebra.transposed(A)
    assert algebra.contract([IDENTITY, IDENTITY], [(0, 1), (1, 2)], (0, 2), ("n",) * 3) is IDENTITY
    assert printing.text(algebra.contract([IDENTITY, A], [(0, 1), (0, 1)], (), ("n", "n"))) == "tr(A)"
    assert printing.text(algebra.contract([IDENTITY], [(0, 1)], (), ("n", "n"))) == "n"


@pytest.mark.parametrize("seed", range(40))
def test_contractions_with_diagonals_and_inverses_keep_their_value(seed):
    draw = np.random.default_rng(seed)
    operands = [(A, 2), (Inverse(A), 2), (IDENTITY, 2), (contraction([b], ["i"], "ii"), 2), (b, 1)]
    chosen = [operands[0], operands[1], *(operands[place] for place in draw.integers(0, 5, size=2))]
    rows = [tuple(int(index) for index in draw.integers(0, 4, size=rank)) for _, rank in chosen]
    rows[1] = (rows[0][1], rows[1][1]) if seed % 2 else (rows[1][0], rows[0][0])
    present = sorted({index for row in rows for index in row})
    output = tuple(int(index) for index in draw.permutation(present)[: draw.integers(0, 3)])
    values = {"A": _drawn(3, 3) + 2 * np.eye(3), "b": _drawn(3)}
    made = algebra.contract([operand for operand, _ in chosen], rows, output, ("n",) * 4)
    (found,) = evaluation.with_numpy([made], values, SIZES)
    arrays = evaluation.with_numpy([operand for operand, _ in chosen], values, SIZES)
    left = ",".join("".join("ijkl"[index] for index in row) for row in rows)
    expected = np.einsum(f"{left}->{''.join('ijkl'[index] for index in output)}", *arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_an_inverse_beside_its_matrix_is_the_identity():
    def times(first, second):
        return algebra.contract([first, second], [(0, 1), (1, 2)], (0, 2), ("n",) * 3)

    assert times(A, Inverse(A)) is IDENTITY
    assert times(algebra.transposed(Inverse(A)), algebra.transposed(A)) is IDENTITY
    assert times(algebra.transposed(Inverse(A)), A) is not IDENTITY


# Printing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "text", "latex"),
    [
        (Inverse(A), "A^-1", "A^{-1}"),
        (algebra.transposed(Inverse(A)), "A^-T", r"A^{-\top}"),
        (Inverse(algebra.transposed(A)), "A^-T", r"A^{-\top}"),
        (algebra.transposed(algebra.transposed(Inverse(A))), "A^-1", "A^{-1}"),
        (Inverse(algebra.add(A, IDENTITY)), "(A + I)^-1", r"\left(A + I\right)^{-1}"),
        (Solve(A, b, True), "A^-1 b", "A^{-1} b"),
        (algebra.transposed(Solve(A, B, False)), "B^T A^-T", r"B^{\top} A^{-\top}"),
        (Solve(A, algebra.add(b, algebra.scale_by(2, b)), True), "A^-1·3 b", r"A^{-1} \cdot 3 b"),
        (Determinant(A), "det A", r"\det A"),
        (Determinant(Inverse(A)), "det A^-1", r"\det A^{-1}"),
        (Determinant(algebra.add(A, IDENTITY)), "det(A + I)", r"\det \left(A + I\right)"),
        (LogDeterminant(A, False), "log det A", r"\log \det A"),
        (LogDeterminant(A, True), "log |det A|", r"\log \left|\det A\right|"),
        (DeterminantSign(A), "sign(det A)", r"\operatorname{sign}\left(\det A\right)"),
        (Cholesky(A), "chol(A)", r"\operatorname{chol}\left(A\right)"),
        (Triangle(A, 0, False), "tril(A)", r"\operatorname{tril}\left(A\right)"),
        (Triangle(A, -1, True), "triu(A, -1)", r"\operatorname{triu}\left(A, -1\right)"),
        (Norm(B, (0, 1)), "‖B‖_F", r"\left\lVert B\right\rVert_{F}"),
        (Norm(B, (1,)), "norm(B, axis=1)", r"\operatorname{norm}\left(B, axis=1\right)"),
        (contraction([A], ["ii"], ""), "tr(A)", r"\operatorname{tr}\left(A\right)"),
        (contraction([A], ["ii"], "i"), "diag(A)", r"\operatorname{diag}\left(A\right)"),
        (contraction([b], ["i"], "ii"), "diag(b)", r"\operatorname{diag}\left(b\right)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_written_as_in_a_textbook(node, text, latex):
    assert printing.text(node, form="matrix") == text
    assert printing.latex(node, form="matrix") == latex


def test_components():
    assert printing.text(Triangle(A, 1, False), form="index") == "[j≤i+1] A_ij"
    assert printing.text(Inverse(A), form="index") == "[A^-1]_ij"
    assert printing.text(Norm(B, (1,)), form="index") == "sqrt(sum_j B_ij²)"
    assert printing.text(Norm(b, (0,)), form="index") == "‖b‖"

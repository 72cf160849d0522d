import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.graph import bounds, evaluation
from gradlab.graph.kinds import Concatenate, Overlapped, Reshape, Scatter, Variable, Windows
from gradlab.graph.kinds.index import affine
from gradlab.graph.kinds.reshape import grouped, reshaped
from gradlab.graph.printing import latex, text
from gradlab.sources import at_point
from gradlab.symbolic import derive

X = Variable("x", (9,))
CASES = [(1, 1, 1), (3, 1, 1), (3, 2, 1), (2, 3, 1), (3, 3, 1), (2, 1, 4), (3, 2, 3), (9, 1, 1), (2, 4, 1)]


@pytest.mark.parametrize(("length", "stride", "dilation"), CASES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_window_holds_the_entries_that_it_says(axis, length, stride, dilation):
    shape = [2, 3, 2]
    shape[axis] = 9
    array = np.random.default_rng(0).normal(size=shape)
    node = Windows(Variable("x", tuple(shape)), axis, length, stride, dilation)
    (found,) = evaluation.with_numpy([node], {"x": array}, {})
    moved, entries = np.moveaxis(found, (axis, axis + 1), (0, 1)), np.moveaxis(array, axis, 0)
    assert moved.shape[0] == len(range(0, 9 - (length - 1) * dilation, stride))
    for position in range(moved.shape[0]):
        for offset in range(length):
            assert (moved[position, offset] == entries[position * stride + offset * dilation]).all()


@pytest.mark.parametrize(("length", "stride", "dilation"), CASES)
def test_overlapping_is_the_adjoint_of_windows_in_every_arithmetic(length, stride, dilation):
    node = Windows(X, 0, length, stride, dilation)
    back = Overlapped(Variable("u", node.axes), 0, 9, stride, dilation)
    draw = np.random.default_rng(0)
    values = {"x": draw.normal(size=(9,)), "u": draw.normal(size=node.axes)}
    windows, added = evaluation.with_numpy([node, back], values, {})
    assert (windows * values["u"]).sum() == pytest.approx((values["x"] * added).sum(), rel=1e-13)
    tensors = {name: torch.tensor(value) for name, value in values.items()}
    for found, known in zip(
        evaluation.with_torch([node, back], tensors, {}, torch.float64), (windows, added), strict=True
    ):
        np.testing.assert_allclose(found.numpy(), known, rtol=1e-14)
    many = {"x": np.stack([values["x"], 2 * values["x"]]), "u": np.stack([values["u"], 2 * values["u"]])}
    for found, known in zip(evaluation.with_numpy([node, back], many, {}), (windows, added), strict=True):
        np.testing.assert_allclose(found, np.stack([known, 2 * known]), rtol=1e-14)


def test_the_error_bound_of_overlapping_windows_holds():
    node = Overlapped(Variable("u", (200, 20)), 0, 219)
    values = {"u": np.random.default_rng(0).normal(size=(200, 20)) * 10.0 ** np.arange(-10, 10)}
    (found,) = bounds.with_bounds([node], values, {})
    (balls,) = evaluation.with_balls([node], values, {}, 128)
    off = np.abs(found.value - np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls))
    assert off.max() > 0
    assert (off <= found.error).all()


def test_windows_are_not_copied():
    (found,) = evaluation.with_numpy([Windows(X, 0, 3)], {"x": np.arange(9.0)}, {})
    assert found.strides == (8, 8)


def test_arrays_with_leading_axes_join_those_without():
    node = Concatenate((X, Variable("y", (2,))), 0)
    (found,) = evaluation.with_numpy([node], {"x": np.ones((3, 9)), "y": np.zeros(2)}, {})
    assert found.shape == (3, 11)
    (found,) = evaluation.with_torch([node], {"x": torch.ones(9), "y": torch.zeros(3, 2)}, {}, torch.float64)
    assert found.shape == (3, 11)


DONE_MANY_TIMES = [
    (Windows(X, 0, 3, 2), (X,)),
    (Overlapped(Variable("u", (4, 3)), 0, 9, 2), (Variable("u", (4, 3)),)),
    (Reshape(X, (3, 3)), (X,)),
    (Concatenate((X, Variable("y", (2,))), 0), (X, Variable("y", (2,)))),
]


@pytest.mark.parametrize(("node", "leaves"), DONE_MANY_TIMES, ids=lambda case: type(case).__name__)
def test_done_for_many_values_at_once_is_done_for_each(node, leaves):
    first, *others = leaves
    wide = Variable(first.name, ("b", *first.axes))
    batched = node.batched((wide, *others), (True, *(False for _ in others)), ("b",))
    assert batched.axes == ("b", *node.axes)
    draw = np.random.default_rng(0)
    values = {leaf.name: draw.normal(size=leaf.axes) for leaf in leaves}
    many = draw.normal(size=(5, *first.axes))
    (together,) = evaluation.with_numpy([batched], {**values, first.name: many}, {"b": 5})
    for row, alone in zip(many, together, strict=True):
        (single,) = evaluation.with_numpy([node], {**values, first.name: row}, {})
        np.testing.assert_array_equal(alone, single)


def test_a_reshape_back_leaves_nothing():
    twice = reshaped(Reshape(X, (3, 3)), (9,))
    assert twice is X


@pytest.mark.parametrize(
    ("own", "new", "expected"),
    [
        (("n", 3, 4), ("n", 12), [([0], [0]), ([1, 2], [1])]),
        ((4, 6), (8, 3), [([0, 1], [0, 1])]),
        ((2, 1, "n"), (2, "n"), [([0], [0]), ([1], []), ([2], [1])]),
        ((2, "n"), (1, 2, "n", 1), [([], [0]), ([0], [1]), ([1], [2]), ([], [3])]),
        ((2, 3, "n", 5), (6, "n", 5), [([0, 1], [0]), ([2], [1]), ([3], [2])]),
    ],
)
def test_axes_are_matched_in_the_smallest_groups(own, new, expected):
    assert grouped(own, new) == expected


# How it is written -----------------------------------------------------------------------------------

A, B = Variable("A", (2, 3)), Variable("B", (2, 4))
WRITTEN = [
    (Windows(X, 0, 3), "index", "x_{i+j}", "x_{i+j}"),
    (Windows(X, 0, 3, 2, 3), "index", "x_{2i+3j}", "x_{2i+3j}"),
    (Windows(X, 0, 3), "matrix", "[x_{i+j}]_ij", r"\left[x_{i+j}\right]_{ij}"),
    (
        Overlapped(Variable("u", (7, 3)), 0, 9),
        "index",
        "sum_j=0..2 [i-j ∈ 0:7] u_{i-j,j}",
        r"\sum_{j=0}^{2} [i-j ∈ 0:7] u_{i-j,j}",
    ),
    (Overlapped(Variable("u", (4, 3)), 0, 9, 2), "index", "sum_j=0..2 [i-j ∈ 0:7:2] u_{(i-j)/2,j}", None),
    (
        Overlapped(Variable("u", (3, 3)), 0, 9, 3),
        "index",
        "u_{⌊i/3⌋,i mod 3}",
        r"u_{\lfloor i/3 \rfloor,i \bmod 3}",
    ),
    (Overlapped(Variable("u", (3, 2)), 0, 9, 3), "index", "[i mod 3 ∈ 0:2] u_{⌊i/3⌋,i mod 3}", None),
    (Overlapped(Variable("u", (5, 1)), 0, 9, 2), "index", "[i ∈ 0:9:2] u_{i/2,0}", None),
    (
        Reshape(A, (6,)),
        "index",
        "A_{⌊i/3⌋,i mod 3}",
        r"A_{\lfloor i/3 \rfloor,i \bmod 3}",
    ),
    (Reshape(A, (6,)), "matrix", "flatten(A)", r"\operatorname{flatten}\left(A\right)"),
    (Reshape(A, (3, 2)), "matrix", "reshape(A, (3, 2))", r"\operatorname{reshape}\left(A, (3, 2)\right)"),
    (Reshape(Variable("v", (6,)), (2, 3)), "index", "v_{3i+j}", "v_{3i+j}"),
    (Concatenate((A, B), 1), "matrix", "[A, B]", r"\begin{bmatrix} A & B \end{bmatrix}"),
    (Concatenate((A, A), 0), "matrix", "[A; A]", r"\begin{bmatrix} A \\ A \end{bmatrix}"),
    (Concatenate((A, B), 1), "index", "[j ∈ :3] A_ij + [j ∈ 3:] B_{i,j-3}", None),
    (Windows(Scatter(X, ((1, 10, None),), (11,)), 0, 3), "index", "[i+j ∈ 1:10] x_{i+j-1}", None),
    (Windows(Windows(X, 0, 3, 2), 0, 2), "index", "x_{2i+2j+k}", None),
]


@pytest.mark.parametrize(("node", "form", "plain", "typeset"), WRITTEN)
def test_it_is_written_by_its_indices(node, form, plain, typeset):
    assert text(node, form=form) == plain
    if typeset is not None:
        assert latex(node, form=form) == typeset


@pytest.mark.parametrize(("length", "stride", "dilation"), CASES)
def test_what_is_written_of_overlapping_windows_is_what_is_computed(length, stride, dilation):
    node = Overlapped(Variable("u", Windows(X, 0, length, stride, dilation).axes), 0, 9, stride, dilation)
    values = np.random.default_rng(0).normal(size=node.operands[0].axes)
    (computed,) = evaluation.with_numpy([node], {"u": values}, {})
    written = text(node, form="index").replace("⌊i/", "i//").replace("⌋", "").replace("mod", "%")
    head, _, body = written.rpartition("u_")
    place = body.strip("{}").replace("/", "//").replace("////", "//")
    total = np.zeros(9)
    for i in range(9):
        for j in range(length) if "sum_j" in head else (0,):
            conditions = [part.split("]")[0].split(" ∈ ") for part in head.split("[")[1:]]
            names = {"i": i, "j": j}
            if all(arithmetic(c, names) in range(50)[slice(*map(int, r.split(":")))] for c, r in conditions):
                total[i] += values[tuple(arithmetic(part, names) for part in place.split(","))]
    np.testing.assert_allclose(total, computed, rtol=1e-13, atol=1e-15)


def arithmetic(written, names):
    import re

    return eval(re.sub(r"(\d)([ij])", r"\1*\2", written), {}, names)  # noqa: S307  # of this file's own text


def test_an_index_of_two_letters():
    position = affine("i").times(2).plus(affine("k").times(-1)).plus(1)
    assert position == "2i-k+1"
    assert position.plus(affine("k")) == "2i+1"
    assert position.name == ""


def test_a_convolution_reads_as_in_a_textbook():
    def loss(X, W):
        Z = F.conv2d(X, W)
        return (Z**2).sum()

    function, _ = at_point(loss, {"X": np.ones((2, 3, 4, 5)), "W": np.ones((4, 3, 2, 2))})
    written = derive(function).text()
    assert "Z = [sum_qrs W_jqrs X_{i,q,l+r,p+s}]_ijlp" in written  # k and n are sizes here
    assert "∂loss/∂X = [sum_qrs [l-q ∈ 0:3] [p-r ∈ 0:4] δ_Z_{i,s,l-q,p-r} W_sjqr]_ijlp" in written
    assert "∂loss/∂W = [sum_qrs δ_Z_qirs X_{q,j,r+l,s+p}]_ijlp" in written
    one, _ = at_point(loss, {"X": np.ones((2, 1, 4, 5)), "W": np.ones((4, 1, 2, 2))})
    assert "Z = [sum_pq W_{j,0,p,q} X_{i,0,k+p,l+q}]_ijkl" in derive(one).text()


def test_a_correlation_and_a_convolution_read_as_in_a_textbook():
    vectors = {"x": np.ones(6), "w": np.ones(3)}
    function, _ = at_point(lambda x, w: (np.correlate(x, w) ** 2).sum(), vectors)
    assert function.text() == "‖[sum_j w_j x_{i+j}]_i‖²"
    function, _ = at_point(lambda x, w: (np.convolve(x, w) ** 2).sum(), vectors)
    assert function.text() == "‖[sum_j [i-j ∈ 0:6] x_{i-j} w_j]_i‖²"


def test_a_part_of_joined_arrays_is_that_array():
    function, _ = at_point(lambda A, B: (torch.cat([A, B], 1) ** 2).sum(), {"A": np.ones((2, 3)), "B": np.ones((2, 4))})
    assert derive(function).gradient["B"].text() == "2 B"

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradlab.graph import algebra
from gradlab.graph.kinds import Elementwise, Index, Scatter, Variable
from gradlab.graph.kinds.index import WHOLE, affine
from gradlab.graph.operations import SIN
from gradlab.graph.printing import latex, text
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive

VECTOR = np.array([1.0, 2.0, 3.0, 4.0])
MATRIX = np.arange(1.0, 7.0).reshape(2, 3)


def read(code, *arrays):
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    return at_point(code, dict(zip(names, arrays, strict=True)))[0]


def gradient(code, *arrays):
    return next(iter(derive(read(code, *arrays)).gradient.values()))


# Limits of a sum -------------------------------------------------------------------------------------

SUMS = {
    "first two": (lambda x: (x[:2] ** 2).sum(), "sum_i=0..1 x_i²", r"\sum_{i=0}^{1} x_{i}^{2}"),
    "differences": (
        lambda x: ((x[1:] - x[:-1]) ** 2).sum(),
        "sum_i=0..2 (x_{i+1} - x_i)²",
        r"\sum_{i=0}^{2} \left(x_{i+1} - x_{i}\right)^{2}",
    ),
    "cut, then turned": (
        lambda x: (x[:2][::-1] * x[:2] ** 2).sum(),
        "sum_i=0..1 x_{1-i} x_i²",
        r"\sum_{i=0}^{1} x_{1-i} x_{i}^{2}",
    ),
    "cut twice": (lambda x: x[1:][1:].sum(), "sum_i=0..1 x_{i+2}", r"\sum_{i=0}^{1} x_{i+2}"),
    "whole": (lambda x: (x**2).sum(), "sum_i x_i²", r"\sum_{i} x_{i}^{2}"),
    "a slice of everything": (lambda x: (x[0:4] ** 2).sum(), "sum_i x_i²", r"\sum_{i} x_{i}^{2}"),
    "turned": (lambda x: (x[::-1] ** 2 * x).sum(), "sum_i x_{3-i}² x_i", r"\sum_{i} x_{3-i}^{2} x_{i}"),
    "a whole sum after a cut one": (
        lambda x: (x[:2] ** 2).sum() + (x**3).sum(),
        "sum_i=0..1 x_i² + sum_i x_i³",
        r"\sum_{i=0}^{1} x_{i}^{2} + \sum_{i} x_{i}^{3}",
    ),
    "inside softmax": (
        lambda x: torch.logsumexp(x[1:], dim=0),
        "log(sum_i=0..2 exp(x_{i+1}))",
        r"\log\left(\sum_{i=0}^{2} e^{x_{i+1}}\right)",
    ),
}


@pytest.mark.parametrize("case", SUMS)
def test_a_sum_over_a_slice_states_its_limits(case):
    code, plain, typeset = SUMS[case]
    function = read(code, VECTOR)
    assert (function.text(), function.latex()) == (plain, typeset)


def test_only_the_sum_over_the_cut_axis_has_limits():
    function = read(lambda A: (A[:, :2] ** 3).sum(), MATRIX)
    assert function.text() == "sum_i sum_j=0..1 A_ij³"
    assert function.latex() == r"\sum_{i} \sum_{j=0}^{1} A_{ij}^{3}"


def test_a_sum_over_what_was_put_back_runs_over_the_whole_axis():
    x = Variable("x", (4,))
    placed = Scatter(
        algebra.product(Index(x, ((1, None, None),)), Index(x, ((1, None, None),))), ((1, None, None),), (4,)
    )
    total = algebra.contract([placed, x], [(0,), (0,)], (), (4,))
    assert text(total, form="index") == "sum_i [i ∈ 1:] x_i x_i x_i"


# The adjoint of indexing -----------------------------------------------------------------------------


def test_what_is_put_back_is_shown_at_its_own_place():
    found = gradient(lambda x: ((x[1:] - x[:-1]) ** 2).sum(), VECTOR)
    assert found.text() == "[i ∈ :3]·2 (x_i - x_{i+1}) + [i ∈ 1:]·2 (x_i - x_{i-1})"
    assert found.latex() == (
        r"[i ∈ :3] \cdot 2 \left(x_{i} - x_{i+1}\right) + [i ∈ 1:] \cdot 2 \left(x_{i} - x_{i-1}\right)"
    )


GRADIENTS = {
    "first two": (lambda x: (x[:2] ** 2).sum(), "[i ∈ :2]·2 x_i"),
    "every second": (lambda x: (x[::2] ** 2).sum(), "[i ∈ ::2]·2 x_i"),
    "every second, shifted": (
        lambda x: (x[1::2] ** 2 * x[::2]).sum(),
        "[i ∈ ::2] x_{i+1}² + [i ∈ 1::2]·2 x_{i-1} x_i",
    ),
    "turned": (lambda x: (x[::-1] ** 2).sum(), "2 x_i"),
    "the last": (lambda x: x[-1] ** 2, "[i=n-1]·2 x_{n-1}"),
    "a single place": (lambda x: x[::2][1], "[i=2]"),
    "a range of one": (lambda x: x[::2][1:].sum(), "[i=2]"),
    "a slice of a slice": (lambda x: (x[1:][:-1] ** 2).sum(), "[i ∈ 1:3]·2 x_i"),
    "a sum of a slice": (lambda x: x[1:].mean(), "[i ∈ 1:]·1/3"),
}


@pytest.mark.parametrize("case", GRADIENTS)
def test_gradient_of_a_slice(case):
    code, expected = GRADIENTS[case]
    assert gradient(code, VECTOR).text() == expected


def test_the_last_place_of_a_known_size_is_a_number():
    placed = Scatter(Variable("u", ("d",)), (-1, WHOLE), (4, "d"))
    assert text(placed, form="index") == "[i=3] u_j"
    assert latex(placed, form="index") == "[i=3] u_{j}"
    assert text(placed, form="matrix") == "place(u, [3,:])"


def test_an_index_that_half_a_step_reaches_is_a_fraction():
    y = Variable("y", (2,))
    assert text(Scatter(y, ((1, None, 2),), (4,))) == "[i ∈ 1::2] y_{(i-1)/2}"
    assert text(Index(Scatter(y, ((1, None, 2),), (4,)), (3,))) == "y_1"
    assert text(Index(Scatter(y, ((1, None, 2),), (4,)), (2,))) == "0"


# An index of an index --------------------------------------------------------------------------------

COMPOSED = {
    "a place of every second": (lambda x: x[::2][1], "x_2", "x_{2}"),
    "a rest of every second": (lambda x: x[::2][1:], "x_{2i+2}", "x_{2i+2}"),
    "a rest backwards": (lambda x: x[::-1][1:], "x_{2-i}", "x_{2-i}"),
    "backwards twice": (lambda x: x[::-1][::-1], "x_i", "x_{i}"),
    "every second backwards": (lambda x: x[::-2], "x_{3-2i}", "x_{3-2i}"),
    "the last of a rest": (lambda x: x[:-1][-1], "x_2", "x_{2}"),
}


@pytest.mark.parametrize("case", COMPOSED)
def test_an_index_of_an_index_is_one_index(case):
    code, plain, typeset = COMPOSED[case]
    function = read(code, VECTOR)
    written = (function.text(), function.latex())
    assert written == (plain, typeset)


@pytest.mark.parametrize(
    ("offset", "step", "expected"),
    [(0, 1, "i"), (1, 1, "i+1"), (-1, 1, "i-1"), (0, 2, "2i"), (-1, 2, "2i-1"), (3, -1, "3-i"), (0, -1, "-i")],
)
def test_an_affine_index_is_written_as_a_person_would(offset, step, expected):
    assert affine("i").times(step).plus(offset) == expected


bounds = st.none() | st.integers(-7, 7)
chains = st.lists(st.tuples(bounds, bounds, st.sampled_from([None, 1, 2, 3, -1, -2])), min_size=1, max_size=3)


def arithmetic(subscript, i):
    return round(as_function(subscript, variables=["i"])({"i": float(i)}))


def holds(condition, i):
    """Return whether a written condition, ``i=2`` or ``i ∈ 1:6:2``, holds for *i*."""
    if "=" in condition:
        return arithmetic(condition.partition("=")[0], i) == int(condition.partition("=")[2])
    parts = condition.partition(" ∈ ")[2].split(":")
    return i in range(6)[slice(*(int(part) if part else None for part in parts))]


@given(chains)
def test_a_written_index_names_the_entry_that_is_meant(chain):
    node, places = Variable("x", (6,)), np.arange(6)
    for part in chain:
        node, places = Index(node, (part,)), places[slice(*part)]
    subscript = text(node).partition("_")[2].strip("{}")
    assert [arithmetic(subscript, i) for i in range(len(places))] == list(places)


@given(chains)
def test_what_is_written_of_a_scatter_is_where_the_entries_go(chain):
    places, selections, sizes = np.arange(6), [], [6]
    for part in chain:
        places = places[slice(*part)]
        selections.append((part,))
        sizes.append(len(places))
    node = Variable("y", (sizes[-1],))
    for selection, size in reversed(list(zip(selections, sizes[:-1], strict=True))):
        node = Scatter(node, selection, (size,))
    written = text(node)
    shown = {}
    for i in range(6):
        conditions, _, rest = written.rpartition("] ") if "]" in written else ("", "", written)
        if written != "0" and (not conditions or holds(conditions.strip("["), i)):
            shown[i] = arithmetic(rest.partition("_")[2].strip("{}"), i)
    assert shown == {int(place): entry for entry, place in enumerate(places)}


# Rows of what is computed ----------------------------------------------------------------------------

ROWS = {
    "of a product": (lambda A, B: (A * B)[0], "A_{0,:} ⊙ B_{0,:}"),
    "of a power": (lambda A, B: (A**2)[0], "A_{0,:}^⊙2"),
    "of a sum": (lambda A, B: (A + (2 * B - A))[0], "A_{0,:} + 2 B_{0,:} - A_{0,:}"),
    "of a function": (lambda A, B: np.exp(A + 1)[:, 1], "exp(A_{:,1} + 1)"),
    "of a matrix product": (lambda A, B: (A @ B.T)[0], "B A_{0,:}"),
    "of a transpose": (lambda A, B: A.T[0], "A_{:,0}"),
    "of a row": (lambda A, B: A[0], "A_{0,:}"),
    "the last": (lambda A, B: A[-1], "A_{n-1,:}"),
    "an entry": (lambda A, B: (A * B)[0, 1], "A_{0,1} B_{0,1}"),
    "columns": (lambda A, B: (A * B)[:, :2], "A_{:,:2} ⊙ B_{:,:2}"),
    "columns of a row": (lambda A, B: (A[0] * B[0])[1:], "A_{0,1:} ⊙ B_{0,1:}"),
    "columns of columns": (lambda A, B: A[:, 1:][:, :1], "A_{:,1:2}"),
    "of a softmax": (lambda A, B: torch.softmax(A, dim=1)[0], "[exp(A_{0,i})/(sum_j exp(A_{0,j}))]_i"),
    "squared and summed": (lambda A, B: ((A - B)[0] ** 2).sum(), "‖A_{0,:} - B_{0,:}‖²"),
    "of squares, summed": (lambda A, B: (A**2)[0].sum(), "‖A_{0,:}‖²"),
    "of a stack": (lambda A, B: torch.stack([A[0], B[1]])[0], "A_{0,:}"),
    "across a stack": (lambda A, B: torch.stack([A[0], B[1]])[:, 1], "[A_{0,1}, B_{1,1}]"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_is_written_in_matrix_notation(case):
    code, expected = ROWS[case]
    assert read(code, MATRIX, MATRIX).text() == expected


def test_a_row_of_an_outer_product_is_a_scaled_vector():
    assert read(lambda x, y: torch.outer(x, y)[1], VECTOR, VECTOR).text() == "x_1 y"


def test_a_row_of_a_long_sum_or_a_deep_function_is_written():
    assert read(lambda A: sum([A] * 500, A)[0], MATRIX).text() == " + ".join(["A_{0,:}"] * 501)
    deep = Variable("A", (2, 3))
    for _ in range(100):
        deep = Elementwise(SIN, (deep,))
    assert text(Index(deep, (0, WHOLE))) == "sin(" * 100 + "A_{0,:}" + ")" * 100


def test_a_row_reads_the_same_in_latex():
    assert read(lambda A, B: (A * B)[0], MATRIX, MATRIX).latex() == r"A_{0,:} \odot B_{0,:}"


# Stacks ----------------------------------------------------------------------------------------------


def test_a_stack_says_along_which_axis():
    assert read(lambda x, y: torch.stack([x, y], dim=0), VECTOR, VECTOR).text() == "[x, y]"
    columns = read(lambda x, y: torch.stack([x, y], dim=1), VECTOR, VECTOR)
    assert columns.text() == "[x, y]^T"
    assert columns.latex() == r"\left[x, y\right]^{\top}"
    assert read(lambda A, B: torch.stack([A, B], dim=0), MATRIX, MATRIX).text() == "[A, B]"
    assert read(lambda A, B: torch.stack([A, B], dim=1), MATRIX, MATRIX).text() == "stack(A, B, axis=1)"
    assert read(lambda x: torch.stack([x[0], x[1]]), VECTOR).text() == "[x_0, x_1]_i"

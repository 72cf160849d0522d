"""Gathering, adding back, the largest of many, cumulative sums: every arithmetic against NumPy and torch."""

import flint
import numpy as np
import pytest
import torch

from gradlab.errors import DomainError
from gradlab.graph import bounds, evaluation
from gradlab.graph.algebra import contract, is_constant
from gradlab.graph.domain import at_switches
from gradlab.graph.kinds import (
    Cumulative,
    Extremum,
    Flip,
    Gather,
    Lead,
    OneHot,
    Positions,
    Roll,
    ScatterAdd,
    Variable,
    Winners,
)
from gradlab.graph.printing import latex, text

A, v = Variable("A", ("n", "d")), Variable("v", ("n",))
c, i, j = Variable("c", ("m",)), Variable("i", ("m", "k")), Variable("j", ("m", "k"))
D, E = Variable("D", ("m", "d")), Variable("E", ("m", "k"))
DRAW = np.random.default_rng(3)
VALUES = {
    "A": DRAW.normal(size=(4, 3)),
    "v": DRAW.normal(size=4),
    "c": np.array([3.0, 0, 3, -1, 1]),
    "i": np.array([[3.0, 0], [3, -1], [1, 1], [0, 0], [2, 3]]),
    "j": np.array([[1.0, 2], [1, 0], [2, -3], [0, 0], [1, 1]]),
    "D": DRAW.normal(size=(5, 3)),
    "E": DRAW.normal(size=(5, 2)),
}
SIZES = {"n": 4, "d": 3, "m": 5, "k": 2}


def added(shape, key, values):
    zeros = np.zeros(shape)
    np.add.at(zeros, key, values)
    return zeros


WHOLE = {name: VALUES[name].astype(int) for name in "cij"}
CASES = {
    "rows": (Gather((A, c), 0), lambda A: A[WHOLE["c"]]),
    "columns": (Gather((A, Variable("j", ("m", "k"))), 1), lambda A: A[:, WHOLE["j"]]),
    "both axes": (Gather((A, i, j), 0), lambda A: A[WHOLE["i"], WHOLE["j"]]),
    "added rows": (ScatterAdd((D, c), 0, ("n", "d")), lambda A: added((4, 3), WHOLE["c"], VALUES["D"])),
    "added entries": (
        ScatterAdd((E, i, j), 0, ("n", "d")),
        lambda A: added((4, 3), (WHOLE["i"], WHOLE["j"]), VALUES["E"]),
    ),
    "largest of each row": (Extremum(A, (1,), True, True), lambda A: A.max(1)),
    "smallest of each column": (Extremum(A, (0,), False, False), lambda A: A.min(0)),
    "largest of all": (Extremum(A, (0, 1), True, True), lambda A: A.max()),
    "first of each column": (Winners(A, (0,), True, False), lambda A: (A.argmax(0) == np.arange(4)[:, None]) * 1.0),
    "smallest entry": (Winners(A, (0, 1), False, True), lambda A: (A.min() == A) * 1.0),
    "lead": (Lead(A, (0,), True), lambda A: np.diff(np.sort(A, axis=0)[-2:], axis=0)[0]),
    "lead of the smallest": (Lead(A, (0, 1), False), lambda A: np.diff(np.sort(A.ravel())[:2])[0]),
    "cumulative": (Cumulative(A, 0), lambda A: A.cumsum(0)),
    "cumulative, reversed": (Cumulative(A, 1, True), lambda A: A[:, ::-1].cumsum(1)[:, ::-1]),
    "flip": (Flip(A, (0, 1)), lambda A: A[::-1, ::-1]),
    "roll": (Roll(A, -5, 0), lambda A: np.roll(A, -5, axis=0)),
    "positions": (Positions("n"), lambda A: np.arange(4.0)),
    "classes": (OneHot(c, "n", True), lambda A: np.eye(4)[WHOLE["c"]]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_arithmetic_computes_what_numpy_does(case):
    node, expected = CASES[case]
    wanted = expected(VALUES["A"])
    (plain,) = evaluation.with_numpy([node], VALUES, SIZES)
    tensors = {name: torch.tensor(value) for name, value in VALUES.items()}
    (tensor,) = evaluation.with_torch([node], tensors, SIZES, torch.float64)
    (balls,) = evaluation.with_balls([node], VALUES, SIZES)
    (bounded,) = bounds.with_bounds([node], VALUES, SIZES)
    assert plain.shape == wanted.shape == tuple(tensor.shape) == balls.shape == bounded.value.shape
    np.testing.assert_allclose(plain, wanted, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(tensor.numpy(), wanted, rtol=1e-14, atol=1e-14)
    exact = np.vectorize(lambda ball: float(ball.mid()), otypes=[float])(balls)
    assert (np.abs(exact - bounded.value) <= bounded.error).all()
    assert (bounded.error <= 1e-13).all()


@pytest.mark.parametrize("case", [name for name, (node, _) in CASES.items() if node.operands])
def test_leading_axes_are_many_points_at_once(case):
    node, _ = CASES[case]
    changing = next(name for name in ("A", "D", "E", "c") if Variable(name, VALUES_AXES[name]) in node.operands)
    scales = (1.0, -0.5, 2.0) if changing != "c" else (1.0, 0.0, -0.0)
    batch = np.stack([VALUES[changing] * scale for scale in scales])
    (together,) = evaluation.with_numpy([node], {**VALUES, changing: batch}, SIZES)
    tensors = {name: torch.tensor(value) for name, value in {**VALUES, changing: batch}.items()}
    (tensors_together,) = evaluation.with_torch([node], tensors, SIZES, torch.float64)
    for row, alone, tensor in zip(batch, together, tensors_together, strict=True):
        (single,) = evaluation.with_numpy([node], {**VALUES, changing: row}, SIZES)
        np.testing.assert_allclose(alone, single, rtol=1e-14)
        np.testing.assert_allclose(tensor.numpy(), single, rtol=1e-14)


VALUES_AXES = {"A": ("n", "d"), "D": ("m", "d"), "E": ("m", "k"), "c": ("m",)}


@pytest.mark.parametrize("node", [Gather((A, c), 0), Gather((A, c), 1), ScatterAdd((D, c), 0, ("n", "d"))], ids=repr)
def test_positions_may_change_from_point_to_point(node):
    chosen = np.array([[0.0, 2, 2, 1, -1], [1, 1, 0, -2, 2]])
    arrays = np.stack([VALUES["D"], 2 * VALUES["D"]])
    values = {**VALUES, "c": chosen, "D": arrays}
    (together,) = evaluation.with_numpy([node], values, SIZES)
    tensors = {name: torch.tensor(value) for name, value in values.items()}
    (tensor,) = evaluation.with_torch([node], tensors, SIZES, torch.float64)
    for place in range(2):
        (single,) = evaluation.with_numpy([node], {**VALUES, "c": chosen[place], "D": arrays[place]}, SIZES)
        np.testing.assert_array_equal(together[place], single)
        np.testing.assert_array_equal(tensor[place].numpy(), single)


@pytest.mark.parametrize("case", [name for name, (node, _) in CASES.items() if "A" in repr(node)])
def test_a_batched_node_is_the_node_done_many_times(case):
    node, _ = CASES[case]
    many = Variable("B", ("b", "n", "d"))
    whole = node.batched((many, *node.operands[1:]), (True, *(False,) * (len(node.operands) - 1)), ("b",))
    batch = np.stack([VALUES["A"], -VALUES["A"]])
    assert whole.axes == ("b", *node.axes)
    (together,) = evaluation.with_numpy([whole], {**VALUES, "B": batch}, {**SIZES, "b": 2})
    for alone, row in zip(together, batch, strict=True):
        (single,) = evaluation.with_numpy([node], {**VALUES, "A": row}, SIZES)
        np.testing.assert_allclose(alone, single, rtol=1e-14)


@pytest.mark.parametrize("wrong", [4.0, -5.0, 0.5, np.nan])
@pytest.mark.parametrize("node", [Gather((A, c), 0), OneHot(c, "n", True)], ids=["rows", "classes"])
def test_what_is_no_position_is_said(node, wrong):
    values = {**VALUES, "c": np.array([0, wrong, 1, 1, 1])}
    with pytest.raises(DomainError, match="position"):
        evaluation.with_numpy([node], values, SIZES)


def test_rows_of_classes_add_up_to_one_only_where_every_class_exists():
    added_up = [contract([OneHot(c, "n", checked)], [(0, 1)], (0,), ("m", "n")) for checked in (True, False)]
    values = {"c": np.array([3.0, 0, -100, 1, 1])}
    assert is_constant(added_up[0])
    (kept,) = evaluation.with_numpy([added_up[1]], values, SIZES)
    assert kept.tolist() == [1, 1, 0, 1, 1]


def test_the_largest_of_no_entries_is_said():
    with pytest.raises(DomainError, match="no entries"):
        evaluation.with_numpy([Extremum(v, (0,), True, True)], {"v": np.zeros(0)}, {"n": 0})


@pytest.mark.parametrize(("shared", "expected"), [(True, [0.5, 0.0, 0.5]), (False, [1.0, 0.0, 0.0])])
def test_entries_that_tie_share_or_the_first_wins(shared, expected):
    node, values = Winners(v, (0,), True, shared), {"v": np.array([2.0, 1.0, 2.0])}
    (plain,) = evaluation.with_numpy([node], values, {"n": 3})
    (tensor,) = evaluation.with_torch([node], {"v": torch.tensor(values["v"])}, {"n": 3}, torch.float64)
    (balls,) = evaluation.with_balls([node], values, {"n": 3})
    assert plain.tolist() == tensor.tolist() == [float(ball) for ball in balls] == expected


def test_balls_that_overlap_do_not_tell_the_winner():
    values = np.array([flint.arb(2, 0.1), flint.arb(2.05, 0.1), flint.arb(1, 0.1)], dtype=object)
    (winners,) = evaluation.with_balls([Winners(v, (0,), True, True)], {"v": values}, {"n": 3})
    assert all(ball.contains(0) and ball.contains(1) for ball in winners[:2])
    assert winners[2] == 0


def test_a_tie_is_a_kink_and_a_single_entry_is_none():
    node = Extremum(v, (0,), True, True)
    assert at_switches([node], {"v": np.array([2.0, 1.0, 2.0])}, {"n": 3}) == [
        "max_i v_i has a kink where max_i v_i - second_i v_i = 0"
    ]
    assert at_switches([node], {"v": np.array([1.0, 1.0, 2.0])}, {"n": 3}) == []
    assert at_switches([node], {"v": np.array([2.0])}, {"n": 1}) == []


PRINTED = [
    (Gather((A, c), 0), "A_{c,:}", "A_{c_i,j}", r"A_{c_{i},j}"),
    (Gather((A, i, j), 0), "[A_{i_lp,j_lp}]_lp", "A_{i_lp,j_lp}", r"A_{i_{lp},j_{lp}}"),
    (ScatterAdd((D, c), 0, ("n", "d")), "onehot(c)^T D", "sum_k [c_k=i] D_kj", r"\sum_{k} [c_{k}=i] D_{kj}"),
    (Extremum(A, (1,), True, True), "max(A, axis=1)", "max_j A_ij", r"\max_{j} A_{ij}"),
    (Extremum(A, (0, 1), False, True), "min(A)", "min_ij A_ij", r"\min_{ij} A_{ij}"),
    (Winners(v, (0,), True, True), "onehot(argmax(v))", "[i=argmax_j v_j]", r"[i=\operatorname*{argmax}_{j} v_{j}]"),
    (Cumulative(v, 0), "cumsum(v)", "sum_{j≤i} v_j", r"\sum_{j \le i} v_{j}"),
    (Flip(v, (0,)), "flip(v)", "v_{n-1-i}", r"v_{n-1-i}"),
    (Roll(v, 1, 0), "roll(v, 1)", "v_{(i-1) mod n}", r"v_{(i-1) mod n}"),
]


@pytest.mark.parametrize(("node", "matrix", "index", "in_latex"), PRINTED, ids=[row[1] for row in PRINTED])
def test_a_choice_reads_as_a_textbook_writes_it(node, matrix, index, in_latex):
    assert text(node, form="matrix") == matrix
    assert text(node, form="index") == index
    assert latex(node, form="index") == in_latex

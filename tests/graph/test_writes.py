"""Entries chosen after entries were written: against NumPy, at known and at unknown sizes."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradlab.graph import algebra, evaluation, printing
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Constant, Contraction, Index, Replace, Scatter, Stack, Variable
from gradlab.graph.kinds.index import WHOLE, keys, selected_axes
from gradlab.graph.sizes import ZERO, shape_of
from gradlab.graph.writes import blanked, chosen, replaced

SIZES = {"n": 3, "m": 4}

PARTS = st.one_of(
    st.integers(-3, 2),
    st.just(WHOLE),
    st.tuples(st.sampled_from([None, 0, 1, -2]), st.sampled_from([None, 2, 3, -1]), st.sampled_from([None, 1, 2, -1])),
)


@st.composite
def programs(draw):
    """Return axes, and selections that may stand on them."""
    axes = tuple(draw(st.sampled_from([3, "n"])) for _ in range(draw(st.integers(1, 2))))

    def selection():
        return tuple(
            draw(PARTS) if isinstance(size, int) else draw(st.one_of(st.integers(-3, 2), st.just(WHOLE)))
            for size in axes
        )

    return axes, [selection() for _ in range(draw(st.integers(1, 4)))], selection()


def _value(node, values):
    return evaluation.with_numpy([node], values, SIZES)[0]


def _drawn(axes, seed):
    return np.random.default_rng(seed).normal(size=shape_of(axes, SIZES))


@given(programs())
def test_what_is_read_after_writes_is_what_numpy_reads(program):
    axes, writes, read = program
    for made in (False, True):
        node = Constant(ZERO, axes) if made else Variable("x", axes)
        array = np.zeros(shape_of(axes, SIZES)) if made else _drawn(axes, 0)
        values = {"x": array.copy()}
        for place, selection in enumerate(writes):
            leaf = Variable(f"v{place}", selected_axes(axes, selection))
            values[leaf.name] = _drawn(leaf.axes, place + 1)
            node = replaced(node, selection, leaf)
            array[keys(selection)] = values[leaf.name]
        np.testing.assert_array_equal(np.broadcast_to(_value(node, values), array.shape), array)
        np.testing.assert_array_equal(_value(chosen(node, read), values), array[keys(read)])


@example(((3, "n"), [(WHOLE, 0)], (-2, -2)))
@given(programs())
def test_what_is_left_after_blanks_is_what_numpy_leaves(program):
    axes, blanks, placed = program
    leaf = Variable("v", selected_axes(axes, placed))
    for node in (Variable("x", axes), Scatter(leaf, placed, axes)):
        values = {"x": _drawn(axes, 0), "v": _drawn(leaf.axes, 1)}
        array = _value(node, values).copy()
        for selection in blanks:
            node = blanked(node, selection)
            array[keys(selection)] = 0
        np.testing.assert_array_equal(_value(node, values), array)


def test_a_vector_that_is_written_through_is_a_stack():
    node = Constant(ZERO, (2, 2))
    entries = [Variable(name) for name in "abcd"]
    for place, entry in enumerate(entries):
        node = replaced(node, divmod(place, 2), entry)
    assert isinstance(node, Stack)
    assert chosen(node, (1, 0)) is entries[2]
    assert isinstance(replaced(node, (0, 1), entries[0]), Stack)


def test_entries_written_last_hide_those_before():
    x, a, b = Variable("x", (3,)), Variable("a"), Variable("b")
    assert replaced(replaced(x, (0,), a), (0,), b) is Replace(x, b, (0,))
    assert chosen(Replace(x, a, (0,)), (1,)) is Index(x, (1,))


@pytest.mark.parametrize("lead", [(True, True), (True, False), (False, True)])
def test_many_values_are_replaced_at_once(lead):
    base, value = Variable("x", ("n", 3)), Variable("v", (3,))
    stretched = [
        Variable(node.name, ("m", *node.axes)) if has else node for node, has in zip((base, value), lead, strict=True)
    ]
    node = Replace(base, value, (1, WHOLE)).batched(tuple(stretched), lead, ("m",))
    values = {node.name: _drawn(node.axes, place) for place, node in enumerate(stretched)}
    array = np.broadcast_to(values["x"], (4, 3, 3)).copy()
    array[:, 1] = values["v"]
    np.testing.assert_array_equal(_value(node, values), array)


def test_written_as_a_textbook_writes_it():
    x, v = Variable("x", (5,)), Variable("v", (2,))
    node = Replace(x, v, ((1, None, 2),))
    assert printing.text(node) == "(v_{(i-1)/2} if i∈{1, 3} else x_i)"
    X = Variable("X", ("n", "n"))
    assert printing.text(Replace(X, Variable("w", ("n",)), (0, WHOLE))) == "X[0, : → w]"
    assert printing.text(Index(node, (3,))) == "v_1"
    assert printing.text(Index(node, (2,))) == "x_2"


def test_the_delta_of_a_written_array_goes_to_what_is_left():
    x, v = Variable("x", (3,)), Variable("v", (2,))
    node = algebra.contract([Replace(x, v, ((1, None, None),))], [(0,)], (), (3,))
    assert isinstance(node, Contraction)
    found = sweep(node, [x, v])
    assert printing.text(found.gradient(x)) == "(0 if 1≤i≤2 else 1)"
    assert printing.text(found.gradient(v)) == "1"

"""Where boxes stand: checked on drawn graphs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gradlab.autodiff.layout import _apart, laid_out

graphs = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        *(st.lists(st.integers(0, place - 1), max_size=3) if place else st.just([]) for place in range(count))
    )
)


@given(graphs)
def test_every_box_stands_below_its_inputs_and_beside_the_others_of_its_layer(inputs):
    layout = laid_out(inputs, [20.0] * len(inputs), 5.0)
    assert all(layout.layer[below] < layout.layer[box] for box, operands in enumerate(inputs) for below in operands)
    for layer in set(layout.layer):
        own = sorted(x for x, at in zip(layout.x, layout.layer, strict=True) if at == layer)
        assert all(right - left >= 25 - 1e-9 for left, right in pairwise(own))


@given(graphs)
def test_a_line_passes_every_layer_between_its_ends(inputs):
    layout = laid_out(inputs, [20.0] * len(inputs), 5.0)
    for (operand, box), way in layout.ways.items():
        assert len(way) == layout.layer[box] - layout.layer[operand] - 1


def test_a_chain_is_straight():
    assert len(set(laid_out([[], [0], [1], [2]], [30.0, 10.0, 20.0, 40.0], 5.0).x)) == 1


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_places_are_where_they_are_wanted_unless_they_overlap(wanted):
    found = _apart(wanted, [2.0] * len(wanted), 1.0)
    apart = all(right - left >= 3 for left, right in pairwise(wanted))
    assert all(right - left >= 3 - 1e-9 for left, right in pairwise(found))
    if apart:
        assert all(abs(one - other) < 1e-9 for one, other in zip(found, wanted, strict=True))

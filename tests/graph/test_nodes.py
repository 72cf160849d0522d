import gc
from fractions import Fraction

from gradlab.graph.kinds import Constant, Linear, Variable
from gradlab.graph.nodes import Node, _Interned, rebuild, topological
from gradlab.graph.sizes import ONE, Coefficient


def test_the_same_expression_is_the_same_object():
    x = Variable("x")
    assert Linear((ONE, ONE), (x, x)) is Linear((ONE, ONE), (Variable("x"), x))
    assert Variable("x", ("n",)) is not x


def test_nothing_is_rewritten_when_a_node_is_made():
    x = Variable("x")
    doubled = Linear((ONE, ONE), (x, x))
    assert doubled.operands == (x, x)
    assert repr(doubled) == "x + x"


def test_unused_nodes_are_forgotten():
    gc.collect()
    before = len(_Interned._made)
    node = Linear((ONE,), (Variable("used_only_here"),))
    assert len(_Interned._made) == before + 2
    del node
    gc.collect()
    assert len(_Interned._made) == before


def test_operands_come_before_their_users_even_in_a_long_chain():
    node: Node = Variable("x")
    for _ in range(50_000):
        node = Linear((-ONE,), (node,))
    ordered = topological([node])
    assert len(ordered) == 50_001
    assert ordered[0] is Variable("x")
    assert ordered[-1] is node


def test_rebuilding_renames_sizes_everywhere():
    mean = Linear((Coefficient.of_size("a", -1),), (Constant(Coefficient.of_size("a"), ("a",)),))
    (renamed,) = rebuild([mean], {"a": "n"})
    assert renamed.axes == ("n",)
    assert renamed.coefficients == (Coefficient.of_size("n", -1),)
    (fixed,) = rebuild([mean], {"a": 5})
    assert fixed.axes == (5,)
    assert fixed.coefficients[0].number({}) == (Fraction(1, 5), 1)

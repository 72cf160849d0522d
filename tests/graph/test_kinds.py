import importlib
import pkgutil

import pytest

from gradlab.graph import kinds
from gradlab.graph.nodes import TABLES, Node, conditions_of


def _subclasses(cls):
    return {kind for direct in cls.__subclasses__() for kind in {direct} | _subclasses(direct)}


def test_every_kind_of_node_is_listed():
    for module in pkgutil.iter_modules(kinds.__path__):
        importlib.import_module(f"gradlab.graph.kinds.{module.name}")
    assert {kind for kind in _subclasses(Node) if kind.__module__.startswith("gradlab.")} == set(kinds.KINDS)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_an_entry_in_every_table(kind, table):
    assert table.dispatch(kind) is not table.dispatch(object)


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.__name__)
def test_every_entry_of_a_kind_stands_in_the_file_of_the_kind(kind):
    for table in TABLES:
        assert table.dispatch(kind).__module__ == kind.__module__
    assert "rebuilt" in vars(kind)
    assert conditions_of.dispatch(kind).__module__ in (kind.__module__, conditions_of.__module__)


def test_a_new_kind_works_from_one_place():
    from gradlab.graph import algebra, differentiation, evaluation, printing
    from gradlab.graph.kinds import Variable
    from gradlab.graph.nodes import Pull, compute, pullback, show, show_component
    from gradlab.graph.rules import Rule

    class Doubled(Node):
        __slots__ = ()

        def __init__(self, operand):
            self.operands, self.axes = (operand,), operand.axes

        def rebuilt(self, operands, sizes):
            return Doubled(operands[0])

    pullback.register(Doubled)(
        lambda node, delta, wanted, output: [Pull(Rule("doubling", "d 2u = 2 du"), None, algebra.scale_by(2, delta))]
    )
    compute.register(Doubled)(lambda node, arguments, backend: arguments[0] + arguments[0])
    show.register(Doubled)(lambda node, printer: printer.call("doubled", [show(node.operands[0], printer)]))
    show_component.register(Doubled)(lambda node, printer, indices: show(node, printer))

    x = Variable("x")
    node = Doubled(Doubled(x))
    assert printing.text(node) == "doubled(doubled(x))"
    assert float(evaluation.with_numpy([node], {"x": 3.0}, {})[0]) == 12
    assert printing.text(differentiation.sweep(node, [x]).gradient(x)) == "4"

"""Rules are stated once, and what a step uses is one of them."""

import pytest

from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.rules import RULES, rule
from gradlab.symbolic.reference import groups


def test_a_rule_stated_twice_must_say_the_same():
    assert rule("sine", "d/du sin u = cos u") is RULES["sine"]
    with pytest.raises(ValueError, match="the rule 'sine' is stated twice"):
        rule("sine", "d/du sin u = -cos u")
    with pytest.raises(ValueError, match="stated twice"):
        rule("sine", "d/du sin u = cos u", "u > 0")


def test_every_rule_that_is_used_is_stated():
    examples = [example for group in groups() for example in group.examples.values() if isinstance(example, Node)]
    assert len(examples) > 80
    for example in examples:
        variables = [node for node in topological([example]) if isinstance(node, Variable)]
        for flow in sweep(example, variables).flows:
            assert flow.pull.rule is RULES[flow.pull.rule.name]

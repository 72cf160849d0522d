"""The page of all rules: complete, true and up to date."""

from pathlib import Path

import pytest

from gradlab.graph.rules import RULES, Rule
from gradlab.symbolic import reference, rule_examples

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date():
    written = (ROOT / reference.PAGE).read_text(encoding="utf-8")
    assert written == reference.page(), "run python -m gradlab.symbolic.reference"


def test_every_rule_has_an_example():
    assert reference.without_example() == []


def test_a_rule_without_an_example_is_named(monkeypatch):
    monkeypatch.setitem(RULES, "a new rule", Rule("a new rule", "u = u"))
    assert reference.without_example() == ["a new rule"]


def test_every_example_belongs_to_a_rule():
    shown = [name for group in reference.groups() for name in group.examples]
    assert sorted(shown) == sorted(set(shown))
    assert set(shown) | set(rule_examples.NO_STEP) <= set(RULES)


def test_an_example_without_the_step_is_refused(monkeypatch):
    monkeypatch.setattr(rule_examples, "POWERS_AND_ROOTS", {"power rule": "sin(x)"})
    with pytest.raises(ValueError, match=r"no step of the derivation of sin\(x\) has the rule 'power rule'"):
        reference.page()


def test_a_false_formula_is_not_set_in_latex():
    assert reference.formula_in_latex(Rule("cosine", "d/du cos u = -sin u")) is not None
    assert reference.formula_in_latex(Rule("cosine", "d/du cos u = sin u")) is None
    assert reference.formula_in_latex(Rule("product rule", "d(u v) = v du - u dv")) is None
    assert reference.formula_in_latex(Rule("indexing", "only the chosen entries receive the delta")) is None


def test_the_page_has_a_row_for_every_rule_that_makes_steps():
    rows = [line for line in reference.page().splitlines() if line.startswith("| ") and "---" not in line]
    for name in RULES:
        if name not in rule_examples.NO_STEP:
            first, _, rest = name.partition(", ")
            assert any(first in row.split(" | ")[0] and rest in row.split(" | ")[0] for row in rows), name


def test_no_bar_ends_a_cell_of_the_page():
    rows = [line for line in reference.page().splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {6}

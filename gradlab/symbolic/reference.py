"""The reference of all rules, docs/reference/rules.md, built from the rules and from derivations that use them.

``python -m gradlab.symbolic.reference`` writes it anew, from the root of the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gradlab.errors import GradlabError
from gradlab.graph import printing
from gradlab.graph.conditions import said
from gradlab.graph.function import Function
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import topological
from gradlab.graph.operations import LETTERS
from gradlab.graph.rules import RULES, Rule
from gradlab.graph.styles import LatexPrinter
from gradlab.sources import as_function
from gradlab.symbolic import rule_examples as examples
from gradlab.symbolic.derivation import derive
from gradlab.symbolic.rule_examples import Example
from gradlab.symbolic.steps import Step, walk

PAGE = Path("docs/reference/rules.md")

_OPENING = """# The rules

Every rule by which gradlab derives, with an example of each, derived by gradlab itself.
This page is generated: `python -m gradlab.symbolic.reference` writes it anew, and a test fails while it is out of date.

- Operands are $u$, $v$ and $w$; $A$, $B$ and $S$ are matrices.
- $\\delta$ is the derivative of the result with respect to the value in brackets, and an arrow leads to an operand.
- A rule may be used where its last column says, and everywhere if that is empty.

The groups:
"""


@dataclass(frozen=True)
class Group:
    """Rules that belong together, each with an example."""

    title: str
    examples: Mapping[str, Example]


def groups() -> list[Group]:
    """Return all rules in groups, in the order of the page; a rule without an example is in none."""
    listed = [
        Group("The rules to begin with", examples.FIRST_OF_ALL),
        Group("Writing the same in another way", examples.REWRITING),
        Group("Powers and roots", examples.POWERS_AND_ROOTS),
        Group("Comparisons and cases", examples.CONDITIONS),
        Group("Products of arrays, entry by entry", examples.SUMS_AND_PRODUCTS),
        Group("Sums and products over axes", examples.SUMS_OVER_AXES),
        Group("Linear algebra", examples.LINEAR_ALGEBRA),
        Group("Entries chosen, moved and put together", examples.MOVING_ENTRIES),
    ]
    taken = {name for group in listed for name in group.examples}
    rest = {name: example for name, example in examples.ELEMENTWISE.items() if name not in taken}
    kinked = {name: example for name, example in rest.items() if example.operation.switches is not None}
    smooth = {name: example for name, example in rest.items() if name not in kinked}
    listed[3:3] = [Group("Smooth functions", smooth), Group("Kinks and jumps", kinked)]
    return listed


def without_example() -> list[str]:
    """Return the names of the rules that stand in no group and make steps."""
    shown = {name for group in groups() for name in group.examples}
    return [name for name in RULES if name not in shown and name not in examples.NO_STEP]


def page() -> str:
    """Return the page as Markdown."""
    shown = groups()
    contents = "\n".join(f"- [{group.title}](#{_anchor(group.title)})" for group in shown)
    silent = "\n".join(f"No step has the rule *{name}*: {why}." for name, why in examples.NO_STEP.items())
    return "\n".join([_OPENING, contents, "", silent, *(_section(group) for group in shown), ""])


def _anchor(title: str) -> str:
    return re.sub("[^a-z -]", "", title.lower()).replace(" ", "-")


def _section(group: Group) -> str:
    rows = ["| rule | what it says | example | its step | where |", "|:---|:---|:---|:---|:---|"]
    for same in _alike(RULES[name] for name in group.examples):
        rule, example = same[0], group.examples[same[0].name]
        step = _step(rule, example)
        formula = printing.latex(_function(example).formula)
        cells = [_names(same), _formula(rule), _mathematics(formula), _mathematics(step.latex()), _where(rule)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(["", f"## {group.title}", "", *rows])


def _alike(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Return the rules that say the same of one factor or another together."""
    together: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        together.setdefault((rule.name.partition(",")[0], rule.formula, rule.where), []).append(rule)
    return list(together.values())


def _names(same: list[Rule]) -> str:
    first, *others = (rule.name for rule in same)
    return ", ".join([first, *(name.partition(", ")[2] for name in others)])


# The example -----------------------------------------------------------------------------------


def _function(example: Example) -> Function:
    if isinstance(example, str):
        return as_function(example)
    variables = {node.name: node.axes for node in topological([example]) if isinstance(node, Variable)}
    return Function("f", variables, example)


def _step(rule: Rule, example: Example) -> Step:
    """Return the first step that *rule* makes on its example."""
    function = _function(example)
    for step in walk(derive(function).steps):
        if step.rule == rule.name:
            return step
    raise ValueError(f"no step of the derivation of {function.text()} has the rule {rule.name!r}; give another example")


# The formula and the condition -----------------------------------------------------------------

_DERIVATIVE = re.compile(r"(d/du |d ?)(.+?) = (.+)")
_POINTS = tuple(
    {"u": u, "v": 0.4, "w": 1.3, "c": 2.2, "n": 3.0, "du": 0.9, "dv": -1.7, "dw": 0.6} for u in (0.3, 0.8, 1.6)
)
"""Where a formula that was read is held against the derivative of its left side; acosh u needs u > 1."""


def _formula(rule: Rule) -> str:
    said_in_words = " = " not in rule.formula
    plain = _without_bars(rule.formula)
    return formula_in_latex(rule) or (plain if said_in_words else f"`{plain}`")


def formula_in_latex(rule: Rule) -> str | None:
    r"""Return what *rule* says as LaTeX between dollars; None where gradlab cannot read it, or reads something else.

    Both sides are read as a user's text is, and held against each other: so a formula in LaTeX is a true one.

    >>> print(formula_in_latex(RULES["tangent"]))
    $\frac{\mathrm{d}}{\mathrm{d}u} \tan\left(u\right) = 1 + \tan^{2}\left(u\right)$
    """
    found = _DERIVATIVE.fullmatch(rule.formula)
    if found is None:
        return None
    sign, left, right = found.groups()
    try:
        function, derivative = as_function(left), as_function(right)
    except GradlabError:
        return None
    if not _is_true(function, derivative, along_u=sign == "d/du "):
        return None
    written = function.latex()
    if left[0] == "(":
        written = rf"\left({written}\right)"
    by = r"\frac{\mathrm{d}}{\mathrm{d}u} " if sign == "d/du " else r"\mathrm{d}"
    right_side = re.sub(r"\\mathrm\{d([uvw])\}", r"\\mathrm{d}\1", derivative.latex())
    return _mathematics(f"{by}{written} = {right_side}")


def _is_true(function: Function, derivative: Function, *, along_u: bool) -> bool:
    """Return whether *derivative* is the derivative of *function* along u, or its differential, at some points."""
    if not set(function.variables) <= {*LETTERS, "c", "n"} or not set(derivative.variables) <= set(_POINTS[0]):
        return False
    moving = ["u"] if along_u else [name for name in LETTERS if name in function.variables]
    derivation = derive(function, moving)
    compared = 0
    for point in _POINTS:
        try:
            partials = derivation.at({name: point[name] for name in function.variables}).partials
        except GradlabError:
            continue
        expected = sum(float(partials[name]) * (1 if along_u else point[f"d{name}"]) for name in moving)
        found = derivative({name: point[name] for name in derivative.variables})
        # Both are evaluated in float64 by a dozen operations.
        if abs(found - expected) > 1e-12 * (1 + abs(expected)):
            return False
        compared += 1
    return compared > 0


def _where(rule: Rule) -> str:
    """Return the condition of *rule* in symbols where it is said of its operands, else in its words."""
    operands = tuple(Variable(letter) for letter in LETTERS)
    try:
        conditions = said(rule.where, operands)
    except ValueError:
        return _without_bars(rule.where)
    return ", ".join(_mathematics(condition.written(LatexPrinter)) for condition in conditions)


def _mathematics(latex: str) -> str:
    # A bar would end the cell of a table, and Markdown takes the backslash before a brace for its own.
    for sign, name in ((r"\|", r"\Vert "), ("|", r"\vert "), (r"\{", r"\lbrace "), (r"\}", r"\rbrace ")):
        latex = latex.replace(sign, name)
    return f"${latex.strip()}$"


def _without_bars(text: str) -> str:
    return text.replace("|", r"\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

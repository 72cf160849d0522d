"""The derivation that a teacher writes on the board: from the front, one rule a line, for a variable that is a number.

A value that is used several times gets a name and is derived once. Each derivative that a line leaves open is derived
below that line, and put in with the next. The last line is the partial derivative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gradlab.graph import names, printing
from gradlab.graph.differentiation import sweep
from gradlab.graph.kinds import Constant, Derivative, Let, Linear, Variable
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.rules import rule
from gradlab.graph.tidying import length, tidied
from gradlab.symbolic.reducing import shortest
from gradlab.symbolic.rules import COVERED, Rewritten, Scope, next_step
from gradlab.symbolic.steps import Kind, Step

PUT_IN = rule("substitution", "the derivatives found are put in")
SIMPLIFIED = rule("simplification", "like terms and like factors are collected")
NAMES_OUT = rule("names written out", "a name stands for its value")

MOST = 300
"""Operations up to which a derivation is written on the board: longer ones have no reader."""

DEEPEST = 60
"""Nested operations up to which it is: each takes a few of Python's 1,000 frames."""

LETTERS = ("u", "v", "w", "s", "r", "q", "p")
"""Names for shared values, where the writer does not use them."""


@dataclass(frozen=True, eq=False)
class Board:
    """One partial derivative, derived from the front.

    wrt: the variable.  steps: every line, those for named values first.
    named: the partial derivative with the writer's names.  result: with all names written out.
    introduced: what was given a name because it is used several times.
    """

    wrt: Node
    steps: tuple[Step, ...]
    named: Node
    result: Node
    introduced: tuple[Let, ...]


def fits(output: Node, wrt: Sequence[Node]) -> bool:
    """Return whether the derivatives of *output* can be written on a board: by numbers, through kinds that it knows."""
    if output.axes or any(variable.axes for variable in wrt):
        return False
    ordered = topological([output])
    if len(ordered) > MOST or _depth(ordered) > DEEPEST:
        return False
    scopes = [Scope(variable, {}) for variable in wrt]
    return all(isinstance(node, COVERED) or not any(scope.moves(node) for scope in scopes) for node in ordered)


def _depth(ordered: Sequence[Node]) -> int:
    depth: dict[Node, int] = {}
    for node in ordered:
        is_sum = isinstance(node, Linear)  # a sum in a sum is derived on one line with it
        own = (depth[operand] + (not (is_sum and isinstance(operand, Linear))) for operand in node.operands)
        depth[node] = max(own, default=1)
    return max(depth.values())


def on_board(output: Node, wrt: Node, taken: frozenset[str] = frozenset()) -> Board:
    """Return the derivation of ∂output/∂wrt.

    taken: names that must not be given to shared values.

    >>> from gradlab.sources import as_function
    >>> f = as_function("(x^2 + 1) sin(x^2 + 1)")
    >>> board = on_board(f.formula, f.nodes["x"])
    >>> board.introduced[0].name, board.result
    ('u', 2 x (sin(x² + 1) + (x² + 1) cos(x² + 1)))
    """
    whole, introduced = _with_shared_named(output, Scope(wrt, {}), taken | names.used_in(output))
    writer = _Writer(Scope(wrt, {node.operands[0]: node for node in topological([whole]) if isinstance(node, Let)}))
    steps = writer.everything(whole)
    derived = writer.known[whole]
    named = shortest(_without(derived, introduced)) if introduced else derived
    result = shortest(tidied(named)) if _has_names(named) else named
    if result is not derived:
        steps.append(Step(NAMES_OUT.name, NAMES_OUT.formula, derived, result, Kind.REWRITING))
    shorter = _shorter(tidied(sweep(output, [wrt], named=False).gradient(wrt)), result)
    if shorter is not result:
        steps.append(Step(SIMPLIFIED.name, SIMPLIFIED.formula, result, shorter, Kind.REWRITING))
        named = shorter if named is result else named
    return Board(wrt, tuple(steps), named, shorter, introduced)


def _shorter(other: Node, result: Node) -> Node:
    """Return *other* if it takes fewer operations and fewer characters, else *result*."""
    fewer = length(other) < length(result) and len(printing.text(other)) < len(printing.text(result))
    return other if fewer else result


def _has_names(node: Node) -> bool:
    return any(isinstance(part, Let) and not part.names_an_input for part in topological([node]))


# Shared values -------------------------------------------------------------------------------------


def _with_shared_named(output: Node, scope: Scope, taken: frozenset[str]) -> tuple[Node, tuple[Let, ...]]:
    """Return *output* with a name for each longer value that is used several times, and the names."""
    ordered = topological([output])
    uses = Counter(operand for node in ordered for operand in node.operands)
    already = {node.operands[0] for node in ordered if isinstance(node, Let)}
    shared = [
        node
        for node in ordered
        if uses[node] > 1 and scope.moves(node) and _is_long(node) and not node.axes and node not in already
    ]
    if not shared:
        return output, ()
    chosen = dict(zip(shared, free_letters(taken), strict=False))
    introduced: list[Let] = []

    def name(old: Node, new: Node) -> Node:
        if old not in chosen:
            return new
        introduced.append(Let(chosen[old], new))
        return introduced[-1]

    return rebuild([output], replace=name)[0], tuple(introduced)


def _is_long(node: Node) -> bool:
    """Return whether *node* takes two operations or more: x² is not worth a name, x² + 1 is."""
    if isinstance(node, (Let, Variable, Constant)):
        return False
    return any(not isinstance(operand, (Let, Variable, Constant)) for operand in node.operands)


def free_letters(taken: frozenset[str]) -> Iterator[str]:
    """Yield names for values that have none, except those *taken*: u, v, w, …, u1, v1, …"""
    for suffix in ("", *map(str, range(1, MOST))):
        yield from (letter + suffix for letter in LETTERS if letter + suffix not in taken)


def _without(node: Node, introduced: Sequence[Let]) -> Node:
    return rebuild([node], replace=lambda old, new: new.operands[0] if old in introduced else new)[0]


def _stands_for(node: Let) -> str:
    return f"{printing.text(node)} = {printing.text(node.operands[0])}"


def _simplify(steps: list[Step]) -> Node:
    """Add the line on which the last one is tidied, unless it is written in the same way, and return what it says."""
    line = steps[-1].after
    final = shortest(line)
    if final is not line:
        if printing.text(final) == printing.text(line):
            steps[-1] = replace(steps[-1], after=final)
        else:
            steps.append(Step(SIMPLIFIED.name, SIMPLIFIED.formula, line, final, Kind.REWRITING))
    return final


# Writing -------------------------------------------------------------------------------------------


@dataclass
class _Writer:
    """Writes chains of equalities; *known* holds the derivative of each expression that was derived."""

    scope: Scope
    known: dict[Node, Node] = field(default_factory=dict)

    def everything(self, whole: Node) -> list[Step]:
        """Return the derivations of the named values, each once, and that of *whole*."""
        steps: list[Step] = []
        for node in topological([whole]):
            if isinstance(node, Let) and not node.names_an_input and self.scope.moves(node) and node is not whole:
                steps += self.chain(node)
        return [*steps, *self.chain(whole)]

    def chain(self, node: Node) -> list[Step]:
        """Return the equalities that lead from ∂node/∂wrt to what it is; none if that is known."""
        if node in self.known:
            return []
        steps: list[Step] = []
        expression = node
        while isinstance(found := next_step(expression, self.scope), Rewritten):
            because = _stands_for(node) if isinstance(node, Let) else found.rule.formula
            steps.append(self._rewriting(found.rule.name, because, expression, found.after))
            expression = found.after
        open_parts = [part for part in topological([found.after]) if isinstance(part, Derivative)]
        substeps = tuple(step for part in open_parts for step in self.chain(part.operands[0]))
        because = found.because or found.rule.formula
        steps.append(Step(found.rule.name, because, self.scope.derivative(expression), found.after, substeps=substeps))
        if open_parts:
            line = rebuild([found.after], replace=self._put_in)[0]
            steps.append(Step(PUT_IN.name, PUT_IN.formula, found.after, line, Kind.REWRITING))
        self.known[node] = _simplify(steps)
        return steps

    def _rewriting(self, name: str, because: str, before: Node, after: Node) -> Step:
        derivative = self.scope.derivative
        return Step(name, because, derivative(before), derivative(after), Kind.REWRITING)

    def _put_in(self, old: Node, new: Node) -> Node:
        return self.known[old.operands[0]] if isinstance(old, Derivative) else new

"""Which wrong answers follow from which mistakes: a derivation gone through with mal-rules in place of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from gradlab.grading import function_mistakes, rule_mistakes
from gradlab.grading.malrules import MAL_RULES, MalRule, Situation
from gradlab.graph import algebra
from gradlab.graph.kinds import Derivative, Elementwise
from gradlab.graph.nodes import Node, rebuild, topological
from gradlab.graph.operations import DIVIDE, SQRT
from gradlab.symbolic.rules import Rewritten, Scope, next_step

CATALOGUES = (rule_mistakes, function_mistakes)
"""Loading them is what registers their mal-rules."""

MOST_SINGLES, MOST_PAIRS = 600, 4_000
"""Wrong answers that are made of one mistake, and of two."""

SIGNS = frozenset({"trigonometric sign", "quotient sign swapped", "sign slip"})
"""Mistakes that turn a sign: at the same step another one may be made too."""

VARIANTS = 4
"""Ways of one mistake that are made everywhere: all in the first way, all in the second."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """One mal-rule at one step.

    wrong: what it made of that step.  everywhere: whether at every step of its kind.
    whole: whether it concerns the answer as a whole; *step* is then just the first one.
    inside: whether the step is not the first one.
    """

    rule: MalRule
    step: Situation
    wrong: Node
    everywhere: bool = False
    whole: bool = False
    inside: bool = False

    @property
    def is_rare(self) -> bool:
        """Whether other explanations are to be believed first."""
        return self.rule.rare or (self.rule.rare_inside and self.inside and not self.everywhere)

    @property
    def name(self) -> str:
        """What the mistake is called."""
        return self.rule.name


Mistakes = tuple[Mistake, ...]


@dataclass(frozen=True, eq=False)
class WrongAnswer:
    """What an answer would be, and the mistakes that lead there, each at its step."""

    answer: Node
    mistakes: Mistakes

    @property
    def name(self) -> str:
        """The mistakes by name, each once, joined by "and"."""
        return _joined({mistake.name for mistake in self.mistakes})

    @property
    def is_believed(self) -> bool:
        """Whether this may be told: among so many pairs some lead to any short answer by accident."""
        return len(self.mistakes) == 1 or all(mistake.rule.usual for mistake in self.mistakes)

    @property
    def is_rare(self) -> bool:
        """Whether one of the mistakes is rare."""
        return any(mistake.is_rare for mistake in self.mistakes)

    @property
    def yields_to(self) -> set[str]:
        """The names of explanations that are to be believed first."""
        names = [mistake.name for mistake in self.mistakes]
        return {
            _joined({*names[:place], *names[place + 1 :], other})
            for place, mistake in enumerate(self.mistakes)
            for other in mistake.rule.yields_to
        }


def _joined(names: set[str]) -> str:
    return " and ".join(sorted(names))


@dataclass
class Derived:
    """The derivative of one expression, right and wrong.

    rules: the mal-rules, by name.
    """

    output: Node
    scope: Scope
    rules: Mapping[str, Sequence[MalRule]] = field(default_factory=lambda: MAL_RULES)
    _situations: dict[Node, list[Situation]] = field(default_factory=dict)
    _right: dict[Node, Node] = field(default_factory=dict)
    _singles: dict[Node, list[WrongAnswer]] = field(default_factory=dict)

    def right(self, node: Node | None = None) -> Node:
        """Return the right derivative, as the steps make it."""
        node = self.output if node is None else node
        if node not in self._right:
            self._right[node] = self._put_in(self._steps(node)[-1].right.after, {})
        return self._right[node]

    def singles(self) -> list[WrongAnswer]:
        """Return the wrong answers of one mistake, made at one step or at every step of its kind."""
        return list(islice((*self._single(self.output), *self._shared(), *self._everywhere()), MOST_SINGLES))

    def pairs(self) -> Iterator[WrongAnswer]:
        """Yield wrong answers of two mistakes at different steps."""
        return islice(self._pairs(self.output), MOST_PAIRS)

    # Steps -----------------------------------------------------------------------------------------

    def _steps(self, node: Node) -> list[Situation]:
        """Return the step that is taken with the derivative of *node*, after those that write it differently first."""
        if node not in self._situations:
            expression, own = node, list[Node]()
            while isinstance(step := next_step(expression, self.scope), Rewritten):
                if _is_its_own(expression):
                    own.append(expression)
                expression = step.after
            self._situations[node] = [Situation(part, self.scope, step) for part in (*own, expression)]
        return self._situations[node]

    def _wrong_steps(self, node: Node, name: str | None = None) -> Iterator[Mistake]:
        """Yield what mal-rules make of the step with *node*; *name*: of one mal-rule only."""
        seen: set[tuple[str, Node]] = set()
        for situation in self._steps(node):
            for rules in self.rules.values() if name is None else [self.rules[name]]:
                for rule in rules:
                    for wrong in rule.wrong(situation):
                        if wrong is not situation.right.after and (rule.name, wrong) not in seen:
                            seen.add((rule.name, wrong))
                            yield Mistake(rule, situation, wrong, inside=node is not self.output)

    def _put_in(self, after: Node, chosen: Mapping[Node, Node]) -> Node:
        """Return *after* with its open derivatives carried out, those of the expressions in *chosen* as that says."""

        def closed(old: Node, new: Node) -> Node:
            if not isinstance(old, Derivative):
                return new
            operand = old.operands[0]
            if old.wrt is not self.scope.wrt:  # a mistake may differentiate with respect to another variable
                return Derived(operand, Scope(old.wrt, {}), {}).right()
            found = chosen.get(operand)
            return found if found is not None else self.right(operand)

        return rebuild([after], replace=closed)[0]

    def _open(self, after: Node) -> list[Node]:
        """Return the expressions whose derivatives *after* leaves open."""
        return [
            part.operands[0]
            for part in topological([after])
            if isinstance(part, Derivative) and part.wrt is self.scope.wrt
        ]

    # Mistakes --------------------------------------------------------------------------------------

    def _single(self, node: Node) -> list[WrongAnswer]:
        if node not in self._singles:
            self._singles[node] = []  # no expression is a part of itself; this ends a rewriting that returns to it
            found = [WrongAnswer(self._put_in(m.wrong, {}), (m,)) for m in self._wrong_steps(node)]
            after = self._steps(node)[-1].right.after
            for inner in self._open(after):
                found += [WrongAnswer(self._put_in(after, {inner: w.answer}), w.mistakes) for w in self._single(inner)]
            self._singles[node] = found
        return self._singles[node]

    def _pairs(self, node: Node) -> Iterator[WrongAnswer]:
        after = self._steps(node)[-1].right.after
        inner = self._open(after)
        for place, first in enumerate(inner):
            for second in inner[place + 1 :]:
                for one, other in product(self._single(first), self._single(second)):
                    answer = self._put_in(after, {first: one.answer, second: other.answer})
                    yield WrongAnswer(answer, one.mistakes + other.mistakes)
        mistakes = list(self._wrong_steps(node))
        signs = [mistake for mistake in mistakes if mistake.name in SIGNS]
        for mistake in mistakes if signs else ():
            if mistake.name not in SIGNS:
                yield WrongAnswer(algebra.negative(self._put_in(mistake.wrong, {})), (mistake, signs[0]))
        for mistake in mistakes:
            for part in self._open(mistake.wrong):
                for single in self._single(part):
                    answer = self._put_in(mistake.wrong, {part: single.answer})
                    yield WrongAnswer(answer, (mistake, *single.mistakes))
        for part in inner:
            for pair in self._pairs(part):
                yield WrongAnswer(self._put_in(after, {part: pair.answer}), pair.mistakes)

    def _shared(self) -> Iterator[WrongAnswer]:
        """Yield the answers of one mistake with an expression that occurs several times, made at each of its places."""
        uses = Counter[Node]()
        waiting = [self.output]
        while waiting and len(uses) < MOST_SINGLES:
            node = waiting.pop()
            uses[node] += 1
            if uses[node] < 2:
                waiting += self._open(self._steps(node)[-1].right.after)
        for node, count in uses.items():
            for mistake in self._wrong_steps(node) if count > 1 else ():
                yield WrongAnswer(self._replaced({node: self._put_in(mistake.wrong, {})}), (mistake,))

    def _replaced(self, known: dict[Node, Node], node: Node | None = None) -> Node:
        """Return the derivative in which those of some expressions are as *known* says."""
        node = self.output if node is None else node
        if node not in known:
            after = self._steps(node)[-1].right.after
            known[node] = self._put_in(after, {inner: self._replaced(known, inner) for inner in self._open(after)})
        return known[node]

    def _everywhere(self) -> Iterator[WrongAnswer]:
        """Yield the answers of one mistake that is made wherever it can be."""
        for name in self.rules:
            seen: set[Node] = set()
            for variant in range(VARIANTS):
                made: list[Mistake] = []
                answer = self._always(self.output, name, variant, made, {})
                if len(made) > 1 and answer not in seen:
                    seen.add(answer)
                    first = made[0]
                    yield WrongAnswer(answer, (Mistake(first.rule, first.step, first.wrong, everywhere=True),))
                if not made:
                    break

    def _always(self, node: Node, name: str, variant: int, made: list[Mistake], known: dict[Node, Node]) -> Node:
        if node in known:
            return known[node]
        wrong = list(self._wrong_steps(node, name))
        after = self._steps(node)[-1].right.after
        if wrong:
            mistake = wrong[min(variant, len(wrong) - 1)]
            made.append(mistake)
            after = mistake.wrong
        chosen = {inner: self._always(inner, name, variant, made, known) for inner in self._open(after)}
        known[node] = self._put_in(after, chosen)
        return known[node]


def _is_its_own(node: Node) -> bool:
    """Return whether a rewriting starts from something that a student has another rule for: a quotient, a root."""
    return isinstance(node, Elementwise) and node.operation in (DIVIDE, SQRT)

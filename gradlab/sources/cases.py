"""Reading what chooses between values: the comparisons of ``where``, and the cases of ``piecewise``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce

from gradlab.sources.cursor import Cursor
from gradlab.sources.syntax import Call, Number, Tree, respanned
from gradlab.sources.tokens import Kind, Token

_COMPARISONS = {
    ">": "greater",
    "≥": "greater_equal",
    "<": "less",
    "≤": "less_equal",
    "=": "equal",
    "≠": "not_equal",
}
"""Sign -> the function that stands for it in the tree."""


@dataclass(frozen=True, eq=False)
class CaseReader:
    """Reads conditions at *cursor*; *expression* reads one formula of numbers there."""

    cursor: Cursor
    expression: Callable[[], Tree]

    def cases(self, function: Token) -> Tree:
        """Return what stands in the bracket of ``piecewise``, read up to its end, as one choice inside another."""
        values: list[tuple[Tree, Tree | None]] = [self._case(function)]
        while self.cursor.next.kind is Kind.COMMA:
            comma = self.cursor.advance()
            if values[-1][1] is None:
                self.cursor.refuse.fail("the case before this comma always holds; make it the last one", comma)
            values.append(self._case(function))
        *others, (result, condition) = values
        if condition is not None:
            self.cursor.refuse.fail("add a last case for what is left over, (x, true)", function)
        for value, holds in reversed(others):
            assert holds is not None
            result = Call("where", (holds, value, result), (value.span[0], result.span[1]))
        return result

    def _case(self, function: Token) -> tuple[Tree, Tree | None]:
        """Return value and condition of one case, (x^2, x > 0); None for the condition that always holds."""
        cursor = self.cursor
        opener = cursor.advance()
        if opener.kind is not Kind.OPEN:
            cursor.refuse.cases(function)
        with cursor.bracket(opener):
            value = self.expression()
            if cursor.advance().kind is not Kind.COMMA:
                cursor.refuse.cases(function)
            always = cursor.next.kind is Kind.WORD and cursor.next.text != "not"
            if always:
                cursor.advance()
            return value, None if always else self.condition(function)

    def choice(self, value: Tree) -> Tree:
        """Return the choice that goes on behind *value*: x^2 if x > 0 else x."""
        cursor = self.cursor
        sign = cursor.advance()
        holds = self.condition(sign)
        if cursor.next.kind is not Kind.WORD or cursor.next.text != "else":
            cursor.refuse.fail("'if' chooses between two values; write x^2 if x > 0 else x", sign)
        cursor.advance()
        cursor.deepen(sign)
        otherwise = self.expression()
        cursor.rise()
        return Call("where", (holds, value, otherwise), (value.span[0], otherwise.span[1]))

    def truth(self, opener: Token) -> Tree:
        """Return 1 where what stands in square brackets holds, else 0: [x > 0]."""
        with self.cursor.bracket(opener):
            holds = self.condition(opener)
        span = (opener.start, self.cursor.last_end)
        return Call("where", (holds, Number(Fraction(1), span), Number(Fraction(0), span)), span)

    def condition(self, function: Token) -> Tree:
        """Return comparisons joined by ``and``, ``or`` and ``not``, with which *function* chooses."""
        self.cursor.conditions.append(len(self.cursor.open))
        condition = self._joined(function, ("or", "and"))
        self.cursor.conditions.pop()
        return condition

    def _joined(self, function: Token, words: Sequence[str]) -> Tree:
        """Return comparisons joined by these *words*, the loosest first."""
        if not words:
            return self._truth(function)
        parts = [self._joined(function, words[1:])]
        while self.cursor.next.kind is Kind.WORD and self.cursor.next.text == words[0]:
            self.cursor.advance()
            parts.append(self._joined(function, words[1:]))
        return _all_of(f"logical_{words[0]}", parts)

    def _truth(self, function: Token) -> Tree:
        """Return a comparison, a condition in brackets, or what ``not`` turns around."""
        cursor, token = self.cursor, self.cursor.next
        cursor.deepen(token)
        tree: Tree
        if token.kind is Kind.WORD and token.text == "not":
            cursor.advance()
            inside = self._truth(function)
            tree = Call("logical_not", (inside,), (token.start, inside.span[1]))
        elif token.kind is Kind.OPEN and self.holds_condition(cursor.position):
            with cursor.bracket(cursor.advance()):
                inside = self.condition(function)
            tree = respanned(inside, (token.start, cursor.last_end))
            if cursor.next.kind not in (Kind.WORD, Kind.COMMA, Kind.CLOSE):
                message = "this bracket holds a condition, which is no number; write 'and', 'or' or a comma behind it"
                cursor.refuse.fail(message, token)
        else:
            tree = self._comparison(function)
        cursor.rise()
        return tree

    def holds_condition(self, place: int) -> bool:
        """Return whether the bracket that opens at *place* holds a condition, and does not begin a comparison."""
        return place in self._conditions

    @cached_property
    def _conditions(self) -> frozenset[int]:
        """The places of the brackets that hold a condition, found in one pass: they may be deep inside each other."""
        found: set[int] = set()
        choices: set[int] = set()
        open_at: list[int] = []
        tokens = self.cursor.tokens
        for place, token in enumerate(tokens):
            if token.kind is Kind.OPEN:
                open_at.append(place)
            elif token.kind is Kind.CLOSE:
                opened = open_at.pop()
                if opened in choices:
                    found.discard(opened)
                elif opened + 1 in found and tokens[opened + 1].kind is Kind.OPEN:
                    found.add(opened)
            elif open_at and token.kind in (Kind.COMPARISON, Kind.WORD):
                (choices if token.text == "if" else found).add(open_at[-1])
        return frozenset(found)

    def _comparison(self, function: Token) -> Tree:
        """Return what stands on both sides of one sign, or of several: 0 < x < 1 is 0 < x and x < 1."""
        sides = [self.expression()]
        signs: list[Token] = []
        while self.cursor.next.kind is Kind.COMPARISON:
            signs.append(self.cursor.advance())
            sides.append(self.expression())
        if not signs:
            self.cursor.refuse.missing_comparison(function)
        pairs = zip(sides, signs, sides[1:], strict=False)
        return _all_of("logical_and", [_compared(left, sign, right) for left, sign, right in pairs])


def _compared(left: Tree, sign: Token, right: Tree) -> Tree:
    return Call(_COMPARISONS[sign.text], (left, right), (left.span[0], right.span[1]))


def _all_of(function: str, parts: Sequence[Tree]) -> Tree:
    """Return *parts* joined by a *function* of two; the only part itself."""
    return reduce(lambda left, right: Call(function, (left, right), (left.span[0], right.span[1])), parts)

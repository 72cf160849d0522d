"""Tokens read into a syntax tree by operator precedence (Pratt 1973), whatever notation they were cut from.

From loose to tight, the binding is::

    + -                  left     a - b - c = (a - b) - c
    * / @ and nothing    left     1/2x = (1/2)x
    signs                         -x^2 = -(x^2),  -2x = (-2)x
    ^                    right    2^3^2 = 2^(3^2),  2^-x = 2^(-x)

A function without a bracket takes the factors that follow, up to the next function, sign, ``*`` or ``/``:
``sin 2x cos y / 2`` is ``sin(2x) * cos(y) / 2``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

from gradlab.errors import ParseError
from gradlab.sources.arguments import takes
from gradlab.sources.cases import CaseReader
from gradlab.sources.cursor import Cursor
from gradlab.sources.indices import runs
from gradlab.sources.names import Vocabulary, resolve
from gradlab.sources.powers import check_powers
from gradlab.sources.syntax import Binary, Call, Name, Number, Operator, Span, Tree, Unary
from gradlab.sources.tokens import Kind, Token

_SUM, _PRODUCT, _SIGN, _POWER = 10, 20, 30, 40

_BINDING = {
    "+": (_SUM, _SUM + 1),
    "-": (_SUM, _SUM + 1),
    "*": (_PRODUCT, _PRODUCT + 1),
    "/": (_PRODUCT, _PRODUCT + 1),
    "@": (_PRODUCT, _PRODUCT + 1),
    "^": (_POWER, _POWER),
}
"""Operator -> how tightly it binds to its left and to its right; equal means right-associative."""

# A tuple: an Enum hashes in Python code, so a set would be slower.
_FACTORS = (Kind.NAME, Kind.NUMBER, Kind.FUNCTION, Kind.OPEN, Kind.BAR, Kind.ROOT)

_INVERSES = {
    **{name: f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"a{name}": name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "exp": "log",
    "log": "exp",
}


def read_tokens(tokens: Sequence[Token], text: str, vocabulary: Vocabulary) -> Tree:
    """Return the syntax tree of *tokens*, which were cut from *text* and end with one of kind END.

    Raises ParseError at the first token that does not fit.

    >>> from gradlab.sources.names import vocabulary
    >>> from gradlab.sources.tokens import tokenize
    >>> read_tokens(tokenize("2x + 1"), "2x + 1", vocabulary(None))
    (+ (* 2 x) 1)
    """
    if tokens[0].kind is Kind.END:
        raise ParseError("nothing to read; write for example x**2 + y", text, 0)
    _check_brackets(tokens, text)
    tree = _Parser(resolve(tokens, text, vocabulary), text).formula()
    declared = (vocabulary.variables or {}).values()
    check_powers(tree, text, declared)
    if "sum" in text.lower():
        runs(tree, text, declared)
    return tree


def _check_brackets(tokens: Sequence[Token], text: str) -> None:
    """Refuse a bracket without its partner before anything else, so that the message is about the bracket."""
    unclosed: list[Token] = []
    for token in tokens:
        if token.kind is Kind.OPEN:
            unclosed.append(token)
        elif token.kind is Kind.CLOSE:
            if not unclosed:
                raise ParseError("this bracket closes nothing; delete it or open one", text, token.start)
            unclosed.pop()
    if unclosed:
        raise ParseError("this bracket never closes; write ')' where it ends", text, unclosed[-1].start)


class _Parser:
    """One pass over resolved tokens whose round brackets are known to pair up."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self._cursor = Cursor(tokens, text)
        self._refuse = self._cursor.refuse
        self._text = text
        self._cases = CaseReader(self._cursor, lambda: self._expression(0))

    def formula(self) -> Tree:
        """Return the tree of all tokens."""
        tree = self._expression(0)
        separator = self._cursor.advance()
        if separator.kind is not Kind.END:
            self._refuse.separator(separator)
        return tree

    def _expression(self, minimum: int) -> Tree:
        """Return the longest expression from here whose operators bind at least as tightly as *minimum*."""
        left = self._operand()
        while True:
            token = self._cursor.next
            if token.kind is Kind.OPERATOR:
                binding, right_minimum = _BINDING[token.text]
                if binding < minimum:
                    return left
                self._cursor.advance()
                # Only an exponent nests without passing through an operand.
                nests = token.text == "^"
                if nests:
                    self._cursor.deepen(token)
                right = self._expression(right_minimum)
                if nests:
                    self._cursor.rise()
                left = _binary(cast(Operator, token.text), left, right)
            elif token.kind is Kind.SUPERSCRIPT:
                left = self._raised(left)
            elif self._starts_factor(token):
                if minimum > _PRODUCT:
                    return left
                left = _binary("*", left, self._expression(_PRODUCT + 1))
            elif token.kind in (Kind.COMPARISON, Kind.WORD) and not self._cursor.in_condition:
                self._refuse.condition(token)
            else:
                return left

    def _starts_factor(self, token: Token) -> bool:
        """Return whether *token*, right after a complete factor, begins another one to multiply by."""
        if token.kind is Kind.NUMBER:
            self._refuse.number(token)
        return token.kind in _FACTORS and not self._closes_bar(token)

    def _closes_bar(self, token: Token) -> bool:
        return token.kind is Kind.BAR and bool(self._cursor.open) and self._cursor.open[-1] == token.text

    def _operand(self) -> Tree:
        """Return a number, a name, a bracket, a function with its argument, or a sign with its operand."""
        token = self._cursor.advance()
        if token.kind is Kind.NAME:
            return Name(token.text, (token.start, token.end))
        if token.kind is Kind.NUMBER:
            return Number(_value(token), (token.start, token.end))
        self._cursor.deepen(token)
        tree: Tree
        match token.kind:
            case Kind.OPERATOR if token.text in ("+", "-"):
                operand = self._expression(_SIGN)
                tree = Unary(token.text, operand, (token.start, operand.span[1]))
            case Kind.OPEN:
                tree = self._bracket(token)
            case Kind.BAR:
                tree = self._bars(token)
            case Kind.ROOT:
                tree = self._root(token)
            case Kind.FUNCTION:
                tree = self._application(token)
            case _:
                self._refuse.operand(token)
        self._cursor.rise()
        return tree

    def _bracket(self, opener: Token) -> Tree:
        """Return what stands in round brackets; its span includes them."""
        with self._cursor.bracket(opener):
            inside = self._expression(0)
        return replace(inside, span=(opener.start, self._cursor.last_end))

    def _bars(self, opener: Token) -> Tree:
        """Return abs of what stands between single bars, norm of what stands between double ones."""
        self._cursor.open.append(opener.text)
        inside = self._expression(0)
        closer = self._cursor.next
        if not self._closes_bar(closer):
            if closer.kind is Kind.COMMA:
                self._refuse.separator(self._cursor.advance())
            self._refuse.fail(f"this bar never closes; write '{opener.text}' where it ends, or abs(...)", opener)
        self._cursor.advance()
        self._cursor.open.pop()
        span = (opener.start, closer.end)
        if opener.text == "‖":
            return Call("norm", (inside,), span)
        # Read bar by bar, ||u|| is abs(abs(u)); bars doubled on both sides mean the norm.
        is_doubled = inside.span == (opener.end, closer.start) and self._text[opener.end] == "|"
        if is_doubled and isinstance(inside, Call) and inside.function == "abs":
            return Call("norm", inside.arguments, span)
        return Call("abs", (inside,), span)

    def _root(self, token: Token) -> Tree:
        """Return the square root of the one number, name, bracket or function that follows."""
        if self._cursor.next.kind is Kind.OPERATOR:
            self._refuse.fail("'√' has nothing after it; write √(...) with a bracket", token)
        is_bracketed = self._cursor.next.kind is Kind.OPEN
        operand = self._operand()
        if not is_bracketed and self._is_power(self._cursor.next):
            self._refuse.fail("this can mean (√x)^2 or √(x^2); write one of them with its bracket", token)
        return Call("sqrt", (operand,), (token.start, operand.span[1]))

    def _application(self, token: Token) -> Tree:
        """Return a function of its arguments, raised to the power between them in ``sin^2 x``."""
        power = self._power_of_function(token) if self._is_power(self._cursor.next) else None
        if self._cursor.next.kind is Kind.OPEN:
            arguments, end = self._arguments(token)
        else:
            argument = self._argument_without_bracket(token)
            arguments, end = (argument,), argument.span[1]
        tree = self._call(token, arguments, (token.start, end))
        if power is None:
            return tree
        self._refuse_second_power(token)
        return Binary("^", tree, power, tree.span)

    def _arguments(self, function: Token) -> tuple[tuple[Tree, ...], int]:
        """Return the arguments in the bracket after *function*, and where the bracket ends."""
        with self._cursor.bracket(self._cursor.advance()):
            if self._cursor.next.kind is Kind.CLOSE:
                self._refuse.missing_argument(function)
            if function.text == "piecewise":
                arguments = [self._cases.cases(function)]
            else:
                first = self._cases.condition(function) if function.text == "where" else self._expression(0)
                arguments = [first, *self._further_arguments(function)]
        return tuple(arguments), self._cursor.last_end

    def _further_arguments(self, function: Token) -> Iterator[Tree]:
        """Yield what follows each comma up to the end of a bracket; the limits of a sum may have one of their own."""
        while self._cursor.next.kind is Kind.COMMA:
            self._cursor.advance()
            if function.text == "sum" and self._starts_limits():
                with self._cursor.bracket(self._cursor.advance()):
                    yield self._expression(0)
                    yield from self._further_arguments(function)
            else:
                yield self._expression(0)

    def _starts_limits(self) -> bool:
        """Return whether an index and its limits follow, as in ``(k, 1, 5)``."""
        following = self._cursor.tokens[self._cursor.position :][:3]
        return [token.kind for token in following] == [Kind.OPEN, Kind.NAME, Kind.COMMA]

    def _argument_without_bracket(self, function: Token) -> Tree:
        """Return the product of the factors that follow *function*."""
        if self._cursor.next.kind not in _FACTORS or self._closes_bar(self._cursor.next):
            self._refuse.missing_argument(function)
        argument = self._expression(_SIGN)
        while self._starts_factor(self._cursor.next) and self._cursor.next.kind is not Kind.FUNCTION:
            argument = _binary("*", argument, self._expression(_SIGN))
        return argument

    def _call(self, token: Token, arguments: tuple[Tree, ...], span: Span) -> Tree:
        if token.text == "piecewise":
            return replace(arguments[0], span=span)
        if not takes(token.text, len(arguments)):
            self._refuse.argument_count(token, len(arguments))
        if token.text == "pow":
            return Binary("^", arguments[0], arguments[1], span)
        return Call(token.text, arguments, span)

    def _power_of_function(self, function: Token) -> Tree:
        """Return the exponent in ``sin^2 x`` or ``sin² x``: a number, a name or a bracket."""
        token = self._cursor.advance()
        name = self._refuse.written(function)
        if token.kind is Kind.SUPERSCRIPT:
            exponent = _exponent(token)
        elif self._cursor.next.kind in (Kind.NUMBER, Kind.NAME, Kind.OPEN):
            exponent = self._operand()
        elif self._cursor.next.text == "-":
            exponent = self._expression(_POWER)
        else:
            self._refuse.fail(f"this power of {name} is not read; write {name}(x)^2", function)
        if isinstance(exponent, Unary) and exponent.operator == "-":
            inverse = _INVERSES.get(function.text)
            or_inverse = f"{inverse}(x) or " if inverse else ""
            self._refuse.fail(f"a negative power of {name} is ambiguous; write {or_inverse}1/{name}(x)", function)
        self._refuse_second_power(function)
        return exponent

    def _raised(self, base: Tree) -> Tree:
        """Return *base* to the raised number that follows."""
        token = self._cursor.advance()
        self._refuse_second_power(token)
        return _binary("^", base, _exponent(token))

    @staticmethod
    def _is_power(token: Token) -> bool:
        return token.kind is Kind.SUPERSCRIPT or (token.kind is Kind.OPERATOR and token.text == "^")

    def _refuse_second_power(self, token: Token) -> None:
        """Refuse ``x²^3``, which reads as (x²)^3 on paper and as x^(2^3) by the rule for ``^``."""
        if self._is_power(self._cursor.next):
            self._refuse.fail("two powers in a row are ambiguous; write (x^2)^3 or x^(2^3)", token)


def _binary(operator: Operator, left: Tree, right: Tree) -> Binary:
    return Binary(operator, left, right, (left.span[0], right.span[1]))


def _exponent(token: Token) -> Tree:
    """Return a raised number as the same tree that ``^2`` or ``^-1`` gives."""
    span = (token.start, token.end)
    value = _value(token)
    return Unary("-", Number(-value, span), span) if value < 0 else Number(value, span)


def _value(token: Token) -> Fraction:
    if token.value is None:
        raise ValueError(f"a token of kind {token.kind.value!r} carries its value")
    return token.value

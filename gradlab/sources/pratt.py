"""Tokens read into a syntax tree by operator precedence (Pratt 1973), whatever notation they were cut from.

From loose to tight, the binding is::

    + -                  left     a - b - c = (a - b) - c
    * / @ and nothing    left     1/2x = (1/2)x
    signs                         -x^2 = -(x^2),  -2x = (-2)x
    ^                    right    2^3^2 = 2^(3^2),  2^-x = 2^(-x)

A sum sign takes the product that follows: ``sum_i x_i y_i + 1`` is ``(sum_i x_i y_i) + 1``.
A function without a bracket takes the factors that follow, up to the next function, sign, ``*`` or ``/``:
``sin 2x cos y / 2`` is ``sin(2x) * cos(y) / 2``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

from gradlab.errors import ParseError
from gradlab.sources import ambiguities
from gradlab.sources.arguments import takes
from gradlab.sources.cases import CaseReader
from gradlab.sources.cursor import Cursor
from gradlab.sources.indices import runs
from gradlab.sources.names import CONSTANTS, Names
from gradlab.sources.notes import Note
from gradlab.sources.powers import check_powers
from gradlab.sources.resolving import resolve
from gradlab.sources.sum_signs import EXAMPLE as SUM_EXAMPLE
from gradlab.sources.syntax import (
    Binary,
    Call,
    Entry,
    Name,
    Number,
    Operator,
    Span,
    Tree,
    Unary,
    Vector,
    respanned,
)
from gradlab.sources.tokens import Kind, Token

_SUM, _PRODUCT, _SIGN, _POWER = 10, 20, 30, 40

_BINDING = {
    "+": (_SUM, _SUM + 1),
    "-": (_SUM, _SUM + 1),
    "*": (_PRODUCT, _PRODUCT + 1),
    "/": (_PRODUCT, _PRODUCT + 1),
    "@": (_PRODUCT, _PRODUCT + 1),
    "⊙": (_PRODUCT, _PRODUCT + 1),
    "^": (_POWER, _POWER),
    "^⊙": (_POWER, _POWER),
}
"""Operator -> how tightly it binds to its left and to its right; equal means right-associative."""

# What stands in most texts: looking a member of an Enum up takes as long as comparing five of them.
_NAME, _NUMBER, _OPERATOR, _OPEN, _FUNCTION = Kind.NAME, Kind.NUMBER, Kind.OPERATOR, Kind.OPEN, Kind.FUNCTION
_ENDS = (Kind.END, Kind.CLOSE, Kind.COMMA)

# A tuple: an Enum hashes in Python code, so a set would be slower.
_FACTORS = (Kind.NAME, Kind.NUMBER, Kind.FUNCTION, Kind.OPEN, Kind.BAR, Kind.ROOT, Kind.ENTRY, Kind.SUM)

_SMALL = 100
"""Exponents up to this are not looked at more closely where a variable is below them."""

_INVERSES = {
    **{name: f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"a{name}": name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "exp": "log",
    "log": "exp",
}


def read_tokens(tokens: Sequence[Token], text: str, names: Names) -> tuple[Tree, tuple[Note, ...]]:
    """Return the syntax tree of *tokens*, which were cut from *text* and end with one of kind END, and what to tell.

    Raises ParseError at the first token that does not fit.

    >>> from gradlab.sources.text_tokens import tokenize
    >>> read_tokens(tokenize("2x + 1"), "2x + 1", Names())
    ((+ (* 2 x) 1), ())
    """
    if tokens[0].kind is Kind.END:
        raise ParseError("nothing to read; write for example x**2 + y", text, 0)
    _check_brackets(tokens, text)
    parser = _Parser(resolve(tokens, text, names), text)
    tree = parser.formula()
    declared = (names.variables or {}).values()
    if parser.has_large_powers:
        check_powers(tree, text, declared)
    if "um" in text or "∑" in text or "Σ" in text:
        runs(tree, text, declared)
    return tree, tuple(parser.notes)


_CLOSERS = {"(": ")", "[": "]", "<": ">"}


def _check_brackets(tokens: Sequence[Token], text: str) -> None:
    """Refuse a bracket without its partner before anything else, so that the message is about the bracket."""
    unclosed: list[Token] = []
    opening, closing = Kind.OPEN, Kind.CLOSE
    for token in tokens:
        kind = token.kind
        if kind is opening:
            unclosed.append(token)
        elif kind is closing:
            if not unclosed:
                raise ParseError("this bracket closes nothing; delete it or open one", text, token.start)
            opener = unclosed.pop()
            if _CLOSERS[opener.text] != token.text:
                meant = _CLOSERS[opener.text]
                raise ParseError(f"'{opener.text}' is closed by '{token.text}'; write '{meant}'", text, token.start)
    if unclosed:
        closer = _CLOSERS[unclosed[-1].text]
        raise ParseError(f"this bracket never closes; write '{closer}' where it ends", text, unclosed[-1].start)


class _Parser:
    """One pass over resolved tokens whose brackets are known to pair up.

    has_large_powers: whether a constant power may be too large to be meant.  notes: what to tell of the reading.
    """

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self._cursor = Cursor(tokens, text)
        self._refuse = self._cursor.refuse
        self._text = text
        self._cases = CaseReader(self._cursor, lambda: self._expression(0))
        self.has_large_powers = False
        self.notes = self._cursor.notes

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
        cursor = self._cursor
        while True:
            token = cursor.next
            kind = token.kind
            if kind in _ENDS:
                return left
            if kind is _OPERATOR:
                binding, right_minimum = _BINDING[token.text]
                if binding < minimum:
                    return left
                cursor.advance()
                if token.text[0] == "^":
                    left = self._power(left, token)
                    continue
                if token.text == "/" and type(left) is Call:
                    self.notes += ambiguities.quotient(left, token, self._text)
                right = self._expression(right_minimum)
                if token.text == "/" and type(left) is Binary and type(right) is Number:
                    self.notes += ambiguities.exponent(left, right, self._text)
                left = Binary(cast(Operator, token.text), left, right, (left.span[0], right.span[1]))
            elif kind is Kind.SUPERSCRIPT:
                left = self._raised(left)
            elif kind is Kind.TRANSPOSE:
                if minimum >= _POWER:
                    return left
                cursor.advance()
                left = Call("transpose", (left,), (left.span[0], token.end))
            elif self._starts_factor(token):
                if minimum > _PRODUCT:
                    return left
                right = self._expression(_PRODUCT + 1)
                if type(left) is Binary and left.span[1] == right.span[0]:
                    self.notes += ambiguities.product(left, right, self._text)
                left = Binary("*", left, right, (left.span[0], right.span[1]), True)
            elif kind is Kind.WORD and token.text == "if":
                if minimum > 0:
                    return left
                left = self._cases.choice(left)
            elif kind in (Kind.COMPARISON, Kind.WORD) and not cursor.in_condition:
                self._refuse.condition(token)
            else:
                return left

    def _power(self, base: Tree, sign: Token) -> Tree:
        """Return *base* to the power that follows."""
        # Only an exponent nests without passing through an operand.
        self._cursor.deepen(sign)
        exponent = self._expression(_POWER)
        self._cursor.rise()
        return self._to_power(base, exponent, cast(Operator, sign.text))

    def _to_power(self, base: Tree, exponent: Tree, sign: Operator = "^") -> Tree:
        if not (type(exponent) is Number and exponent.value <= _SMALL and _varies(base)):
            self.has_large_powers = True
        return Binary(sign, base, exponent, (base.span[0], exponent.span[1]))

    def _starts_factor(self, token: Token) -> bool:
        """Return whether *token*, right after a complete factor, begins another one to multiply by."""
        kind = token.kind
        if kind is _NUMBER:
            cursor = self._cursor
            if cursor.tokens[cursor.position + 1].kind is Kind.TRANSPOSE:  # 2/n 1^T y, a row of ones
                return True
            self._refuse.number(token)
        return kind in _FACTORS and not (kind is Kind.BAR and self._closes_bar(token))

    def _closes_bar(self, token: Token) -> bool:
        return token.kind is Kind.BAR and bool(self._cursor.open) and self._cursor.open[-1] == token.text

    def _operand(self) -> Tree:
        """Return a number, a name, a bracket, a function with its argument, or a sign with its operand."""
        token = self._cursor.advance()
        kind = token.kind
        if kind is _NAME:
            return Name(token.text, (token.start, token.end))
        if kind is _NUMBER:
            return Number(_value(token), (token.start, token.end))
        if kind is Kind.ENTRY:
            return _entry(token)
        self._cursor.deepen(token)
        tree: Tree
        if kind is _OPEN:
            tree = self._bracket(token)
        elif kind is _FUNCTION:
            tree = self._application(token)
        elif kind is _OPERATOR and token.text in ("+", "-"):
            operand = self._expression(_SIGN)
            tree = Unary(token.text, operand, (token.start, operand.span[1]))
        elif kind is Kind.BAR:
            tree = self._bars(token)
        elif kind is Kind.ROOT:
            tree = self._root(token)
        elif kind is Kind.SUM:
            tree = self._sum(token)
        else:
            self._refuse.operand(token)
        self._cursor.rise()
        return tree

    def _bracket(self, opener: Token) -> Tree:
        """Return what stands in brackets, which belong to its span; a vector where there are commas."""
        cursor = self._cursor
        before = cursor.tokens[cursor.position - 2] if cursor.position > 1 else opener
        if opener.text == "[" and self._cases.holds_condition(cursor.position - 1):
            return self._cases.truth(opener)
        cursor.open.append(opener.text)
        inside = self._expression(0)
        if cursor.next.kind is Kind.CLOSE and opener.text != "<":
            if opener.text == "[":
                self._refuse_subscript(before, opener, inside)
            cursor.close()
            return respanned(inside, (opener.start, cursor.last_end))
        entries = [inside]
        while cursor.next.kind is Kind.COMMA:
            self._refuse_decimal_comma(opener, cursor.advance())
            entries.append(self._expression(0))
        cursor.close()
        return Vector(tuple(entries), (opener.start, cursor.last_end))

    def _refuse_decimal_comma(self, opener: Token, comma: Token) -> None:
        """Refuse ``(3,5)``, which may be a vector or a number."""
        text = self._text
        is_tight = text[comma.start - 1].isdecimal() and text[comma.end : comma.end + 1].isdecimal()
        if opener.text == "(" and is_tight and comma.start < comma.end:
            self._refuse.decimal_comma(comma)

    def _refuse_subscript(self, before: Token, opener: Token, inside: Tree) -> None:
        """Refuse ``x[0]``, which is the entry of an array in a programme and no product on paper."""
        if before.kind is Kind.NAME and before.end == opener.start and type(inside) in (Number, Name):
            message = "square brackets choose no entry here; write round brackets ( ) for a product, x_1 for a name"
            self._refuse.fail(message, opener)

    def _sum(self, sign: Token) -> Tree:
        """Return the sum, over each index that stands at its *sign*, of the product that follows."""
        cursor = self._cursor
        cursor.advance()
        indices: list[Token] = []
        while cursor.next.kind is Kind.NAME:
            indices.append(cursor.advance())
        limits: list[Tree] = []
        while cursor.next.kind is Kind.COMMA:
            cursor.advance()
            limits.append(self._expression(0))
        closer = cursor.advance()
        if not indices or closer.kind is not Kind.CLOSE:
            self._refuse.fail(f"the index of this sum is not read; {SUM_EXAMPLE}", sign)
        if cursor.next.kind is Kind.END or cursor.next.kind is Kind.CLOSE:
            self._refuse.fail(f"this sum adds up nothing; {SUM_EXAMPLE}", sign)
        body = self._expression(_PRODUCT)
        for index in reversed(indices):
            place = Name(index.text, (index.start, index.end))
            body = Call("sum", (body, place, *limits), (sign.start, body.span[1]))
        return body

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
        if self._cursor.next.kind is Kind.OPEN and self._cursor.next.text == "(":
            arguments, end = self._arguments(token)
        else:
            argument = self._argument_without_bracket(token)
            arguments, end = (argument,), argument.span[1]
        tree = self._call(token, arguments, (token.start, end))
        if power is None:
            return tree
        self._refuse_second_power(token)
        return respanned(self._to_power(tree, power), tree.span)

    def _arguments(self, function: Token) -> tuple[tuple[Tree, ...], int]:
        """Return the arguments in the bracket after *function*, and where the bracket ends."""
        cursor = self._cursor
        cursor.open.append(cursor.advance().text)
        if cursor.next.kind is Kind.CLOSE:
            self._refuse.missing_argument(function)
        if function.text == "piecewise":
            arguments = [self._cases.cases(function)]
        else:
            arguments = [self._cases.condition(function) if function.text == "where" else self._expression(0)]
            if cursor.next.kind is Kind.COMMA:
                arguments += self._further_arguments(function)
        cursor.close()
        return tuple(arguments), cursor.last_end

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
            factor = self._expression(_SIGN)
            self.notes += ambiguities.argument(function, argument, factor, self._text)
            argument = Binary("*", argument, factor, (argument.span[0], factor.span[1]), True)
        return argument

    def _call(self, token: Token, arguments: tuple[Tree, ...], span: Span) -> Tree:
        if token.text == "piecewise":
            return respanned(arguments[0], span)
        if not takes(token.text, len(arguments)):
            self._refuse.argument_count(token, len(arguments))
        if token.text == "pow":
            return respanned(self._to_power(arguments[0], arguments[1]), span)
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
        return self._to_power(base, _exponent(token))

    @staticmethod
    def _is_power(token: Token) -> bool:
        return token.kind is Kind.SUPERSCRIPT or (token.kind is Kind.OPERATOR and token.text[0] == "^")

    def _refuse_second_power(self, token: Token) -> None:
        """Refuse ``x²^3``, which reads as (x²)^3 on paper and as x^(2^3) by the rule for ``^``."""
        if self._is_power(self._cursor.next):
            self._refuse.fail("two powers in a row are ambiguous; write (x^2)^3 or x^(2^3)", token)


def _varies(tree: Tree) -> bool:
    """Return whether a variable is easily found in *tree*: only constants grow too large to be computed."""
    while type(tree) is Binary:
        if type(tree.right) is Name and tree.right.name not in CONSTANTS:
            return True
        tree = tree.left
    return type(tree) is Name and tree.name not in CONSTANTS


def _entry(token: Token) -> Entry:
    """Return the entry ``X_ij`` of an array, whose indices are its last letters."""
    name = Name(token.text, (token.start, token.start + len(token.text)))
    return Entry(
        name, tuple(Name(index, (token.start, token.end)) for index in token.indices), (token.start, token.end)
    )


def _exponent(token: Token) -> Tree:
    """Return a raised number as the same tree that ``^2`` or ``^-1`` gives."""
    span = (token.start, token.end)
    value = _value(token)
    return Unary("-", Number(-value, span), span) if value < 0 else Number(value, span)


def _value(token: Token) -> Fraction:
    if token.value is None:
        raise ValueError(f"a token of kind {token.kind.value!r} carries its value")
    return token.value

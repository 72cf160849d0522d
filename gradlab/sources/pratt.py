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

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NoReturn, cast

from gradlab.errors import ParseError
from gradlab.sources.characters import refusal
from gradlab.sources.names import Vocabulary, resolve
from gradlab.sources.powers import check_powers
from gradlab.sources.syntax import Binary, Call, Name, Number, Operator, Span, Tree, Unary
from gradlab.sources.tokens import Kind, Token

MAX_DEPTH = 100
"""Brackets, functions, signs and exponents inside each other; each takes up to 6 of Python's 1,000 frames."""

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

_ARGUMENTS = {
    **dict.fromkeys(("max", "min", "elu", "celu", "huber", "leaky_relu", "heaviside"), (1, 2)),
    **dict.fromkeys(("dot", "pow", "mod", "hypot", "atan2", "logaddexp"), (2, 2)),
    **dict.fromkeys(("clamp", "where"), (3, 3)),
}
"""Fewest and most arguments of a function; every other one takes exactly one."""

_COMPARISONS = {
    ">": "greater",
    "≥": "greater_equal",
    "<": "less",
    "≤": "less_equal",
    "=": "equal",
    "≠": "not_equal",
}
"""Sign -> the function that stands for it in the tree."""

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
    check_powers(tree, text, (vocabulary.variables or {}).values())
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
        self._tokens = tokens
        self._text = text
        self._position = 0
        self._next = tokens[0]
        self._depth = 0
        self._open: list[str] = []
        """What is open around the current token, innermost last: brackets and bars."""
        self._conditions: list[int] = []
        """How many are open around the condition of each `where`, innermost last."""

    def formula(self) -> Tree:
        """Return the tree of all tokens."""
        tree = self._expression(0)
        separator = self._advance()
        if separator.kind is not Kind.END:
            self._refuse_separator(separator)
        return tree

    def _advance(self) -> Token:
        """Return the next token and go past it; END stays the next one."""
        token = self._next
        if token.kind is not Kind.END:
            self._position += 1
            self._next = self._tokens[self._position]
        return token

    def _before(self, token: Token) -> Token | None:
        index = self._tokens.index(token)
        return self._tokens[index - 1] if index else None

    def _written(self, token: Token) -> str:
        return self._text[token.start : token.end]

    def _fail(self, message: str, token: Token) -> NoReturn:
        raise ParseError(message, self._text, token.start)

    def _deepen(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} levels inside each other; name a part of the formula", token)

    def _expression(self, minimum: int) -> Tree:
        """Return the longest expression from here whose operators bind at least as tightly as *minimum*."""
        left = self._operand()
        while True:
            token = self._next
            if token.kind is Kind.OPERATOR:
                binding, right_minimum = _BINDING[token.text]
                if binding < minimum:
                    return left
                self._advance()
                # Only an exponent nests without passing through an operand.
                nests = token.text == "^"
                if nests:
                    self._deepen(token)
                right = self._expression(right_minimum)
                if nests:
                    self._depth -= 1
                left = _binary(cast(Operator, token.text), left, right)
            elif token.kind is Kind.SUPERSCRIPT:
                left = self._raised(left)
            elif self._starts_factor(token):
                if minimum > _PRODUCT:
                    return left
                left = _binary("*", left, self._expression(_PRODUCT + 1))
            elif token.kind is Kind.COMPARISON and self._conditions[-1:] != [len(self._open)]:
                self._fail(refusal(self._written(token)[0], token.start), token)
            else:
                return left

    def _starts_factor(self, token: Token) -> bool:
        """Return whether *token*, right after a complete factor, begins another one to multiply by."""
        if token.kind is Kind.NUMBER:
            self._refuse_number(token)
        return token.kind in _FACTORS and not self._closes_bar(token)

    def _closes_bar(self, token: Token) -> bool:
        return token.kind is Kind.BAR and bool(self._open) and self._open[-1] == token.text

    def _operand(self) -> Tree:
        """Return a number, a name, a bracket, a function with its argument, or a sign with its operand."""
        token = self._advance()
        if token.kind is Kind.NAME:
            return Name(token.text, (token.start, token.end))
        if token.kind is Kind.NUMBER:
            return Number(_value(token), (token.start, token.end))
        self._deepen(token)
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
                self._refuse_operand(token)
        self._depth -= 1
        return tree

    def _bracket(self, opener: Token) -> Tree:
        """Return what stands in round brackets; its span includes them."""
        self._open.append(opener.text)
        inside = self._expression(0)
        closer = self._advance()
        if closer.kind is not Kind.CLOSE:
            self._refuse_separator(closer)
        self._open.pop()
        return replace(inside, span=(opener.start, closer.end))

    def _bars(self, opener: Token) -> Tree:
        """Return abs of what stands between single bars, norm of what stands between double ones."""
        self._open.append(opener.text)
        inside = self._expression(0)
        closer = self._next
        if not self._closes_bar(closer):
            if closer.kind is Kind.COMMA:
                self._refuse_separator(self._advance())
            self._fail(f"this bar never closes; write '{opener.text}' where it ends, or abs(...)", opener)
        self._advance()
        self._open.pop()
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
        if self._next.kind is Kind.OPERATOR:
            self._fail("'√' has nothing after it; write √(...) with a bracket", token)
        is_bracketed = self._next.kind is Kind.OPEN
        operand = self._operand()
        if not is_bracketed and self._is_power(self._next):
            self._fail("this can mean (√x)^2 or √(x^2); write one of them with its bracket", token)
        return Call("sqrt", (operand,), (token.start, operand.span[1]))

    def _application(self, token: Token) -> Tree:
        """Return a function of its arguments, raised to the power between them in ``sin^2 x``."""
        power = self._power_of_function(token) if self._is_power(self._next) else None
        if self._next.kind is Kind.OPEN:
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
        opener = self._advance()
        if self._next.kind is Kind.CLOSE:
            self._refuse_missing_argument(function)
        self._open.append(opener.text)
        arguments = [self._condition(function) if function.text == "where" else self._expression(0)]
        while self._next.kind is Kind.COMMA:
            self._advance()
            arguments.append(self._expression(0))
        closer = self._advance()
        self._open.pop()
        return tuple(arguments), closer.end

    def _condition(self, function: Token) -> Tree:
        """Return the comparison that `where` begins with."""
        self._conditions.append(len(self._open))
        left = self._expression(0)
        token = self._advance()
        if token.kind is not Kind.COMPARISON:
            self._fail("where begins with a comparison; write for example where(x > 0, x, 0)", function)
        right = self._expression(0)
        if self._next.kind is Kind.COMPARISON:
            self._fail("two comparisons in a row; write max, min or clamp, or one where inside another", self._next)
        self._conditions.pop()
        return Call(_COMPARISONS[token.text], (left, right), (left.span[0], right.span[1]))

    def _argument_without_bracket(self, function: Token) -> Tree:
        """Return the product of the factors that follow *function*."""
        if self._next.kind not in _FACTORS or self._closes_bar(self._next):
            self._refuse_missing_argument(function)
        argument = self._expression(_SIGN)
        while self._starts_factor(self._next) and self._next.kind is not Kind.FUNCTION:
            argument = _binary("*", argument, self._expression(_SIGN))
        return argument

    def _call(self, token: Token, arguments: tuple[Tree, ...], span: Span) -> Tree:
        fewest, most = _ARGUMENTS.get(token.text, (1, 1))
        if not fewest <= len(arguments) <= most:
            self._refuse_argument_count(token, len(arguments))
        if token.text == "pow":
            return Binary("^", arguments[0], arguments[1], span)
        return Call(token.text, arguments, span)

    def _power_of_function(self, function: Token) -> Tree:
        """Return the exponent in ``sin^2 x`` or ``sin² x``: a number, a name or a bracket."""
        token = self._advance()
        name = self._written(function)
        if token.kind is Kind.SUPERSCRIPT:
            exponent = _exponent(token)
        elif self._next.kind in (Kind.NUMBER, Kind.NAME, Kind.OPEN):
            exponent = self._operand()
        elif self._next.text == "-":
            exponent = self._expression(_POWER)
        else:
            self._fail(f"this power of {name} is not read; write {name}(x)^2", function)
        if isinstance(exponent, Unary) and exponent.operator == "-":
            inverse = _INVERSES.get(function.text)
            or_inverse = f"{inverse}(x) or " if inverse else ""
            self._fail(f"a negative power of {name} is ambiguous; write {or_inverse}1/{name}(x)", function)
        self._refuse_second_power(function)
        return exponent

    def _raised(self, base: Tree) -> Tree:
        """Return *base* to the raised number that follows."""
        token = self._advance()
        self._refuse_second_power(token)
        return _binary("^", base, _exponent(token))

    @staticmethod
    def _is_power(token: Token) -> bool:
        return token.kind is Kind.SUPERSCRIPT or (token.kind is Kind.OPERATOR and token.text == "^")

    def _refuse_second_power(self, token: Token) -> None:
        """Refuse ``x²^3``, which reads as (x²)^3 on paper and as x^(2^3) by the rule for ``^``."""
        if self._is_power(self._next):
            self._fail("two powers in a row are ambiguous; write (x^2)^3 or x^(2^3)", token)

    def _refuse_operand(self, token: Token) -> NoReturn:
        """Say why *token* cannot stand where a number, a name or a bracket should."""
        before = self._before(token)
        written = self._written(token)
        if token.kind in (Kind.OPERATOR, Kind.SUPERSCRIPT):
            if before is not None and before.kind is Kind.OPERATOR:
                pair = f"'{written}' cannot follow '{self._written(before)}'"
                self._fail(f"{pair}; write a number or a name between them", token)
            example = f"x{written}y" if token.kind is Kind.OPERATOR else f"x{written}"
            self._fail(f"'{written}' has nothing before it; write for example {example}", token)
        if token.kind is Kind.COMMA or before is None or before.kind is Kind.COMMA:
            comma = before if before is not None and before.kind is Kind.COMMA else token
            self._fail("something is missing beside this comma; write for example max(x, y)", comma)
        if before.kind is Kind.OPEN:
            self._fail("this bracket is empty; write something in it or delete it", before)
        if before.kind is Kind.BAR:
            self._fail("this bar never closes; bars pair up from the left, so write abs(...)", before)
        self._fail(f"'{self._written(before)}' has nothing after it; write a number or a name there", before)

    def _refuse_number(self, token: Token) -> NoReturn:
        """Refuse a number after a factor, which is as often a forgotten power as a product."""
        number = self._written(token)
        before = self._before(token)
        if before is not None and before.kind is Kind.NUMBER:
            self._fail(f"two numbers side by side; write *{number} for the product", token)
        self._fail(f"a number after a factor; write *{number} for a product or ^{number} for a power", token)

    def _refuse_separator(self, token: Token) -> NoReturn:
        """Refuse a comma that separates no arguments."""
        before, after = self._before(token), self._next
        whole, decimals = self._written(before) if before else "", self._written(after)
        if whole.isdecimal() and decimals.isdecimal():
            message = f"a comma between two numbers; write {whole}.{decimals} with a decimal point"
            self._fail(message, token)
        self._fail("a comma separates the arguments of a function; write one formula without it", token)

    def _refuse_missing_argument(self, function: Token) -> NoReturn:
        name = self._written(function)
        self._fail(f"{name} has no argument; write {name}(x), with the bracket if a sign follows", function)

    def _refuse_argument_count(self, function: Token, count: int) -> NoReturn:
        name = self._written(function)
        fewest, most = _ARGUMENTS.get(function.text, (1, 1))
        counts = {(1, 1): "one argument", (1, 2): "one or two arguments", (2, 2): "two arguments"}
        wanted = counts.get((fewest, most), "three arguments")
        advice = {
            "log": "write log(x)/log(b) for the logarithm of x to base b",
            "max": "write max(a, max(b, c))",
            "min": "write min(a, min(b, c))",
            "clamp": "write clamp(x, low, high)",
            "where": "write where(x > 0, a, b)",
        }.get(function.text, f"write {name}(x), decimals as 3.5" if most == 1 else f"write {name}(a, b)")
        self._fail(f"{name} takes {wanted}, not {count}; {advice}", function)


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

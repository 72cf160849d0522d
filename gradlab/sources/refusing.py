"""What the parser says of a token that cannot stand where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from gradlab.errors import ParseError
from gradlab.sources.arguments import wrong_count
from gradlab.sources.characters import refusal
from gradlab.sources.tokens import Kind, Token


@dataclass(frozen=True)
class Refusals:
    """The ways to turn away a token of *text*, which was cut into *tokens*; each raises ParseError at the place."""

    tokens: Sequence[Token]
    text: str

    def fail(self, message: str, token: Token) -> NoReturn:
        raise ParseError(message, self.text, token.start)

    def written(self, token: Token) -> str:
        """Return *token* as its writer wrote it."""
        return self.text[token.start : token.end]

    def operand(self, token: Token) -> NoReturn:
        """Say why *token* cannot stand where a number, a name or a bracket should."""
        before = self._before(token)
        written = self.written(token)
        if token.kind in (Kind.OPERATOR, Kind.SUPERSCRIPT):
            if before is not None and before.kind is Kind.OPERATOR:
                pair = f"'{written}' cannot follow '{self.written(before)}'"
                self.fail(f"{pair}; write a number or a name between them", token)
            spaced = f"x {written} y" if written.isascii() and written[0] == "\\" else f"x{written}y"
            example = spaced if token.kind is Kind.OPERATOR else f"x{written}"
            self.fail(f"'{written}' has nothing before it; write for example {example}", token)
        if token.kind is Kind.WORD:
            self.fail(f"'{written}' joins comparisons; write for example where(x > 0 and x < 1, x, 0)", token)
        if token.kind is Kind.COMMA or before is None or before.kind is Kind.COMMA:
            comma = before if before is not None and before.kind is Kind.COMMA else token
            self.fail("something is missing beside this comma; write for example max(x, y)", comma)
        if before.kind is Kind.OPEN:
            self.fail("this bracket is empty; write something in it or delete it", before)
        if before.kind is Kind.BAR:
            self.fail("this bar never closes; bars pair up from the left, so write abs(...)", before)
        self.fail(f"'{self.written(before)}' has nothing after it; write a number or a name there", before)

    def condition(self, token: Token) -> NoReturn:
        """Refuse a comparison, or a word that joins some, where a number is wanted."""
        if token.kind is Kind.WORD:
            self.operand(token)
        self.fail(refusal(token.text[0], token.start), token)

    def missing_comparison(self, function: Token) -> NoReturn:
        name = self.written(function)
        examples = {"where": "where(x > 0, x, 0)", "if": "x if x > 0 else 0", "[": "[x > 0]"}
        example = examples.get(function.text, f"{name}((x, x > 0), (0, true))")
        self.fail(f"{name} chooses by a comparison; write for example {example}", function)

    def cases(self, function: Token) -> NoReturn:
        name = self.written(function)
        pairs = f"{name}((x^2, x > 0), (x, true))"
        self.fail(f"{name} takes pairs of a value and its condition; write {pairs} or where(x > 0, x^2, x)", function)

    def number(self, token: Token) -> NoReturn:
        """Refuse a number after a factor, which is as often a forgotten power as a product."""
        number = self.written(token)
        before = self._before(token)
        if before is not None and before.kind is Kind.NUMBER:
            self.fail(f"two numbers side by side; write *{number} for the product", token)
        self.fail(f"a number after a factor; write *{number} for a product or ^{number} for a power", token)

    def separator(self, token: Token) -> NoReturn:
        """Refuse a comma that separates no arguments, or whatever else ends a formula too early."""
        if token.kind in (Kind.COMPARISON, Kind.WORD):
            self.condition(token)
        self.decimal_comma(token)
        self.fail("a comma separates the arguments of a function; write one formula without it", token)

    def decimal_comma(self, comma: Token) -> None:
        """Refuse a *comma* between two whole numbers."""
        place = self.tokens.index(comma)
        whole = self.written(self.tokens[place - 1]) if place else ""
        decimals = self.written(self.tokens[place + 1])
        if whole.isdecimal() and decimals.isdecimal():
            vector = (
                f", or [{whole}, {decimals}] for a vector" if place > 1 and self.tokens[place - 2].text == "(" else ""
            )
            self.fail(f"a comma between two numbers; write {whole}.{decimals} with a decimal point{vector}", comma)

    def missing_argument(self, function: Token) -> NoReturn:
        name = self.written(function)
        self.fail(f"{name} has no argument; write {name}(x), with the bracket if a sign follows", function)

    def argument_count(self, function: Token, count: int) -> NoReturn:
        self.fail(wrong_count(function.text, self.written(function), count), function)

    def _before(self, token: Token) -> Token | None:
        index = self.tokens.index(token)
        return self.tokens[index - 1] if index else None

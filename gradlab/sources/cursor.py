"""Where the parser is: the next token, what is open around it, and how deep it stands."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from gradlab.sources.notes import Note
from gradlab.sources.refusing import Refusals
from gradlab.sources.tokens import Kind, Token

_END = Kind.END

MAX_DEPTH = 100
"""Brackets, functions, signs and exponents inside each other; each takes up to 6 of Python's 1,000 frames."""


class Cursor:
    """One pass over resolved *tokens* whose brackets are known to pair up.

    next: the token to be read; END stays the next one.  open: the brackets and bars around it, innermost last.
    conditions: how many are open around each condition that is being read, innermost last.
    notes: what the reader should be told of the reading.  refuse: how a token is turned away.
    """

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.position: int = 0
        self.next: Token = tokens[0]
        self.open: list[str] = []
        self.conditions: list[int] = []
        self.notes: list[Note] = []
        self.refuse: Refusals = Refusals(tokens, text)
        self._depth = 0

    def advance(self) -> Token:
        """Return the next token and go past it."""
        token = self.next
        if token.kind is not _END:
            self.position += 1
            self.next = self.tokens[self.position]
        return token

    def deepen(self, token: Token) -> None:
        """Go one level deeper at *token*; `rise` goes back."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.refuse.fail(f"more than {MAX_DEPTH} levels inside each other; name a part of the formula", token)

    def rise(self) -> None:
        self._depth -= 1

    @contextmanager
    def bracket(self, opener: Token) -> Generator[None]:
        """Let what stands behind *opener* be read, and go past the bracket that closes it."""
        self.open.append(opener.text)
        yield
        self.close()

    def close(self) -> None:
        """Go past the bracket that closes the innermost open one."""
        closer = self.advance()
        if closer.kind is not Kind.CLOSE:
            self.refuse.separator(closer)
        self.open.pop()

    @property
    def last_end(self) -> int:
        """Where the token ends that was read last."""
        return self.tokens[self.position - 1].end

    @property
    def in_condition(self) -> bool:
        """Whether a comparison may stand here, not inside a bracket or bars of a condition."""
        return self.conditions[-1:] == [len(self.open)]

r"""Names, numbers, signs and groups of LaTeX, cut one after the other; what has a structure is cut elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

from gradlab.errors import ParseError
from gradlab.sources import latex_commands as commands
from gradlab.sources.characters import GREEK_LETTERS, OPERATORS, normal_spelling, refusal
from gradlab.sources.cursor import MAX_DEPTH
from gradlab.sources.names import CONSTANTS, Names
from gradlab.sources.tokens import Kind, Token, check_count, number

_OPERATORS = "|".join(re.escape(symbol) for symbol in sorted(OPERATORS, key=len, reverse=True) if symbol[0] != "^")
_PIECE = re.compile(
    r"(?P<blank>[ \t\r\n~]+)"
    r"|\\(?P<command>[A-Za-z]+|.)"
    rf"|(?P<word>[A-Za-z{GREEK_LETTERS}π]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
    rf"|(?P<operator>{_OPERATORS})"
    r"|(?P<other>.)",
    re.DOTALL,
)
_BLANKS = re.compile(r"(?:[ \t\r\n~]|\\[,;:!> ])*")
_LETTER = f"[A-Za-z{GREEK_LETTERS}]"
_ONE_LETTER = re.compile(f"[A-Za-z{GREEK_LETTERS}π]")
_SUBSCRIPT = re.compile(r"\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([A-Za-z0-9])|(\\[A-Za-z]+))")
_UPRIGHT = re.compile(r"\\(?:mathrm|text|textrm|operatorname|mathit)\s*\{([^{}]*)\}|\\([A-Za-z]+)\s*|[\s,{}]+|\\[,;:!]")
_TRANSPOSE = re.compile(
    r"\s*(?:\{\s*)?(?:\\top|\\intercal|(?:\\math(?:sf|rm|bf)|\\text)\s*\{\s*T\s*\})(?:\s*\})?(?![A-Za-z])"
)
_INVERSE_T = re.compile(r"\s*\{\s*-\s*(?:T|\\top|\\intercal|\\math(?:sf|rm|bf)\s*\{\s*T\s*\})\s*\}")
_PLAIN_T = re.compile(r"\s*(?:T(?![A-Za-z])|\{\s*T\s*\})")
LIMIT = re.compile(r"\s*(\\limits|\\nolimits)?\s*([_^])")

CLOSERS = {"(": ")", "[": "]", "<": ">"}

Structure: TypeAlias = "Callable[[Cutter, str, int], None]"
"""Cuts a command, by its name and where it begins, and what belongs to it."""


class Cutter:
    """One pass over ``text[place:end]``.

    structures: what cuts the commands that stand for more than one token.  tokens: those cut so far.
    depth: how many groups are open.
    """

    def __init__(self, text: str, names: Names, place: int, end: int, structures: Mapping[str, Structure]) -> None:
        self.text = text
        self.names = names
        self.place: int = place
        self.end = end
        self.structures = structures
        self.tokens: list[Token] = []
        self.depth: int = 0

    def fail(self, message: str, place: int) -> NoReturn:
        raise ParseError(message, self.text, place)

    def until(self) -> str:
        r"""Cut what follows up to the end of a group, and return what ends it: ``}``, ``\right``, ``&``, ``\\``."""
        self._deepen()
        while self.place < self.end:
            ending = self.item()
            if ending:
                self.depth -= 1
                return ending
            check_count(self.tokens, self.text)
        self.depth -= 1
        return ""

    def _deepen(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} levels inside each other; name a part of the formula", self.place)

    def item(self) -> str:
        """Cut the next piece; return it where it ends a group, else an empty string."""
        found = self.following(_PIECE)
        assert found is not None
        start, self.place = found.span()
        match found.lastgroup:
            case "blank":
                pass
            case "command":
                return self._command(found["command"], start)
            case "word":
                self._word(found["word"], start)
            case "number":
                self.number(found["number"], start)
            case "operator":
                self.add(Kind.OPERATOR, OPERATORS[found["operator"]], start)
            case _:
                return self._other(found["other"], start)
        return ""

    @property
    def next(self) -> str:
        """The next character, '' at the end."""
        return self.text[self.place] if self.place < self.end else ""

    def skip_blanks(self) -> None:
        found = _BLANKS.match(self.text, self.place, self.end)
        self.place = found.end() if found is not None else self.place

    def following(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return what *pattern* finds right here."""
        return pattern.match(self.text, self.place, self.end)

    def add(self, kind: Kind, text: str, start: int) -> None:
        self.tokens.append(Token(kind, text, start, self.place))

    def bracket(self, bracket: str, place: int) -> None:
        """Add a bracket that takes no room."""
        self.tokens.append(Token(Kind.OPEN if bracket in "([<" else Kind.CLOSE, bracket, place, place))

    def _word(self, word: str, start: int) -> None:
        """Add the name, or the product of names, that letters side by side are."""
        if word == "sum" and self.following(LIMIT):
            self._deepen()
            self.structures[word](self, word, start)
            self.depth -= 1
            return
        subscript_at = self.place
        below = self.subscript()
        if below and not self._is_name(f"{word}_{below}"):
            # As TeX shows it: the last letter has the subscript.
            self.letters(word[:-1], start)
            self.tokens.append(Token(Kind.NAME, normal_spelling(f"{word[-1]}_{below}"), subscript_at - 1, self.place))
        elif below:
            self.add(Kind.NAME, normal_spelling(f"{word}_{below}"), start)
        else:
            self.letters(word, start)

    def letters(self, word: str, start: int) -> None:
        if not word:
            return
        is_whole = self.names.variables is not None or self.names.function(word) or word in CONSTANTS
        if is_whole and "π" not in word:
            self.tokens.append(Token(Kind.NAME, normal_spelling(word), start, start + len(word)))
            return
        for place, letter in enumerate(word, start):
            name = "pi" if letter == "π" else normal_spelling(letter)
            self.tokens.append(Token(Kind.NAME, name, place, place + 1))

    def _is_name(self, name: str) -> bool:
        if len(name.partition("_")[0]) == 1 or (self.names.slopes and re.match(f"[d∂δ]{_LETTER}_", name)):
            return True
        declared = self.names.variables
        return declared is not None and (name in declared or self.names.meant(name) is not None)

    def subscript(self) -> str:
        """Go past the subscript that follows, and return it as it stands behind an underscore; '' if none follows."""
        if self.next != "_":
            return ""
        found = _SUBSCRIPT.match(self.text, self.place + 1, self.end)
        if found is None:
            self.fail("a subscript is a letter, a digit or a word in braces; write x_1 or x_{12}", self.place)
        inside = found[1] if found[1] is not None else found[0]
        written = _UPRIGHT.sub(lambda part: part[1] or commands.LETTERS.get(part[2] or "", ""), inside.strip())
        if not written.replace("_", "").isalnum():
            self.fail("a subscript is a letter, a digit or a word in braces; write x_1 or x_{12}", self.place)
        self.place = found.end()
        return written

    def _name(self, name: str, start: int) -> None:
        """Add a name that one command shows, with the subscript that follows."""
        below = self.subscript()
        self.add(Kind.NAME, normal_spelling(f"{name}_{below}" if below else name), start)

    def number(self, written: str, start: int) -> None:
        if self.text[self.place : self.place + 3] == "{,}":
            self.fail("a comma between two numbers; write for example 3.5 with a decimal point", self.place)
        if self.next == ".":
            self.fail("a number has one decimal point at most; write for example 3.5", self.place)
        self.tokens.append(Token(Kind.NUMBER, written, start, self.place, number(written, None, self.text, start)))

    def _other(self, character: str, start: int) -> str:
        if character in "}&":
            return character
        if character == "{":
            # A group changes nothing of what is shown.
            self.inside("}", start)
        elif character == "^":
            self._power(start)
        elif character in "([":
            self.add(Kind.OPEN, character, start)
        elif character in ")]":
            self.add(Kind.CLOSE, character, start)
        elif character == "|":
            self.add(Kind.BAR, "|", start)
        elif character == ",":
            self.add(Kind.COMMA, ",", start)
        elif character in "<>=≤≥≠":
            self.add(Kind.COMPARISON, character, start)
        elif character == "_":
            self.fail("this subscript belongs to no name; write it right behind one, for example x_1^{2}", start)
        elif character == "∂":
            self._refuse("partial", start)
        else:
            self.fail(refusal(character, start), start)
        return ""

    def inside(self, closer: str, start: int) -> None:
        """Cut a group up to *closer*; *start* is where it opens."""
        ending = self.until()
        if ending != closer:
            self.fail(f"this group never closes; write '{closer}' where it ends", start)

    def argument(self, start: int, command: str) -> None:
        """Cut the group in braces that is an argument of *command*, as a bracket."""
        self.skip_blanks()
        if self.next != "{":
            example = {"frac": r"\frac{1}{2}", "sqrt": r"\sqrt{2}"}.get(command, rf"\{command}{{x}}")
            self.fail(f"\\{command} has its arguments in braces; write {example}", start)
        opened = self.place
        self.place += 1
        self.add(Kind.OPEN, "(", opened)
        self.inside("}", opened)
        self.tokens.append(Token(Kind.CLOSE, ")", self.place - 1, self.place))

    def _power(self, start: int) -> None:
        """Add a power and its exponent: a group in braces or one sign."""
        transposed = self.following(_TRANSPOSE)
        plain = self.following(_PLAIN_T)
        if transposed is not None:
            self.place = transposed.end()
            self.add(Kind.TRANSPOSE, "^T", start)
            return
        self.add(Kind.OPERATOR, "^", start)
        inverse = self.following(_INVERSE_T)
        if inverse is not None:
            self.tokens.append(Token(Kind.OPERATOR, "-", self.place, self.place))
            plain = inverse
        if plain is not None:
            self.place = plain.end()
            self.add(Kind.NAME, "T", self.place - 1)
            return
        self.skip_blanks()
        following = self.next
        if following == "{":
            if self.text.startswith(r"\odot", self.place + 1):
                opened, self.place = self.place, self.place + 1 + len(r"\odot")
                self.tokens[-1] = self.tokens[-1]._replace(text="^⊙")
                self.bracket("(", opened)
                self.inside("}", opened)
                self.bracket(")", self.place)
            else:
                self.argument(start, "^")
        elif following.isdecimal():
            self.place += 1
            after = self.next
            if after.isdecimal():
                self.fail(f"only the first digit is raised here; write ^{{{following}{after}}} with braces", start)
            self.number(following, self.place - 1)
        elif _ONE_LETTER.match(following):
            self.place += 1
            self.letters(following, self.place - 1)
        elif following == "\\":
            self.item()
        else:
            self.fail("an exponent of more than one sign stands in braces; write x^{-1}", start)

    def _command(self, name: str, start: int) -> str:
        if name == "\\" or name in ("end", "right"):
            return f"\\{name}"
        if name in commands.BLANKS:
            return ""
        if name in commands.LETTERS:
            self._name(commands.LETTERS[name], start)
        elif name in commands.OPERATORS:
            self.add(Kind.OPERATOR, commands.OPERATORS[name], start)
        elif name in commands.COMPARISONS:
            self.add(Kind.COMPARISON, commands.COMPARISONS[name], start)
        elif name in commands.LOGIC:
            self.add(Kind.WORD, commands.LOGIC[name], start)
        elif name in self.structures:
            self._deepen()
            self.structures[name](self, name, start)
            self.depth -= 1
        else:
            return self._delimiter(name, start)
        return ""

    def _delimiter(self, name: str, start: int) -> str:
        r"""Add a bracket or a bar that is a command: ``\{``, ``\langle``, ``\lVert``."""
        written = f"\\{name}"
        opening, closing = commands.OPENING.get(written), commands.CLOSING.get(written)
        if opening in ("|", "‖") or closing in ("|", "‖"):
            self.add(Kind.BAR, opening or closing or "", start)
        elif opening is not None:
            self.add(Kind.OPEN, opening, start)
        elif closing is not None:
            self.add(Kind.CLOSE, CLOSERS[closing], start)
        else:
            self._refuse(name, start)
        return ""

    def _refuse(self, name: str, start: int) -> NoReturn:
        if name in commands.INSTEAD:
            self.fail(f"\\{name} is not read; {commands.INSTEAD[name]}", start)
        if self.names.function(name):
            self.fail(f"\\{name} is no command of LaTeX; write \\operatorname{{{name}}}", start)
        import difflib

        near = difflib.get_close_matches(name, sorted({*commands.LETTERS, *commands.OPERATORS, *self.structures}), n=1)
        meant = f"did you mean \\{near[0]}?" if near else "write the formula with \\frac, \\sqrt, ^{} and functions"
        self.fail(f"\\{name} is not read; {meant}", start)

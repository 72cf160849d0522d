r"""Mathematics in LaTeX cut into the tokens that text gives, so that one parser reads both.

A fraction becomes its numerator over its denominator in brackets, a matrix the list of its rows, a group in braces a
bracket where it is an argument and nothing where it only groups, as TeX shows it: ``{x+1}^2`` looks like x + 1².
"""

from __future__ import annotations

import re
from typing import NoReturn

from gradlab.errors import ParseError
from gradlab.sources import latex_commands as commands
from gradlab.sources.characters import GREEK_LETTERS, OPERATORS, normal_spelling, refusal
from gradlab.sources.cursor import MAX_DEPTH
from gradlab.sources.names import CONSTANTS, Names
from gradlab.sources.tokens import Kind, Token, check_count, check_length, number

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
_OUTSIDE = re.compile(r"\s*(?:\$\$?(?P<a>[^$]*)\$\$?|\\\((?P<b>.*)\\\)|\\\[(?P<c>.*)\\\])\s*$", re.DOTALL)
_LETTER = f"[A-Za-z{GREEK_LETTERS}]"
_NAME = r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\}))?"
_D = r"(?:\\partial\b|\\mathrm\{d\}|\\operatorname\{d\}|d)"
_SLOPE = re.compile(rf"\\[dtc]?frac\s*\{{\s*{_D}\s*(?P<above>{_NAME})\s*\}}\s*\{{\s*{_D}\s*(?P<below>{_NAME})\s*\}}")
_SUBSCRIPT = re.compile(r"\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|([A-Za-z0-9])|(\\[A-Za-z]+))")
_UPRIGHT = re.compile(r"\\(?:mathrm|text|textrm|operatorname|mathit)\s*\{([^{}]*)\}|\\([A-Za-z]+)\s*|[\s,{}]+|\\[,;:!]")
_IN_BRACES = re.compile(r"\s*\{\s*((?:[^{}\\]|\\_)*?)\s*\}")
_TRANSPOSE = re.compile(
    r"\s*(?:\{\s*)?(?:\\top|\\intercal|(?:\\math(?:sf|rm|bf)|\\text)\s*\{\s*T\s*\})(?:\s*\})?(?![A-Za-z])"
)
_INVERSE_T = re.compile(r"\s*\{\s*-\s*(?:T|\\top|\\intercal|\\math(?:sf|rm|bf)\s*\{\s*T\s*\})\s*\}")
_PLAIN_T = re.compile(r"\s*(?:T(?![A-Za-z])|\{\s*T\s*\})")
_DELIMITER = re.compile(r"\s*(\\[A-Za-z]+|\\.|.)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\s*\{([A-Za-z]+\*?)\}(?:\s*\{[lcr|]+\})?")
_LIMITS = re.compile(r"\s*(\\limits|\\nolimits)?\s*([_^])")
_WORDS = {"if": "", "for": "", "when": "", "else": "otherwise", "otherwise": "otherwise", "and": "and", "or": "or"}


def tokenize_latex(text: str, names: Names) -> list[Token]:
    r"""Return the tokens of *text*, the last of kind END.

    names: which of the letters side by side are one name; others are products.
    Raises ParseError at the first thing that is not read.

    >>> " ".join(token.text for token in tokenize_latex(r"\frac{x_{1}}{2}^{3}", Names()))
    '( ( x_1 ) / ( 2 ) ) ^ ( 3 ) '
    """
    check_length(text)
    outside = _OUTSIDE.match(text)
    start, end = (0, len(text)) if outside is None else outside.span(outside.lastgroup or 0)
    cutter = _Cutter(text, names, start, end)
    ending = cutter.until()
    if ending:
        said = {"&": "is a column sign outside of a matrix", "\\\\": "is a line break"}.get(ending, "closes nothing")
        cutter.fail(f"'{ending}' {said}; write one formula without it", cutter.place - len(ending))
    cutter.tokens.append(Token(Kind.END, "", len(text), len(text)))
    return cutter.tokens


class _Cutter:
    """One pass over ``text[place:end]``."""

    def __init__(self, text: str, names: Names, place: int, end: int) -> None:
        self.text = text
        self.names = names
        self.place = place
        self.end = end
        self.tokens: list[Token] = []
        self._depth = 0

    def fail(self, message: str, place: int) -> NoReturn:
        raise ParseError(message, self.text, place)

    def until(self) -> str:
        r"""Cut what follows up to the end of a group, and return what ends it: ``}``, ``\right``, ``&``, ``\\``."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail(f"more than {MAX_DEPTH} levels inside each other; name a part of the formula", self.place)
        while self.place < self.end:
            ending = self.item()
            if ending:
                self._depth -= 1
                return ending
            check_count(self.tokens, self.text)
        self._depth -= 1
        return ""

    def item(self) -> str:
        """Cut the next piece; return it where it ends a group, else an empty string."""
        found = _PIECE.match(self.text, self.place, self.end)
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
                self._number(found["number"], start)
            case "operator":
                self._add(Kind.OPERATOR, OPERATORS[found["operator"]], start)
            case _:
                return self._other(found["other"], start)
        return ""

    def _add(self, kind: Kind, text: str, start: int) -> None:
        self.tokens.append(Token(kind, text, start, self.place))

    def _bracket(self, bracket: str, place: int) -> None:
        """Add a bracket that takes no room."""
        self.tokens.append(Token(Kind.OPEN if bracket in "([<" else Kind.CLOSE, bracket, place, place))

    # Names and numbers ------------------------------------------------------------------------

    def _word(self, word: str, start: int) -> None:
        """Add the name, or the product of names, that letters side by side are."""
        if word == "sum" and _LIMITS.match(self.text, self.place, self.end):
            self._sum(start)
            return
        subscript_at = self.place
        below = self._subscript()
        if below and not self._is_name(f"{word}_{below}"):
            # As TeX shows it: the last letter has the subscript.
            self._letters(word[:-1], start)
            self.tokens.append(Token(Kind.NAME, normal_spelling(f"{word[-1]}_{below}"), subscript_at - 1, self.place))
        elif below:
            self._add(Kind.NAME, normal_spelling(f"{word}_{below}"), start)
        else:
            self._letters(word, start)

    def _letters(self, word: str, start: int) -> None:
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

    def _subscript(self) -> str:
        """Go past the subscript that follows, and return it as it stands behind an underscore; '' if none follows."""
        if self.text[self.place : self.place + 1] != "_":
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
        below = self._subscript()
        self._add(Kind.NAME, normal_spelling(f"{name}_{below}" if below else name), start)

    def _number(self, written: str, start: int) -> None:
        if self.text[self.place : self.place + 3] == "{,}":
            self.fail("a comma between two numbers; write for example 3.5 with a decimal point", self.place)
        if self.text[self.place : self.place + 1] == ".":
            self.fail("a number has one decimal point at most; write for example 3.5", self.place)
        self.tokens.append(Token(Kind.NUMBER, written, start, self.place, number(written, None, self.text, start)))

    # Signs --------------------------------------------------------------------------------------

    def _other(self, character: str, start: int) -> str:
        if character in "}&":
            return character
        if character == "{":
            # A group changes nothing of what is shown.
            self._inside("}", start)
        elif character == "^":
            self._power(start)
        elif character in "([":
            self._add(Kind.OPEN, character, start)
        elif character in ")]":
            self._add(Kind.CLOSE, character, start)
        elif character == "|":
            self._add(Kind.BAR, "|", start)
        elif character == ",":
            self._add(Kind.COMMA, ",", start)
        elif character in "<>=≤≥≠":
            self._add(Kind.COMPARISON, character, start)
        elif character == "_":
            self.fail("this subscript belongs to no name; write it right behind one, for example x_1^{2}", start)
        elif character == "∂":
            self._refuse("partial", start)
        else:
            self.fail(refusal(character, start), start)
        return ""

    def _inside(self, closer: str, start: int) -> None:
        """Cut a group up to *closer*; *start* is where it opens."""
        ending = self.until()
        if ending != closer:
            self.fail(f"this group never closes; write '{closer}' where it ends", start)

    def _argument(self, start: int, command: str) -> None:
        """Cut the group in braces that is an argument of *command*, as a bracket."""
        self.place = _end(_BLANKS, self.text, self.place, self.end)
        if self.text[self.place : self.place + 1] != "{" or self.place >= self.end:
            example = {"frac": r"\frac{1}{2}", "sqrt": r"\sqrt{2}"}.get(command, rf"\{command}{{x}}")
            self.fail(f"\\{command} has its arguments in braces; write {example}", start)
        opened = self.place
        self.place += 1
        self._add(Kind.OPEN, "(", opened)
        self._inside("}", opened)
        self.tokens.append(Token(Kind.CLOSE, ")", self.place - 1, self.place))

    def _power(self, start: int) -> None:
        """Add a power and its exponent: a group in braces or one sign."""
        transposed = _TRANSPOSE.match(self.text, self.place, self.end)
        plain = _PLAIN_T.match(self.text, self.place, self.end)
        if transposed is not None:
            self.place = transposed.end()
            self._add(Kind.TRANSPOSE, "^T", start)
            return
        self._add(Kind.OPERATOR, "^", start)
        inverse = _INVERSE_T.match(self.text, self.place, self.end)
        if inverse is not None:
            self.tokens.append(Token(Kind.OPERATOR, "-", self.place, self.place))
            plain = inverse
        if plain is not None:
            self.place = plain.end()
            self._add(Kind.NAME, "T", self.place - 1)
            return
        self.place = _end(_BLANKS, self.text, self.place, self.end)
        following = self.text[self.place : min(self.place + 1, self.end)]
        if following == "{":
            if self.text.startswith(r"\odot", self.place + 1):
                opened, self.place = self.place, self.place + 1 + len(r"\odot")
                self.tokens[-1] = self.tokens[-1]._replace(text="^⊙")
                self._bracket("(", opened)
                self._inside("}", opened)
                self._bracket(")", self.place)
            else:
                self._argument(start, "^")
        elif following.isdecimal():
            self.place += 1
            after = self.text[self.place : min(self.place + 1, self.end)]
            if after.isdecimal():
                self.fail(f"only the first digit is raised here; write ^{{{following}{after}}} with braces", start)
            self._number(following, self.place - 1)
        elif following.isalpha():
            self.place += 1
            self._letters(following, self.place - 1)
        elif following == "\\":
            self.item()
        else:
            self.fail("an exponent of more than one sign stands in braces; write x^{-1}", start)

    # Commands -------------------------------------------------------------------------------------

    def _command(self, name: str, start: int) -> str:
        if name == "\\" or name in ("end", "right"):
            return f"\\{name}"
        if name in commands.BLANKS:
            return ""
        if name in commands.LETTERS:
            self._name(commands.LETTERS[name], start)
        elif name in commands.FUNCTIONS:
            self._function(name, start)
        elif name in commands.OPERATORS:
            self._add(Kind.OPERATOR, commands.OPERATORS[name], start)
        elif name in commands.COMPARISONS:
            self._add(Kind.COMPARISON, commands.COMPARISONS[name], start)
        elif name in commands.LOGIC:
            self._add(Kind.WORD, commands.LOGIC[name], start)
        elif name in ("frac", "dfrac", "tfrac", "cfrac"):
            self._fraction(start)
        elif name == "sqrt":
            self._root(start)
        elif name == "left":
            self._left(start)
        elif name == "sum":
            self._sum(start)
        elif name == "begin":
            self._environment(start)
        elif name in commands.WORDS or name in commands.ACCENTS or name == "vec":
            self._upright(name, start)
        else:
            return self._delimiter(name, start)
        return ""

    def _delimiter(self, name: str, start: int) -> str:
        r"""Add a bracket or a bar that is a command: ``\{``, ``\langle``, ``\lVert``."""
        written = f"\\{name}"
        opening, closing = commands.OPENING.get(written), commands.CLOSING.get(written)
        if opening in ("|", "‖") or closing in ("|", "‖"):
            self._add(Kind.BAR, opening or closing or "", start)
        elif opening is not None:
            self._add(Kind.OPEN, opening, start)
        elif closing is not None:
            self._add(Kind.CLOSE, _CLOSERS[closing], start)
        else:
            self._refuse(name, start)
        return ""

    def _refuse(self, name: str, start: int) -> NoReturn:
        if name in commands.INSTEAD:
            self.fail(f"\\{name} is not read; {commands.INSTEAD[name]}", start)
        if self.names.function(name):
            self.fail(f"\\{name} is no command of LaTeX; write \\operatorname{{{name}}}", start)
        import difflib

        near = difflib.get_close_matches(name, sorted({*commands.LETTERS, *commands.FUNCTIONS, *_COMMANDS}), n=1)
        meant = f"did you mean \\{near[0]}?" if near else "write the formula with \\frac, \\sqrt, ^{} and functions"
        self.fail(f"\\{name} is not read; {meant}", start)

    def _function(self, name: str, start: int) -> None:
        if name == "ln" and self.text.startswith(r"\Gamma", self.place):
            self.place += len(r"\Gamma")
            name = "lgamma"
        if name == "log" and self.text[self.place : self.place + 1] == "_":
            self._logarithm(start)
            return
        self._add(Kind.NAME, name, start)
        self._argument_of_function(start, name)

    def _argument_of_function(self, start: int, name: str) -> None:
        """Cut the braces behind a function, if any follow, as its bracket."""
        place = _end(_BLANKS, self.text, self.place, self.end)
        if self.text[place : place + 1] == "{" and place < self.end:
            self._argument(start, name)

    def _logarithm(self, start: int) -> None:
        r"""Add the logarithm to a base: \log_{2}, or \log_{b}(x) as log(x, b)."""
        self.place += 1
        outer, self.tokens = self.tokens, []
        if self.text[self.place : self.place + 1] == "{":
            self._argument(start, "log_")
        else:
            self.item()
        base, self.tokens = self.tokens, outer
        digits = "".join(token.text for token in base if token.kind not in (Kind.OPEN, Kind.CLOSE))
        if digits in ("2", "10", "e"):
            self._add(Kind.NAME, {"2": "log2", "10": "log10", "e": "log"}[digits], start)
            self._argument_of_function(start, "log")
            return
        self._add(Kind.NAME, "log", start)
        before = len(self.tokens)
        self.place = _end(_BLANKS, self.text, self.place, self.end)
        if self.text[self.place : self.place + 1] == "{":
            self._argument(start, "log")
        elif self.text.startswith("\\left", self.place):
            self.item()
        elif self.text[self.place : self.place + 1] == "(":
            self.fail(rf"write \log_{{{digits}}}\left(x\right), so that it is clear where the argument ends", start)
        if len(self.tokens) == before:
            self.fail(
                rf"the argument of this logarithm stands in a bracket; write \log_{{{digits}}}\left(x\right)", start
            )
        closer = self.tokens.pop()
        self.tokens += [Token(Kind.COMMA, ",", closer.start, closer.start), *base, closer]

    def _fraction(self, start: int) -> None:
        slope = _SLOPE.match(self.text, start, self.end)
        if slope is not None and self._slope(slope):
            return
        before = self.tokens[-1] if self.tokens else None
        first = len(self.tokens)
        self._add(Kind.OPEN, "(", start)
        self._argument(start, "frac")
        self._bracket_free_operator("/")
        self._argument(start, "frac")
        self._bracket(")", self.place)
        if before is not None and before.kind is Kind.NUMBER:
            kinds = [token.kind for token in self.tokens[first:]]
            if kinds.count(Kind.NUMBER) == 2 and len(kinds) == 9:
                whole, part = before.text, self.text[start : self.place]
                self.fail(
                    rf"this can be a sum or a product; write {whole} + {part} or {whole} \cdot {part}", before.start
                )

    def _bracket_free_operator(self, operator: str) -> None:
        self.tokens.append(Token(Kind.OPERATOR, operator, self.place, self.place))

    def _slope(self, found: re.Match[str]) -> bool:
        r"""Add the declared derivative that is written as this fraction; return whether it is one."""
        parts = [
            re.sub(r"\\([A-Za-z]+)", lambda c: commands.LETTERS.get(c[1], c[1]), found[part])
            for part in ("above", "below")
        ]
        above, below = (part.replace("{", "").replace("}", "") for part in parts)
        name = self.names.slope(f"∂{above}", f"∂{below}")
        if name is None:
            if "\\partial" in found[0]:
                known = ", ".join(self.names.slopes.values())
                told = f"the declared derivatives are {known}" if known else "write the derivative itself"
                self.fail(f"∂{above}/∂{below} is no name here; {told}", found.start())
            return False
        self.place = found.end()
        self._add(Kind.NAME, f"∂{above}", found.start())
        self._bracket_free_operator("/")
        self.tokens.append(Token(Kind.NAME, f"∂{below}", self.place, self.place))
        return True

    def _root(self, start: int) -> None:
        place = _end(_BLANKS, self.text, self.place, self.end)
        if self.text[place : place + 1] != "[":
            if self.text[place : place + 1] == "{":
                self._add(Kind.FUNCTION, "sqrt", start)
                self._argument(start, "sqrt")
            else:
                self._add(Kind.ROOT, "√", start)
            return
        closes = self.text.find("]", place, self.end)
        if closes < 0:
            self.fail("the degree of this root never closes; write ']' where it ends", place)
        inner = _Cutter(self.text, self.names, place + 1, closes)
        inner._depth = self._depth
        if inner.until() or not inner.tokens:
            self.fail(r"the degree of this root is not read; write \sqrt[3]{x}", place)
        self.place = closes + 1
        self._add(Kind.FUNCTION, "root", start)
        self._argument(start, "sqrt")
        closer = self.tokens.pop()
        self.tokens += [Token(Kind.COMMA, ",", closer.start, closer.start), *inner.tokens, closer]

    def _left(self, start: int) -> None:
        r"""Cut from \left to \right: a bracket, an absolute value or a norm."""
        opener = self._delimiter_behind(start)
        opening = commands.OPENING.get(opener)
        if opening is None:
            self.fail(f"'{opener}' is no bracket that opens; write \\left( … \\right)", start)
        function = {"|": "abs", "‖": "norm"}.get(opening)
        if function is not None:
            self._add(Kind.FUNCTION, function, start)
            self._bracket("(", self.place)
        else:
            self._add(Kind.OPEN, opening, start)
        self._inside("\\right", start)
        right = self.place - len("\\right")
        closer = self._delimiter_behind(right)
        if commands.CLOSING.get(closer) != opening:
            self.fail(
                f"\\left{opener} is closed by \\right{closer}; write the same kind of bracket on both sides", right
            )
        self._add(Kind.CLOSE, ")" if function is not None else _CLOSERS[opening], right)

    def _delimiter_behind(self, start: int) -> str:
        found = _DELIMITER.match(self.text, self.place, self.end)
        if found is None:
            self.fail("there is no bracket behind this; write \\left( … \\right)", start)
        self.place = found.end()
        return found[1]

    def _sum(self, start: int) -> None:
        """Add the sign of a sum with what stands below and above it, in any order."""
        self._add(Kind.SUM, "sum", start)
        parts: dict[str, list[Token]] = {}
        while (found := _LIMITS.match(self.text, self.place, self.end)) is not None and found[2] not in parts:
            self.place = _end(_BLANKS, self.text, found.end(), self.end)
            outer, self.tokens = self.tokens, []
            if self.text[self.place : self.place + 1] == "{":
                opened = self.place
                self.place += 1
                self._inside("}", opened)
            else:
                self._one(start)
            parts[found[2]], self.tokens = self.tokens, outer
        if "_" not in parts:
            self.fail(r"a sum has its index below it; write \sum_{i} x_i or \sum_{i=1}^{n} x_i", start)
        equals = next((place for place, token in enumerate(parts["_"]) if token.text == "="), None)
        if (equals is None) != ("^" not in parts):
            self.fail(r"a sum has both its limits or none; write \sum_{i} or \sum_{i=1}^{n}", start)
        below = parts["_"] if equals is None else parts["_"][:equals]
        self._bracket("(", self.place)
        self.tokens += [letter for token in below if token.kind is not Kind.COMMA for letter in _single(token)]
        if equals is not None:
            for limit in (parts["_"][equals + 1 :], parts["^"]):
                self.tokens += [Token(Kind.COMMA, ",", self.place, self.place), *limit]
        self._bracket(")", self.place)

    def _one(self, start: int) -> None:
        """Cut one letter, digit or command."""
        following = self.text[self.place : min(self.place + 1, self.end)]
        self.place += 1
        if following.isdecimal():
            self._number(following, self.place - 1)
        elif following.isalpha():
            self._letters(following, self.place - 1)
        elif following == "\\":
            self.place -= 1
            self.item()
        else:
            self.fail("above and below a sum write a letter, a digit or a group in braces", start)

    def _environment(self, start: int) -> None:
        found = _ENVIRONMENT.match(self.text, self.place, self.end)
        name = found[1].rstrip("*") if found else ""
        if found is None or (name not in commands.MATRICES and name != "cases"):
            self.fail(f"\\begin{{{name}}} is not read; write \\begin{{pmatrix}} … \\end{{pmatrix}}", start)
        self.place = found.end()
        rows: list[list[list[Token]]] = [[]]
        outer = self.tokens
        while True:
            self.tokens = []
            ending = self.until()
            rows[-1].append(self.tokens)
            if ending == "\\\\":
                rows.append([])
            elif ending != "&":
                break
        self.tokens = outer
        closing = _ENVIRONMENT.match(self.text, self.place, self.end)
        if ending != "\\end" or closing is None or closing[1] != found[1]:
            self.fail(f"\\begin{{{name}}} never closes; write \\end{{{name}}} where it ends", start)
        self.place = closing.end()
        if not any(rows[-1]):
            rows.pop()
        (self._cases if name == "cases" else self._matrix)(rows, start)

    def _matrix(self, rows: list[list[list[Token]]], start: int) -> None:
        """Add a column or a row as a list of its entries, a matrix as a list of its rows."""
        if not rows or len({len(row) for row in rows}) > 1:
            self.fail("the rows of this matrix are not equally long; write & between the entries of each", start)
        self.tokens.append(Token(Kind.OPEN, "[", start, start))
        columns = len(rows[0])
        for place, row in enumerate(rows):
            if place:
                self.tokens.append(_comma(row[0], self.place))
            if columns > 1 and len(rows) > 1:
                self.tokens.append(Token(Kind.OPEN, "[", _begin(row[0], self.place), _begin(row[0], self.place)))
            for column, entry in enumerate(row):
                if column:
                    self.tokens.append(_comma(entry, self.place))
                self.tokens += entry
            if columns > 1 and len(rows) > 1:
                last = self.tokens[-1].end
                self.tokens.append(Token(Kind.CLOSE, "]", last, last))
        self._bracket("]", self.place)

    def _cases(self, rows: list[list[list[Token]]], start: int) -> None:
        """Add a choice between cases as the function of pairs that text has."""
        self.tokens.append(Token(Kind.FUNCTION, "piecewise", start, self.place))
        self._bracket("(", start)
        for place, row in enumerate(rows):
            if len(row) != 2:
                self.fail(r"a case is a value & its condition; write x^{2} & x > 0 \\ x & \text{otherwise}", start)
            begin = _begin(row[0], self.place)
            if place:
                self.tokens.append(_comma(row[0], self.place))
            self._bracket("(", begin)
            self.tokens += [*row[0], _comma(row[1], self.place), *row[1]]
            self._bracket(")", self.place)
        self._bracket(")", self.place)

    def _upright(self, command: str, start: int) -> None:
        r"""Add what a command shows in another letter: \operatorname{relu}, \mathrm{rate}, \hat{y}, \text{ if }."""
        found = _IN_BRACES.match(self.text, self.place, self.end)
        greek = re.compile(r"\s*\{\s*\\([A-Za-z]+)\s*\}").match(self.text, self.place, self.end)
        if found is None and greek is not None and greek[1] in commands.LETTERS:
            self.place = greek.end()
            word = commands.LETTERS[greek[1]]
        elif found is None:
            self.fail(f"\\{command} shows a word in braces; write \\{command}{{name}}", start)
        else:
            self.place = found.end()
            word = found[1].replace("\\_", "_")
        if word in _WORDS and command.startswith("text"):
            if _WORDS[word]:
                self._add(Kind.WORD, _WORDS[word], start)
            return
        if not word or not word[0].isalpha() or not word.replace("_", "").isalnum():
            self.fail(f"'{word}' is no name; write a letter, then letters and digits", start)
        if command in commands.ACCENTS:
            word = f"{word}_{commands.ACCENTS[command]}"
        below = self._subscript()
        self._add(Kind.NAME, normal_spelling(f"{word}_{below}" if below else word), start)


_CLOSERS = {"(": ")", "[": "]", "<": ">"}
_COMMANDS = ("frac", "sqrt", "left", "right", "sum", "begin", "end", *commands.OPERATORS, *commands.WORDS)


def _end(pattern: re.Pattern[str], text: str, place: int, end: int) -> int:
    found = pattern.match(text, place, end)
    return found.end() if found is not None else place


def _single(token: Token) -> list[Token]:
    """Return the indices that stand side by side in one name, each on its own."""
    if token.kind is not Kind.NAME or len(token.text) == 1:
        return [token]
    return [Token(Kind.NAME, letter, place, place + 1) for place, letter in enumerate(token.text, token.start)]


def _begin(tokens: list[Token], otherwise: int) -> int:
    return tokens[0].start if tokens else otherwise


def _comma(before: list[Token], otherwise: int) -> Token:
    place = _begin(before, otherwise)
    return Token(Kind.COMMA, ",", place, place)

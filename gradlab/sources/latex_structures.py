r"""Commands of LaTeX that stand for more than one token: fractions, roots, brackets, sums, matrices, cases, words."""

from __future__ import annotations

import re

from gradlab.sources import latex_commands as commands
from gradlab.sources.characters import normal_spelling
from gradlab.sources.latex_cutter import CLOSERS, LIMIT, Cutter, Structure
from gradlab.sources.tokens import Kind, Token

_NAME = r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\}))?"
_D = r"(?:\\partial\b|\\mathrm\{d\}|\\operatorname\{d\}|d)"
_SLOPE = re.compile(rf"\\[dtc]?frac\s*\{{\s*{_D}\s*(?P<above>{_NAME})\s*\}}\s*\{{\s*{_D}\s*(?P<below>{_NAME})\s*\}}")
_IN_BRACES = re.compile(r"\s*\{([^{}]*)\}")
_DELIMITER = re.compile(r"\s*(\\[A-Za-z]+|\\.|.)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\s*\{([A-Za-z]+\*?)\}(?:\s*\{[lcr|]+\})?")
_BARS = {"|": "abs", "‖": "norm"}
_WORDS = {"if": "", "for": "", "when": "", "else": "otherwise", "otherwise": "otherwise", "and": "and", "or": "or"}


def _function(cutter: Cutter, name: str, start: int) -> None:
    r"""Add the name of a function; \log may have a base, and \ln\Gamma is one function."""
    if name == "ln" and cutter.text.startswith(r"\Gamma", cutter.place):
        cutter.place += len(r"\Gamma")
        name = "lgamma"
    if name == "log" and cutter.next == "_":
        _logarithm(cutter, start)
        return
    cutter.add(Kind.NAME, name, start)
    _argument_of_function(cutter, start, name)


def _argument_of_function(cutter: Cutter, start: int, name: str) -> None:
    """Cut the braces behind a function, if any follow, as its bracket."""
    cutter.skip_blanks()
    if cutter.next == "{":
        cutter.argument(start, name)


def _logarithm(cutter: Cutter, start: int) -> None:
    r"""Add the logarithm to a base: \log_{2}, or \log_{b}(x) as log(x, b)."""
    cutter.place += 1
    outer, cutter.tokens = cutter.tokens, []
    if cutter.next == "{":
        cutter.argument(start, "log_")
    else:
        cutter.item()
    base, cutter.tokens = cutter.tokens, outer
    digits = "".join(token.text for token in base if token.kind not in (Kind.OPEN, Kind.CLOSE))
    if digits in ("2", "10", "e"):
        cutter.add(Kind.NAME, {"2": "log2", "10": "log10", "e": "log"}[digits], start)
        _argument_of_function(cutter, start, "log")
        return
    cutter.add(Kind.NAME, "log", start)
    before = len(cutter.tokens)
    cutter.skip_blanks()
    if cutter.next == "{":
        cutter.argument(start, "log")
    elif cutter.text.startswith("\\left", cutter.place):
        cutter.item()
    elif cutter.next == "(":
        cutter.fail(rf"write \log_{{{digits}}}\left(x\right), so that it is clear where the argument ends", start)
    if len(cutter.tokens) == before:
        cutter.fail(
            rf"the argument of this logarithm stands in a bracket; write \log_{{{digits}}}\left(x\right)", start
        )
    closer = cutter.tokens.pop()
    cutter.tokens += [Token(Kind.COMMA, ",", closer.start, closer.start), *base, closer]


def _fraction(cutter: Cutter, command: str, start: int) -> None:
    """Add a numerator over a denominator, or the derivative that was declared as one name."""
    slope = _SLOPE.match(cutter.text, start, cutter.end)
    if slope is not None and _slope(cutter, slope):
        return
    before = cutter.tokens[-1] if cutter.tokens else None
    first = len(cutter.tokens)
    cutter.add(Kind.OPEN, "(", start)
    cutter.argument(start, command)
    _add_line(cutter)
    cutter.argument(start, command)
    cutter.bracket(")", cutter.place)
    if before is not None and before.kind is Kind.NUMBER:
        kinds = [token.kind for token in cutter.tokens[first:]]
        if kinds.count(Kind.NUMBER) == 2 and len(kinds) == 9:
            whole, part = before.text, cutter.text[start : cutter.place]
            cutter.fail(
                rf"this can be a sum or a product; write {whole} + {part} or {whole} \cdot {part}", before.start
            )


def _add_line(cutter: Cutter) -> None:
    """Add the line of a fraction, which takes no room."""
    cutter.tokens.append(Token(Kind.OPERATOR, "/", cutter.place, cutter.place))


def _slope(cutter: Cutter, found: re.Match[str]) -> bool:
    r"""Add the declared derivative that is written as this fraction; return whether it is one."""
    parts = [
        re.sub(r"\\([A-Za-z]+)", lambda c: commands.LETTERS.get(c[1], c[1]), found[part]) for part in ("above", "below")
    ]
    above, below = (part.replace("{", "").replace("}", "") for part in parts)
    name = cutter.names.slope(f"∂{above}", f"∂{below}")
    if name is None:
        if "\\partial" in found[0]:
            known = ", ".join(cutter.names.slopes.values())
            told = f"the declared derivatives are {known}" if known else "write the derivative itself"
            cutter.fail(f"∂{above}/∂{below} is no name here; {told}", found.start())
        return False
    cutter.place = found.end()
    cutter.add(Kind.NAME, f"∂{above}", found.start())
    _add_line(cutter)
    cutter.tokens.append(Token(Kind.NAME, f"∂{below}", cutter.place, cutter.place))
    return True


def _root(cutter: Cutter, command: str, start: int) -> None:
    r"""Add \sqrt{x}, \sqrt x, or \sqrt[3]{x} as root(x, 3)."""
    after_command = cutter.place
    cutter.skip_blanks()
    place = cutter.place
    if cutter.next == "{":
        cutter.tokens.append(Token(Kind.FUNCTION, "sqrt", start, after_command))
        cutter.argument(start, command)
        return
    if cutter.next != "[":
        cutter.tokens.append(Token(Kind.ROOT, "√", start, after_command))
        return
    closes = cutter.text.find("]", place, cutter.end)
    if closes < 0:
        cutter.fail("the degree of this root never closes; write ']' where it ends", place)
    inner = Cutter(cutter.text, cutter.names, place + 1, closes, cutter.structures)
    inner.depth = cutter.depth
    if inner.until() or not inner.tokens:
        cutter.fail(r"the degree of this root is not read; write \sqrt[3]{x}", place)
    cutter.place = closes + 1
    cutter.add(Kind.FUNCTION, "root", start)
    cutter.argument(start, "sqrt")
    closer = cutter.tokens.pop()
    cutter.tokens += [Token(Kind.COMMA, ",", closer.start, closer.start), *inner.tokens, closer]


def _left(cutter: Cutter, command: str, start: int) -> None:
    r"""Cut from \left to \right: a bracket, an absolute value or a norm."""
    opener = _delimiter_behind(cutter, start)
    opening = commands.OPENING.get(opener)
    if opening is None:
        cutter.fail(f"'{opener}' is no bracket that opens; write \\left( … \\right)", start)
    function = _BARS.get(opening)
    if function is not None:
        cutter.add(Kind.FUNCTION, function, start)
        cutter.bracket("(", cutter.place)
    else:
        cutter.add(Kind.OPEN, opening, start)
    cutter.inside("\\right", start)
    right = cutter.place - len("\\right")
    closer = _delimiter_behind(cutter, right)
    if commands.CLOSING.get(closer) != opening:
        cutter.fail(f"\\left{opener} is closed by \\right{closer}; write the same kind of bracket on both sides", right)
    cutter.add(Kind.CLOSE, ")" if function is not None else CLOSERS[opening], right)


def _delimiter_behind(cutter: Cutter, start: int) -> str:
    found = cutter.following(_DELIMITER)
    if found is None:
        cutter.fail("there is no bracket behind this; write \\left( … \\right)", start)
    cutter.place = found.end()
    return found[1]


def _sum(cutter: Cutter, command: str, start: int) -> None:
    """Add the sign of a sum with what stands below and above it, in any order."""
    cutter.add(Kind.SUM, "sum", start)
    parts: dict[str, list[Token]] = {}
    while (found := cutter.following(LIMIT)) is not None and found[2] not in parts:
        cutter.place = found.end()
        cutter.skip_blanks()
        outer, cutter.tokens = cutter.tokens, []
        if cutter.next == "{":
            opened = cutter.place
            cutter.place += 1
            cutter.inside("}", opened)
        else:
            _one(cutter, start)
        parts[found[2]], cutter.tokens = cutter.tokens, outer
    if "_" not in parts:
        cutter.fail(r"a sum has its index below it; write \sum_{i} x_i or \sum_{i=1}^{n} x_i", start)
    equals = next((place for place, token in enumerate(parts["_"]) if token.text == "="), None)
    if (equals is None) != ("^" not in parts):
        cutter.fail(r"a sum has both its limits or none; write \sum_{i} or \sum_{i=1}^{n}", start)
    below = parts["_"] if equals is None else parts["_"][:equals]
    cutter.bracket("(", cutter.place)
    cutter.tokens += [letter for token in below if token.kind is not Kind.COMMA for letter in _single(token)]
    if equals is not None:
        for limit in (parts["_"][equals + 1 :], parts["^"]):
            cutter.tokens += [Token(Kind.COMMA, ",", cutter.place, cutter.place), *limit]
    cutter.bracket(")", cutter.place)


def _one(cutter: Cutter, start: int) -> None:
    """Cut one letter, digit or command."""
    following = cutter.next
    cutter.place += 1
    if following.isdecimal():
        cutter.number(following, cutter.place - 1)
    elif following.isascii() and following.isalpha():
        cutter.letters(following, cutter.place - 1)
    elif following == "\\":
        cutter.place -= 1
        cutter.item()
    else:
        cutter.fail("above and below a sum write a letter, a digit or a group in braces", start)


def _environment(cutter: Cutter, command: str, start: int) -> None:
    """Add a matrix or a choice between cases, row by row."""
    found = cutter.following(_ENVIRONMENT)
    name = found[1].rstrip("*") if found else ""
    if found is None or (name not in commands.MATRICES and name != "cases"):
        cutter.fail(f"\\begin{{{name}}} is not read; write \\begin{{pmatrix}} … \\end{{pmatrix}}", start)
    cutter.place = found.end()
    rows: list[list[list[Token]]] = [[]]
    outer = cutter.tokens
    while True:
        cutter.tokens = []
        ending = cutter.until()
        rows[-1].append(cutter.tokens)
        if ending == "\\\\":
            rows.append([])
        elif ending != "&":
            break
    cutter.tokens = outer
    closing = cutter.following(_ENVIRONMENT)
    if ending != "\\end" or closing is None or closing[1] != found[1]:
        cutter.fail(f"\\begin{{{name}}} never closes; write \\end{{{name}}} where it ends", start)
    cutter.place = closing.end()
    if not any(rows[-1]):
        rows.pop()
    (_cases if name == "cases" else _matrix)(cutter, rows, start)


def _matrix(cutter: Cutter, rows: list[list[list[Token]]], start: int) -> None:
    """Add a column or a row as a list of its entries, a matrix as a list of its rows."""
    if not rows or len({len(row) for row in rows}) > 1:
        cutter.fail("the rows of this matrix are not equally long; write & between the entries of each", start)
    cutter.tokens.append(Token(Kind.OPEN, "[", start, start))
    columns = len(rows[0])
    for place, row in enumerate(rows):
        if place:
            cutter.tokens.append(_comma(row[0], cutter.place))
        if columns > 1 and len(rows) > 1:
            cutter.tokens.append(Token(Kind.OPEN, "[", _begin(row[0], cutter.place), _begin(row[0], cutter.place)))
        for column, entry in enumerate(row):
            if column:
                cutter.tokens.append(_comma(entry, cutter.place))
            cutter.tokens += entry
        if columns > 1 and len(rows) > 1:
            last = cutter.tokens[-1].end
            cutter.tokens.append(Token(Kind.CLOSE, "]", last, last))
    cutter.bracket("]", cutter.place)


def _cases(cutter: Cutter, rows: list[list[list[Token]]], start: int) -> None:
    """Add a choice between cases as the function of pairs that text has."""
    cutter.tokens.append(Token(Kind.FUNCTION, "piecewise", start, cutter.place))
    cutter.bracket("(", start)
    for place, row in enumerate(rows):
        if len(row) != 2:
            cutter.fail(r"a case is a value & its condition; write x^{2} & x > 0 \\ x & \text{otherwise}", start)
        begin = _begin(row[0], cutter.place)
        if place:
            cutter.tokens.append(_comma(row[0], cutter.place))
        cutter.bracket("(", begin)
        cutter.tokens += [*row[0], _comma(row[1], cutter.place), *row[1]]
        cutter.bracket(")", cutter.place)
    cutter.bracket(")", cutter.place)


def _upright(cutter: Cutter, command: str, start: int) -> None:
    r"""Add what a command shows in another letter: \operatorname{relu}, \mathrm{rate}, \hat{y}, \text{ if }."""
    found = cutter.following(_IN_BRACES)
    if found is None:
        cutter.fail(f"\\{command} shows a word in braces; write \\{command}{{name}}", start)
    cutter.place = found.end()
    word = found[1].strip()
    word = commands.LETTERS.get(word[1:], word) if word.startswith("\\") else word.replace("\\_", "_")
    if word in _WORDS and command.startswith("text"):
        if _WORDS[word]:
            cutter.add(Kind.WORD, _WORDS[word], start)
        return
    if not word or not word[0].isalpha() or not word.replace("_", "").isalnum():
        cutter.fail(f"'{word}' is no name; write a letter, then letters and digits", start)
    if command in commands.ACCENTS:
        word = f"{word}_{commands.ACCENTS[command]}"
    below = cutter.subscript()
    cutter.add(Kind.NAME, normal_spelling(f"{word}_{below}" if below else word), start)


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


STRUCTURES: dict[str, Structure] = {
    **dict.fromkeys(commands.FUNCTIONS, _function),
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), _fraction),
    **dict.fromkeys((*commands.WORDS, *commands.ACCENTS, "vec"), _upright),
    "sqrt": _root,
    "left": _left,
    "sum": _sum,
    "begin": _environment,
}
"""Command -> what cuts it."""

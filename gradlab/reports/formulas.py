"""Formulas as a typesetter sees them: how wide they are, and where a long one may be broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache


def _words(written: str) -> frozenset[str]:
    return frozenset(written.split())


RELATIONS = _words(r"= < > \le \leq \ge \geq \ne \neq \approx \equiv \in \to \longrightarrow \leftarrow \mapsto")
"""What a line is broken at first; the relation begins the next line."""

OPERATORS = _words(r"+ - \pm \cdot \odot \times \otimes \oslash \circ \land \lor \oplus")
"""What a line is broken at next."""

_TOKEN = re.compile(r"\\begin\{[a-z*]+\}(?:\{[^}]*\})?|\\end\{[a-z*]+\}|\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_IN_LETTERS = _words(r"\text \mathrm \operatorname \mathbf \mathit \mathsf \mathtt \mathcal \mathbb")
_ONE_ARGUMENT = _words(r"\overline \hat \bar \tilde \vec \boldsymbol \sqrt")
_FUNCTIONS = _words(r"\sin \cos \tan \sinh \cosh \tanh \arcsin \arccos \arctan \log \ln \exp")
_BEFORE_MORE = _words(r"\sum \prod \int \max \min \partial \nabla \det \operatorname") | _FUNCTIONS
_WIDE = {"\\sum": 1.5, "\\prod": 1.4, "\\int": 0.9, "\\quad": 1.0, "\\qquad": 2.0, "\\;": 0.3}
_NO_WIDTH = _words(r"\displaystyle \limits \, \! & \\")
_SIZED = {"\\bigl": "opens", "\\Bigl": "opens", "\\bigr": "closes", "\\Bigr": "closes"}

MUCH = 1.7
"""How many times too wide a fraction must be to be written with a slash."""

LETTER, NARROW, SIGN, SMALL, AROUND = 0.62, 0.5, 1.45, 0.74, 0.3
"""Widths in em, rather too wide than too narrow: of a letter; of a digit or an upright letter; of a sign with the space
around it; how much smaller an index is; what a fraction, a root or a bracket adds."""


@dataclass(frozen=True)
class Atom:
    r"""A piece of a formula, its indices and exponents with it.

    latex: as it is written.  width: in em.  kind: "relation", "operator", "space", "bracket" (``\left … \right``),
    "fraction", "opens" (a function, a sum or an opening bracket, which is not torn from what follows), "closes" (nor
    this from what stands before it) or "ordinary".
    parts: left bracket, inside, right bracket with what is attached to it; or the two halves of a fraction.
    """

    latex: str
    width: float
    kind: str = "ordinary"
    parts: tuple[str, ...] = ()


def width(latex: str) -> float:
    r"""Return about how wide a formula is in em, in display style and on one line.

    >>> 2 < width("x + y") < 4
    True
    >>> width(r"\frac{a + b}{c}") < width("a + b + c")
    True
    """
    return sum(atom.width for atom in atoms(latex))


@lru_cache(maxsize=4096)
def atoms(latex: str) -> tuple[Atom, ...]:
    """Return the atoms of a formula."""
    return tuple(_Reader(_TOKEN.findall(latex)).atoms())


def lines(latex: str, widest: float) -> list[str]:
    r"""Return a formula in pieces that may each stand on a line of its own, none wider than *widest* where that goes.

    It is broken at relations first, then at signs, then between factors, then inside brackets; a fraction only where it
    is much too wide.  A matrix stays whole.

    >>> lines("a = b + c", 100.0)
    ['a = b + c']
    >>> lines("x = aaaa + bbbb", 4.5)
    ['x', '= aaaa', '{} + bbbb']
    """
    if width(latex) <= widest:
        return [latex.strip()]
    row = atoms(latex)
    for split in (_at("relation"), _at("operator"), _between_factors, _inside_brackets):
        found = split(row)
        if len(found) > 1:
            return [line for piece in found for line in lines(piece, widest)]
    found = _out_of_fractions(row) if width(latex) > MUCH * widest else []
    return [line for piece in found for line in lines(piece, widest)] if len(found) > 1 else [latex.strip()]


_FACTORS = re.compile(r"(?<=[\w})\]])\s+(?=\\mathrm\{\w\w)|(?<=\\mathrm\{)(\w\w[^{}]*\})\s+(?=[\w(])")


def spaced(latex: str) -> str:
    r"""Return a formula with a thin space around a name of several letters that stands among factors.

    >>> print(spaced(r"a \mathrm{time}_{i} + \mathrm{time} b"))
    a \, \mathrm{time}_{i} + \mathrm{time} \, b
    """
    return _FACTORS.sub(lambda found: f"{found[1] or ''} \\, ", latex)


_FLAT = re.compile(
    r"\\left([(\[])((?:(?!\\left|\\right|\\frac|\\sum|\\prod|\\int|\\begin|\\sqrt|\\\\).)*?)\\right([)\]])"
)


def unstretched(latex: str) -> str:
    r"""Return a formula whose brackets stretch only around what is tall: others stand closer to what they enclose.

    >>> print(unstretched(r"\sin\left(x y\right) + \left(\frac{1}{x}\right)"))
    \sin(x y) + \left(\frac{1}{x}\right)
    """
    flat = _FLAT.sub(r"\1\2\3", latex)
    return flat if flat == latex else unstretched(flat)


def powered(latex: str) -> str:
    r"""Return a formula in which the power of ``\max`` stands beside it: display style would set it above.

    >>> print(powered(r"\max^{2}(x, y)"))
    \operatorname{max}^{2}(x, y)
    """
    return re.sub(r"\\(max|min|det)(?=\^)", r"\\operatorname{\1}", latex)


def polished(latex: str) -> str:
    """Return a formula as a careful typesetter would have written it."""
    return spaced(powered(unstretched(latex)))


def filled(latex: str, widest: float) -> list[str]:
    """Return a formula in as few lines as hold its pieces, for paper of a known width."""
    rows: list[str] = []
    room = 0.0
    for piece in lines(latex, widest):
        needed = width(piece)
        if rows and needed <= room:
            rows[-1] = f"{rows[-1]} {piece.removeprefix('{} ')}"
            room -= needed
        else:
            rows.append(piece)
            room = widest - needed
    return rows


# Where to break --------------------------------------------------------------------------------------


def _at(kind: str) -> Callable[[tuple[Atom, ...]], list[str]]:
    def split(row: tuple[Atom, ...]) -> list[str]:
        pieces: list[list[Atom]] = [[]]
        for atom in row:
            if atom.kind == kind and _ends_a_term(pieces[-1]):
                pieces.append([])
            pieces[-1].append(atom)
        first, *rest = map(_joined, pieces)
        # An empty group in front keeps the space around a sign that begins a line.
        return [first, *(f"{{}} {piece}" if kind == "operator" else piece for piece in rest)]

    return split


def _ends_a_term(before: list[Atom]) -> bool:
    """Whether a sign after these atoms joins two terms: none does at the beginning or after another sign."""
    last = next((atom for atom in reversed(before) if atom.width), None)
    return last is not None and last.kind not in ("relation", "operator")


def _between_factors(row: tuple[Atom, ...]) -> list[str]:
    pieces: list[list[Atom]] = [[]]
    for atom in row:
        held = [other for other in pieces[-1] if other.kind != "space" and other.width]
        if atom.kind in ("ordinary", "bracket", "fraction", "opens") and held:
            tail = held[-1]
            if tail.kind in ("ordinary", "bracket", "fraction") and pieces[-1][-1].kind == "space":
                pieces.append([])
        pieces[-1].append(atom)
    return [_joined(piece) for piece in pieces]


def _inside_brackets(row: tuple[Atom, ...]) -> list[str]:
    """Return the contents of the widest bracket as lines of their own; its brackets no longer stretch by themselves."""
    brackets = [atom for atom in row if atom.kind == "bracket" and "\\begin" not in atom.latex]
    if not brackets:
        return [_joined(row)]
    widest = max(brackets, key=lambda atom: atom.width)
    opening, inside, closing, attached = widest.parts
    within = [piece for kind in ("relation", "operator") if len(piece := _at(kind)(atoms(inside))) > 1]
    pieces = within[0] if within else _between_factors(atoms(inside))
    if len(pieces) < 2:
        return [_joined(row)]
    place = row.index(widest)
    size = "Big" if any(tall in inside for tall in ("\\frac", "\\sum", "\\prod", "\\left")) else ""
    left, right = (f"\\{size}l{opening}", f"\\{size}r{closing}") if size else (opening, closing)
    first = f"{_joined(row[:place])} {left} {pieces[0]}"
    last = f"{pieces[-1]} {right}{attached} {_joined(row[place + 1 :])}"
    return [first.strip(), *pieces[1:-1], last.strip()]


def _out_of_fractions(row: tuple[Atom, ...]) -> list[str]:
    """Return the widest fraction with a slash, so that it can be broken."""
    fractions = [atom for atom in row if atom.kind == "fraction"]
    if not fractions:
        return [_joined(row)]
    widest = max(fractions, key=lambda atom: atom.width)
    place = row.index(widest)
    above, below = (_bracketed(part[1:-1]) for part in widest.parts)
    return _inside_brackets(atoms(f"{_joined(row[:place])} {above} / {below} {_joined(row[place + 1 :])}"))


def _bracketed(latex: str) -> str:
    return latex if len([atom for atom in atoms(latex) if atom.width]) == 1 else rf"\left({latex}\right)"


def _joined(row: Sequence[Atom]) -> str:
    return "".join(atom.latex for atom in row).strip()


# Reading ---------------------------------------------------------------------------------------------


class _Reader:
    """Reads the tokens of a formula into atoms, front to back."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place = tokens, 0

    def atoms(self, *ends: str) -> list[Atom]:
        found: list[Atom] = []
        while self.place < len(self.tokens):
            token = self.tokens[self.place]
            if token in ends or (token.startswith("\\end{") and "\\end" in ends):
                break
            found.append(self._atom())
            while self.place < len(self.tokens) and self.tokens[self.place] in ("^", "_", "'"):
                found[-1] = self._attached(found[-1])
        return found

    def _next(self) -> str:
        token = self.tokens[self.place] if self.place < len(self.tokens) else ""
        self.place += 1
        return token

    def _attached(self, base: Atom) -> Atom:
        mark = self._next()
        index = self._argument() if mark != "'" else ""
        written = f"{base.latex}{mark}{index}"
        below = base.latex.startswith("\\sum") and mark == "_"
        extra = SMALL * width(index)
        wide = max(base.width, extra + AROUND) if below else base.width + extra
        kind = base.kind if base.kind in ("bracket", "opens") else "ordinary"
        parts = (*base.parts[:3], f"{base.parts[3]}{mark}{index}") if base.kind == "bracket" else ()
        return Atom(written, wide, kind, parts)

    def _argument(self) -> str:
        """Return what an index or a command applies to, in braces."""
        while self.place < len(self.tokens) and self.tokens[self.place].isspace():
            self.place += 1
        if self.place < len(self.tokens) and self.tokens[self.place] == "{":
            return self._group()
        return "{" + self._atom().latex + "}" if self.place < len(self.tokens) else "{}"

    def _group(self) -> str:
        start, depth = self.place, 0
        while self.place < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self._next(), 0)
            if not depth:
                break
        return "".join(self.tokens[start : self.place])

    def _atom(self) -> Atom:
        token = self.tokens[self.place]
        if token == "{":
            group = self._group()
            return Atom(group, width(group[1:-1]))
        if token == "\\left":
            return self._bracket()
        if token.startswith("\\begin{"):
            return self._environment()
        self.place += 1
        if token.isspace():
            return Atom(" ", 0.0, "space")
        if token in RELATIONS:
            return Atom(token, SIGN if token != "\\longrightarrow" else 2.6, "relation")
        if token in OPERATORS:
            return Atom(token, SIGN, "operator")
        if token == "\\frac":
            return self._fraction()
        if token in _IN_LETTERS or token in _ONE_ARGUMENT:
            argument = self._argument()
            wide = NARROW * (len(argument) - 2) if token in _IN_LETTERS else width(argument[1:-1]) + 2 * AROUND
            kind = "opens" if token == "\\operatorname" else "ordinary"
            return Atom(f"{token}{argument}", wide + (AROUND if token == "\\operatorname" else 0.1), kind)
        kind = "opens" if token in _BEFORE_MORE else "ordinary"
        if token in _NO_WIDTH:
            return Atom(token, 0.0, "space")
        if token in _SIZED:
            return Atom(f"{token}{self._next()}", NARROW, _SIZED[token])
        if token in "([":
            return Atom(token, NARROW, "opens")
        if token in ")]":
            return Atom(token, NARROW, "closes")
        if token in _FUNCTIONS:
            return Atom(token, NARROW * len(token), kind)
        narrow = token.isdecimal() or token in "()[],.;:|"
        return Atom(token, _WIDE.get(token, NARROW if narrow else LETTER), kind)

    def _fraction(self) -> Atom:
        above, below = self._argument(), self._argument()
        wide = max(width(above[1:-1]), width(below[1:-1])) + AROUND
        derivative = above == "{\\partial}" or above == "{d}"
        return Atom(f"\\frac{above}{below}", wide, "opens" if derivative else "fraction", (above, below))

    def _bracket(self) -> Atom:
        self.place += 1
        opening = self._next()
        start = self.place
        inside = self.atoms("\\right")
        content = "".join(self.tokens[start : self.place])
        self.place += 1
        closing = self._next()
        written = f"\\left{opening}{content}\\right{closing}"
        wide = sum(atom.width for atom in inside) + 2 * AROUND + 2 * AROUND
        return Atom(written, wide, "bracket", (opening, content.strip(), closing, ""))

    def _environment(self) -> Atom:
        start = self.place
        self.place += 1
        rows, row, cell = [0.0], 0.0, 0.0
        while self.place < len(self.tokens) and not self.tokens[self.place].startswith("\\end{"):
            for atom in self.atoms("&", "\\\\", "\\end"):
                cell += atom.width
            row, cell = row + cell, 0.0
            token = self.tokens[self.place] if self.place < len(self.tokens) else ""
            if token == "&":
                row += 1.0
                self.place += 1
            elif token == "\\\\":
                rows.append(row)
                row = 0.0
                self.place += 1
        rows.append(row)
        self.place += 1
        return Atom("".join(self.tokens[start : self.place]), max(rows) + 3 * AROUND)

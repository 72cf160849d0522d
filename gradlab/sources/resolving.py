"""Tokens resolved: which names are variables, constants and functions, which are products, entries or derivatives."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NoReturn

from gradlab.errors import ParseError
from gradlab.sources.characters import LETTERS
from gradlab.sources.indices import index_names, limit_names
from gradlab.sources.names import ALIASES, BEFORE_A_BRACKET, CONSTANTS, FUNCTIONS, MAX_NAME, MAX_VARIABLES, Names, Part
from gradlab.sources.tokens import Kind, Token
from gradlab.sources.unavailable import INSTEAD

# Names such as max1 or mean_y are usual for variables; sinx and tanx are a forgotten bracket.
_NEVER_PART_OF_A_NAME = FUNCTIONS - BEFORE_A_BRACKET - {
    *("max", "min", "sum", "mean", "dot", "norm", "sign", "pow", "round", "mod", "exp2", "piecewise"),
} | {"ln", "arcsin", "arccos", "arctan"}

_MOST_KNOWN = 1000
"""Names remembered: far more than an exercise declares and its answers contain."""

_BASE = re.compile("log_?[0-9]+")
_SHORT_NAME = re.compile(f"[{LETTERS}][0-9]*")


def resolve(tokens: Sequence[Token], text: str, names: Names) -> list[Token]:
    """Return *tokens* with functions marked as such and products of declared names (``xy``) split.

    A declared variable wins over a constant.  Raises ParseError for a name that stands for nothing.

    >>> from gradlab.sources.text_tokens import tokenize
    >>> both = Names(["x", "y"])
    >>> [(token.text, token.kind.value) for token in resolve(tokenize("xy ln 2"), "xy ln 2", both)][:3]
    [('x', 'name'), ('y', 'name'), ('log', 'function')]
    """
    counted = lengths = frozenset[str]()
    if "um" in text or "∑" in text or "Σ" in text:
        counted, lengths = index_names(tokens), limit_names(tokens)
    return list(_Resolver(tokens, text, names, counted, lengths).tokens())


class _Resolver:
    """One pass over *tokens* cut from *text*.

    counted: the names that are indices of sums there.  lengths: those that sums run to.
    """

    def __init__(
        self, tokens: Sequence[Token], text: str, names: Names, counted: frozenset[str], lengths: frozenset[str]
    ) -> None:
        self._tokens = tokens
        self._text = text
        self._names = names
        self._counted = counted
        # An index of a sum stands beside the variables: kx is k*x there.
        declared = names.variables
        beside = counted | lengths
        self._declared = declared if declared is None or not beside else {**{k: k for k in beside}, **declared}
        self._known = {} if beside else names.known

    def tokens(self) -> Iterator[Token]:
        seen: set[str] = set()
        few = self._declared is not None and len(self._declared) <= MAX_VARIABLES
        tokens, known, name_kind, opening = self._tokens, self._known, Kind.NAME, Kind.OPEN
        place = 0
        while place < len(tokens):
            token = tokens[place]
            place += 1
            if token.kind is not name_kind:
                transposed = self._transpose(place - 1) if self._names.arrays and token.text == "^" else []
                yield from transposed or (token,)
                if transposed:
                    place += 1 + (len(transposed) > 1)
                continue
            if token.text[0] in "d∂δ" and tokens[place].text == "/":
                slope = self._slope(place - 1)
                if slope is not None:
                    place += 2
                    yield slope
                    continue
            before_bracket = tokens[place].kind is opening and tokens[place].text == "("
            key = token.text, before_bracket
            parts = known.get(key)
            if parts is None:
                if len(known) > _MOST_KNOWN:
                    known.clear()
                parts = known[key] = self._parts(token, before_bracket)
            if len(parts) == 1:
                kind, spelled, _, _, indices = parts[0]
                is_itself = kind is name_kind and spelled == token.text
                yield token if is_itself else Token(kind, spelled, token.start, token.end, None, indices)
            else:
                for kind, spelled, first, last, indices in parts:
                    yield Token(kind, spelled, token.start + first, token.start + last, None, indices)
            if not few:
                seen.update(part[1] for part in parts if part[0] is name_kind and part[1] not in CONSTANTS)
            if len(seen) > MAX_VARIABLES:
                message = f"more than {MAX_VARIABLES} different variables; write the problem with vectors"
                raise ParseError(message, self._text, token.start)

    def _transpose(self, place: int) -> list[Token]:
        """Return the tokens of ``^T``, or of ``^-T``: an inverse and its transpose; none where it is neither."""
        sign, *following = self._tokens[place : place + 3]
        is_inverse = following[0].text == "-" and following[0].kind is Kind.OPERATOR
        name = following[1 if is_inverse else 0] if len(following) > 1 else following[0]
        if name.kind is not Kind.NAME or name.text != "T" or "T" in (self._declared or ()):
            return []
        transpose = Token(Kind.TRANSPOSE, "^T", sign.start, name.end)
        if not is_inverse:
            return [transpose]
        one = Token(Kind.NUMBER, "1", name.start, name.end, Fraction(1))
        opener = Token(Kind.OPEN, "(", following[0].start, following[0].start)
        return [sign, opener, following[0], one, Token(Kind.CLOSE, ")", name.end, name.end), transpose]

    def _slope(self, place: int) -> Token | None:
        """Return the declared derivative whose fraction begins at *place*, None where there is none."""
        above, _, below = self._tokens[place : place + 3]
        name = self._names.slope(above.text, below.text) if below.kind is Kind.NAME else None
        return Token(Kind.NAME, name, above.start, below.end) if name is not None else None

    def _parts(self, token: Token, before_bracket: bool) -> tuple[Part, ...]:
        """Return what one name stands for: usually one part, several for a product."""
        name, declared, names = token.text, self._declared, self._names
        width = token.end - token.start
        if len(name) > MAX_NAME:
            self._fail(f"a name has at most {MAX_NAME} characters; shorten it or write * between factors", token)
        function = names.function(name)
        if declared is not None and name in declared:
            if function is not None and before_bracket:
                self._fail(f"'{name}' is a variable here and a function too; write {name}*(...) for a product", token)
            return ((Kind.NAME, declared[name], 0, width, ()),)
        if function is not None and (before_bracket or name not in BEFORE_A_BRACKET):
            return ((Kind.FUNCTION, function, 0, width, ()),)
        if name in CONSTANTS:
            return ((Kind.NAME, name, 0, width, ()),)
        if name[0] == "∂":
            self._fail(f"'{name}' is no name here; write the derivative itself, or declare one such as ∂L/∂w", token)
        indices = self._indices(name)
        if indices:
            return ((Kind.ENTRY, name.partition("_")[0], 0, width, indices),)
        if declared is None:
            self._check_free_name(token, before_bracket)
            return ((Kind.NAME, name, 0, width, ()),)
        meant = names.meant(name)
        if meant is not None:
            return ((Kind.NAME, meant, 0, width, ()),)
        product = _product_of_declared(name, width, declared)
        if product is not None:
            return product
        meant = names.meant(name, joined=True)
        if meant is None:
            self._check_glued(token, declare=False)
            kind = "function" if before_bracket and _letters(name) > 1 else "variable"
            raise ParseError(_unknown(name, names, kind), self._text, token.start)
        return ((Kind.NAME, meant, 0, width, ()),)

    def _indices(self, name: str) -> tuple[str, ...]:
        """Return the indices of an entry of an array, ``i`` and ``j`` of ``X_ij``; none where *name* is no entry."""
        array, _, letters = name.partition("_")
        if not letters.isalpha() or not letters.islower():
            return ()
        is_counted = set(letters) <= self._counted and (self._declared is None or array in self._declared)
        return tuple(letters) if is_counted or array in self._names.arrays else ()

    def _check_free_name(self, token: Token, before_bracket: bool) -> None:
        """Refuse a name that its writer can hardly have meant as a variable."""
        name = token.text
        if before_bracket and _letters(name) > 1:
            self._fail(_unknown(name, self._names, "function"), token)
        if keyword.iskeyword(name) and name != "lambda":
            self._fail(f"'{name}' is a word of Python, not of mathematics; write * between factors", token)
        self._check_glued(token, declare=True)

    def _check_glued(self, token: Token, *, declare: bool) -> None:
        """Refuse ``sinx``, which is a function and its argument without a bracket.

        declare: whether it could be a name, if somebody declared it.
        """
        name = token.text
        for length in range(len(name) - 1, 1, -1):
            function, rest = name[:length], name[length:]
            is_glued = (len(rest) == 1 and rest != "_") or rest[0].isdigit()
            if function in _NEVER_PART_OF_A_NAME and is_glued and self._names.function(function):
                other = f", or declare variables=['{name}', ...]" if declare else ""
                self._fail(f"'{name}' reads as one name; write {function}({rest}) for the function{other}", token)

    def _fail(self, message: str, token: Token) -> NoReturn:
        raise ParseError(message, self._text, token.start)


def _product_of_declared(name: str, width: int, declared: Mapping[str, str]) -> tuple[Part, ...] | None:
    """Return the factors of a name such as ``xy`` or ``x1x2`` if all of them are declared, else None."""
    # Offsets inside the name are offsets inside the text only if the name is spelled as long as it is there.
    if width != len(name):
        return None
    factors: list[Part] = []
    position = 0
    while position < len(name):
        found = _SHORT_NAME.match(name, position)
        if found is None or not (found[0] in declared or found[0] in CONSTANTS):
            return None
        factors.append((Kind.NAME, declared.get(found[0], found[0]), position, found.end(), ()))
        position = found.end()
    return tuple(factors)


def _unknown(name: str, names: Names, kind: str) -> str:
    """Return the message for a *name* that is no function or no variable, with the nearest name there is."""
    variables = [*(names.variables or {}).values(), *names.slopes.values()]
    if kind == "function" and _BASE.fullmatch(name):
        return f"no function named '{name}'; write log(x, {name[3:].lstrip('_')}) for the logarithm to that base"
    if kind == "function" and name.lower() in INSTEAD:
        return f"no function named '{name}': {INSTEAD[name.lower()]}"
    functions = names.functions | {alias for alias in ALIASES if names.function(alias)}
    # A letter is no function misspelt: t is as near to tr as to tan.
    known = functions if kind == "function" else set(variables) | (functions | CONSTANTS if len(name) > 1 else set())
    near = difflib.get_close_matches(name.lower(), sorted(known), n=5)
    if near:
        # 'cosine' is as near to 'sin' as to 'cos': the beginning decides.
        nearest = max(near, key=lambda candidate: _shared_beginning(candidate, name.lower()))
        return f"no {kind} named '{name}'; did you mean '{nearest}'?"
    if kind == "function":
        return f"no function named '{name}'; write {name}*(...) for a product"
    if variables:
        shown = [variable for variable in variables if variable not in names.directions] or variables
        return f"no variable named '{name}'; the variables are {', '.join(shown[:10])}"
    return f"no variable named '{name}'; no variables were declared"


def _shared_beginning(name: str, other: str) -> int:
    """Return how many characters *name* and *other* begin with in common."""
    length = 0
    while name[: length + 1] == other[: length + 1] and length < min(len(name), len(other)):
        length += 1
    return length


def _letters(name: str) -> int:
    return sum(character.isalpha() for character in name)

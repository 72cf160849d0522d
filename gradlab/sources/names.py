"""What a name in a formula stands for: a variable, a constant, a function, or a product of short names."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradlab.errors import ParseError
from gradlab.sources.characters import LETTERS
from gradlab.sources.indices import index_names
from gradlab.sources.tokens import Kind, Token, tokenize
from gradlab.sources.unavailable import INSTEAD

MAX_NAME = 40
"""Characters in a name: longer ones are not names that someone wants to see in a formula."""

MAX_VARIABLES = 100
"""Distinct variables in one text: a problem of more is written with vectors."""

CONSTANTS = frozenset({"e", "pi"})
"""Names that are numbers unless a variable of that name is declared."""

# One kind of function on a line.
# fmt: off
FUNCTIONS = frozenset({
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "abs", "sign", "floor", "pow",
    "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "asec", "acsc",
    "sinh", "cosh", "tanh", "coth", "sech", "csch", "asinh", "acosh", "atanh", "acoth", "asech", "acsch",
    "ceil", "trunc", "round", "frac", "mod", "exp2", "cbrt", "root", "hypot", "atan2",
    "erf", "erfc", "gamma", "lgamma", "digamma", "polygamma",
    "sigmoid", "softplus", "softsign", "logaddexp", "huber", "heaviside",
    "relu", "leaky_relu", "elu", "celu", "selu", "gelu", "silu",
    "max", "min", "sum", "mean", "dot", "norm", "clamp", "where", "piecewise",
})
# fmt: on
"""The functions that a text may call, each by its one spelling in the tree; ``pow(a, b)`` becomes ``a^b``."""

INVERSES: Mapping[str, str] = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}
"""Mathematicians' and NumPy's spellings of the inverse functions, and this package's."""

ALIASES: Mapping[str, str] = {
    **INVERSES,
    "ln": "log",
    "log_2": "log2",
    "log_10": "log10",
    "sgn": "sign",
    "logistic": "sigmoid",
    "arctan2": "atan2",
    "swish": "silu",
    "loggamma": "lgamma",
    "gammaln": "lgamma",
    "σ": "sigmoid",
    "Γ": "gamma",
    "ψ": "digamma",
    "Abs": "abs",
    "Heaviside": "heaviside",
    "Max": "max",
    "Min": "min",
    "Mod": "mod",
    "Piecewise": "piecewise",
    "Sum": "sum",
    "ceiling": "ceil",
}
"""Other spellings of a function; the last ones are SymPy's."""

_BEFORE_A_BRACKET = frozenset({"σ", "Γ", "ψ", "gamma", "root", "frac", "Max", "Min", "Mod", "Sum"})
"""Names of functions only directly before a bracket: elsewhere they are variables, mostly Greek letters."""

# Names such as max1 or mean_y are usual for variables; sinx and tanx are a forgotten bracket.
_NEVER_PART_OF_A_NAME = FUNCTIONS - _BEFORE_A_BRACKET - {
    *("max", "min", "sum", "mean", "dot", "norm", "sign", "pow", "round", "mod", "exp2", "piecewise"),
} | {"ln", "arcsin", "arccos", "arctan"}

_SHORT_NAME = re.compile(f"[{LETTERS}][0-9]*")


@dataclass(frozen=True)
class Vocabulary:
    """The names that a text may use.

    variables: normal spelling -> the spelling it was declared with; None if every name is a variable.
    """

    variables: Mapping[str, str] | None
    functions: frozenset[str]

    def function(self, name: str) -> str | None:
        """Return the function called *name* by its spelling in the tree, or None.

        >>> Vocabulary(None, FUNCTIONS).function("arcsin")
        'asin'
        """
        spelling = ALIASES.get(name, name)
        return spelling if spelling in self.functions else None


def vocabulary(variables: Iterable[str] | None, functions: Iterable[str] = FUNCTIONS) -> Vocabulary:
    """Return the vocabulary of the declared *variables*; None allows every name.

    Raises TypeError for a bare string, ValueError for a name that a text cannot contain.

    >>> vocabulary(["x₁"]).variables
    {'x1': 'x₁'}
    """
    if variables is None:
        return Vocabulary(None, frozenset(functions))
    if isinstance(variables, str):
        raise TypeError(f"variables is a list of names, not one string; write variables=[{variables!r}]")
    declared: dict[str, str] = {}
    for name in variables:
        spelling = _declared_name(name)
        if spelling in declared:
            raise ValueError(f"variable {name!r} is declared twice")
        declared[spelling] = name
    return Vocabulary(declared, frozenset(functions))


def _declared_name(name: object) -> str:
    """Return the normal spelling of a name given through the API."""
    if not isinstance(name, str):
        raise TypeError(f"a variable's name is a string, not {type(name).__name__}")
    try:
        tokens = tokenize(name)
    except ParseError as error:
        raise ValueError(f"{name!r} cannot be a variable: {error.reason}") from None
    if [token.kind for token in tokens] != [Kind.NAME, Kind.END] or tokens[0].end != len(name):
        raise ValueError(f"{name!r} cannot be a variable; write a letter, then letters, digits or _")
    if len(name) > MAX_NAME:
        raise ValueError(f"a variable's name has at most {MAX_NAME} characters, not {len(name)}")
    return tokens[0].text


def resolve(tokens: Sequence[Token], text: str, vocabulary: Vocabulary) -> list[Token]:
    """Return *tokens* with functions marked as such and products of declared names (``xy``) split.

    A declared variable wins over a constant.  Raises ParseError for a name that stands for nothing.

    >>> both = vocabulary(["x", "y"])
    >>> [(token.text, token.kind.value) for token in resolve(tokenize("xy ln 2"), "xy ln 2", both)][:3]
    [('x', 'name'), ('y', 'name'), ('log', 'function')]
    """
    counted = index_names(tokens)
    if counted and vocabulary.variables is not None:
        # An index of a sum stands beside the variables: kx is k*x there.
        vocabulary = replace(vocabulary, variables={**{name: name for name in counted}, **vocabulary.variables})
    resolved: list[Token] = []
    seen: set[str] = set()
    for index, token in enumerate(tokens):
        if token.kind is not Kind.NAME:
            resolved.append(token)
            continue
        if len(token.text) > MAX_NAME:
            message = f"a name has at most {MAX_NAME} characters; shorten it or write * between factors"
            raise ParseError(message, text, token.start)
        before_bracket = tokens[index + 1].kind is Kind.OPEN
        for part in _read_name(token, text, vocabulary, before_bracket=before_bracket):
            resolved.append(part)
            if part.kind is Kind.NAME and part.text not in CONSTANTS:
                seen.add(part.text)
            if len(seen) > MAX_VARIABLES:
                message = f"more than {MAX_VARIABLES} different variables; write the problem with vectors"
                raise ParseError(message, text, token.start)
    return resolved


def _read_name(token: Token, text: str, vocabulary: Vocabulary, *, before_bracket: bool) -> list[Token]:
    """Return what one name stands for: usually one token, several for a product."""
    name, declared = token.text, vocabulary.variables
    function = vocabulary.function(name)
    if declared is not None and name in declared:
        if function is not None and before_bracket:
            message = f"'{name}' is a variable here and a function too; write {name}*(...) for a product"
            raise ParseError(message, text, token.start)
        return [replace(token, text=declared[name])]
    if function is not None and (before_bracket or name not in _BEFORE_A_BRACKET):
        return [replace(token, kind=Kind.FUNCTION, text=function)]
    if name in CONSTANTS:
        return [token]
    if declared is None:
        _check_free_name(token, text, vocabulary, before_bracket=before_bracket)
        return [token]
    product = _product_of_declared(token, declared)
    if product is None:
        kind = "function" if before_bracket and _letters(name) > 1 else "variable"
        raise ParseError(_unknown(name, vocabulary, kind), text, token.start)
    return product


def _check_free_name(token: Token, text: str, vocabulary: Vocabulary, *, before_bracket: bool) -> None:
    """Refuse a name that its writer can hardly have meant as a variable."""
    name = token.text
    if before_bracket and _letters(name) > 1:
        raise ParseError(_unknown(name, vocabulary, "function"), text, token.start)
    if keyword.iskeyword(name) and name != "lambda":
        message = f"'{name}' is a word of Python, not of mathematics; write * between factors"
        raise ParseError(message, text, token.start)
    for length in range(len(name) - 1, 1, -1):
        function, rest = name[:length], name[length:]
        is_glued = (len(rest) == 1 and rest != "_") or rest[0].isdigit()
        if function in _NEVER_PART_OF_A_NAME and is_glued and vocabulary.function(function):
            message = (
                f"'{name}' reads as one name; write {function}({rest}) for the function, "
                f"or declare variables=['{name}', ...]"
            )
            raise ParseError(message, text, token.start)


def _product_of_declared(token: Token, declared: Mapping[str, str]) -> list[Token] | None:
    """Return the factors of a name such as ``xy`` or ``x1x2`` if all of them are declared, else None."""
    # Offsets inside the name are offsets inside the text only if the name is spelled as long as it is there.
    if token.end - token.start != len(token.text):
        return None
    factors: list[Token] = []
    position = 0
    while position < len(token.text):
        found = _SHORT_NAME.match(token.text, position)
        if found is None or not (found.group() in declared or found.group() in CONSTANTS):
            return None
        spelling = declared.get(found.group(), found.group())
        start = token.start + position
        factors.append(Token(Kind.NAME, spelling, start, start + len(found.group())))
        position = found.end()
    return factors


def _unknown(name: str, vocabulary: Vocabulary, kind: str) -> str:
    """Return the message for a *name* that is no function or no variable, with the nearest name there is."""
    variables = vocabulary.variables or {}
    if kind == "function" and name.lower() in INSTEAD:
        return f"no function named '{name}': {INSTEAD[name.lower()]}"
    functions = vocabulary.functions | {alias for alias in ALIASES if vocabulary.function(alias)}
    known = functions if kind == "function" else functions | CONSTANTS | set(variables)
    near = difflib.get_close_matches(name.lower(), sorted(known), n=5)
    if near:
        # 'cosine' is as near to 'sin' as to 'cos': the beginning decides.
        nearest = max(near, key=lambda candidate: _shared_beginning(candidate, name.lower()))
        return f"no {kind} named '{name}'; did you mean '{nearest}'?"
    if kind == "function":
        return f"no function named '{name}'; write {name}*(...) for a product"
    if variables:
        return f"no variable named '{name}'; the variables are {', '.join(list(variables)[:10])}"
    return f"no variable named '{name}'; no variables were declared"


def _shared_beginning(name: str, other: str) -> int:
    """Return how many characters *name* and *other* begin with in common."""
    length = 0
    while name[: length + 1] == other[: length + 1] and length < min(len(name), len(other)):
        length += 1
    return length


def _letters(name: str) -> int:
    return sum(character.isalpha() for character in name)

"""What a name in a formula stands for: a variable, a constant, a function, or a product of short names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gradlab.errors import ParseError
from gradlab.graph.names import GREEK
from gradlab.sources.characters import LETTERS, SUBSCRIPT_DIGITS, normal_spelling
from gradlab.sources.text_tokens import tokenize
from gradlab.sources.tokens import Kind

Part: TypeAlias = tuple[Kind, str, int, int, tuple[str, ...]]
"""What a name stands for, or one factor of it: kind and text of a token, where it is in the name, and its indices."""

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
    "softmax", "tr", "det", "diag",
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

BEFORE_A_BRACKET = frozenset({"σ", "Γ", "ψ", "gamma", "root", "frac", "tr", "det", "diag", "Max", "Min", "Mod", "Sum"})
"""Names of functions only directly before a bracket: elsewhere they are variables, mostly Greek letters."""

_SLOPE = re.compile("{0} ?/ ?{0}$".format(f"[d∂δ]([{LETTERS}][{LETTERS}0-9_{SUBSCRIPT_DIGITS}]*)"))
_WORD = re.compile(r"[^\W\d_]+|\d+")


class Names:
    """The names that a text may use; make it once for many texts.

    variables: the declared names in order, beside ``e`` and ``pi``, which they may also redefine; None: every name is
        a variable. ``dL/dw`` may be one: it stands for one thing, however its fraction is written.
    functions: the names that are functions, by their spelling in the tree; ``ln`` follows ``log`` and so on.
    directions: names of unit vectors, for vectors written as ``2x i + j``.
    shapes: the axes of the variables that are arrays, as `as_function` takes them; their sizes are names too.
    Raises TypeError for a bare string, ValueError for a name that a text cannot contain.

    >>> Names(["x₁", "dL/dw"]).variables
    {'x1': 'x₁'}
    """

    __slots__ = ("_alike", "arrays", "directions", "functions", "known", "shapes", "slopes", "variables")

    def __init__(
        self,
        variables: Iterable[str] | None = None,
        *,
        functions: Iterable[str] = FUNCTIONS,
        directions: Sequence[str] = (),
        shapes: Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(variables, str):
            raise TypeError(f"variables is a list of names, not one string; write variables=[{variables!r}]")
        self.functions: frozenset[str] = frozenset(functions)
        self.directions: tuple[str, ...] = tuple(directions)
        self.shapes: dict[str, Any] = dict(shapes or {})
        # The arrays, by name; 1 and "n" are shapes of vectors too.
        self.arrays: frozenset[str] = frozenset(name for name, axes in self.shapes.items() if axes != ())
        self.slopes: dict[tuple[str, str], str] = {}
        # What each name was found to stand for: exercises are answered in few names, many times.
        self.known: dict[tuple[str, bool], tuple[Part, ...]] = {}
        self._alike: dict[str, str | None] = {}
        self.variables: dict[str, str] | None = None
        if variables is not None:
            declared: dict[str, str] = {}
            for name in (*variables, *self.directions):
                self._declare(name, declared)
            for size in dict.fromkeys(_sizes(self.shapes)):
                declared.setdefault(size, size)
            self.variables = declared

    def _declare(self, name: str, declared: dict[str, str]) -> None:
        """Add one name to those *declared*, or to the derivatives."""
        slope = _SLOPE.match(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        spelling = "" if slope else _declared_name(name)
        if (_slope_key(slope) in self.slopes) if slope else (spelling in declared):
            raise ValueError(f"variable {name!r} is declared twice")
        if slope:
            self.slopes[_slope_key(slope)] = name
            return
        declared[spelling] = name
        common = alike(spelling)
        for other in {common, common.replace("_", "")}:
            self._alike[other] = None if other in self._alike else name

    def function(self, name: str) -> str | None:
        """Return the function called *name* by its spelling in the tree, or None.

        >>> Names().function("arcsin")
        'asin'
        """
        spelling = ALIASES.get(name, name)
        return spelling if spelling in self.functions else None

    def slope(self, above: str, below: str) -> str | None:
        """Return the declared derivative that is written as the fraction of these two names, or None.

        >>> Names(["∂L/∂w_1"]).slope("dL", "dw₁")
        '∂L/∂w_1'
        """
        found = _SLOPE.match(f"{above}/{below}") if self.slopes else None
        return self.slopes.get(_slope_key(found)) if found else None

    def meant(self, name: str, *, joined: bool = False) -> str | None:
        """Return the one declared name that *name* is another spelling of, or None: x1 of x_1, α of alpha.

        joined: also without any underscore, as in ``Wq`` for ``W_q``.

        >>> Names(["alpha_1"]).meant("α₁")
        'alpha_1'
        """
        spelling = alike(name)
        return self._alike.get(spelling.replace("_", "") if joined else spelling)


def alike(name: str) -> str:
    """Return what all spellings of *name* have in common.

    >>> alike("alpha_1"), alike("α₁"), alike("W_q")
    ('α1', 'α1', 'W_q')
    """
    plain = normal_spelling(name)
    parts = [_WORD.sub(lambda found: GREEK.get(found[0], found[0]), part) for part in plain.split("_")]
    return "".join(part if not place or part.isdigit() else f"_{part}" for place, part in enumerate(parts))


def _slope_key(found: re.Match[str]) -> tuple[str, str]:
    return alike(found[1]), alike(found[2])


def _sizes(shapes: Mapping[str, Any]) -> Iterator[str]:
    for axes in shapes.values():
        for size in (axes,) if isinstance(axes, (str, int)) else axes:
            if isinstance(size, str):
                yield size


def _declared_name(name: object) -> str:
    """Return the normal spelling of a name given through the API."""
    if not isinstance(name, str):
        raise TypeError(f"a variable's name is a string, not {type(name).__name__}")
    try:
        tokens = tokenize(name, (name,))
    except ParseError as error:
        raise ValueError(f"{name!r} cannot be a variable: {error.reason}") from None
    if [token.kind for token in tokens] != [Kind.NAME, Kind.END] or tokens[0].end != len(name):
        raise ValueError(f"{name!r} cannot be a variable; write a letter, then letters, digits or _")
    if len(name) > MAX_NAME:
        raise ValueError(f"a variable's name has at most {MAX_NAME} characters, not {len(name)}")
    return tokens[0].text

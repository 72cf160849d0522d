"""The function being written: its names, its lines, the helper functions above it."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gradlab.graph.emission.dialects import Dialect
from gradlab.graph.emission.fragments import literal, named, subscript, written
from gradlab.graph.names import GREEK
from gradlab.graph.sizes import Axes, Size

_LATIN = {letter: name for name, letter in GREEK.items()}


@lru_cache(maxsize=1024)
def identifier(name: str) -> str:
    """Return *name* as a Python identifier of plain letters.

    >>> identifier("layer.weight"), identifier("δ_σ"), identifier("lambda"), identifier("2nd")
    ('layer_weight', 'delta_sigma', 'lambda_', 'v2nd')
    """
    spelled = "".join(_LATIN.get(letter, letter) for letter in name)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    safe = re.sub(r"\W+", "_", plain).strip("_") or "value"
    safe = f"v{safe}" if safe[0].isdigit() else safe
    return f"{safe}_" if keyword.iskeyword(safe) or hasattr(builtins, safe) else safe


@dataclass
class Names:
    """The identifiers in use; each is given out once."""

    used: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)

    def fresh(self, wanted: str) -> str:
        """Return *wanted* as an identifier that nothing else has.

        >>> names = Names()
        >>> names.fresh("Z"), names.fresh("Z")
        ('Z', 'Z_2')
        """
        base = identifier(wanted)
        name, number = base, self._numbers.get(base, 1)
        while name in self.used:
            number += 1
            name = f"{base}_{number}"
        self._numbers[base] = number
        self.used.add(name)
        return name


@dataclass(frozen=True, slots=True)
class Assigned:
    """The line ``name = tree``."""

    name: str
    tree: ast.expr

    @property
    def text(self) -> str:
        return f"{self.name} = {written(self.tree)}"


@dataclass
class Body:
    """The lines of a function while they are written.

    inputs: the identifier of each variable or data, by its own name.  axes: of each.
    local: the axes of the arrays that the function makes, by the identifier of each.
    bound: whether the data are global names instead of parameters, as in a compiled function.
    """

    dialect: Dialect
    axes: Mapping[str, Axes]
    names: Names
    inputs: dict[str, str] = field(default_factory=dict)
    lines: list[str | Assigned] = field(default_factory=list)
    local: dict[str, Axes] = field(default_factory=dict)
    bound: bool = False
    helpers: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, str] = field(default_factory=dict)

    def assign(self, tree: ast.expr, hint: str) -> ast.expr:
        """Write ``name = tree`` and return the name."""
        name = self.names.fresh(hint)
        self.lines.append(Assigned(name, tree))
        return named(name)

    def store(self, array: ast.expr, key: tuple[int | slice, ...], operator: str, tree: ast.expr) -> None:
        """Write ``array[key] = tree``, or with ``+=``."""
        self.lines.append(f"{written(subscript(array, key) if _cut(key) else array)} {operator} {written(tree)}")

    def size(self, size: Size) -> ast.expr:
        """Return a size: a number, or a name whose value is read from a shape at the top."""
        if isinstance(size, int):
            return literal(size)
        if size not in self.sizes:
            self.sizes[size] = self.names.fresh(size)
        return named(self.sizes[size])

    def shape(self, axes: Axes) -> ast.expr:
        """Return a shape: that of an input where one has the same axes."""
        for name, own in self.axes.items():
            if own == axes and axes:
                return ast.Attribute(named(self.inputs[name]), "shape", ast.Load())
        return ast.Tuple([self.size(size) for size in axes], ast.Load())

    def helper(self, name: str, text: str) -> ast.expr:
        """Return the name of a helper function that is defined above; *text* defines it under *name*."""
        self.helpers[name] = text
        return named(name)

    def size_lines(self) -> list[str]:
        """Return the lines that read the sizes in use from the shapes of the inputs."""
        lines: list[str] = []
        left = dict(self.sizes)
        for name, axes in self.axes.items():
            found = [size for size in axes if isinstance(size, str) and size in left]
            if not found:
                continue
            source = f"{self.inputs[name]}.shape"
            if len(found) == len(axes) == len(set(axes)) > 1:
                lines.append(f"{', '.join(left.pop(size) for size in found)} = {source}")  # type: ignore[arg-type]
                continue
            for size in dict.fromkeys(found):
                lines.append(f"{left.pop(size)} = {source}[{axes.index(size)}]")
        return lines


WIDEST = 100
"""Characters of a line; a longer sum gets a line for each of its terms."""


def broken(assigned: Assigned) -> list[str]:
    """Return an assignment, a long sum on several lines."""
    left, tree, line = f"{assigned.name} = ", assigned.tree, assigned.text
    terms: list[str] = []
    while len(line) > WIDEST and isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        terms.insert(0, written(ast.BinOp(named("_"), tree.op, tree.right)).removeprefix("_ "))
        tree = tree.left
    return [f"{left}(", *(f"    {term}" for term in (written(tree), *terms)), ")"] if terms else [line]


def _cut(key: Iterable[int | slice]) -> bool:
    return any(part != slice(None) for part in key)

"""Mutants: one change each, by the operators of Cosmic Ray, drawn from a package by a seed."""

from __future__ import annotations

import difflib
import random
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

ROOT = Path(__file__).parents[2]

_NOT_USED = {"VariableReplacer", "VariableInserter"}
"""These two draw numbers of their own, and would be other ones in the next run."""


@dataclass(frozen=True)
class Mutant:
    """One change to one file.

    lines: of the statement that it is in, first and last.  around: the same of what that statement is in, inmost first.
    """

    file: str
    operator: str
    occurrence: int
    lines: tuple[int, int]
    around: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        return f"{self.file}:{self.lines[0]} {self.operator} {self.occurrence}"

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def source(self) -> str:
        """Return the file's text with the change made."""
        return mutate_code((ROOT / self.file).read_text(), _operators()[self.operator], self.occurrence)

    def difference(self) -> str:
        """Return what is changed, as `diff -u` shows it without its heading."""
        before, after = (ROOT / self.file).read_text().splitlines(), self.source().splitlines()
        return "\n".join(list(difflib.unified_diff(before, after, lineterm="", n=1))[2:])


def drawn(package: str, number: int, seed: int) -> list[Mutant]:
    """Return mutants of a package in the order of their draw: first a place, then one of its changes.

    So that an addition, which can become eleven other things, is not drawn eleven times as often as a number.
    """
    places = [found for file in sorted((ROOT / package).rglob("*.py")) for found in _places(file).values()]
    draw = random.Random(seed)
    draw.shuffle(places)
    return list(islice(filter(_is_python, map(draw.choice, places)), number))


def _is_python(mutant: Mutant) -> bool:
    """Whether a change leaves a program; of ``2**-n`` Cosmic Ray makes ``2*-n``, but also ``2-``."""
    try:
        compile(mutant.source(), mutant.file, "exec")
    except SyntaxError:
        return False
    return True


def _places(file: Path) -> dict[object, list[Mutant]]:
    """Return the changes that are possible in a file, by where they are."""
    found: dict[object, list[Mutant]] = {}
    nodes = list(ast_nodes(get_ast(file.read_text())))
    for name, operator in _operators().items():
        occurrence = 0
        for node in nodes:
            for position in operator.mutation_positions(node):
                if not _is_for_readers(node):
                    mutant = Mutant(str(file.relative_to(ROOT)), name, occurrence, *_lines(node))
                    found.setdefault((position, node.type), []).append(mutant)
                occurrence += 1
    return found


@cache
def _operators() -> dict[str, object]:
    provider = OperatorProvider()
    return {name: provider[name]() for name in provider if name not in _NOT_USED}


def _is_for_readers(node: object) -> bool:
    """Whether a node is in an annotation, which nothing evaluates, or in what only a type checker runs."""
    child = node
    while (parent := child.parent) is not None:
        after_arrow = parent.type == "funcdef" and child is parent.annotation
        if after_arrow or parent.type == "tfpdef" or (parent.type == "annassign" and child is parent.children[1]):
            return True
        if parent.type == "if_stmt" and "TYPE_CHECKING" in parent.children[1].get_code():
            return True
        child = parent
    return False


def _lines(node: object) -> tuple[tuple[int, int], tuple[tuple[int, int], ...]]:
    """Return the lines of a node's statement, and those of the definitions around it."""
    statement = node
    while statement.parent is not None and statement.parent.type not in ("suite", "file_input"):
        statement = statement.parent
    compound = any(child.type == "suite" for child in getattr(statement, "children", ()))
    own = _span(node) if compound or statement.type == "decorated" else _span(statement)
    around, above = [], statement
    while above is not None:
        if above.type in ("funcdef", "classdef", "decorated", "file_input"):
            around.append(_span(above))
        above = above.parent
    return own, tuple(around)


def _span(node: object) -> tuple[int, int]:
    """Return a node's first and last line; of what has a body, those of its head."""
    bodies = [child for child in getattr(node, "children", ()) if child.type == "suite"]
    if bodies and node.type not in ("funcdef", "classdef"):
        return node.start_pos[0], bodies[0].start_pos[0]
    return node.start_pos[0], node.end_pos[0]

"""Loops that run over the same entries, one after the other, become one."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """Nested loops over indices i0, i1, … and what they do.

    extents: of each loop.  before: lines that set up what is written.  body: lines for one entry.
    stores: arrays written once for each entry, at exactly its indices.  sums: what is complete only after all loops.
    """

    extents: tuple[str, ...]
    before: Sequence[str]
    body: Sequence[str]
    stores: frozenset[str] = frozenset()
    sums: frozenset[str] = frozenset()


def merged(blocks: Sequence[Block], results: Sequence[str]) -> list[str]:
    r"""Return the lines of all blocks, neighbours merged where that changes no value.

    results: what is returned, as text.

    >>> first = Block(("n",), ["a = np.empty((n,))"], ["a[i0] = x[i0] * 2"], stores=frozenset({"a"}))
    >>> second = Block(("n",), ["s = 0.0"], ["s += a[i0]"], sums=frozenset({"s"}))
    >>> print("\n".join(merged([first, second], ["s"])))
    s = 0.0
    for i0 in range(n):
        a_entry = x[i0] * 2
        s += a_entry
    """
    found: list[Block] = []
    for block in blocks:
        if found and _fits(found[-1], block):
            last = found[-1]
            found[-1] = Block(
                last.extents,
                [*last.before, *block.before],
                [*last.body, *block.body],
                last.stores | block.stores,
                last.sums | block.sums,
            )
        else:
            found.append(block)
    found = [_local(block, [*found[:place], *found[place + 1 :]], results) for place, block in enumerate(found)]
    return [line for block in found for line in _lines(block)]


def _fits(first: Block, second: Block) -> bool:
    """Return whether *second* may run in the loops of *first*: it reads no sum of them, and only the same entries."""
    if first.extents != second.extents:
        return False
    own = tuple(f"i{place}" for place in range(len(first.extents)))
    for line in (*second.before, *second.body):
        for part in ast.walk(ast.parse(line)):
            if isinstance(part, ast.Name) and part.id in first.sums and not _adds_to(line, part.id):
                return False
            if isinstance(part, ast.Subscript) and ast.unparse(part.value) in first.stores and _index(part) != own:
                return False
    return True


def _adds_to(line: str, name: str) -> bool:
    """Return whether *line* only adds to *name*."""
    tree = ast.parse(line).body[0]
    if not isinstance(tree, ast.AugAssign):
        return False
    target = tree.target.value if isinstance(tree.target, ast.Subscript) else tree.target
    read = any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(tree.value))
    return isinstance(target, ast.Name) and target.id == name and not read


def _index(part: ast.Subscript) -> tuple[str, ...]:
    parts = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
    return tuple(one.id if isinstance(one, ast.Name) else "" for one in parts)


def _local(block: Block, others: Sequence[Block], results: Sequence[str]) -> Block:
    """Return *block* with the arrays that nothing else needs as numbers."""
    elsewhere = {name for other in others for line in (*other.before, *other.body) for name in _names(line)}
    elsewhere |= {name for result in results for name in _names(result)}
    own = block.stores - elsewhere if block.extents else frozenset[str]()
    if not own:
        return block
    before = [line for line in block.before if not own & set(_names(line))]
    body = [ast.unparse(_Numbers(own).visit(ast.parse(line))) for line in block.body]
    return Block(block.extents, before, body, block.stores - own, block.sums)


class _Numbers(ast.NodeTransformer):
    """Puts a number for the entry of each of some arrays."""

    def __init__(self, arrays: frozenset[str]) -> None:
        self.arrays = arrays

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self.arrays:
            return ast.Name(f"{node.value.id}_entry", node.ctx)
        self.generic_visit(node)
        return node


def _names(text: str) -> list[str]:
    return [part.id for part in ast.walk(ast.parse(text)) if isinstance(part, ast.Name)]


def _lines(block: Block) -> list[str]:
    lines = list(block.before)
    for depth, extent in enumerate(block.extents):
        lines.append(f"{'    ' * depth}for i{depth} in range({extent}):")
    return [*lines, *("    " * len(block.extents) + line for line in block.body)]

"""Where a mistake stands in the text, and which mistakes the text suggests by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradlab.grading.code.mistakes.landmarks import Landmarks


def line_of(name: str, marks: Landmarks) -> int | None:
    """Return the line that a mistake is shown at; None where the text has no such place."""
    places = {
        "gradient not zeroed": marks.backward,
        "zeroed before the step": _zeroing_before_update(marks) or marks.zeroing,
        "ascent": _added(marks) or marks.updates,
        "update before backward": marks.updates,
        "rate applied twice": marks.updates,
        "divided by n again": marks.divisions[::-1] or marks.updates,
        "loss computed once": [line for line in marks.losses if not marks.in_loop(line)] or marks.losses,
        "sum instead of mean": marks.sums or marks.losses or marks.returns,
        "parameter left out": marks.updates or marks.returns,
        "broadcasting": marks.reshaping or marks.differences or marks.losses,
        "one step too few": marks.ranges,
        "one step too many": marks.ranges,
        "gradients swapped": marks.updates or marks.returns,
        "updated one after the other": marks.updates,
        "factor 2 missing": marks.losses,
        "factor 2 too many": marks.losses,
    }.get(name, [])
    places = places or marks.returns[::-1]
    return places[0] if places else None


def seen(marks: Landmarks) -> Iterator[tuple[str, int | None]]:
    """Yield the mistakes that the order of statements suggests; a right program may be written so, too."""
    if marks.backward and not marks.zeroing and marks.loops and not _fresh_leaves(marks):
        yield "gradient not zeroed", marks.backward[0]
    early = _zeroing_before_update(marks)
    if early:
        yield "zeroed before the step", early[0]
    if marks.backward and marks.updates and marks.updates[0] < marks.backward[0] and marks.in_loop(marks.updates[0]):
        yield "update before backward", marks.updates[0]
    if _added(marks):
        yield "ascent", _added(marks)[0]
    outside = [line for line in marks.losses if not marks.in_loop(line)]
    if outside and marks.loops and not any(marks.in_loop(line) for line in marks.losses) and marks.backward:
        yield "loss computed once", outside[0]


def _zeroing_before_update(marks: Landmarks) -> list[int]:
    """Return where gradients are zeroed after backward() and before the update."""
    if not marks.backward or not marks.updates:
        return []
    return [line for line in marks.zeroing if marks.backward[-1] < line < marks.updates[0]]


def _added(marks: Landmarks) -> list[int]:
    """Return the updates that add."""
    return [
        node.lineno
        for node in ast.walk(marks.tree)
        if isinstance(node, (ast.AugAssign, ast.Assign))
        and node.lineno in marks.updates
        and (
            (isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and not _negated(node.value))
            or (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.BinOp)
                and isinstance(node.value.op, ast.Add)
                and not _negated(node.value.right)
            )
        )
    ]


def _negated(node: ast.AST) -> bool:
    return any(isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.USub) for each in ast.walk(node))


def _fresh_leaves(marks: Landmarks) -> bool:
    """Return whether parameters are new tensors in every step, which have no gradient yet."""
    return any("requires_grad_" in ast.unparse(loop) or ".detach()" in ast.unparse(loop) for loop in marks.loops)

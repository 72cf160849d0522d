"""Which mistake is behind an exception, where PyTorch's message and the text show one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gradlab.grading.code.mistakes import lines
from gradlab.grading.code.mistakes.landmarks import Landmarks, moves
from gradlab.grading.code.mistakes.records import Mistake, named

if TYPE_CHECKING:
    from gradlab.grading.code.running import Submission
    from gradlab.isolation import Outcome

Found = tuple[str, int | None] | None


def raised(submission: Submission, outcome: Outcome) -> tuple[Mistake, ...]:
    """Return the mistake behind an exception; none where it could be another one."""
    if submission.exercise.library != "torch":
        return ()
    try:
        marks = Landmarks.of(submission.source.text, submission.exercise.entry)
    except SyntaxError:
        return ()
    found = next((find for words, find in _FINDERS if re.search(words, outcome.error)), None)
    if found is None:
        return ()
    text = submission.source.text.splitlines()
    line = outcome.line
    stands = text[line - 1] if line is not None and 0 < line <= len(text) else ""
    mistake = found(marks, line, stands)
    return () if mistake is None else (named(*mistake, certain=True),)


def _nothing_recorded(marks: Landmarks, line: int | None, _: str) -> Found:
    """Return why a loss has no history: recording stopped, the way cut, a parameter made anew, or never asked for."""
    if marks.unrecorded_forward:
        return "forward under no_grad", marks.unrecorded_forward[0]
    rebound = _rebound_unrecorded(marks)
    cuts = [each for each in marks.cuts if line is None or each <= line] or rebound
    if cuts:
        return "graph cut", cuts[0]
    if not marks.containing("requires_grad|Parameter|nn\\."):
        return "gradient not asked for", line
    return None


def _rebound_unrecorded(marks: Landmarks) -> list[int]:
    """Return where, under no_grad, a parameter becomes a new tensor: w = w - rate * w.grad."""
    blocks = [n for n in ast.walk(marks.tree) if isinstance(n, ast.With) and n.lineno in marks.unrecorded]
    inside = [n for block in blocks for n in ast.walk(block) if isinstance(n, ast.Assign)]
    return sorted(n.lineno for n in inside if moves(n) and isinstance(n.targets[0], (ast.Name, ast.Tuple)))


def _in_place(marks: Landmarks, line: int | None, _: str) -> Found:
    return "in-place on a leaf", line


def _second_time(marks: Landmarks, _: int | None, __: str) -> Found:
    """Return what is computed once, before the loop, if there is such."""
    place = lines.line_of("loss computed once", marks)
    return None if place is None or marks.in_loop(place) else ("loss computed once", place)


def _no_gradient(marks: Landmarks, line: int | None, stands: str) -> Found:
    """Return why there is no gradient where one is read."""
    new = [each for each in marks.cuts if each in marks.containing("requires_grad=True|requires_grad_")]
    new = [each for each in new if marks.backward and each <= marks.backward[-1] and each in marks.losses]
    if new:
        return "graph cut", new[0]
    if ".grad" not in stands or ".grad_fn" in stands:
        return None
    before = [update for update in marks.updates if marks.backward and update < marks.backward[0]]
    if before:
        return "update before backward", before[0]
    rebound = marks.lines(lambda n: isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and moves(n))
    rebound = [each for each in rebound if each == line] or rebound
    return "gradient not read", next(iter(rebound), line)


def _number(marks: Landmarks, line: int | None, _: str) -> Found:
    cuts = [each for each in marks.cuts if line is None or each <= line]
    return ("graph cut", cuts[-1]) if cuts else None


def _uphill(marks: Landmarks, line: int | None, _: str) -> Found:
    return "ascent", line


def _to_numpy(marks: Landmarks, line: int | None, _: str) -> Found:
    """Return where a tensor goes to NumPy on its way to backward(), not one that is only looked at."""
    on_the_way = line is not None and marks.backward and line < marks.backward[0]
    return ("graph cut", line) if on_the_way else None


def _too_few(marks: Landmarks, _: int | None, __: str) -> Found:
    bodies = _backward(marks)
    returns = [n.lineno for body in bodies for n in ast.walk(body) if isinstance(n, ast.Return)]
    return "too few gradients", next(iter(returns[::-1]), None)


def _not_saved(marks: Landmarks, line: int | None, stands: str) -> Found:
    reads = "saved_tensors" in stands or re.search(r"\bctx\.\w+", stands)
    return ("nothing saved", line) if reads and _backward(marks) else None


def _backward(marks: Landmarks) -> Sequence[ast.AST]:
    return [n for n in ast.walk(marks.tree) if isinstance(n, ast.FunctionDef) and n.name == "backward"]


_FINDERS: Sequence[tuple[str, Callable[[Landmarks, int | None, str], Found]]] = (
    ("does not require grad", _nothing_recorded),
    ("leaf Variable that requires grad", _in_place),
    ("backward through the graph a second time", _second_time),
    ("object has no attribute 'backward'", _number),
    ("Invalid learning rate: -", _uphill),
    (r"Can't call numpy\(\) on Tensor that requires grad", _to_numpy),
    (r"incorrect number of gradients \(expected (\d+), got", _too_few),
    (r"values to unpack|Backward' object has no attribute", _not_saved),
    ("NoneType|it returned None", _no_gradient),
)

"""Where a mistake stands in the text, and which mistakes the text suggests by itself.

A place is looked for only where behaviour has shown the mistake already, so that the likeliest place will do.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from gradlab.grading.code.mistakes.landmarks import GRADIENT, Landmarks, moves, negated, root


def line_of(name: str, marks: Landmarks) -> int | None:
    """Return the line that a mistake is shown at; None where the text has no such place."""
    places = _PLACES[name](marks) if name in _PLACES else []
    places = places or marks.returns[::-1]
    return places[0] if places else None


def _not_zeroed(marks: Landmarks) -> list[int]:
    uncalled = marks.lines(lambda n: isinstance(n, ast.Expr) and re.search(r"zero_(grad)?$", ast.unparse(n)))
    gathered = marks.lines(lambda n: isinstance(n, ast.AugAssign) and GRADIENT.search(root(n.target)))
    return uncalled or marks.backward or gathered


def _zeroing_before_update(marks: Landmarks) -> list[int]:
    """Return where gradients are zeroed after backward() and before the update."""
    if not marks.backward or not marks.updates:
        return []
    last = marks.updates[-1]
    return [line for line in marks.zeroing if marks.backward[-1] < line < last and line not in marks.updates]


def _added(marks: Landmarks) -> list[int]:
    """Return the updates that go uphill: plus something, or minus a negative."""
    return marks.lines(lambda n: any(isinstance(op, ast.Add) != negated(by) for _, op, by in moves(n)))


def _ascent(marks: Landmarks) -> list[int]:
    upward = marks.containing(r"maximize=True") or [
        line for line in marks.optimizers if line in marks.containing(r"lr=-|, -\w+\)")
    ]
    minus = marks.containing(r"\(-\w*loss\w*\)\.backward|^\w*loss\w* = -|^\w*loss\w* \*= -1")
    return _added(marks) or upward or minus or marks.updates


def _rate_twice(marks: Landmarks) -> list[int]:
    rate = r"\b(\w*rate|lr|eta|alpha|step_size)\b"
    used = [line for line in marks.containing(rate) if line not in marks.optimizers]
    twice = marks.containing(rf"(?s){rate}(?! ?=).*{rate}(?! ?=)|{rate} ?\*\* ?2")
    twice = [line for line in twice if line not in marks.optimizers or line in marks.containing(r"lr=\w+ ?\*")]
    alias = marks.containing(rf"^\w+ = {rate}$")
    beside = [line for line in used if line not in (*marks.updates, *alias)]
    return twice or beside or [line for line in used if line in marks.updates] or used[::-1] or marks.updates


def _divided_again(marks: Landmarks) -> list[int]:
    divided = marks.divisions
    twice = marks.containing(r"/ ?\(?(n|N|m|len\(\w+\)|\w+\.shape\[0\]) ?\*\* ?2")
    meant = [line for line in divided if line in marks.containing(r"mean|mse_loss|MSELoss|average")]
    moved = [line for line in divided if line in (*marks.updates, *marks.optimizers)]
    return twice or meant or moved or divided[::-1] or marks.updates


def _computed_once(marks: Landmarks) -> list[int]:
    """Return what is computed from the parameters before the loop."""
    known = set(marks.arguments)
    first = min(marks.ranges, default=0)

    def stale(node: ast.AST) -> bool:
        if not isinstance(node, (ast.Assign, ast.Expr)) or node.lineno >= first or node.lineno in marks.optimizers:
            return False
        reads = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        computes = any(isinstance(n, (ast.BinOp, ast.Call)) for n in ast.walk(node.value))
        return bool(reads & known) and computes and not re.search(_PREPARING, ast.unparse(node))

    outside = [line for line in marks.losses if not marks.in_loop(line)]
    return marks.lines(stale) or outside or marks.losses


_PREPARING = (
    r"^\w+ = (\w+\.(detach|clone|copy|requires_grad_|shape|size)\b|len\(|np\.array|(np|torch)\.\w+_like)"
    r"|zero_grad|retain_grad|print\(|\.grad = |parameters|^\w+ = [A-Z]\w*\(|Loss\(|DataLoader|\(len\("
)


def _summed(marks: Landmarks) -> list[int]:
    whole = [line for line in marks.sums if line not in marks.divisions]
    losses = [line for line in marks.losses if line in marks.containing("@|\\*\\*|square|pow|dot|inner|norm")]
    computed = [line for line in marks.gradients if line not in marks.backward and line not in marks.divisions]
    computed = [line for line in computed if line not in marks.containing("zeros")]
    return whole or losses or computed or _returned_by_helpers(marks) or marks.updates


def _returned_by_helpers(marks: Landmarks) -> list[int]:
    """Return where functions beside the entry return what they compute."""
    helpers = [n for n in ast.walk(marks.tree) if isinstance(n, ast.FunctionDef) and n is not marks.entry]
    returns = [n for helper in helpers for n in ast.walk(helper) if isinstance(n, ast.Return)]
    return sorted(n.lineno for n in returns if isinstance(n.value, ast.BinOp))


def _left_out(marks: Landmarks) -> list[int]:
    by_hand = marks.lines(lambda n: moves(n))
    return _no_parameters(marks) or _listed(marks) or by_hand or marks.optimizers or marks.updates


def _listed(marks: Landmarks) -> list[int]:
    """Return where the parameters are listed that a loop goes through."""

    def lists(node: ast.AST) -> bool:
        parts = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
        return bool(parts) and all(isinstance(each, ast.Name) and each.id in marks.arguments for each in parts)

    through = {n.iter.id for n in marks.loops if isinstance(n, ast.For) and isinstance(n.iter, ast.Name)}
    return marks.lines(
        lambda n: (
            (isinstance(n, ast.Assign) and root(n.targets[0]) in through and lists(n.value))
            or (isinstance(n, ast.For) and lists(n.iter))
        )
    )


def _no_parameters(marks: Landmarks) -> list[int]:
    """Return what a module keeps without making it a parameter."""
    modules = [
        n
        for n in ast.walk(marks.tree)
        if isinstance(n, ast.ClassDef) and "Module" in str(list(map(ast.unparse, n.bases)))
    ]
    return sorted(
        n.lineno
        for module in modules
        for n in ast.walk(module)
        if isinstance(n, ast.Assign)
        and ast.unparse(n.targets[0]).startswith("self.")
        and "Parameter" not in ast.unparse(n.value)
        and root(n.value) in marks.arguments
    )


def _steps(marks: Landmarks) -> list[int]:
    """Return the head of the loop, or where it is left early if the head counts right."""
    plain = marks.lines(
        lambda n: (
            (isinstance(n, ast.For) and re.fullmatch(r"range\(\w+\)", ast.unparse(n.iter)))
            or (isinstance(n, ast.While) and ast.unparse(n.test) in ("True", "1"))
        )
    )
    leaving = marks.lines(
        lambda n: (
            isinstance(n, ast.If)
            and any(isinstance(each, (ast.Break, ast.Continue, ast.Return)) for each in ast.walk(n))
            and marks.in_loop(n.lineno)
        )
    )
    skipping = marks.lines(lambda n: isinstance(n, ast.If) and marks.in_loop(n.lineno))
    return (leaving or skipping if plain else []) or marks.ranges


def _swapped(marks: Landmarks) -> list[int]:
    """Return where a parameter is moved by something that is named for another one."""
    parameters = set(marks.arguments)

    def crossed(node: ast.AST) -> bool:
        return any(_named_for(by, parameters) not in ("", root(target)) for target, _, by in moves(node))

    def unordered(node: ast.AST) -> bool:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            return False
        targets = [n.id for n in ast.walk(node.targets[0]) if isinstance(n, ast.Name)]
        of = [n.id for each in node.value.args[1:2] for n in ast.walk(each) if isinstance(n, ast.Name)]
        pairs = list(zip(targets, of, strict=False))
        return len(pairs) > 1 and all(one.endswith(q) for (one, _), (_, q) in zip(pairs, pairs[::-1], strict=True))

    return marks.lines(unordered) or marks.lines(crossed) or marks.lines(moves) or marks.returns[::-1]


def _named_for(by: ast.expr, parameters: set[str]) -> str:
    """Return the parameter that a gradient is named for: b of b.grad, db, grad_b."""
    for node in ast.walk(by):
        if isinstance(node, ast.Attribute) and node.attr == "grad" and root(node) in parameters:
            return root(node)
        if isinstance(node, ast.Name) and GRADIENT.search(node.id) and node.id not in parameters:
            ends = [name for name in parameters if re.fullmatch(rf"(d|g|grad|d_|g_|grad_){re.escape(name)}", node.id)]
            if ends:
                return ends[0]
    return ""


def _cut_parameters(marks: Landmarks) -> list[int]:
    """Return where something is computed with a parameter that has been cut off: a.item() * x."""

    def cut(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("item", "detach", "data") and _is_argument(node.value)

    def _is_argument(node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id in marks.arguments

    computed = marks.lines(lambda n: isinstance(n, ast.BinOp) and any(map(cut, ast.walk(n))))
    return [line for line in computed if line not in marks.updates and marks.in_loop(line) >= bool(marks.loops)]


def _early_returns(marks: Landmarks) -> list[int]:
    return [line for line in marks.returns if marks.in_loop(line)]


def _doubled(marks: Landmarks) -> list[int]:
    return marks.losses or marks.gradients or marks.updates


_PLACES: Mapping[str, Callable[[Landmarks], list[int]]] = {
    "gradient not zeroed": _not_zeroed,
    "zeroed before the step": lambda marks: _zeroing_before_update(marks) or marks.zeroing,
    "ascent": _ascent,
    "update before backward": lambda marks: marks.updates,
    "rate applied twice": _rate_twice,
    "divided by n again": _divided_again,
    "loss computed once": _computed_once,
    "sum instead of mean": _summed,
    "parameter left out": _left_out,
    "forward under no_grad": lambda marks: marks.unrecorded_forward or marks.unrecorded,
    "broadcasting": lambda marks: marks.reshaping or marks.losses or marks.differences,
    "one step too few": _steps,
    "one step too many": _steps,
    "one step only": _early_returns,
    "gradients swapped": _swapped,
    "gradient of another parameter": _swapped,
    "graph cut": _cut_parameters,
    "updated one after the other": lambda marks: marks.updates,
    "factor 2 missing": _doubled,
    "factor 2 too many": _doubled,
    "never updated": lambda marks: marks.returns[::-1],
}


def seen(marks: Landmarks) -> Iterator[tuple[str, int | None]]:
    """Yield the mistakes that the order of statements suggests; a right program may be written so, too."""
    if marks.backward and not marks.zeroing and marks.loops and not _fresh_leaves(marks):
        yield "gradient not zeroed", marks.backward[0]
    early = _zeroing_before_update(marks)
    if early:
        yield "zeroed before the step", early[0]
    late = _updated_first(marks)
    if late:
        yield "update before backward", late[0]
    if _added(marks):
        yield "ascent", _added(marks)[0]
    outside = [line for line in marks.losses if not marks.in_loop(line)]
    if outside and marks.loops and not any(marks.in_loop(line) for line in marks.losses) and marks.backward:
        yield "loss computed once", outside[0]
    axes = marks.reshaping or marks.containing(r"Linear\(")
    if axes:
        yield "broadcasting", axes[0]
    if _cut_parameters(marks):
        yield "graph cut", _cut_parameters(marks)[0]
    if _early_returns(marks):
        yield "one step only", _early_returns(marks)[0]


def _updated_first(marks: Landmarks) -> list[int]:
    """Return the update of a loop, or a step, that stands before the gradient is computed."""
    inside = [line for line in marks.updates if marks.in_loop(line)] if marks.loops else marks.updates
    computed = marks.backward or [line for line in marks.gradients if not marks.loops or marks.in_loop(line)]
    return inside[:1] if inside and computed and inside[0] < computed[0] else []


def _fresh_leaves(marks: Landmarks) -> bool:
    """Return whether parameters are new tensors in every step, which have no gradient yet."""
    return any("requires_grad_" in ast.unparse(loop) or ".detach()" in ast.unparse(loop) for loop in marks.loops)

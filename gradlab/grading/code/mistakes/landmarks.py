"""The places of a program that mistakes are shown at, found in its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gradlab.grading.code.mistakes.trees import tree_of

ZEROING = ("zero_grad", "zero_")
CUTTING = ("item", "detach", "data", "numpy", "tolist")
NEW = ("torch.tensor", "torch.Tensor", "torch.as_tensor", "float", "np.array", "np.asarray", "torch.from_numpy")
UNRECORDED = ("no_grad", "inference_mode", "set_grad_enabled(False)")
AXES = re.compile(
    r", None\]|, np\.newaxis\]|unsqueeze|(reshape|view)\([^()]*(\([^()]*\))?[^()]*, 1\)|keepdim|expand_dims|atleast_2d"
    r"|column_stack|np\.c_|np\.matrix"
)
RATE = re.compile(r"rate$|(^|_)(lr|eta|alpha|gamma|step_size)($|_)")
GRADIENT = re.compile(r"(^|_)(d|g|grads?|gradients?|delta|diff|update|step|derivative)($|_)|^[dg].{0,2}$|grad")
SIZE = re.compile(r"\blen\(|\.shape\[0\]|\.size\b|\.numel\(|^[nNm](_\w+)?$|^batch_size$")

Defined = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Landmarks:
    """A program's tree with what is looked for in it; lines are in the order of the text.

    entry: what is called, if the program has it; arguments: their names, in order.
    """

    tree: ast.AST
    entry: Defined | None = None
    loops: Sequence[ast.For | ast.While] = field(default=())

    @classmethod
    def of(cls, source: str, entry: str = "") -> Landmarks:
        """Return what counts of a program: its *entry*, or all of it where that uses other functions of its own.

        Raises SyntaxError for what is no Python.
        """
        module = tree_of(source)
        found = [n for n in ast.walk(module) if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name == entry]
        tree = found[0] if found and not _calls_others(found[0], module) else module
        loops = [n for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While))]
        return cls(tree, found[0] if found else None, loops)

    def lines(self, wanted: Callable[[ast.AST], object]) -> list[int]:
        """Return the lines of the nodes that are *wanted*."""
        return sorted({node.lineno for node in ast.walk(self.tree) if hasattr(node, "lineno") and wanted(node)})  # pyright: ignore[reportAttributeAccessIssue]

    def containing(self, pattern: str) -> list[int]:
        """Return the lines of the simple statements whose text has a *pattern*."""
        return self.lines(lambda n: isinstance(n, SIMPLE) and re.search(pattern, ast.unparse(n)))

    @cached_property
    def arguments(self) -> list[str]:
        """The names of the arguments of the entry."""
        return [each.arg for each in self.entry.args.args] if isinstance(self.entry, ast.FunctionDef) else []

    @cached_property
    def backward(self) -> list[int]:
        """Where gradients are computed."""
        return self.lines(lambda n: _method(n) in ("backward", "grad") and isinstance(n, ast.Call))

    @cached_property
    def zeroing(self) -> list[int]:
        """Where gradients are set to zero or to None."""
        return self.lines(lambda n: (isinstance(n, ast.Call) and _method(n) in ZEROING) or _sets_grad(n))

    @cached_property
    def updates(self) -> list[int]:
        """Where parameters are changed: w -= …, w = w - …, w.sub_(…), optimizer.step()."""
        return self.lines(lambda n: list(moves(n)) or (_method(n) == "step" and isinstance(n, ast.Call)))

    @cached_property
    def unrecorded(self) -> list[int]:
        """Where PyTorch stops to record: with torch.no_grad(), as a decorator, set_grad_enabled(False)."""
        blocks = self.lines(lambda n: isinstance(n, ast.With) and any(map(_stops, n.items)))
        decorated = [d.lineno for n in ast.walk(self.tree) for d in getattr(n, "decorator_list", ()) if _stops(d)]
        return sorted({*blocks, *decorated, *self.lines(lambda n: isinstance(n, ast.Expr) and _stops(n.value))})

    @cached_property
    def unrecorded_forward(self) -> list[int]:
        """Those of them that stand over more than an update."""
        return [line for line, inside in self._stopping() if any(_computes(each) for each in inside)]

    def _stopping(self) -> list[tuple[int, list[ast.stmt]]]:
        found: list[tuple[int, list[ast.stmt]]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.With) and any(map(_stops, node.items)):
                found.append((node.lineno, _statements(node.body)))
            for each in getattr(node, "decorator_list", ()):
                if _stops(each):
                    found.append((each.lineno, _statements(node.body)))  # pyright: ignore[reportAttributeAccessIssue]
            if isinstance(node, ast.Expr) and _stops(node.value):
                found.append((node.lineno, _statements([self.tree])))
        return sorted(found, key=lambda each: each[0])

    @cached_property
    def cuts(self) -> list[int]:
        """Where a value loses its history: .item(), .data, .detach(), torch.tensor(…), np.array(…)"""
        return [line for line in self.lines(_cuts) if line not in (*self.updates, *self.zeroing)]

    @cached_property
    def sums(self) -> list[int]:
        """Calls of sum, and losses that are told to sum."""
        return self.lines(
            lambda n: (
                (isinstance(n, ast.Call) and (_method(n) == "sum" or _name(n) == "sum"))
                or (isinstance(n, ast.keyword) and ast.unparse(n.value) == "'sum'")
            )
        )

    @cached_property
    def differences(self) -> list[int]:
        """Subtractions that are no updates: of predictions and targets."""
        return [line for line in self.lines(_subtracts) if line not in self.updates]

    @cached_property
    def reshaping(self) -> list[int]:
        """Where an axis of one is made: x[:, None], unsqueeze, reshape(-1, 1), keepdims."""
        return self.containing(AXES.pattern)

    @cached_property
    def losses(self) -> list[int]:
        """Assignments to a name with loss in it, or to one that backward() is called on."""
        differentiated = {
            root(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call) and _method(n) == "backward"
        }
        return self.lines(
            lambda n: (
                isinstance(n, ast.Assign)
                and any("loss" in name.lower() or name in differentiated for name in _targets(n))
            )
        )

    @cached_property
    def gradients(self) -> list[int]:
        """Assignments to a name like g, dw or gradient."""
        return self.lines(
            lambda n: (
                isinstance(n, (ast.Assign, ast.AugAssign))
                and any(GRADIENT.search(name) for name in _targets(n))
                and not isinstance(n.value, ast.Constant)
                and not re.search(r"shape|len\(", ast.unparse(n.value).partition("@")[0].partition("*")[0])
            )
        )

    @cached_property
    def optimizers(self) -> list[int]:
        """Where an optimizer is made."""
        return self.containing(r"\boptim\.|\bSGD\(")

    @cached_property
    def ranges(self) -> list[int]:
        """The heads of the loops."""
        return sorted(loop.lineno for loop in self.loops)

    @cached_property
    def divisions(self) -> list[int]:
        """Where something is divided by a number of examples, or its square."""
        return self.lines(
            lambda n: (
                (isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) and _is_size(n.right))
                or (isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Div) and _is_size(n.value))
            )
        )

    @cached_property
    def returns(self) -> list[int]:
        """Where something is returned."""
        return self.lines(lambda n: isinstance(n, ast.Return))

    def in_loop(self, line: int) -> bool:
        """Whether a line is inside of a loop."""
        return any(loop.lineno < line <= (loop.end_lineno or loop.lineno) for loop in self.loops)


SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)


def _statements(body: Sequence[ast.AST]) -> list[ast.stmt]:
    return [n for each in body for n in ast.walk(each) if isinstance(n, SIMPLE)]


def _computes(statement: ast.stmt) -> bool:
    """Return whether a statement computes a prediction or a loss, and does not move or clear something."""
    text = ast.unparse(statement)
    if ".backward" in text:
        return True
    if moves(statement) or "grad" in text:
        return False
    return any(isinstance(n, (ast.BinOp, ast.Call)) for n in ast.walk(statement))


def moves(node: ast.AST) -> list[tuple[ast.expr, ast.operator, ast.expr]]:
    """Return what a statement moves, whether it adds or subtracts, and by what; empty if it moves nothing."""
    if isinstance(node, ast.AugAssign):
        return _moved([(node.target, node.op, node.value)])
    if isinstance(node, (ast.Assign, ast.Return)) and node.value is not None:
        value = node.value
        targets = node.targets[0] if isinstance(node, ast.Assign) else value
        parts = list(value.elts) if isinstance(value, ast.Tuple) else [value]
        onto = list(targets.elts) if isinstance(targets, ast.Tuple) else [targets] * len(parts)
        if len(parts) != len(onto):
            return []
        into = [o if isinstance(node, ast.Assign) else p for o, p in zip(onto, parts, strict=True)]
        return _moved([(o, p.op, p.right) for o, p in zip(into, parts, strict=True) if isinstance(p, ast.BinOp)])
    if isinstance(node, ast.Call) and _method(node) in ("sub_", "add_", "sub", "add", "copy_") and node.args:
        target = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if _method(node) == "copy_":
            value = node.args[0]
            return _moved([(target, value.op, value.right)]) if isinstance(value, ast.BinOp) else []
        scale = next((k.value for k in node.keywords if k.arg == "alpha"), ast.Constant(1))
        by = ast.BinOp(scale, ast.Mult(), node.args[0])
        return _moved([(target, ast.Sub() if "sub" in _method(node) else ast.Add(), by)])
    return []


def _moved(
    found: list[tuple[ast.expr, ast.operator, ast.expr]],
) -> list[tuple[ast.expr, ast.operator, ast.expr]]:
    return [
        (target, op, by)
        for target, op, by in found
        if isinstance(op, (ast.Sub, ast.Add)) and not GRADIENT.search(root(target)) and _small(by)
    ]


def _small(by: ast.expr) -> bool:
    """Return whether something is what a parameter moves by: it has a rate or a gradient in it."""
    names = {n.id for n in ast.walk(by) if isinstance(n, ast.Name)} | {
        n.attr for n in ast.walk(by) if isinstance(n, ast.Attribute)
    }
    return any(RATE.search(name) or GRADIENT.search(name) for name in names)


def root(node: ast.AST) -> str:
    """Return the name that something belongs to: w of w.data[0]; empty if there is none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def negated(node: ast.AST) -> bool:
    """Return whether there is a minus sign before something in it."""
    return any(isinstance(each, ast.UnaryOp) and isinstance(each.op, ast.USub) for each in ast.walk(node))


def _calls_others(entry: ast.AST, module: ast.AST) -> bool:
    own = {node.name for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return any(isinstance(node, ast.Call) and _name(node) in own for node in ast.walk(entry))


def _method(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else ""


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _targets(node: ast.Assign | ast.AugAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]


def _stops(node: ast.AST) -> bool:
    return any(word in ast.unparse(node) for word in UNRECORDED)


def _sets_grad(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and _method(node) == "fill_":
        return ".grad" in ast.unparse(node.func)
    if not isinstance(node, ast.Assign):
        return False
    grads = any(isinstance(target, ast.Attribute) and target.attr == "grad" for target in node.targets)
    return grads and (isinstance(node.value, ast.Constant) or "zeros" in ast.unparse(node.value))


def _cuts(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in CUTTING:
        return True
    return isinstance(node, ast.Call) and ast.unparse(node.func) in NEW


def _subtracts(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)


def _is_size(node: ast.AST) -> bool:
    return any(SIZE.search(ast.unparse(n)) for n in ast.walk(node) if isinstance(n, ast.expr))

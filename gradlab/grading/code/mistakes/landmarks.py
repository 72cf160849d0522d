"""The places of a program that mistakes are shown at, found in its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gradlab.grading.code.mistakes.trees import tree_of

ZEROING = ("zero_grad", "zero_")
CUTTING = ("item", "detach", "data", "numpy")
OPTIMIZERS = ("step",)


@dataclass(frozen=True)
class Landmarks:
    """A program's tree with what is looked for in it; lines are in the order of the text."""

    tree: ast.AST
    loops: Sequence[ast.For | ast.While] = field(default=())

    @classmethod
    def of(cls, source: str, entry: str = "") -> Landmarks:
        """Return what counts of a program: its *entry*, or all of it where that uses other functions of its own.

        Raises SyntaxError for what is no Python.
        """
        module = tree_of(source)
        found = [n for n in ast.walk(module) if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name == entry]
        tree = found[0] if found and not _calls_others(found[0], module) else module
        return cls(tree, [n for n in ast.walk(tree) if isinstance(n, (ast.For, ast.While))])

    def lines(self, wanted: Callable[[ast.AST], bool]) -> list[int]:
        """Return the lines of the nodes that are *wanted*."""
        return sorted({node.lineno for node in ast.walk(self.tree) if hasattr(node, "lineno") and wanted(node)})  # pyright: ignore[reportAttributeAccessIssue]

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
        return self.lines(_updates)

    @cached_property
    def unrecorded(self) -> list[int]:
        """Where `with torch.no_grad():` begins."""
        return self.lines(lambda n: isinstance(n, ast.With) and any("no_grad" in ast.unparse(i) for i in n.items))

    @cached_property
    def cuts(self) -> list[int]:
        """Where a value loses its history: .item(), .data, .detach(), torch.tensor(…), np.…"""
        return [line for line in self.lines(_cuts) if line not in self.updates]

    @cached_property
    def sums(self) -> list[int]:
        """Calls of sum."""
        return self.lines(lambda n: isinstance(n, ast.Call) and (_method(n) == "sum" or _name(n) == "sum"))

    @cached_property
    def differences(self) -> list[int]:
        """Subtractions that are no updates: of predictions and targets."""
        return [line for line in self.lines(_subtracts) if line not in self.updates]

    @cached_property
    def reshaping(self) -> list[int]:
        """Where an axis of one is made: x[:, None], unsqueeze, reshape(-1, 1), keepdims."""
        return self.lines(_adds_axis)

    @cached_property
    def losses(self) -> list[int]:
        """Assignments to a name with loss in it, and mse_loss and the like."""
        return self.lines(
            lambda n: isinstance(n, ast.Assign) and any("loss" in ast.unparse(t).lower() for t in n.targets)
        )

    @cached_property
    def ranges(self) -> list[int]:
        """The heads of the loops."""
        return sorted(loop.lineno for loop in self.loops)

    @cached_property
    def divisions(self) -> list[int]:
        """Where something is divided."""
        return self.lines(lambda n: isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div))

    @cached_property
    def returns(self) -> list[int]:
        """Where something is returned."""
        return self.lines(lambda n: isinstance(n, ast.Return))

    def in_loop(self, line: int) -> bool:
        """Whether a line is inside of a loop."""
        return any(loop.lineno < line <= (loop.end_lineno or loop.lineno) for loop in self.loops)


def _calls_others(entry: ast.AST, module: ast.AST) -> bool:
    own = {node.name for node in ast.walk(module) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return any(isinstance(node, ast.Call) and _name(node) in own for node in ast.walk(entry))


def _method(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else ""


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _sets_grad(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign):
        return False
    grads = any(isinstance(target, ast.Attribute) and target.attr == "grad" for target in node.targets)
    return grads and isinstance(node.value, ast.Constant)


def _updates(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, (ast.Sub, ast.Add)) and any(word in ast.unparse(node.value) for word in _MOVING)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
        target = _root(node.targets[0])
        moves = isinstance(node.value.op, (ast.Sub, ast.Add)) and _root(node.value.left) == target
        return moves and any(word in ast.unparse(node.value) for word in _MOVING)
    return isinstance(node, ast.Call) and (
        _method(node) in ("sub_", "add_", "copy_") or (_method(node) == "step" and not node.args)
    )


_MOVING = ("rate", "lr", "grad", "eta", "alpha", "dw", "db", "d_", "g")


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _cuts(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in CUTTING:
        return True
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called in ("torch.tensor", "torch.Tensor", "float", "np.array", "np.asarray", "torch.from_numpy")
    return False


def _subtracts(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)


def _adds_axis(node: ast.AST) -> bool:
    text = ast.unparse(node) if isinstance(node, (ast.Call, ast.Subscript)) else ""
    return any(word in text for word in ("None]", "unsqueeze", "reshape(-1, 1)", "view(-1, 1)", "keepdim", "newaxis"))


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements of a tree in the order of the text."""
    yield from sorted((n for n in ast.walk(tree) if isinstance(n, ast.stmt)), key=lambda n: n.lineno)

"""What the text of a submission shows: torch asked to differentiate where that is the student's task."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradlab.grading.code.mistakes.trees import tree_of

if TYPE_CHECKING:
    from gradlab.grading.code.running import Submission

DIFFERENTIATING = {
    "backward": "backward()",
    "autograd": "torch.autograd",
    "requires_grad": "requires_grad",
    "requires_grad_": "requires_grad_()",
    "jacrev": "torch.func",
    "jacfwd": "torch.func",
    "vjp": "torch.func",
    "func": "torch.func",
    "inference_mode": "torch.inference_mode",
    "enable_grad": "torch.enable_grad",
    "jax": "jax",
    "tensorflow": "tensorflow",
}


def forbidden(submission: Submission) -> Iterator[str]:
    """Yield where torch differentiates although the gradient is to be derived by hand."""
    exercise = submission.exercise
    if not exercise.manual or exercise.kind.name == "autograd function":
        return
    tree = tree_of(submission.source.text)
    own = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Attribute) and (node.attr != "func" or _is_torch(node.value)):
            names = [node.attr] if node.attr not in own else []  # a layer's own backward() is by hand
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or ""
            names = [part for alias in node.names for part in (*alias.name.split("."), *module.split("."))]
        for name in names:
            if name in DIFFERENTIATING:
                yield (
                    f"{submission.source.place(getattr(node, 'lineno', 1))}: {DIFFERENTIATING[name]} is used; "
                    "the gradient is to be derived by hand"
                )
                return


def _is_torch(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "torch"


def readable(text: str) -> str:
    """Return one line of a stranger's text."""
    return " ".join(text.split())[:1000]

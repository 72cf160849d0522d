"""The beginning of an answer, and a right one made of the derivation."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from gradlab.grading.code.kinds import defined
from gradlab.symbolic import derive

if TYPE_CHECKING:
    from gradlab.grading.code.exercises import CodeExercise

_IMPORTS = {"numpy": "import numpy as np", "torch": "import torch"}


def template(exercise: CodeExercise) -> str:
    """Return the signature with its docstring, for a student to go on from."""
    return f"{_IMPORTS[exercise.library]}\n\n\n{_head(exercise)}\n"


def _head(exercise: CodeExercise) -> str:
    what = f"{exercise.function.signature} = {exercise.function.text()}"
    by = ", ".join(exercise.parameters)
    says = {
        "function": f"Return the gradient of {what} with respect to {by}.",
        "training step": f"Return {by} after one step of gradient descent on {what}.",
        "training loop": f"Return {by} after so many steps of gradient descent on {what}.",
        "autograd function": f"{what}.",
    }[exercise.kind.name]
    shapes = ", ".join(
        f"{name} ({', '.join(map(str, axes))}{',' * (len(axes) == 1)})"
        for name, axes in exercise.function.variables.items()
        if axes
    )
    docstring = f'    """{says}\n' + (f"\n    Shapes: {shapes}.\n" if shapes else "") + '    """'
    if exercise.kind.name != "autograd function":
        return f"def {exercise.signature}:\n{docstring}"
    arguments = ", ".join(exercise.function.variables)
    methods = f"    @staticmethod\n    def forward(ctx, {arguments}):\n        ...\n\n"
    methods += "    @staticmethod\n    def backward(ctx, above):\n        ..."
    return f"{exercise.signature}:\n{docstring}\n\n{methods}"


def solution(exercise: CodeExercise) -> str:
    """Return a right answer; an autograd function has none that is made, and its template stands for it."""
    if exercise.kind.name == "autograd function":
        return template(exercise)
    names = ", ".join(exercise.function.variables)
    made = derive(exercise.function, exercise.parameters).source(exercise.library)
    partials = ", ".join(f'partials["{name}"]' for name in exercise.parameters)
    body = f"_, partials = {defined(made)}({names})\n"
    if exercise.kind.name == "function":
        body += f"return {partials}\n"
    else:
        moved = "".join(f'{name} = {name} - rate * partials["{name}"]\n' for name in exercise.parameters)
        body += moved
        if exercise.kind.name == "training loop":
            body = "for _ in range(steps):\n" + indent(body, "    ")
        if exercise.library == "torch":
            detached = ", ".join(f"{name}.detach()" for name in exercise.parameters)
            body = f"{', '.join(exercise.parameters)} = {detached}\n{body}"
        body += f"return {', '.join(exercise.parameters)}\n"
    return f"{made}\n\ndef {exercise.signature}:\n{indent(body, '    ')}"

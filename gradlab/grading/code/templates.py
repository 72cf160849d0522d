"""The beginning of an answer, and a right one made of the derivation."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from gradlab.grading.code.kinds import ABOVE, defined
from gradlab.graph import emission
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
    """Return a right answer, made of the derivation."""
    if exercise.kind.name == "autograd function":
        return _autograd_function(exercise)
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


def _autograd_function(exercise: CodeExercise) -> str:
    """Return forward, and a backward pass that multiplies what comes from above by the derived Jacobian."""
    function, names = exercise.function, ", ".join(exercise.function.variables)
    above = next(name for name in (ABOVE, f"{ABOVE}_", f"{ABOVE}__") if name not in function.variables)
    value = emission.source(function, {}, "torch")
    products = {name: emission.source(function.vjp(name, vector=above), {}, "torch") for name in exercise.parameters}
    received = ", ".join(
        f"{defined(products[name])}({names}, {above})[0]" if name in products else "None" for name in function.variables
    )
    forward = f"ctx.save_for_backward({names})\nreturn {defined(value)}({names})[0]"
    backward = f"{names}{',' * (len(function.variables) == 1)} = ctx.saved_tensors\nreturn {received}"
    methods = f"@staticmethod\ndef forward(ctx, {names}):\n{indent(forward, '    ')}\n\n"
    methods += f"@staticmethod\ndef backward(ctx, {above}):\n{indent(backward, '    ')}\n"
    imports = _IMPORTS["torch"]
    bodies = [text.removeprefix(imports).strip() for text in (value, *products.values())]
    return "\n\n\n".join(
        (imports, *bodies, f"class {exercise.entry}(torch.autograd.Function):\n{indent(methods, '    ')}")
    )

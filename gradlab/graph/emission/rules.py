"""How each further operation of an arithmetic is written: one line for each.

A rule is a template, or a function from the operation's arguments to one. In a template ``_0``, ``_1``, … are the
arguments, ``lib`` is the library, ``like`` a tensor that tells dtype and device, and the name of a helper function
(`gradlab.graph.emission.dialects`) stands for that function, which is then defined above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Template = str | Callable[..., str]


@dataclass(frozen=True)
class Rule:
    """How an operation is written in each library.

    view: whether the result may share memory with an argument.
    like: the argument whose axes the result has, None where only the node knows.
    """

    numpy: Template
    torch: Template
    view: bool = False
    like: int | None = None

    def template(self, dialect: str, arguments: tuple[Any, ...]) -> str:
        """Return the template for these *arguments*."""
        written = self.torch if dialect == "torch" else self.numpy
        return written if isinstance(written, str) else written(*arguments)


def _both(template: Template, *, view: bool = False, like: int | None = None) -> Rule:
    return Rule(template, template, view, like)


def _along(name: str, option: str, axes: tuple[int, ...], array: Any) -> str:
    """Return a reduction over *axes*; over all of them without naming one, where that is known."""
    if array.axes is not None and len(axes) == len(array.axes):
        return f"_0.{name}()"
    return f"_0.{name}({option}={axes[0] if len(axes) == 1 else axes})"


def _norm(array: Any, axes: tuple[int, ...]) -> str:
    if array.axes is not None and len(axes) == len(array.axes):
        return "np.linalg.norm(_0)"
    return f"np.linalg.norm(_0, axis={axes[0] if len(axes) == 1 else axes})" if len(axes) < 3 else "norm(_0, _1)"


RULES: dict[str, Rule] = {
    # Linear algebra
    "inverse": _both("lib.linalg.inv(_0)", like=0),
    "solve": _both("lib.linalg.solve(_0, _1)", like=1),
    "determinant": _both("lib.linalg.det(_0)"),
    "determinant_sign": _both("lib.linalg.slogdet(_0)[0]"),
    "log_determinant": Rule(
        lambda array, absolute: "np.linalg.slogdet(_0)[1]" if absolute else "log_determinant(_0)",
        lambda array, absolute: "torch.linalg.slogdet(_0)[1]" if absolute else "torch.logdet(_0)",
    ),
    "cholesky": _both("lib.linalg.cholesky(_0)", like=0),
    "triangle": _both(
        lambda array, offset, upper: f"lib.{'triu' if upper else 'tril'}(_0{', _1' if offset else ''})", like=0
    ),
    "norm": Rule(_norm, "torch.linalg.vector_norm(_0, dim=_1)"),
    # Choosing by value or by number
    "extremum": Rule(
        lambda array, axes, largest, shared: _along("max" if largest else "min", "axis", axes, array),
        lambda array, axes, largest, shared: _along("amax" if largest else "amin", "dim", axes, array),
    ),
    "winners": _both(
        lambda array, axes, largest, shared: (
            f"{'shared_out' if shared else 'given_to_first'}({'' if largest else '-'}_0, _1)"
        ),
        like=0,
    ),
    "cumulative": Rule(
        lambda array, axis, reverse: (
            "np.flip(np.cumsum(np.flip(_0, _1), axis=_1), _1)" if reverse else "np.cumsum(_0, axis=_1)"
        ),
        lambda array, axis, reverse: (
            "torch.cumsum(_0.flip(_1), dim=_1).flip(_1)" if reverse else "torch.cumsum(_0, dim=_1)"
        ),
    ),
    "roll": Rule("np.roll(_0, _1, axis=_2)", "torch.roll(_0, _1, dims=_2)"),
    "positions": Rule("np.arange(_0, dtype=float)", "torch.arange(_0, dtype=like.dtype, device=like.device)"),
    "scatter_add": _both("added_at(_0, _1, _2, _3)"),
    # Other shapes
    "reshape": _both("_0.reshape(_2)", view=True),
    "concatenate": Rule("np.concatenate(_0, axis=_1)", "torch.cat(_0, dim=_1)"),
    "windows": _both("windows(_0, _1, _2, _3, _4)", view=True),
    "overlapped": _both("overlapped(_0, _1, _2, _3, _4)"),
    "frozen": _both("_0", view=True),
}

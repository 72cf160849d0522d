"""One function, its gradient three ways: derived, measured and computed by ``backward()``.

Every public name is loaded on first use: importing gradlab costs next to nothing,
and torch is loaded only by a verb that needs it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without the 10 ms that typing takes to load

if TYPE_CHECKING:
    from gradlab.autodiff import backward
    from gradlab.comparison import compare
    from gradlab.descent import GradientDescent, descend
    from gradlab.errors import GradlabError
    from gradlab.grading import Exercise, grade
    from gradlab.graph import Function
    from gradlab.numeric import estimate
    from gradlab.reports import report
    from gradlab.sources import as_function
    from gradlab.symbolic import derive

__version__ = "0.0.1"

__all__ = [
    "Exercise",
    "Function",
    "GradientDescent",
    "GradlabError",
    "as_function",
    "backward",
    "compare",
    "derive",
    "descend",
    "estimate",
    "grade",
    "report",
]

_MODULE_OF = {
    "Exercise": "gradlab.grading",
    "Function": "gradlab.graph",
    "GradientDescent": "gradlab.descent",
    "GradlabError": "gradlab.errors",
    "as_function": "gradlab.sources",
    "backward": "gradlab.autodiff",
    "compare": "gradlab.comparison",
    "derive": "gradlab.symbolic",
    "descend": "gradlab.descent",
    "estimate": "gradlab.numeric",
    "grade": "gradlab.grading",
    "report": "gradlab.reports",
}


if not TYPE_CHECKING:  # a type checker that saw it would let every misspelt name through

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value  # found without this function from now on
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

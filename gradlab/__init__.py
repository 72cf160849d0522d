"""One function, its gradient three ways: derived, measured and computed by ``backward()``.

Every public name is loaded on first use: importing gradlab costs next to nothing,
and torch is loaded only by a verb that needs it. So are the modules that hold the rest, such as `gradlab.plots`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without the 10 ms that typing takes to load

if TYPE_CHECKING:
    from gradlab import data as data
    from gradlab import errors as errors
    from gradlab import grading as grading
    from gradlab import graph as graph
    from gradlab import numeric as numeric
    from gradlab import plots as plots
    from gradlab import symbolic as symbolic
    from gradlab import testing as testing
    from gradlab.autodiff import backward
    from gradlab.comparison import compare
    from gradlab.descent import (
        AdaGrad,
        Adam,
        AdamW,
        AllOf,
        Armijo,
        Batches,
        Cosine,
        ExactLineSearch,
        FlatGradient,
        GaussNewton,
        GradientDescent,
        LossBelow,
        Momentum,
        Nesterov,
        Newton,
        NoProgress,
        OneCycle,
        RMSProp,
        StepDecay,
        TimeLimit,
        Validation,
        WarmUp,
        descend,
        explain,
        gradient_noise,
        spectrum,
        sweep_rates,
    )
    from gradlab.errors import GradlabError
    from gradlab.grading import CodeExercise, Exercise, grade
    from gradlab.graph import Function
    from gradlab.numeric import estimate
    from gradlab.reports import report
    from gradlab.sources import as_function
    from gradlab.symbolic import derive

__version__ = "0.1.0"

__all__ = [
    "AdaGrad",
    "Adam",
    "AdamW",
    "AllOf",
    "Armijo",
    "Batches",
    "CodeExercise",
    "Cosine",
    "ExactLineSearch",
    "Exercise",
    "FlatGradient",
    "Function",
    "GaussNewton",
    "GradientDescent",
    "GradlabError",
    "LossBelow",
    "Momentum",
    "Nesterov",
    "Newton",
    "NoProgress",
    "OneCycle",
    "RMSProp",
    "StepDecay",
    "TimeLimit",
    "Validation",
    "WarmUp",
    "as_function",
    "backward",
    "compare",
    "derive",
    "descend",
    "estimate",
    "explain",
    "grade",
    "gradient_noise",
    "report",
    "spectrum",
    "sweep_rates",
]

_MODULE_OF = {
    "AdaGrad": "gradlab.descent",
    "Adam": "gradlab.descent",
    "AdamW": "gradlab.descent",
    "AllOf": "gradlab.descent",
    "Armijo": "gradlab.descent",
    "Batches": "gradlab.descent",
    "CodeExercise": "gradlab.grading",
    "Cosine": "gradlab.descent",
    "ExactLineSearch": "gradlab.descent",
    "Exercise": "gradlab.grading",
    "FlatGradient": "gradlab.descent",
    "Function": "gradlab.graph",
    "GaussNewton": "gradlab.descent",
    "GradientDescent": "gradlab.descent",
    "GradlabError": "gradlab.errors",
    "LossBelow": "gradlab.descent",
    "Momentum": "gradlab.descent",
    "Nesterov": "gradlab.descent",
    "Newton": "gradlab.descent",
    "NoProgress": "gradlab.descent",
    "OneCycle": "gradlab.descent",
    "RMSProp": "gradlab.descent",
    "StepDecay": "gradlab.descent",
    "TimeLimit": "gradlab.descent",
    "Validation": "gradlab.descent",
    "WarmUp": "gradlab.descent",
    "as_function": "gradlab.sources",
    "backward": "gradlab.autodiff",
    "compare": "gradlab.comparison",
    "derive": "gradlab.symbolic",
    "descend": "gradlab.descent",
    "estimate": "gradlab.numeric",
    "explain": "gradlab.descent",
    "grade": "gradlab.grading",
    "gradient_noise": "gradlab.descent",
    "report": "gradlab.reports",
    "spectrum": "gradlab.descent",
    "sweep_rates": "gradlab.descent",
}

_MODULES = ("data", "errors", "grading", "graph", "numeric", "plots", "symbolic", "testing")
"""Modules with public names of their own, reached as `gradlab.plots` without an import."""

if not TYPE_CHECKING:  # a type checker that saw it would let every misspelt name through

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"{__name__}.{name}")  # which makes it an attribute
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_near(name)}")
        value: object = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value  # found without this function from now on
        return value


def _near(name: str) -> str:
    """Return a hint at the public name that was meant; Python's own is not shown in notebooks."""
    if name.startswith("_"):  # what Python and its tools look for, and find missing
        return ""
    from difflib import get_close_matches

    near = get_close_matches(name, (*__all__, *_MODULES), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})

"""Calls that do not fit a signature, answered with what to write instead of Python's own words for it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from inspect import Parameter

Called = TypeVar("Called", bound="Callable[..., Any]")


def explains_misuse(called: Called) -> Called:
    """Return *called*, a function or a class, with a TypeError that says what to write where its arguments do not fit.

    A class is changed in its ``__init__`` and stays the class that it is; a subclass gets no other words for its own.
    Signature, docstring and types stay as they are, and errors from inside go through as they are.

    >>> @explains_misuse
    ... def rate_of(f, at, *, rate=0.1): ...
    >>> rate_of("x^2", 3, lr=0.5)
    Traceback (most recent call last):
    TypeError: rate_of has no argument 'lr'; write rate=0.5
    """
    given = cast("Any", called)
    if not isinstance(called, type):
        return _explaining(given, given.__name__)
    given.__init__ = _explaining(given.__init__, given.__name__, instance=1)
    return given


def _explaining(called: Any, name: str, instance: int = 0) -> Any:
    """Return *called* with its own words for what does not fit; the first *instance* arguments are not the caller's."""

    @wraps(called)
    def explaining(*args: Any, **named: Any) -> Any:
        try:
            return called(*args, **named)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # it comes from inside
                raise
            words = _in_words(name, _parameters(called)[instance:], args[instance:], named)
        raise TypeError(words)

    return explaining


def _parameters(called: Any) -> list[Parameter]:
    from inspect import signature  # inspect takes milliseconds to load

    return list(signature(called).parameters.values())


def _in_words(name: str, parameters: Sequence[Parameter], args: Sequence[Any], named: Mapping[str, Any]) -> str:
    """Return what is wrong with a call, and what to write."""
    known = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL]
    places = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    unknown = {key: value for key, value in named.items() if key not in known}
    if unknown:
        instead = _instead(unknown, known, {*places[: len(args)], *named})
        return f"{name} has no argument {next(iter(unknown))!r}; {instead}"
    if len(args) > len(places) and not any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return f"{name} takes {_counted(places)} without a name and is given {len(args)}; {_by_name(places, known)}"
    if twice := [place for place in places[: len(args)] if place in named]:
        return f"{name} is given {twice[0]!r} twice, by its place and by its name; write one of them"
    needed = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    missing = [one for one in needed if one in known and one not in {*places[: len(args)], *named}]
    return (
        f"{name} needs {_listed(missing)}; write {MADE_BY.get(name) or _completed(name, missing, bool(args or named))}"
    )


def _completed(name: str, missing: Sequence[str], more: bool) -> str:
    """Return the call with what is missing, after what was given if there is *more*."""
    return f"{name}({'…, ' * more}{', '.join(EXAMPLES.get(one, f'{one}=…') for one in missing)})"


def _instead(unknown: Mapping[str, Any], known: Sequence[str], given: Collection[str]) -> str:
    """Return what to write for arguments that there are not: another name, a point, or one of those there are."""
    key, value = next(iter(unknown.items()))
    for names in ELSEWHERE.get(key, ()):
        if set(names.split()) <= set(known):
            return f"write {_assigned(names.split(), value)}"
    from difflib import get_close_matches

    if near := get_close_matches(key, known, 1):
        return f"did you mean {near[0]!r}?"
    if point := [one for one in ("at", "start") if one in known and one not in given]:
        values = ", ".join(f'"{one}": {_short(value)}' for one, value in unknown.items())
        return f"write {point[0]}={{{values}}} for values of variables"
    return f"there are {_listed(known)}" if known else "it has none"


def _assigned(names: Sequence[str], value: Any) -> str:
    values: Sequence[Any] = value if len(names) > 1 and isinstance(value, (tuple, list)) else [value] * len(names)
    return ", ".join(f"{name}={_short(one)}" for name, one in zip(names, values, strict=False))


def _short(value: Any) -> str:
    """Return a value as it is typed, or … where that is long."""
    typed = repr(value)
    return typed if len(typed) <= 40 and "\n" not in typed and not typed.startswith("<") else "…"


def _by_name(places: Sequence[str], known: Sequence[str]) -> str:
    others = [f"{name}=…" for name in known if name not in places]
    by_name = f"the others are given by name: {', '.join(others)}" if others else "leave out what is too much"
    point = [one for one in ("at", "start") if one in places]
    return by_name + "".join(f'; values of several variables are one point, {one}={{"x": 3, "y": 1}}' for one in point)


def _counted(places: Sequence[str]) -> str:
    return f"{len(places)} values ({', '.join(places)})" if len(places) != 1 else f"1 value ({places[0]})"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


EXAMPLES = {
    "answer": 'answer="2*x"',
    "at": 'at={"x": 3}',
    "conditions": "conditions=(FlatGradient(), LossBelow(0.01))",
    "every": "every=100",
    "exercise": 'exercise=Exercise("x**2")',
    "f": 'f="x**2 + y"',
    "function": 'function="x**2"',
    "highest": "highest=0.1",
    "metric": "metric=loss_on_held_out",
    "rate": "rate=0.1",
    "run": "run=descend(f, start)",
    "seconds": "seconds=10",
    "source": 'source="x**2 + y"',
    "start": 'start={"x": 3}',
    "steps": "steps=1000",
    "value": "value=0.01",
}
"""How an argument that is missing may be written."""

MADE_BY = {"Function": 'as_function("x**2 + y")'}
"""What makes an object that nobody puts together by hand."""

_RATE = ("rate", "rates", "highest")
_STEPS = ("steps",)
_POINT = ("at", "start")

ELSEWHERE: Mapping[str, Sequence[str]] = {
    "T_max": _STEPS,
    "alpha": ("keep", *_RATE),
    "amsgrad": ("largest",),
    "at": _POINT,
    "batch_size": ("size",),
    "beta": ("momentum",),
    "betas": ("first second",),
    "div_factor": ("divide",),
    "eps": ("epsilon",),
    "epochs": _STEPS,
    "eta": _RATE,
    "eta_min": ("lowest",),
    "expression": ("function", "f", "source"),
    "final_div_factor": ("end",),
    "formula": ("function", "f", "source"),
    "func": ("function", "f", "source"),
    "function": ("f", "source"),
    "gamma": ("factor",),
    "iterations": _STEPS,
    "kind": ("ask",),
    "learning_rate": _RATE,
    "learning_rates": ("rates",),
    "loss": ("f", "function", "source"),
    "lr": _RATE,
    "language": ("library",),
    "lrs": ("rates",),
    "max_iter": _STEPS,
    "max_lr": ("highest",),
    "n_iter": _STEPS,
    "n_steps": _STEPS,
    "num_steps": _STEPS,
    "optimizer": ("rule",),
    "pct_start": ("rising",),
    "point": _POINT,
    "question": ("ask",),
    "rho": ("keep",),
    "start": _POINT,
    "step_size": ("every", *_RATE),
    "total_steps": _STEPS,
    "var": ("wrt",),
    "variable": ("wrt", "variables"),
    "weight_decay": ("decay", "damping"),
    "with_respect_to": ("wrt",),
    "x0": _POINT,
}
"""What arguments are called in PyTorch, SciPy and textbooks: names here, of which the first that fits is meant."""

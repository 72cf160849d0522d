"""`gradlab descend`: from what was typed to a rule, a schedule and conditions, and from there to a run."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab import descent
from gradlab.commands import values
from gradlab.commands.usage import Code, UsageError

if TYPE_CHECKING:
    from gradlab.descent import Trajectory
    from gradlab.graph import Function

OPTIMIZERS: Mapping[str, type[Any]] = {
    "gradient-descent": descent.GradientDescent,
    "momentum": descent.Momentum,
    "nesterov": descent.Nesterov,
    "adagrad": descent.AdaGrad,
    "rmsprop": descent.RMSProp,
    "adam": descent.Adam,
    "adamw": descent.AdamW,
    "newton": descent.Newton,
    "gauss-newton": descent.GaussNewton,
    "exact-line-search": descent.ExactLineSearch,
    "armijo": descent.Armijo,
}
"""The rules, by the word for --optimizer."""

SCHEDULES: Mapping[str, type[Any]] = {
    "step": descent.StepDecay,
    "cosine": descent.Cosine,
    "warm-up": descent.WarmUp,
    "one-cycle": descent.OneCycle,
}
"""The schedules, by the word for --schedule."""

CONDITIONS: Mapping[str, Callable[[float], Any]] = {
    "flat": descent.FlatGradient,
    "loss": descent.LossBelow,
    "patience": lambda number: descent.NoProgress(_whole("patience", number)),
    "seconds": descent.TimeLimit,
}
"""The conditions, by the word for --stop."""

_RATE = 0.1
"""Of gradient descent, where none is typed; the others have their own."""


def descended(options: Namespace, read: Callable[[Namespace], Function], *, check: bool) -> Trajectory:
    """Return the run that the options ask for; read: from the options to the function."""
    resume = getattr(options, "resume", None)
    if resume is None:
        if not options.start:
            raise UsageError("--start is missing: write where to start, as in --start x=3 y=1, or --resume FILE")
        start: Any = values.point(options.start, "--start")
        function: Any = read(options)
        rule: Any = rule_of(options)
    else:
        start = _loaded(resume, options)
        function = start.function if options.function is None and not options.script else read(options)
        if function is None:
            raise UsageError(
                f"--resume {resume}: what was descended there was code; give it again, as --script FILE.py:f"
            )
        typed = getattr(options, "optimizer", None) or options.rate is not None or getattr(options, "schedule", None)
        rule = rule_of(options) if typed else None
    try:
        return descent.descend(
            function,
            start,
            rule=rule,
            steps=options.steps,
            batch_size=getattr(options, "batch_size", None),
            epochs=getattr(options, "epochs", None),
            seed=getattr(options, "seed", 0),
            stop=conditions_of(getattr(options, "stop", None)),
            check=check,
            engine=options.engine,
            keep=getattr(options, "keep", None),
        )
    except (TypeError, ValueError) as error:  # options that do not go together
        if options.script:
            raise
        raise UsageError(str(error)) from error


def code_of(trajectory: Trajectory) -> Code:
    """Return how the process ends after a run."""
    lost = trajectory.stopped.kind == "not finite" or trajectory.diagnosis.startswith("diverging")
    return Code.DIVERGED if lost else Code.DONE


def rule_of(options: Namespace) -> Any:
    """Return the rule that --optimizer, --schedule and --rate ask for.

    Raises UsageError, with the words there are, where they do not fit.
    """
    name, settings = _chosen(getattr(options, "optimizer", None) or ["gradient-descent"], "--optimizer", OPTIMIZERS)
    kind, rate = OPTIMIZERS[name], options.rate
    schedule = getattr(options, "schedule", None)
    if schedule:
        planned, own = _chosen(schedule, "--schedule", SCHEDULES)
        highest = next(iter(_settings(SCHEDULES[planned])))
        rate = _made(SCHEDULES[planned], own if rate is None else {highest: rate, **own}, "--schedule")
    elif rate is None and kind is descent.GradientDescent:
        rate = _RATE
    if rate is not None:
        if "rate" not in _settings(kind):
            raise UsageError(
                f"--optimizer {name} finds the length of its steps itself: leave out --rate and --schedule"
            )
        settings = {"rate": rate, **settings}
    return _made(kind, settings, "--optimizer")


def swept_rule(options: Namespace) -> Any:
    """Return the rule that --optimizer asks for, of whatever rate; raises UsageError where it has none to sweep."""
    name, settings = _chosen(options.optimizer or ["gradient-descent"], "--optimizer", OPTIMIZERS)
    if "rate" not in _settings(OPTIMIZERS[name]):
        raise UsageError(f"--optimizer {name} finds the length of its steps itself: there is no rate to sweep")
    return _made(OPTIMIZERS[name], {**settings, "rate": 1.0}, "--optimizer")


def conditions_of(tokens: Sequence[str] | None) -> list[Any] | None:
    """Return the conditions that --stop names, as ``flat=1e-6 seconds=10``."""
    if not tokens:
        return None
    conditions: list[Any] = []
    for name, value in values.named(tokens, "--stop").items():
        if name not in CONDITIONS:
            raise UsageError(f"--stop {name}: {_known(name, CONDITIONS)}")
        if not isinstance(value, float):
            raise UsageError(f"--stop {name}={value}: write one number, such as {name}=0.001")
        try:
            conditions.append(CONDITIONS[name](value))
        except (TypeError, ValueError) as error:
            raise UsageError(f"--stop {name}: {error}") from error
    return conditions


def _chosen(tokens: Sequence[str], option: str, table: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the word and the settings that follow an option: ``adam first=0.8``."""
    name, *rest = tokens
    if name not in table:
        raise UsageError(f"{option} {name}: {_known(name, table)}")
    return name, dict(values.named(rest, option))


def _made(kind: type[Any], settings: Mapping[str, Any], option: str) -> Any:
    """Return a rule or a schedule; raises UsageError where a setting is unknown, missing or not what it is to be."""
    known = _settings(kind)
    for name in settings:
        if name not in known:
            raise UsageError(f"{option}: {kind.__name__} has no setting {name!r}; {_known(name, known)}")
    try:
        return kind(**{name: _typed(known[name], name, value) for name, value in settings.items()})
    except TypeError as error:
        missing = [name for name, setting in known.items() if setting.default is MISSING and name not in settings]
        if missing:
            wanted = " ".join(f"{name}=…" for name in missing)
            raise UsageError(f"{option}: {kind.__name__} needs {' and '.join(missing)}: write {wanted}") from error
        raise UsageError(f"{option}: {error}") from error
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _settings(kind: type[Any]) -> dict[str, Field[Any]]:
    return {setting.name: setting for setting in fields(kind) if setting.repr}


def _typed(setting: Field[Any], name: str, value: Any) -> Any:
    """Return a typed number as what the setting is: yes or no, a whole number, or the number that it is."""
    if not isinstance(value, float):
        return value
    if setting.type == "bool":
        return bool(value)
    return _whole(name, value) if setting.type == "int" else value


def _whole(name: str, number: float) -> int:
    if number != int(number):
        raise UsageError(f"{name}={number:g} is not a whole number")
    return int(number)


def _known(name: str, table: Mapping[str, Any]) -> str:
    near = get_close_matches(name, table, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(table)}"


def _loaded(path: str, options: Namespace) -> Trajectory:
    if options.start:
        raise UsageError("give --start or --resume, not both: a run that goes on starts where it ended")
    try:
        return descent.Trajectory.load(Path(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"--resume: {getattr(error, 'strerror', None) or error}") from error

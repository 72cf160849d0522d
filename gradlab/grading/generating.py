"""Making exercises: functions whose derivation needs just the rules that are wanted."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from gradlab.errors import ExerciseError, GradlabError
from gradlab.grading.exercises import Exercise
from gradlab.grading.families import difficulty, is_degenerate

LARGEST = 60
"""Characters of a function that somebody wants to differentiate by hand."""

TRIES = 200
"""Draws for each exercise that is wanted."""

Draw = random.Random

_OUTER = ("sin({})", "cos({})", "e^({})", "ln({})", "({})^{n}", "sqrt({})", "1/({})")


def _power(draw: Draw) -> str:
    number, exponent = draw.randint(2, 9), draw.randint(2, 6)
    return f"{number if draw.random() < 0.6 else ''}x^{exponent}"


def _simple(draw: Draw) -> str:
    return draw.choice([_power(draw), _power(draw), "sin(x)", "cos(x)", "e^x", "ln(x)"])


def _polynomial(draw: Draw) -> str:
    shift, front = draw.randint(1, 9), draw.randint(2, 9)
    sign = draw.choice("+-")
    return draw.choice(
        [f"{front}x {sign} {shift}", f"x^2 + {shift}", f"{front}x", f"x^{draw.randint(2, 4)} + {shift}x"]
    )


def _chain(draw: Draw) -> str:
    return draw.choice(_OUTER).replace("{n}", str(draw.randint(2, 6))).format(_polynomial(draw))


def _sum(draw: Draw, parts: Sequence[str]) -> str:
    return f" {draw.choice('+-')} ".join(parts)


def _product(draw: Draw, parts: Sequence[str]) -> str:
    return "*".join(f"({part})" if " " in part and not part.endswith(")") else part for part in parts)


def _quotient(draw: Draw, parts: Sequence[str]) -> str:
    return f"({parts[0]})/({parts[1]})"


RULES: Mapping[str, tuple[str, ...]] = {
    "power": ("power rule",),
    "sum": ("sum rule",),
    "product": ("product rule", "product rule for many factors"),
    "quotient": ("quotient rule",),
    "chain": ("chain rule",),
}
"""The rules that can be wanted, by the names that derivations give them."""

MOST = 10_000
"""Exercises of one call: a course of a thousand has ten for each."""

_JOINED: Mapping[str, Callable[[Draw, Sequence[str]], str]] = {
    "sum": _sum,
    "product": _product,
    "quotient": _quotient,
}


def generate(rules: Sequence[str], count: int, *, seed: int = 0, level: int = 1) -> list[Exercise]:
    """Return exercises whose derivations use all of *rules*, and no other one of those that can be wanted.

    rules: names from `RULES`; the rules for powers and sums may come along.
    level: 1, 2 or 3: how long the derivations are; those of one call are equally long but for two steps.
    The same seed gives the same exercises.
    Raises ExerciseError for a rule that is not known, or where so many are not found.

    >>> [exercise] = generate(["product"], 1, seed=7)
    >>> "product rule" in exercise.solution()
    True
    """
    unknown = [rule for rule in rules if rule not in RULES]
    if unknown or not rules:
        raise ExerciseError(f"there is no rule {', '.join(unknown) or 'named'}; there are {', '.join(RULES)}")
    if level not in (1, 2, 3):
        raise ExerciseError(f"the level is 1, 2 or 3, not {level!r}")
    if not 1 <= count <= MOST:
        raise ExerciseError(f"{count} exercises cannot be made at once; ask for 1 to {MOST:,}")
    draw = Draw(f"{seed} {sorted(rules)} {level}")
    found: dict[str, Exercise] = {}
    length: int | None = None
    for _ in range(TRIES * count):
        made = _made(draw, rules, level)
        if made is None:
            continue
        steps = sum(times for _, times in difficulty(made))
        length = steps if length is None else length
        if abs(steps - length) <= 2 and made.answer not in found:
            found[made.answer] = made
            if len(found) == count:
                return list(found.values())
    raise ExerciseError(f"{len(found)} exercises were found for {', '.join(rules)}, not {count}")


def _made(draw: Draw, rules: Sequence[str], level: int) -> Exercise | None:
    text = _text(draw, rules, level)
    if len(text) > LARGEST:
        return None
    try:
        made = Exercise(text)
    except GradlabError:
        return None
    used = {rule for rule, _ in difficulty(made)}
    for rule, names in RULES.items():
        needed = rule in rules
        if needed != bool(used & set(names)) and (needed or rule not in ("power", "sum")):
            return None
    return None if is_degenerate(made) or len(made.answer) > 2 * LARGEST else made


def _text(draw: Draw, rules: Sequence[str], level: int) -> str:
    joining = [rule for rule in rules if rule in _JOINED]
    makes = [_chain if "chain" in rules else _simple, _simple]
    first = makes[0](draw)
    if level > 1 and "chain" in rules:
        makes[1] = _chain
    text = first
    for rule in joining:
        other = makes[1](draw)
        parts = [text, other]
        draw.shuffle(parts)
        text = _JOINED[rule](draw, parts)
    if level > 2:
        text = f"{text} + {_power(draw)}"
    return text

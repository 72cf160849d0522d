"""A written derivation, and whether every line of it follows."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from random import Random
from typing import Any, NamedTuple

from flint import arb, ctx

from gradlab.checking.enclosures import Array, enclosed, need, places, single
from gradlab.checking.expressions import Scope, depending, fail, read
from gradlab.errors import DoesNotFollow, GradlabError, ShapeError

FORMAT, VERSION = "gradlab derivation", 1

PRECISION = 256
"""Bits of the balls."""

TIGHT = arb(10) ** -30
"""Different expressions do not agree to 30 digits at a drawn point."""

RANGES = ((0.1, 0.9), (1.1, 3.0), (-0.9, -0.1), (-3.0, 3.0), (50.0, 200.0))
"""Where numbers are drawn from: in (0, 1), above 1, below 0, on both sides of 0, far out."""

USUAL = 2 * len(RANGES)
"""Points at which every line is tried."""

POINTS, TRIES = 2, 400
"""Points at which a line must hold, and how many are drawn at most to find them."""

MOST = 2_000
"""Names of a document."""


class Checked(NamedTuple):
    """How surely a derivation was found right: its lines, and the points at which each of them holds at the least."""

    lines: int
    points: int


class Line(NamedTuple):
    """A claim: two expressions are equal wherever the conditions hold."""

    path: str
    rule: str
    before: Any
    after: Any
    conditions: Sequence[Any]


def verify(document: Any, *, seconds: float = 120.0) -> Checked:
    """Return how surely every line of a written derivation holds; raises DoesNotFollow for the first that does not.

    document: what `json.load` returns.  seconds: after which checking gives up.
    Raises GradlabError, ParseError if it is an expression, for what cannot be read or checked.

    >>> lines = [{"rule": "power rule", "before": "d(x**2, x)", "after": "2*x"}]
    >>> document = {"format": "gradlab derivation", "version": 1, "variables": {"x": []}, "steps": lines}
    >>> verify({**document, "formula": "x**2", "gradient": {"x": "2*x"}})
    Checked(lines=2, points=10)
    """
    with ctx.workprec(PRECISION):
        try:
            sheet = _Sheet(document, time.monotonic() + seconds)
        except RecursionError:
            raise GradlabError("document: there are too many steps inside each other") from None
        points = [sheet.check(line) for line in sheet.lines]
    return Checked(len(points), min(points, default=0))


def _get(mapping: Any, key: str, kind: type, path: str, default: Any = None) -> Any:
    value = mapping.get(key, default) if isinstance(mapping, dict) else None
    if not isinstance(value, kind):
        raise GradlabError(f"{path}: {key!r} must be a {kind.__name__}, not {value!r:.60}")
    return value


class _Sheet:
    """A document that was read, and the points at which it is tried."""

    def __init__(self, document: Any, until: float) -> None:
        get = partial(_get, document, path="document")
        if (get("format", str), get("version", int)) != (FORMAT, VERSION):
            raise GradlabError(f"document: this is no {FORMAT!r} of version {VERSION}")
        self.until, self.where, self.scopes = until, dict[str, Any](), list[Scope]()
        self.shapes: dict[str, Any] = {**get("variables", dict), **get("data", dict, default={})}
        self.whole: dict[str, Any] = get("whole", dict, default={})
        self.sizes = self._sizes(get("sizes", dict, default={}))
        if len(get("where", dict, default={})) > MOST:
            raise GradlabError(f"document: 'where' has more than {MOST} names")
        for name, text in get("where", dict, default={}).items():
            definition = read(text, f"where {name}")
            definition.behind = depending(definition, self.where)
            self.where[name] = definition
        names = [*self.shapes, *self.sizes, *self.where]
        for name in names:
            if not isinstance(read(name, "document"), ast.Name) or name in ("_", "pi", "inf") or names.count(name) > 1:
                raise GradlabError(f"document: {name!r} cannot be a name, or stands for two things")
        given = [read(text, "if") for text in get("if", list, default=[])]
        self.lines = [*self._steps(get("steps", list, default=[]), "line ", None, given)]
        if not get("gradient", dict):
            raise GradlabError("document: 'gradient' is empty; it says what was derived")
        self.lines += self._gradient(get("formula", str), get("gradient", dict), given)

    def _sizes(self, stated: Mapping[str, Any]) -> dict[str, int]:
        """Return the number behind each symbol: the stated ones, and the smallest others."""
        sizes = dict(stated)
        for name in self.shapes:
            for size in _get(self.shapes, name, list, "variables and data"):
                if isinstance(size, str):
                    sizes.setdefault(size, next(number for number in count(2) if number not in sizes.values()))
                elif not isinstance(size, int) or size < 0:
                    raise GradlabError(f"{name}: {size!r} is no size; a size is a whole number or a symbol")
        numbers = {*map(repr, sizes.values())}
        if len(numbers) < len(sizes) or not all(isinstance(size, int) and size > 1 for size in sizes.values()):
            raise GradlabError(f"sizes: {sizes} would hide mistakes: they must be different, and 2 at least")
        return sizes

    def _gradient(self, formula: str, gradient: Mapping[str, Any], conditions: Sequence[Any]) -> Iterator[Line]:
        for name, text in gradient.items():
            path = f"gradient of {name}"
            read(formula, "formula")
            before = read(f"d({formula}, {name})", path)
            yield Line(path, "the derivative of the formula", before, read(text, path), conditions)

    def _steps(self, steps: Sequence[Any], path: str, last: Any, conditions: Sequence[Any]) -> Iterator[Line]:
        """Yield what a chain of steps claims; *last*: what it goes on from, where it does."""
        for number, step in enumerate(steps, 1):
            place = f"{path}{number}"
            get, parsed = partial(_get, step, path=place), partial(read, path=place)
            rule, before, after = get("rule", str), parsed(get("before", str)), parsed(get("after", str))
            held = [*conditions, *map(parsed, get("if", list, default=[]))]
            starts = isinstance(before, ast.Name) or getattr(getattr(before, "func", None), "id", "") in ("d", "vjp")
            if not starts and (last is None or ast.dump(before) != ast.dump(last)):
                yield Line(place, f"{rule}, from the line before", last, before, held)
            yield Line(place, rule, before, after, held)
            yield from self._steps(get("steps", list, default=[]), f"{place}.", before, held)
            last = after

    def _scope(self, number: int) -> Scope:
        """Return point *number*, drawn when it is first needed, with the values of all names."""
        while len(self.scopes) <= number:
            given = {name: single(size) for name, size in self.sizes.items()}
            draw = Random(len(self.scopes))
            for name in self.shapes:
                given[name] = self._drawn(name, draw, len(self.scopes))
            self.scopes.append(Scope(given, self.where, self.until))
            for node in self.where.values():
                self.scopes[-1].value(node)
        return self.scopes[number]

    def _drawn(self, name: str, draw: Random, number: int) -> Array:
        """Return values for a name; at every other point square matrices are positive definite."""
        shape = tuple(self.sizes[size] if isinstance(size, str) else size for size in self.shapes[name])
        low, high = RANGES[number % len(RANGES)] if number < USUAL else draw.choice(RANGES)
        at: dict[tuple[int, ...], float] = {place: draw.uniform(low, high) for place in places(shape)}
        if name in self.whole:
            bound = self.sizes.get(str(self.whole[name]), self.whole[name])
            if not isinstance(bound, int) or bound < 1:
                raise GradlabError(f"whole: {name!r} goes up to {bound!r}, which is no size")
            at = {place: draw.randrange(bound) for place in at}
        elif number % 2 and len(shape) > 1 and shape[-1] == shape[-2]:
            more = sum(map(abs, at.values()))
            at = {place: value + more * (place[-1] == place[-2]) for place, value in at.items()}
        return Array(shape, {place: enclosed(value) for place, value in at.items()})

    def check(self, line: Line) -> int:
        """Return at how many points a line holds; raises DoesNotFollow where it does not, or at too few."""
        if line.before is None:
            raise DoesNotFollow(line.path, line.rule, "", line.after.text, "there is no line before")
        held = {False: 0, True: 0}  # where both sides are 0, and a wrong factor would not show; elsewhere
        for number in range(TRIES):
            if number >= USUAL and (held[True] or held[False]) >= POINTS:
                break
            try:
                outcome = self._outcome(line, number)
            except ShapeError as error:
                raise DoesNotFollow(*_named(line), str(error)) from None
            except RecursionError:
                fail(line.before, "too many operations inside each other; give the inner ones a name")
            if outcome is not None:
                held[outcome] += 1
        found = held[True] or held[False]
        if found < POINTS:
            reason = f"only {found} of {TRIES} drawn points could tell"
            raise DoesNotFollow(*_named(line), reason, undecided=True)
        return found

    def _outcome(self, line: Line, number: int) -> bool | None:
        """Return whether the sides are not both 0 at a point where they agree; None where it tells nothing."""
        scope = self._scope(number)
        if not all(truth[0] > 0.5 for node in line.conditions for truth in scope.value(node).at.values()):
            return None
        before, after = scope.value(line.before), scope.value(line.after)
        need(before.shape == after.shape, f"the left side has the shape {before.shape}, the right {after.shape}")
        sides = {place: (u[0], after.at[place][0]) for place, u in before.at.items()}
        if not all(u.is_finite() and v.is_finite() for u, v in sides.values()):
            return None
        for place, (u, v) in sides.items():
            if not u.overlaps(v):
                used = depending(line.before, self.where) | depending(line.after, self.where)
                point = {name: _plain(array) for name, array in scope.given.items() if name in used}
                raise DoesNotFollow(*_named(line), "the two sides differ", point, place, (u.str(15), v.str(15)))
        if not all((u - v).rad() < TIGHT * (1 + abs(u)) for u, v in sides.values()):
            return None
        return any(not u.contains(0) for u, _ in sides.values())


def _named(line: Line) -> tuple[str, str, str, str]:
    return line.path, line.rule, line.before.text, line.after.text


def _plain(array: Array) -> float | list[float]:
    values = [float(number[0].mid()) for number in array.at.values()]
    return values if array.shape else values[0]

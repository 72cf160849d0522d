"""One way from a question of the page to its answer, which never raises: what went wrong is an answer, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from gradlab.errors import GradlabError
from gradlab.lab import comparing, deriving, descending, reading, writing


@dataclass(frozen=True)
class Answer:
    """What was found, or why nothing was.

    found: the record; None where there is none.  problem: in words, "" where there is none.  seconds: how long it took.
    """

    found: Any = None
    problem: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Movable:
    """The numbers that can be moved: their labels, where they start, and how many examples the data has."""

    labels: tuple[str, ...]
    start: tuple[float, ...]
    examples: int


def movable(text: str, name: str) -> Movable:
    """Return what can be moved.

    >>> movable("x^2 + y", "A slope: x² + y")
    Movable(labels=('x', 'y'), start=(3.0, 1.0), examples=0)
    """
    from gradlab.lab.models import arrays, named

    subject = reading.read(text, name)
    held = next(iter(arrays(named(name)).values()), ())
    return Movable(subject.labels, subject.start, len(held) if subject.open is not None else 0)


def _warm_gradients() -> bool:
    comparing.hold("x^2", "A parabola: x²", (3.0,))
    return True


QUESTIONS: Mapping[str, Callable[..., Any]] = {
    "movable": movable,
    "derivation": deriving.unfold,
    "gradients": comparing.hold,
    "limit": descending.largest_rate,
    "descent": descending.descend,
    "report": writing.document,
    "first": descending.first,
    "warm gradients": _warm_gradients,
}
"""What can be asked."""


def answer(question: str, *arguments: Any) -> Answer:
    """Return the answer to one of `QUESTIONS`.

    >>> answer("movable", "1/0", "A parabola: x²").problem.splitlines()[0]
    'division by the number 0'
    """
    begun = perf_counter()
    try:
        found, problem = QUESTIONS[question](*arguments), ""
    except GradlabError as error:
        found, problem = None, str(error)
    except RecursionError:
        found, problem = None, "this is nested too deeply to be worked out here; write it with fewer brackets"
    except Exception as error:  # a page cannot show a traceback: it says what there is to say
        found, problem = None, f"this cannot be worked out: {error or type(error).__name__}"
    return Answer(found, problem, perf_counter() - begun)

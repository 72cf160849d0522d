"""What is handed in: answers, what belongs to nobody, and which exercise a file answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

LARGEST_FILE = 4 << 20
"""Bytes of a submission that are read; more is no program and no answer."""

CODE = (".py", ".ipynb")
TEXT = (".txt", ".tex", ".md", ".html", ".htm")

_AGAIN = re.compile(r"-\d+$")
_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class Answer:
    """What one student handed in for one exercise.  problem: why it cannot be graded, empty if it can."""

    student: str
    exercise: str
    text: str
    problem: str = ""


@dataclass(frozen=True)
class Unmatched:
    """Something that belongs to no exercise, or to nobody."""

    what: str
    why: str


Missed = Callable[[Unmatched], Any]
"""What is called with everything that cannot be matched, so that nothing is lost silently."""


@dataclass(frozen=True)
class Course:
    """The exercises that submissions are matched with: by name, and whether each asks for code."""

    names: tuple[str, ...]
    code: frozenset[str]

    def matching(self, file: str) -> str | None:
        """Return the exercise that a file of this name answers: of the same name, of its number, or the only one.

        A name that two exercises could be meant by is none's; -1, which platforms put behind what is handed in
        again, is no number of an exercise.

        >>> course = Course(("gradient", "step"), frozenset())
        >>> course.matching("exercise-2.txt"), course.matching("step-1.txt"), course.matching("gradient or step.txt")
        ('step', 'step', None)
        """
        stem, code = PurePath(file).stem.lower(), file.lower().endswith(CODE)
        first = _AGAIN.sub("", stem)
        for wanted in (stem, first):
            for name in self.names:
                if wanted == name.lower():
                    return name
        within = self._within(stem)
        if within:
            return within[0] if len(within) == 1 else None
        for wanted in (first, stem):
            numbered = self._numbered(wanted)
            if numbered is not None and (numbered in self.code) == code:
                return numbered
        suited = [name for name in self.names if (name in self.code) == code]
        return suited[0] if len(suited) == 1 else None

    def _within(self, stem: str) -> list[str]:
        """Return the exercises whose names stand in another as words of their own, none inside another's."""
        found = [name for name in self.names if re.search(_as_word(name.lower()), stem)]
        return [name for name in found if not any(name != other and name.lower() in other.lower() for other in found)]

    def _numbered(self, stem: str) -> str | None:
        number = _NUMBER.search(stem)
        if number is None or len(number[1]) > 6 or not 1 <= int(number[1]) <= len(self.names):
            return None
        return self.names[int(number[1]) - 1]


def _as_word(name: str) -> str:
    """Return a pattern for a name with no letters or digits around it; a number may follow one that ends in none."""
    return rf"(?<![a-z0-9]){re.escape(name)}(?![a-z{'0-9' if name[-1:].isdigit() else ''}])"


def printable(name: str) -> str:
    r"""Return the name of a file as text that can be stored, whatever bytes it is made of.

    >>> printable("caf\udce9")
    'caf\\udce9'
    """
    return name.encode("utf-8", "backslashreplace").decode()

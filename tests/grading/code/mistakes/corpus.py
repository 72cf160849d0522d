"""Training code with its mistakes: read from the corpus, and diagnosed.

In `corpus/wrong.toml` and `twice.toml` the name of a mistake stands at its line, after `# <-`; two lines that can both
be pointed at bear it both. What stands there is taken out before a program is graded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gradlab.grading import CodeExercise
from tests.grading.code.programs import LEAST_SQUARES, LINE, LOGISTIC, SWISH, exercise

FOLDER = Path(__file__).parent / "corpus"
_MARK = re.compile(r"[ ]*# <- ([^#\n]*[^#\s])")
_PRODUCT = {"function": "x*y^2", "variables": ["x", "y"], "shapes": {"x": "n", "y": "n"}, "wrt": ["x", "y"]}


@dataclass(frozen=True)
class Program:
    """A program of the corpus.  places: the names of its mistakes, each with the lines that may be told for it."""

    exercise: str
    source: str
    places: dict[str, set[int]]


def stored(file: str) -> list[str]:
    """Return the programs of a file with their marks."""
    return [each["source"] for each in tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))["program"]]


def programs(file: str) -> Iterator[Program]:
    """Yield the programs of a file."""
    for stored in tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))["program"]:
        places: dict[str, set[int]] = {}
        for number, line in enumerate(stored["source"].splitlines(), 1):
            for name in _MARK.findall(line):
                places.setdefault(name, set()).add(number)
        yield Program(stored["exercise"], _MARK.sub("", stored["source"]), places)


@cache
def given(name: str) -> CodeExercise:
    """Return an exercise of the corpus by its name."""
    return {
        "gradient": lambda: exercise(LEAST_SQUARES),
        "torch gradient": lambda: exercise(LEAST_SQUARES, library="torch"),
        "numpy step": lambda: exercise(LEAST_SQUARES, "training step"),
        "step": lambda: exercise(LEAST_SQUARES, "training step", library="torch"),
        "numpy loop": lambda: exercise(LEAST_SQUARES, "training loop"),
        "loop": lambda: exercise(LEAST_SQUARES, "training loop", library="torch"),
        "line gradient": lambda: exercise(LINE),
        "line step": lambda: exercise(LINE, "training step"),
        "line torch step": lambda: exercise(LINE, "training step", library="torch"),
        "line numpy loop": lambda: exercise(LINE, "training loop"),
        "line loop": lambda: exercise(LINE, "training loop", library="torch"),
        "logistic gradient": lambda: exercise(LOGISTIC),
        "logistic loop": lambda: exercise(LOGISTIC, "training loop", library="torch"),
        "swish": lambda: exercise(SWISH, "autograd function"),
        "product": lambda: exercise(_PRODUCT, "autograd function"),
    }[name]()

"""Valid texts and files after slips of a keyboard or of an attacker, each taken all the way, in a limited process.

`python -m tests.attacks.mutants formulas 1000 7` tries a thousand, drawn with seed 7, and prints those that fail;
`formulas,tables` tries a thousand of each, and `all` of every kind.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shlex
import signal
import sys
import tempfile
import tomllib
import traceback
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from gradlab.errors import GradlabError

SECONDS = float(os.environ.get("MUTANT_SECONDS", "10"))
MEMORY = 2 << 30

FORMULAS = [
    "x^2 sin(x)",
    "log(1 + x^2) y",
    "exp(-x^2/2)/sqrt(2pi)",
    "(x + 1)/(x^2 - y)",
    "sum(k*x^k, k, 1, 5)",
    "sum_{i=1}^{n} x_i^2",
    "|x - 2| + max(x, y)",
    "where(x > 0, x, x^3)",
    r"\frac{x^2 + 1}{\sqrt{x}} \cdot e^{-y}",
    r"\sum_{i=1}^{n} (x_i - y_i)^2",
    "1/n*sum((X w - y)^2)",
    "det([[x, 1], [2, y]])",
    "tanh(x)^3 - 2^x",
    "relu(x) + sigmoid(2x)",
]

EXERCISES = [
    '[[exercise]]\nfunction = "x^2 sin(x)"\npoints = 2\nhints = ["two factors"]\nattempts = 3\n',
    '[[exercise]]\nfunction = "x^2 y"\nask = "gradient"\nname = "g"\n[exercise.domain]\npositive = ["x"]\n',
    '[[exercise]]\nfunction = "a x^2"\nparameters = { a = [2, 3, 4] }\ncount = 2\nseed = 5\n',
    '[[exercise]]\nfunction = "x^2"\nask = "step"\nat = { x = 1 }\nrate = "1/10"\n',
    '[[exercise]]\nfunction = "[x^2 y, x + y]"\nask = "jacobian"\ndigits = 4\ncredit = { "sign slip" = 0.5 }\n',
    '[[exercise]]\nfunction = "x^2 + b"\nask = "code"\nvariables = ["x", "b"]\nshapes = { x = "n" }\nmanual = true\n',
    '[[exercise]]\nfunction = "x^3 - x"\nask = "critical point"\ndomain = { between = { x = [-2, 2] } }\n',
]

ANSWERS = ["2x sin(x) + x^2 cos(x)", r"2x\sin{x} + x^{2} \cos x", "x(2 sin(x) + x cos x)", "f'(x) = 2x sin(x)", "0"]

LESSONS = [
    'title = "T"\nseed = 3\n[[function]]\nsource = "x^2 + y"\nat = { x = 3, y = 1 }\n',
    '[[function]]\nsource = "sum(x^2)"\nname = "g"\nshapes = { x = ["n"] }\nwrt = ["x"]\norder = 2\n',
    '[[function]]\nsource = "x^2"\nstart = 1\nrate = 0.1\nsteps = 10\nengine = "exact"\ndata = { y = [1, 2] }\n',
]

TABLES = [
    'student,product,chain\na,2x,"x, y"\nb,x^2,"multi\nline"\nc,=HYPERLINK(1),x\n',
    "student;product;chain\nann;2x;3\nbob;;\n",
    "student\texercise\tanswer\nann\tproduct\t2x\nbob\tchain\t3x\n",
]

NOTEBOOKS = [
    '{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["# name: step\\n", "x = 1"], "metadata": {}}]}',
    '{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "y"}, {"cell_type": "code", "source": "%%time\\nx",'
    ' "metadata": {"tags": ["step"], "nbgrader": {"grade_id": "a"}}}], "metadata": {}}',
    "# name: step\ndef step(x):\n    return x - 0.1 * 2 * x\n",
]

VALUES = ["x=3", "x=1e-3, y=pi/2", "x=1,2,3", "X=[[1, 2], [3, 4]]", "x=-inf", "[1, [2, 3]]", "X=n,3", "(n, 3)"]

COMMANDS = [
    "derive 'x^2 sin(x)' --wrt x --depth steps",
    "compare 'x**2 + y' --at x=3 y=1 --json",
    "estimate 'sum(x^2)' --at x=1,2 --method central",
    "grade x^2 2x --ask derivative --wrt x",
    "derive 'X w' --shape X=n,d w=d --variables X w",
    "estimate x^2 --at 3",
]

SIGNS = "xyn e0123456789.+-*/^()|,²½√π·×−[]{}<>=!'\"_\\&@#$%;:~`\n\t\0\x1b\u202e\u200b\u0445\u0663é∑∂"
PIECES = [
    *(
        "9^9^9",
        "^(10^9)",
        "1e400",
        "1e999999999",
        "99999999999999999999",
        "inf",
        "nan",
        "-0.0",
        "((((((((",
        "[[[[",
        "]]",
    ),
    *("sum(", ", k, 1, 10000)", "where(", "factorial(", "gamma(", "det(", "__class__", "\\input{", "sum_i ", "true"),
    *("x_{", "1/0", "[]", "{}", '""', "'x'", "2020-01-01", "\nseed = ", "\nwrt = ", "\nat = ", "\n[[exercise]]\n"),
]


def mutant(text: str, random: Random, pieces: Sequence[str] = PIECES, longest: int = 4000) -> str:
    """Return *text* after one to five slips; *pieces*: what is inserted whole.  longest: characters kept."""
    for _ in range(random.choice((1, 1, 2, 5))):
        place, other = sorted(random.randint(0, len(text)) for _ in range(2))
        match random.randrange(6):
            case 0:
                text = text[:place] + text[place + 1 :]
            case 1:
                text = text[:place] + random.choice(SIGNS) + text[place:]
            case 2:
                text = text[:place] + random.choice(pieces) + text[place:]
            case 3:
                text = text[:place] + text[place:other] * random.choice((2, 2, 3, 30)) + text[other:]
            case 4:
                text = text[:place] + text[other:]
            case _:
                text = text[:place] + text[place:other][::-1] + text[other:]
    return text[:longest]


def taken_all_the_way(text: str) -> None:
    """Read, derive, show and evaluate a formula."""
    import numpy as np

    from gradlab.sources import as_function
    from gradlab.symbolic import derive

    function = as_function(text)
    derivation = derive(function)
    derivation.text()
    derivation.latex()
    derivation.at({name: np.full([3] * len(axes), 0.5) for name, axes in function.variables.items()})


def made(text: str) -> None:
    """Make the exercises of a file, and grade an answer to each."""
    from gradlab.grading.files import exercises_of

    try:
        stored = tomllib.loads(text)
    except ValueError:
        return
    for exercise in exercises_of(stored)[:3]:
        if exercise.ask != "code":
            exercise.check("2x + 1")
            exercise.check(exercise.answer)


@cache
def _asked() -> Any:
    from gradlab.grading import Exercise

    return Exercise("x^2 sin(x)")


def graded(text: str) -> None:
    """Grade an answer."""
    grade = _asked().check(text)
    repr(grade), grade._repr_markdown_()


@cache
def _path() -> Path:
    return Path(tempfile.mkdtemp()) / "mutant"


def taught(text: str) -> None:
    """Read a lesson, and each of its functions."""
    from gradlab.commands import lessons
    from gradlab.sources import as_function

    _path().write_bytes(text.encode("utf-8", "replace"))
    for task in lessons.read(_path()).functions:
        if task.source is None:
            continue
        try:
            as_function(task.source, variables=task.variables, shapes=task.shapes, name=task.name)
        except ValueError as error:  # as the command does
            raise GradlabError(str(error)) from error


def tabled(text: str) -> None:
    """Read the answers of a table."""
    from gradlab.courses.answer_tables import in_table
    from gradlab.courses.handed_in import Course

    _path().write_bytes(text.encode("utf-8", "replace"))
    list(in_table(_path(), Course(("product", "chain"), frozenset()), lambda _: None, lambda _: None))


def cut_out(text: str) -> None:
    """Take a program out of a notebook."""
    from gradlab.grading.code.notebooks import read

    read(text)
    read(text, ["step"])


def typed(text: str) -> None:
    """Read values of a command line."""
    from gradlab.commands import values

    try:
        values.shapes([text])
    except GradlabError:
        values.point([text], "--at")


def commanded(text: str) -> None:
    """Run a command that writes no file."""
    from gradlab import cli

    try:
        words = shlex.split(text)
    except ValueError:
        return
    if not words or words[0] not in ("derive", "compare", "estimate", "grade"):
        return
    told = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
        code = cli.main(words)
    if code == 2:
        raise GradlabError(told.getvalue().rstrip("\n"))


@cache
def _derivations() -> list[str]:
    from gradlab.symbolic import derive

    saved = []
    for formula in ("x^2 sin(x)", "sum(x^2)", "log(x + y)/y"):
        derive(formula).save(_path())
        saved.append(_path().read_text())
    return saved


def verified(text: str) -> None:
    """Check a written derivation."""
    from gradlab.checking import verify

    try:
        document = json.loads(text)
    except ValueError:
        return
    verify(document, seconds=1)


KINDS = {
    "formulas": (FORMULAS, taken_all_the_way),
    "exercises": (EXERCISES, made),
    "answers": (ANSWERS, graded),
    "lessons": (LESSONS, taught),
    "tables": (TABLES, tabled),
    "notebooks": (NOTEBOOKS, cut_out),
    "values": (VALUES, typed),
    "commands": (COMMANDS, commanded),
    "derivations": (_derivations, verified),
}


class TooLong(BaseException):
    """Nothing catches this by accident."""


def _too_long(*_: object) -> None:
    raise TooLong(f"more than {SECONDS} seconds of computing")


def failing(kind: str, count: int, seed: int) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Return how many mutants were taken and refused, and those that did something else, with what it was."""
    pool, work = KINDS[kind]
    pool = pool if isinstance(pool, list) else pool()
    random = Random(seed)
    work(pool[0])  # loads torch, which must not be broken off
    signal.signal(signal.SIGPROF, _too_long)
    outcomes: Counter[str] = Counter()
    found: list[tuple[str, str]] = []
    for _ in range(count):
        text = mutant(random.choice(pool), random)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            work(text)
            outcomes["taken"] += 1
        except GradlabError as error:
            outcomes["refused"] += 1
            told = str(error)
            if len(told) > 5000 or not all(line.replace("\t", "").isprintable() for line in told.split("\n")):
                found.append((text, f"says {told!r:.400}"))
        except BaseException as error:
            outcomes["failed"] += 1
            where = "".join(traceback.format_tb(error.__traceback__)[-2:])
            found.append((text, f"{type(error).__name__}: {error!s:.200}\n{where}"))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return outcomes, found


def main(kinds: str, count: int, seed: int) -> None:
    """Print what came of so many mutants of each kind as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    told = {}
    for kind in KINDS if kinds == "all" else kinds.split(","):
        outcomes, found = failing(kind, count, seed)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        told[kind] = {**outcomes, "peak": peak, "failing": found}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

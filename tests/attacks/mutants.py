"""Valid formulas and files after slips of a keyboard or of an attacker, each taken all the way, in a limited process.

`python -m tests.attacks.mutants formulas 1000 7` tries a thousand, drawn with seed 7, and prints those that fail.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import tomllib
import traceback
from collections import Counter
from random import Random

from gradlab.errors import GradlabError

SECONDS = 10
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


def mutant(text: str, random: Random) -> str:
    """Return *text* after one to five insertions, deletions, repetitions and swaps."""
    for _ in range(random.choice((1, 1, 2, 5))):
        place, other = sorted(random.randint(0, len(text)) for _ in range(2))
        match random.randrange(6):
            case 0:
                text = text[:place] + text[place + 1 :]
            case 1:
                text = text[:place] + random.choice(SIGNS) + text[place:]
            case 2:
                text = text[:place] + random.choice(PIECES) + text[place:]
            case 3:
                text = text[:place] + text[place:other] * random.choice((2, 2, 3, 30)) + text[other:]
            case 4:
                text = text[:place] + text[other:]
            case _:
                text = text[:place] + text[place:other][::-1] + text[other:]
    return text[:4000]


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


KINDS = {"formulas": (FORMULAS, taken_all_the_way), "exercises": (EXERCISES, made)}


class TooLong(BaseException):
    """Nothing catches this by accident."""


def _too_long(*_: object) -> None:
    raise TooLong(f"more than {SECONDS} seconds of computing")


def failing(kind: str, count: int, seed: int) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Return how many mutants were taken and refused, and those that did something else, with what it was."""
    pool, work = KINDS[kind]
    random = Random(seed)
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
            if len(told) > 5000 or not all(line.isprintable() for line in told.split("\n")):
                found.append((text, f"says {told!r:.400}"))
        except BaseException as error:
            outcomes["failed"] += 1
            where = "".join(traceback.format_tb(error.__traceback__)[-2:])
            found.append((text, f"{type(error).__name__}: {error!s:.200}\n{where}"))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return outcomes, found


def main(kind: str, count: int, seed: int) -> None:
    """Print what came of so many mutants as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes, found = failing(kind, count, seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(json.dumps({**outcomes, "peak": peak, "failing": found}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

"""Submissions that attack the grader itself, by what they send and by what they are: wrong, and nothing else."""

from __future__ import annotations

import json

import pytest

from gradlab.isolation import Level, Sandbox, available
from tests.grading.code.programs import LEAST_SQUARES, exercise

FORGER = """
import fcntl, json, os, stat
import numpy as np

def writable(number):
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_WRONLY
    except OSError:
        return False

def gradient(w, X, y):
    array = np.full(SHAPE, VALUE, "DTYPE")
    labels = [f"{case}/{name}" for case in [*range(12), "again"] for name in NAMES]
    arrays = [[label, "DTYPE", list(array.shape)] for label in labels]
    header = json.dumps({"notes": {"ended": "ENDED", "told": TOLD}, "arrays": arrays}).encode()
    numbers = array.tobytes() * len(labels)
    lengths = len(header).to_bytes(4, "little") + len(numbers).to_bytes(8, "little")
    os.write(next(n for n in range(3, 64) if writable(n)), b"GLF1" + lengths + header + numbers)
    os._exit(0)
"""


def forged(dtype="float64", value="1", shape="w.shape", names="['w']", ended="returned", told="{}"):
    source = FORGER
    for word, meaning in (("DTYPE", dtype), ("VALUE", value), ("SHAPE", shape), ("NAMES", names)):
        source = source.replace(word, meaning)
    return source.replace("ENDED", ended).replace("TOLD", told)


DTYPES = ("float16", "float32", "int64", "int8", "uint8", "bool", "complex128", "complex64")
SENT = [
    *(forged(dtype) for dtype in DTYPES),
    *(forged(value=value) for value in ("np.nan", "np.inf", "1e308", "5e-324")),
    forged("int64", "-2**63"),
    forged("complex128", "complex(np.nan, np.inf)"),
    forged(shape="(0, *w.shape)"),
    forged(shape="(1,) * 10 + w.shape"),
    forged(names="[]"),
    forged(names="['w', '', '/', '../w', 'w/w']"),
    forged(names="['w', chr(0xD800)]"),
    *(
        forged(told=told)
        for told in ("{'dtypes': 5}", "{'dtypes': {'w': ['x']}}", "{'dtypes': [['w', 'x']]}", "{'dtypes': None}")
    ),
    forged(told="{'dtypes': {'w': chr(27) + chr(0xD800)}}"),
    *(
        forged(ended=ended, told=told)
        for ended in ("raised", "syntax")
        for told in ("{'notes': [5]}", "{'notes': [chr(27) + '[2J' + chr(0xD800)]}", "{'error': 5}", "{'type': [1]}")
    ),
]
ZERO = "def gradient(w, X, y):\n    return 0 * w\n"


def deep(kind, times):
    return {
        "sum": "+".join(["1"] * times),
        "names": "w" + ".b" * times,
        "signs": "-" * times + "1",
        "brackets": "(" * times + "1" + ")" * times,
        "powers": "**".join(["1"] * times),
    }[kind]


KINDS = ("sum", "names", "signs", "brackets", "powers")
WRITTEN = [
    *(f"x = 0\nif x:\n    y = {deep(kind, times)}\n{ZERO}" for kind in KINDS for times in (150, 900, 100_000)),
    *(
        f"def gradient(w, X, y):\n    if w is None:\n        w -= {deep(kind, times)}\n    return 0 * w\n"
        for kind in KINDS
        for times in (150, 900)
    ),
    f"\0{ZERO}",
    f"x = '\ud800'\n{ZERO}",
    f"# coding: nonsense\n{ZERO}",
    f"x = '\\d'\ny = 1 is 1\n{ZERO}",
    f"x = {'9' * 5000}\n{ZERO}",
    "gradient = 5",
    f"async {ZERO}",
]


def notebook(**cell):
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {}, "source": "x = 1", **cell}]})


NOTEBOOKS = [
    notebook(source=5),
    notebook(source=[1, 2]),
    notebook(metadata=[]),
    notebook(metadata=None),
    notebook(metadata={"tags": 5}),
    notebook(metadata={"nbgrader": 5}),
    '{"nbformat": 4, "cells": {"a": 1}}',
    '{"nbformat": ' + "[" * 100_000,
    f'{{"nbformat": 4, "cells": {"9" * 5000}}}',
]


@pytest.fixture(scope="module")
def sandbox():
    level = available()
    if level is Level.NONE:
        pytest.skip("nothing isolates on this machine, and what is sent to a grader comes out of isolation")
    with Sandbox(level) as made:
        yield made


@pytest.mark.parametrize("given", [exercise(LEAST_SQUARES), exercise(LEAST_SQUARES, "training loop")])
@pytest.mark.parametrize("answers", [SENT, WRITTEN, NOTEBOOKS], ids=["sent", "written", "notebooks"])
def test_it_is_wrong_and_nothing_else(given, answers, sandbox):
    for answer in answers:
        found = given.check(
            answer.replace("def gradient(w, X, y)", f"def {given.entry}(w, X, y, *more)"), sandbox=sandbox
        )
        assert found.verdict == "wrong", (answer[:300], found)
        found.feedback.encode()
        assert all(letter.isprintable() or letter.isspace() for letter in found.feedback), (answer[:300], found)

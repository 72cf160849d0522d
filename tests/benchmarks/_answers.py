"""150 different answers to exercises, right and wrong, drawn as a class writes them: few of them most of the time."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path
from typing import Any

from gradlab.grading import Exercise

STORED = Path(__file__).parents[1] / "answers.toml"

DISTINCT, DRAWN, SEED = 150, 10_000, 1


def drawn() -> list[tuple[Any, str]]:
    """Return pairs of an exercise and an answer to it, drawn by Zipf's law from 150 that are different."""
    pairs: list[tuple[Any, str]] = []
    for stored in tomllib.loads(STORED.read_text(encoding="utf-8"))["exercise"]:
        if stored.get("ask", "derivative") not in ("derivative", "partial"):
            continue
        options = {key: value for key, value in stored.items() if key not in ("function", "correct", "wrong")}
        exercise = Exercise(stored["function"], **options)
        pairs += [(exercise, answer) for answer in stored["correct"]]
        pairs += [(exercise, answer) for answer, *_ in stored["wrong"]]
    draw = random.Random(SEED)
    draw.shuffle(pairs)
    pairs = pairs[:DISTINCT]
    return draw.choices(pairs, [1 / place for place in range(1, len(pairs) + 1)], k=DRAWN)

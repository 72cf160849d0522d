"""A course of many answers, as students write them: most write one of a few."""

from __future__ import annotations

import csv
import random
from pathlib import Path

EXERCISES = {
    "x^2 sin(3x)": ["2x sin(3x) + 3x^2 cos(3x)", "x(2sin(3x) + 3x cos(3x))", "2x sin(3x) + x^2 cos(3x)", "2x cos(3x)"],
    "exp(-x) x^3": ["3x^2 e^(-x) - x^3 e^(-x)", "exp(-x)(3x^2 - x^3)", "3x^2 e^(-x)", "-3x^2 e^-x"],
    "log(1 + x^2)": ["2x/(1 + x^2)", "2x/(x^2 + 1)", "1/(1 + x^2)"],
    "sqrt(x) cos(x)": [
        "cos(x)/(2sqrt(x)) - sqrt(x) sin(x)",
        "-sin(x)/(2 sqrt x)",
        "cos(x)/(2 sqrt(x)) + sqrt(x) sin(x)",
    ],
}
RARE = 0.03
"""The share of answers that hardly anybody else writes."""


def written(folder: Path, answers: int) -> tuple[Path, Path]:
    """Write so many answers to a folder, and return its exercises and its answers."""
    tables = [f'[[exercise]]\nname = "e{place}"\nfunction = "{each}"\n' for place, each in enumerate(EXERCISES)]
    exercises, submissions = folder / "exercises.toml", folder / "answers.csv"
    exercises.write_text("\n".join(tables))
    draw = random.Random(0)
    with submissions.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *(f"e{place}" for place in range(len(EXERCISES)))])
        for number in range(answers // len(EXERCISES)):
            row = [draw.choice(choices) for choices in EXERCISES.values()]
            row = [f"{text} + {draw.randint(1, 2000)}" if draw.random() < RARE else text for text in row]
            writer.writerow([f"s{number:06}", *row])
    return exercises, submissions

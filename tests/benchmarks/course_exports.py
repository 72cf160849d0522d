"""How long a course's results take to write for where courses live."""

from __future__ import annotations

import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from gradlab.courses import Result, Results
from gradlab.courses.class_report import class_report
from gradlab.courses.exports import gradescope, nbgrader, tables
from gradlab.courses.pages import pages
from gradlab.courses.results import Listed
from tests.benchmarks import Figure

WHY = """
What courses take in: tables, Gradescope's and nbgrader's forms, a page for each student, a report on the class.
"""

STUDENTS, EXERCISES = 2000, 10


def measure() -> Figure:
    """Return the seconds of the slowest form, of 10."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        results = Results(folder / "results.sqlite")
        _fill(results)
        forms = {
            "CSV": lambda: tables.csv_of(results, folder / "csv"),
            "JSON": lambda: tables.json_of(results, folder / "json"),
            "Gradescope": lambda: gradescope.gradescope(results, folder / "gradescope"),
            "nbgrader": lambda: nbgrader.gradebook(results, folder / "nbgrader"),
            "pages": lambda: pages(results, folder / "pages"),
            "class report": lambda: class_report(results).document().save(folder / "class.html"),
        }
        seconds: dict[str, float] = {}
        for form, write in forms.items():
            begun = time.perf_counter()
            write()
            seconds[form] = time.perf_counter() - begun
    told = ", ".join(f"{form} {each:.1f} s" for form, each in seconds.items())
    what = f"writing the results of {STUDENTS:,} students and {EXERCISES} exercises"
    return Figure(what, max(seconds.values()) / 10, 1, f"{told}; the slowest of 10 s")


def _fill(results: Results) -> None:
    draw = random.Random(0)
    results.describe([Listed(f"e{number}", "Find the derivative.", "derivative", 1) for number in range(EXERCISES)])
    results.add(
        Result(
            f"student {student}",
            f"e{number}",
            f"d{kind}",
            "2x sin(x)",
            "wrong" if kind else "correct",
            0 if kind else 1,
            1,
            misconception="sign slip" if kind else "",
            feedback="Look at this step.",
        )
        for student in range(STUDENTS)
        for number in range(EXERCISES)
        for kind in [draw.randint(0, 3)]
    )

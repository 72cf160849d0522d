"""The page of answers, docs/reference/answers.md, built from tests/answers.toml and what gradlab says of each.

``python -m tests.answers_page`` writes it anew, from the root of the repository.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from gradlab import Exercise

ROOT = Path(__file__).parents[1]
STORED = ROOT / "tests" / "answers.toml"
PAGE = ROOT / "docs" / "reference" / "answers.md"

_OPENING = """# Answers, and what gradlab says of them

Right and wrong answers to exercises, with the verdict, the mistake that is named, and what the student reads.
This page is generated from `tests/answers.toml`; a test fails while it is out of date.
`python -m tests.answers_page` writes it anew.

Where several mistakes lead to the same answer none is named; the teacher sees all of them, here joined by *or*.
A dash stands where nothing that is known explains the answer: a known miss.
"""


def page() -> str:
    """Return the page as it has to be."""
    lines = [_OPENING]
    for stored in tomllib.loads(STORED.read_text(encoding="utf-8"))["exercise"]:
        options = {key: value for key, value in stored.items() if key not in ("function", "correct", "wrong")}
        exercise = Exercise(stored["function"], **options)
        lines += [f"## {exercise.prompt}", ""]
        lines += [f"Right: {', '.join(f'`{answer}`' for answer in stored['correct'])}.", ""]
        lines += ["| answer | mistake | feedback |", "|---|---|---|"]
        for answer, *_ in stored["wrong"]:
            grade = exercise.check(answer)
            mistake = grade.misconception or " *or* ".join(grade.candidates) or "—"
            lines.append(f"| `{_cell(answer)}` | {mistake} | {_cell(' '.join(grade.feedback.splitlines()))} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

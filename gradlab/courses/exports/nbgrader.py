"""nbgrader: an assignment to hand out, and grades for its database.

The test cells call `gradlab.courses.kernels.check`. Cell metadata is of nbgrader's schema 3.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradlab.courses.exports.exercise_files import Single, singles
from gradlab.courses.exports.tables import by_student, write_text
from gradlab.courses.results import Results


def assignment(exercises: str | Path, target: Path) -> Path:
    """Write the instructor's notebook of an assignment; nbgrader takes the solutions out of what students get."""
    import nbformat

    cells: list[Any] = [_cell("markdown", f"# {target.stem}")]
    for single in singles(exercises):
        cells += [_prompt(single), _answer(single), _test(single)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return write_text(target, nbformat.writes(notebook))


def _cell(kind: str, source: str, **nbgrader: Any) -> Any:
    import nbformat

    make = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
    cell = make(source)
    cell.id = nbgrader.get("grade_id", "title")
    if nbgrader:
        cell.metadata.nbgrader = {"schema_version": 3, "task": False, **nbgrader}
    return cell


def _prompt(single: Single) -> Any:
    how = "Write a program." if single.is_code else f'Write your answer as text, `{single.variable} = "…"`.'
    text = f"## {single.name}\n\n{single.exercise.prompt}\n\n{how}"
    return _cell("markdown", text, grade_id=f"{single.variable}-prompt", grade=False, solution=False, locked=True)


def _answer(single: Single) -> Any:
    right = single.exercise.answer if single.is_code else f"{single.variable} = {json.dumps(single.exercise.answer)}"
    source = f"### BEGIN SOLUTION\n{right.rstrip()}\n### END SOLUTION"
    return _cell("code", source, grade_id=single.variable, grade=False, solution=True, locked=False)


def _test(single: Single) -> Any:
    return _cell(
        "code",
        checking(single),
        grade_id=f"{single.variable}-test",
        grade=True,
        solution=False,
        locked=True,
        points=float(single.exercise.points),
    )


def checking(single: Single) -> str:
    """Return the lines that check one answer in a notebook."""
    given = "cells=In" if single.is_code else f"globals().get({single.variable!r})"
    return f"from gradlab.courses.kernels import check\n\ncheck({single.toml!r}, {given})"


SCRIPT = '''"""Write grades into nbgrader's database, by nbgrader's own interface. Run it where nbgrader is installed:

    python import_grades.py gradebook.db ASSIGNMENT
"""

import json
import sys
from pathlib import Path

from nbgrader.api import Gradebook

HERE = Path(__file__).parent


def main(database, assignment):
    grades = json.loads((HERE / "grades.json").read_text(encoding="utf-8"))
    with Gradebook(f"sqlite:///{database}") as book:
        book.update_or_create_assignment(assignment)
        book.update_or_create_notebook(assignment, assignment)
        for name, points in grades["exercises"].items():
            book.update_or_create_grade_cell(name, assignment, assignment, max_score=points, cell_type="code")
        for student, scores in grades["students"].items():
            book.update_or_create_student(student)
            book.update_or_create_submission(assignment, student)
            for name in grades["exercises"]:
                grade = book.find_grade(name, assignment, assignment, student)
                grade.auto_score = scores.get(name, {"score": 0})["score"]
                grade.needs_manual_grade = scores.get(name, {}).get("undecided", False)
        book.db.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
'''


def gradebook(results: Results, folder: Path) -> list[Path]:
    """Write the grades, and the program that writes them into nbgrader's database where nbgrader is installed."""
    exercises = {f"{each.name}-test": each.points for each in results.exercises()}
    students = {
        student: {
            f"{name}-test": {"score": row.score, "undecided": row.verdict == "undecided"} for name, row in own.items()
        }
        for student, own in by_student(results).items()
    }
    grades = json.dumps({"exercises": exercises, "students": students}, ensure_ascii=False, indent=1)
    return [write_text(folder / "grades.json", grades), write_text(folder / "import_grades.py", SCRIPT)]

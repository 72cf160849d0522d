"""Otter: a test file for each exercise, in the form with `test_case`, and a notebook that runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradlab.courses.exports.exercise_files import Single, singles
from gradlab.courses.exports.tables import write_text
from gradlab.grading import CodeExercise


def otter(exercises: str | Path, folder: Path) -> list[Path]:
    """Write ``tests/NAME.py`` for every exercise, and ``assignment.ipynb`` to hand out."""
    found = singles(exercises)
    files = [write_text(folder / "tests" / f"{single.variable}.py", _file(single)) for single in found]
    return [*files, _notebook(found, folder / "assignment.ipynb")]


def _file(single: Single) -> str:
    given = 'cells=env.get("In")' if single.is_code else f"env.get({single.variable!r})"
    return f'''"""Made by gradlab: the answer to {single.variable} is graded in another process, as plain data."""

from otter.test_files import test_case

OK_FORMAT = False
name = {single.variable!r}
points = {float(single.exercise.points)!r}


@test_case(points={float(single.exercise.points)!r}, hidden=False)
def test_{single.variable}(env):
    from gradlab.courses.kernels import check

    check({single.toml!r}, {given})
'''


def _notebook(found: list[Single], target: Path) -> Path:
    import nbformat

    new = nbformat.v4
    cells: list[Any] = [new.new_code_cell('import otter\n\ngrader = otter.Notebook("assignment.ipynb")', id="begin")]
    for single in found:
        head = f"## {single.name}\n\n{single.exercise.prompt}"
        begin = single.exercise.template() if isinstance(single.exercise, CodeExercise) else f'{single.variable} = ""'
        cells += [
            new.new_markdown_cell(head, id=f"{single.variable}-prompt"),
            new.new_code_cell(begin, id=single.variable),
            new.new_code_cell(f'grader.check("{single.variable}")', id=f"{single.variable}-check"),
        ]
    notebook = new.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return write_text(target, nbformat.writes(notebook))

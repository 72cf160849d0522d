"""Notebooks: ``%load_ext gradlab.notebook`` adds the cell magic ``%%grade``.

    %%grade exercise
    2x sin(x) + x^2 cos(x)

grades the cell as an answer to the exercise of that name; several lines, or sides of equations, are followed one
after the other. The grade shows itself as mathematics, and the attempt is kept in ``exercise.history``.
"""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic; IPython calls this."""

    def magic(line: str, cell: str) -> Any:
        return graded(shell.user_ns, line, cell)

    shell.register_magic_function(magic, "cell", "grade")


def graded(names: Any, line: str, cell: str) -> Any:
    """Return the grade of a cell, or its work followed line by line.

    names: what the notebook's names stand for.  line: the name of the exercise.
    Raises NameError, TypeError or ValueError, with what to write, for what is no exercise or no answer.

    >>> from gradlab import Exercise
    >>> graded({"first": Exercise("x^2")}, "first", "2x")
    correct: 1 of 1
      read as 2 x
      Right.
    """
    from gradlab.grading import Exercise, grade
    from gradlab.grading.working import follow

    name = line.strip()
    if name not in names:
        known = [key for key, value in names.items() if isinstance(value, Exercise)]
        raise NameError(
            f"%%grade needs the name of an exercise, not {name!r}; there are {', '.join(known) or 'none yet'}"
        )
    exercise = names[name]
    if not isinstance(exercise, Exercise):
        raise TypeError(f"{name} is no exercise but of type {type(exercise).__name__}; make one with Exercise(…)")
    lines = [text for text in cell.splitlines() if text.strip()]
    if not lines:
        raise ValueError(f"the cell is empty; write the answer to {name} below %%grade {name}")
    if len(lines) > 1 or "=" in lines[0]:
        return follow(exercise, lines)
    return grade(exercise, lines[0])

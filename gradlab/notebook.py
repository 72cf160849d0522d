"""Notebooks: ``%load_ext gradlab.notebook`` adds the cell magic ``%%grade``.

    %%grade exercise
    2x sin(x) + x^2 cos(x)

grades the cell as an answer to the exercise of that name; several lines, or sides of equations, are followed one
after the other. The grade shows itself as mathematics, and the attempt is kept in ``exercise.history``.

Where the exercise asks for code, the cell is the program. It is run shut off from the rest of the machine, or, where
there is nothing to shut it off with and it is your own, by ``%%grade exercise --trust``.
"""

from __future__ import annotations

from typing import Any

TRUST = "--trust"


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic; IPython calls this."""

    def magic(line: str, cell: str) -> Any:
        return graded(shell.user_ns, line, cell)

    shell.register_magic_function(magic, "cell", "grade")


def graded(names: Any, line: str, cell: str) -> Any:
    """Return the grade of a cell, or its work followed line by line.

    names: what the notebook's names stand for.  line: the name of the exercise, and --trust to run code of your own.
    Raises NameError, TypeError or ValueError, with what to write, for what is no exercise or no answer.

    >>> from gradlab import Exercise
    >>> graded({"first": Exercise("x^2")}, "first", "2x")
    correct: 1 of 1
      read as 2 x
      Right.
    """
    from gradlab.grading import CodeExercise, Exercise, grade
    from gradlab.grading.working import follow

    name, *options = line.split() or [""]
    if options not in ([], [TRUST]):
        raise ValueError(
            f"%%grade {line.strip():.80}: after the exercise stands nothing, or {TRUST} for code of your own"
        )
    if name not in names:
        known = [key for key, value in names.items() if isinstance(value, (Exercise, CodeExercise))]
        raise NameError(
            f"%%grade needs the name of an exercise, not {name!r:.80}; there are {', '.join(known) or 'none yet'}"
        )
    exercise = names[name]
    if not isinstance(exercise, (Exercise, CodeExercise)):
        raise TypeError(f"{name} is no exercise but of type {type(exercise).__name__}; make one with Exercise(…)")
    lines = [text for text in cell.splitlines() if text.strip()]
    if not isinstance(exercise, CodeExercise):
        lines = [text for text in lines if text.strip(" \t=")]
    if not lines:
        raise ValueError(f"the cell is empty; write the answer to {name} below %%grade {name}")
    if isinstance(exercise, CodeExercise):
        return grade(exercise, cell, trust=bool(options))
    if len(lines) > 1 or "=" in lines[0]:
        return follow(exercise, lines)
    return grade(exercise, lines[0])

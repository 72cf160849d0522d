"""The commands about exercises: grading an answer, making exercises, checking files of them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab import files
from gradlab.commands import values
from gradlab.commands.outcomes import Outcome
from gradlab.commands.usage import Code, UsageError

if TYPE_CHECKING:
    from gradlab.grading import CodeExercise
    from gradlab.grading.files import AnyExercise

CODES = {"correct": Code.DONE, "wrong": Code.DIFFER, "undecided": Code.UNDECIDED}


def grade(options: Namespace) -> Outcome:
    """One answer, graded; with --work, lines of work, each followed from the one before; or a program in a file."""
    if options.output:
        from gradlab.commands.courses import grade_all

        return grade_all(options)
    from gradlab.grading import CodeExercise

    exercise = _exercise(options)
    if options.work and not isinstance(exercise, CodeExercise):
        from gradlab.grading.working import follow

        work = follow(exercise, options.answer)
        code = Code.DONE if work.score == exercise.points else Code.DIFFER
        results = {"score": work.score, "out_of": exercise.points, "wrong_line": work.wrong}
        return Outcome(f"{exercise.prompt}\n{work!r}", results, "correct" if code is Code.DONE else "wrong", code)
    if isinstance(exercise, CodeExercise):
        return _code(exercise, options)
    found = exercise.check(options.answer)
    if found.error:
        raise UsageError(found.error)
    text = f"{exercise.prompt}\n{found!r}"
    if options.teacher:
        text += "".join(f"\n  {certificate}" for certificate in found.certificates)
        text += f"\n  may have happened: {', '.join(found.candidates) or 'nothing that is known'}"
    return Outcome(text, found.as_dict(), str(found.verdict), CODES[str(found.verdict)])


def _code(exercise: CodeExercise, options: Namespace) -> Outcome:
    submission = files.text_in(
        Path(options.answer), lambda why: UsageError(f"{why}; the answer is a file, submission.py or .ipynb")
    )
    found = exercise.check(submission, trust=options.trust)
    text = f"{exercise.prompt}\n{found!r}"
    if options.teacher:
        text += f"\n  {found.certificate}\n  isolation: {found.isolation}"
        text += f"\n  may have happened: {', '.join(found.candidates) or 'nothing that is known'}"
    return Outcome(text, found.as_dict(), str(found.verdict), CODES[str(found.verdict)])


def exercise(options: Namespace) -> Outcome:
    """Exercises made by rules, or those of a file checked or solved."""
    if options.action == "new":
        return _new(options)
    if not options.file:
        raise UsageError(f"`gradlab exercise {options.action}` needs a file: exercises.toml")
    from gradlab.grading.files import load

    found = load(options.file)
    if options.action == "check":
        lines = [f"{number}. {each.prompt}" for number, each in enumerate(found, 1)]
        return Outcome("\n".join(lines), {"exercises": [_as_dict(each) for each in found]})
    chosen = found if options.number is None else [_numbered(found, options.number)]
    text = "\n\n".join(f"{each.prompt}\n\n{each.solution()}" for each in chosen)
    return Outcome(text, {"exercises": [_as_dict(each) for each in chosen]})


def _new(options: Namespace) -> Outcome:
    from gradlab.grading.files import text_of
    from gradlab.grading.generating import generate

    rules = [rule.strip() for rule in options.rules.split(",") if rule.strip()]
    made = generate(rules, options.count, seed=options.seed, level=options.level)
    results: dict[str, Any] = {"exercises": [_as_dict(each) for each in made]}
    if options.output:
        path = Path(options.output)
        files.save(path, text_of(made))
        return Outcome(f"{len(made)} exercises: {path}", {**results, "file": str(path)})
    return Outcome(text_of(made).rstrip(), results)


def _exercise(options: Namespace) -> AnyExercise:
    from gradlab.grading import Exercise

    if options.exercise.endswith(".toml"):
        from gradlab.grading.files import load

        return _numbered(load(options.exercise), options.number or 1)
    at = None if options.at is None else values.named(options.at, "--at")
    try:
        return Exercise(
            options.exercise, options.ask, wrt=options.wrt, at=at, rate=options.rate, variables=options.variables
        )
    except (TypeError, ValueError) as error:  # an option that does not fit the function
        raise UsageError(str(error)) from error


def _numbered(exercises: list[AnyExercise], number: int) -> AnyExercise:
    if not 1 <= number <= len(exercises):
        raise UsageError(f"there is no exercise {number}; the file has {len(exercises)}")
    return exercises[number - 1]


def _as_dict(exercise: AnyExercise) -> dict[str, Any]:
    return {"prompt": exercise.prompt, "ask": exercise.ask, "answer": exercise.answer, "points": exercise.points}

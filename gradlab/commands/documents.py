"""The command ``gradlab report``: a document about one function, or about those of a lesson."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab.commands import values
from gradlab.commands.lessons import RATE, Lesson, Task, read
from gradlab.commands.naming import named_source, source
from gradlab.commands.outcomes import CODES, Outcome
from gradlab.commands.usage import Code, UsageError
from gradlab.errors import GradlabError
from gradlab.reports import files
from gradlab.reports.building import assembled, sections_of, title_of
from gradlab.reports.setting import set_up

if TYPE_CHECKING:
    from gradlab.graph import Function
    from gradlab.reports import Report

PRINTED = (".md", ".html", ".ipynb")
"""What can go to stdout: one text that holds its pictures, or needs none."""

_WORST = (Code.DIFFER, Code.UNDECIDED)
"""The exit codes by which one function decides for all, the worst first."""


def report(options: Namespace) -> Outcome:
    """A document about the function: derivation, comparison, descent."""
    path = _target(options)
    lesson = _lesson(options)
    setting = _set_up(options, lesson)
    sections, verdicts, names = [], list[str](), list[str]()
    for place, task in enumerate(lesson.functions, 1):
        records = _records(task, place, lesson)
        if setting.seed is not None:
            from gradlab.reports.variants import varied

            records = varied(records, setting.seed + place - 1)
        sections += sections_of(records, setting)
        verdicts += [str(record.verdict) for record in map(_comparison, records) if record is not None]
        names.append(title_of(records, setting))
        if len(lesson.functions) > 1:
            sys.stderr.write(f"gradlab report: {place} of {len(lesson.functions)}: {names[-1]}\n")
    about = names[0] if len(names) == 1 else setting.words.say("gradients")
    document = assembled(
        sections,
        setting,
        about,
        options.title or lesson.title,
        author=options.author or lesson.author or "",
        again=_command(options.arguments),
    )
    return _written(document, path, options, verdicts)


# What is asked for -----------------------------------------------------------------------------------


def _target(options: Namespace) -> Path | None:
    """Return where the document goes; None for stdout.  What cannot be written is refused before the work is done."""
    ending = f".{options.format}" if options.format else None
    if not options.output:
        if ending not in (None, *PRINTED):
            raise UsageError(f"--format {options.format} makes a file: say where, such as --output report{ending}")
        return None
    path = Path(options.output)
    if ending is not None and not path.suffix:
        path = path.with_name(f"{path.name}{ending}")
    if ending is not None and path.suffix.lower() != ending:
        raise UsageError(f"--format {options.format} and --output {options.output}: the ending says another format")
    files.check(path, *files.WRITERS)
    files.available(path.suffix.lower())
    return path


def _lesson(options: Namespace) -> Lesson:
    """Return the lesson in a TOML file, or the one function of the command line as a lesson."""
    if options.function is not None and options.function.endswith(".toml"):
        given = [
            name for name in ("script", "at", "start", "data", "shape", "variables", "wrt") if getattr(options, name)
        ]
        if given:
            raise UsageError(f"--{given[0]} belongs into the lesson {options.function}, beside its function")
        return read(Path(options.function))
    if options.function is None and not options.script:
        named_source(options)  # which says what is missing
    points = {name: values.point(tokens, f"--{name}") for name in ("at", "start") if (tokens := getattr(options, name))}
    task = Task(
        options.function,
        options.script,
        options.name,
        values.words(options.variables),
        None if options.shape is None else values.shapes(options.shape),
        None if options.data is None else values.named(options.data, "--data"),
        values.words(options.wrt),
        at=points.get("at"),
        start=points.get("start"),
        rate=RATE if options.rate is None else options.rate,
        steps=options.steps,
        engine=options.engine,
    )
    return Lesson(functions=(task,))


def _set_up(options: Namespace, lesson: Lesson) -> Any:
    def chosen(name: str, otherwise: str) -> str:
        return str(getattr(options, name) or getattr(lesson, name) or otherwise)

    seed = options.seed if options.seed is not None else lesson.seed
    try:
        return set_up(chosen("language", "en"), chosen("depth", "steps"), chosen("kind", "report"), seed)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _command(arguments: Sequence[str]) -> str:
    """Return the command as a shell reads it, without where the document went, which does not change it."""
    kept: list[str] = []
    skipped = False
    for word in arguments:
        if skipped:
            skipped = False
        elif word in ("--output", "-o"):
            skipped = True
        elif word != "--json" and not word.startswith("--output=") and not (word.startswith("-o") and word != "-o"):
            kept.append(word)
    return shlex.join(["gradlab", *kept])


# The records -----------------------------------------------------------------------------------------


def _records(task: Task, place: int, lesson: Lesson) -> list[Any]:
    """Return the records for one function; an error in a lesson says for which."""
    try:
        return _made(task)
    except GradlabError as error:
        if len(lesson.functions) == 1:
            raise
        raise UsageError(f"function {place}, {task.source or task.script}: {error}") from error


def _made(task: Task) -> list[Any]:
    from gradlab.comparison import compare
    from gradlab.descent import GradientDescent, descend
    from gradlab.sources import at_point
    from gradlab.symbolic import derive

    function = _function(task)
    anywhere = task.at if task.at is not None else task.start
    if anywhere is not None:
        function, _ = at_point(function, anywhere)
    found: list[Any] = [function if function.output is None else derive(function, task.wrt, order=task.order)]
    if task.at is not None:
        found.append(compare(function, task.at, wrt=task.wrt))
    if task.start is not None:
        rule = GradientDescent(rate=task.rate)
        found.append(descend(function, task.start, rule=rule, steps=task.steps, engine=task.engine))
    return found


def _function(task: Task) -> Function:
    from gradlab.sources import as_function

    written = source(task.source, task.script)
    try:
        return as_function(written, variables=task.variables, shapes=task.shapes, data=task.data, name=task.name)
    except (TypeError, ValueError) as error:  # an option that does not fit the function
        if task.script:
            raise
        raise UsageError(str(error)) from error


def _comparison(record: Any) -> Any:
    """Return the comparison that a record is or begins with; None where there is none."""
    return record if hasattr(record, "verdict") else getattr(record, "comparison", None)


# The document ----------------------------------------------------------------------------------------


def _written(document: Report, path: Path | None, options: Namespace, verdicts: Sequence[str]) -> Outcome:
    codes = [CODES[verdict] for verdict in verdicts]
    code = next((worst for worst in _WORST if worst in codes), Code.DONE)
    verdict = next((said for said in verdicts if CODES[said] is code), None)
    if path is None:
        text = _printed(document, options.format)
        return Outcome(text.rstrip("\n"), {options.format or "markdown": text}, verdict, code)
    document.save(path)
    beside = (
        f", its pictures in {files.figures_folder(path)}"
        if document.pictures and path.suffix in (".md", ".tex")
        else ""
    )
    titles = [part.title for part in document.sections]
    results = {"path": str(path), "title": document.title, "sections": titles}
    return Outcome(f"written: {path}{beside}", results, verdict, code)


def _printed(document: Report, ending: str | None) -> str:
    if ending in (None, "md"):
        return document.linking_to(None)
    from gradlab.reports import pandoc

    return (pandoc.html(document) if ending == "html" else pandoc.notebook(document)).decode()

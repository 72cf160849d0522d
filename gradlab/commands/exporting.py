"""The command that takes results of a course to where courses live."""

from __future__ import annotations

import secrets
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from gradlab.commands.outcomes import Outcome
from gradlab.commands.usage import UsageError

if TYPE_CHECKING:
    from gradlab.courses.exports.gradebooks import Filled
    from gradlab.courses.results import Results


def course(options: Namespace) -> Outcome:
    """Results exported, a class report, pages of feedback, or what a platform runs by itself."""
    from gradlab.courses.results import Results

    target = Path(options.output)
    if options.action in ("autograder", "nbgrader", "otter"):
        return _made(options, target)
    with Results(options.results, read_only=True) as results:
        if options.action == "report":
            from gradlab.courses.class_report import class_report

            path = class_report(results).document().save(target)
            return Outcome(f"written: {path}", {"path": str(path)})
        if options.action == "pages":
            from gradlab.courses.pages import pages

            return _listed(pages(results, target), target)
        return _exported(options, results, target)


def _made(options: Namespace, target: Path) -> Outcome:
    """Return what a platform runs by itself, made of a file of exercises."""
    from gradlab.courses.exports import autograder, nbgrader, otter

    if options.action == "otter":
        return _listed(otter.otter(options.results, target), target)
    if options.action == "nbgrader":
        path = nbgrader.assignment(options.results, target)
    else:
        path = autograder.autograder(options.results, target, secrets.token_hex(16))
    return Outcome(f"written: {path}", {"path": str(path)})


def _exported(options: Namespace, results: Results, target: Path) -> Outcome:
    from gradlab.courses.exports import gradebooks, gradescope, nbgrader, tables

    plain = {
        "csv": tables.csv_of,
        "json": tables.json_of,
        "gradescope": gradescope.gradescope,
        "nbgrader": nbgrader.gradebook,
    }
    if options.to in plain:
        return _listed(plain[options.to](results, target), target)
    if options.to is None or options.gradebook is None:
        raise UsageError(
            "say with --to which form is wanted: csv, json, gradescope, nbgrader, canvas or moodle; "
            "the last two fill in the table that the platform exports: --gradebook FILE.csv"
        )
    if options.to == "moodle":
        return _filled(gradebooks.moodle(results, Path(options.gradebook), target))
    if options.assignment is None:
        raise UsageError('say with --assignment which column of the gradebook is meant: --assignment "Homework 1"')
    return _filled(gradebooks.canvas(results, Path(options.gradebook), target, options.assignment))


def _listed(paths: list[Path], target: Path) -> Outcome:
    return Outcome(f"written: {len(paths):,} files in {target}", {"files": [str(path) for path in paths]})


def _filled(found: Filled) -> Outcome:
    lines = [f"written: {found.path}, with the points of {found.matched:,} students"]
    for what, names in (
        ("have results and are not in the gradebook", found.absent),
        ("are in the gradebook and have no results", found.without),
        ("cannot be told apart by name", found.ambiguous),
    ):
        lines += [f"{len(names):,} {what}: {'; '.join(names)}"] if names else []
    told = {"path": str(found.path), "matched": found.matched, "absent": list(found.absent)}
    return Outcome("\n".join(lines), {**told, "without": list(found.without), "ambiguous": list(found.ambiguous)})

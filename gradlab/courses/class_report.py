"""The class report: what the class can do, what it mixes up, and what a person has to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from gradlab.courses.exports.tables import by_student, number, total
from gradlab.courses.item_analysis import Item, analyse, reliability

if TYPE_CHECKING:
    from gradlab.courses.results import Listed, Result, Results
    from gradlab.reports.document import Report, Section

LONGEST_ANSWER = 70
"""Characters of an answer that a table shows."""

MOST_GROUPS = 12
MOST_NAMES = 4
MOST_UNDECIDED = 200
EASY, HARD, WEAK = 0.9, 0.3, 0.2
"""Limits in use for classroom tests (Ebel & Frisbie, Essentials of Educational Measurement, 1991)."""


@dataclass(frozen=True)
class Group:
    """Students whose wrong answers to one exercise are the same, as gradlab reads them."""

    exercise: str
    answer: str
    misconception: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class ClassReport:
    """What the results of a class come to.

    items: difficulty and discrimination of each exercise.  misconceptions: per exercise, how many made each mistake.
    undecided: what a person has to look at.  groups: of identical wrong answers, the largest first.
    totals: of each student.  alpha: Cronbach's, None where there is none.
    """

    exercises: tuple[Listed, ...]
    items: tuple[Item, ...]
    misconceptions: Mapping[str, tuple[tuple[str, int], ...]]
    undecided: tuple[Result, ...]
    groups: tuple[Group, ...]
    totals: Mapping[str, float]
    alpha: float | None

    def document(self, title: str = "Class report") -> Report:
        """Return it as a document that saves as .html, .pdf, .md, .docx, …"""
        from gradlab.reports.document import Report

        sections = (_overview(self), _items(self), _mistakes(self), _undecided(self), _groups(self))
        return Report(title, sections)


def class_report(results: Results) -> ClassReport:
    """Return what the results of a class come to."""
    listed = tuple(results.exercises())
    students = by_student(results)
    rows = [row for own in students.values() for row in own.values()]
    points = {each.name: each.points for each in listed}
    shares = {
        student: {name: _share(row) for name, row in own.items() if name in points} for student, own in students.items()
    }
    return ClassReport(
        listed,
        tuple(analyse(shares, points)),
        {each.name: _counted(each.name, rows) for each in listed},
        tuple(row for row in rows if _is_open(row)),
        tuple(identical(rows)),
        {student: total(own.values()) for student, own in students.items()},
        reliability(shares, points),
    )


def _is_open(row: Result) -> bool:
    return bool(row.problem) or row.verdict == "undecided"


def _share(row: Result) -> float | None:
    return None if _is_open(row) or not row.out_of else row.score / row.out_of


def _counted(exercise: str, rows: Sequence[Result]) -> tuple[tuple[str, int], ...]:
    """Return how many students made each mistake; one who made it twice counts once."""
    found: Counter[str] = Counter()
    for row in rows:
        if row.exercise == exercise and row.verdict == "wrong":
            named = {name for name, *_ in row.mistakes} | ({row.misconception} if row.misconception else set())
            found.update(sorted(named) or ["no known mistake"])
    return tuple(found.most_common())


def identical(rows: Sequence[Result]) -> list[Group]:
    """Return the groups of two or more identical wrong answers, the largest first."""
    found: dict[tuple[str, str], list[Result]] = {}
    for row in rows:
        if row.verdict == "wrong" and not row.problem:
            found.setdefault((row.exercise, row.digest), []).append(row)
    groups = [
        Group(same[0].exercise, same[0].answer, same[0].misconception, tuple(row.student for row in same))
        for same in found.values()
        if len(same) > 1
    ]
    return sorted(groups, key=lambda group: (-len(group.students), group.exercise, group.answer))


# As a document ---------------------------------------------------------------------------------------


def _overview(found: ClassReport) -> Section:
    from gradlab.reports.document import Section

    totals = list(found.totals.values())
    out_of = number(sum(each.points for each in found.exercises))
    lines = [f"- students: {len(totals):,}", f"- exercises: {len(found.exercises)}, worth {out_of} points"]
    if totals:
        middle = f"mean {fmean(totals):.2f}, median {median(totals):.2f}"
        lines.append(f"- points: {middle}, from {number(min(totals))} to {number(max(totals))}")
    if found.alpha is not None:
        lines.append(f"- reliability (Cronbach's alpha): {found.alpha:.2f}")
    lines.append(f"- for a person to look at: {len(found.undecided):,}")
    return Section("The class", ("\n".join(lines),))


def _items(found: ClassReport) -> Section:
    from gradlab.reports.document import Section
    from gradlab.reports.markdown import table, typed

    rows = [
        [
            typed(item.name),
            _remark(item),
            f"{item.count:,}",
            _figure(item.difficulty),
            _figure(item.item_total),
            _figure(item.discrimination),
        ]
        for item in found.items
    ]
    head = ["exercise", "remark", "students", "difficulty p", "item–total r", "corrected r"]
    said = (
        "The difficulty p is the mean share of the points: 1 means that everybody had it right. "
        "The item–total r is the correlation of an exercise with the whole (the point-biserial correlation where it is "
        "right or wrong), the corrected r that with the total of the others: "
        "near 0 it does not tell strong students from weak ones, below 0 something is wrong with it. "
        "An exercise left out counts 0; what is not decided is left out. "
        "Source: Crocker & Algina, Introduction to Classical and Modern Test Theory (1986); "
        f"the remarks: p over {EASY} or under {HARD}, r under {WEAK} (Ebel & Frisbie, 1991)."
    )
    return Section("Exercises", (table(head, rows, left=2), said))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _remark(item: Item) -> str:
    remarks: list[str] = []
    if item.difficulty is not None:
        remarks += ["very easy"] if item.difficulty > EASY else ["very hard"] if item.difficulty < HARD else []
    if item.discrimination is not None and item.discrimination < 0:
        remarks.append("look at it: the strong fail")
    elif item.discrimination is not None and item.discrimination < WEAK:
        remarks.append("tells little")
    return ", ".join(remarks)


def _mistakes(found: ClassReport) -> Section:
    from gradlab.reports.blocks import Block, Heading
    from gradlab.reports.document import Section
    from gradlab.reports.markdown import table, typed

    blocks: list[Block] = []
    for exercise in found.exercises:
        counted = found.misconceptions[exercise.name]
        if counted:
            rows = [[typed(name), f"{count:,}"] for name, count in counted]
            blocks += [Heading(exercise.name), typed(exercise.prompt), table(["mistake", "students"], rows, left=1)]
    return Section("Mistakes", tuple(blocks) or ("Nobody gave a wrong answer.",))


def _undecided(found: ClassReport) -> Section:
    from gradlab.reports.document import Section
    from gradlab.reports.markdown import table, typed

    if not found.undecided:
        return Section("For a person to look at", ("Every answer was decided.",))
    shown = found.undecided[:MOST_UNDECIDED]
    rows = [
        [typed(row.student), typed(row.exercise), _shown(row.answer), typed(_short(row.problem or row.certificate))]
        for row in shown
    ]
    more = len(found.undecided) - len(shown)
    rest = [f"{more:,} more are in the file of results."] if more else []
    return Section("For a person to look at", (table(["student", "exercise", "answer", "why"], rows, left=4), *rest))


def _groups(found: ClassReport) -> Section:
    from gradlab.reports.document import Section
    from gradlab.reports.markdown import table, typed

    if not found.groups:
        return Section("The same wrong answer", ("No wrong answer was given twice.",))
    rows = [
        [
            typed(group.exercise),
            _shown(group.answer),
            typed(group.misconception) or "–",
            typed(_people(group.students)),
            f"{len(group.students):,}",
        ]
        for group in found.groups[:MOST_GROUPS]
    ]
    more = len(found.groups) - len(rows)
    head = ["exercise", "answer", "mistake", "students", "number"]
    said = "Answers count as the same where they read the same; programs where their text is the same."
    rest = [f"{more:,} smaller groups are left out."] if more else []
    return Section("The same wrong answer", (said, table(head, rows, left=4), *rest))


def _people(students: Sequence[str]) -> str:
    more = len(students) - MOST_NAMES
    return "; ".join(students[:MOST_NAMES]) + (f"; and {more:,} more" if more > 0 else "")


def _shown(answer: str) -> str:
    from gradlab.reports.markdown import typed

    return typed(_short(answer)) or "*nothing*"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ANSWER else f"{line[: LONGEST_ANSWER - 1]}…"

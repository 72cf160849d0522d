"""`report`: from records to a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from gradlab.errors import ReportError
from gradlab.misuse import explains_misuse
from gradlab.reports import provenance
from gradlab.reports.blocks import Code
from gradlab.reports.document import Report, Section
from gradlab.reports.sections import section
from gradlab.reports.setting import Setting, set_up
from gradlab.reports.variants import varied
from gradlab.reports.worksheets import exercise


@explains_misuse
def report(
    *records: Any,
    title: str | None = None,
    author: str = "",
    language: str = "en",
    depth: str = "steps",
    kind: str = "report",
    seed: int | None = None,
    command: str = "",
) -> Report:
    """Return a document about *records*, in their order, that ends with the versions behind its numbers.

    records: what `derive`, `estimate`, `backward`, `compare`, `descend` and `as_function` return, and
        matplotlib figures; `gradlab.reports.Picture` adds a caption to a figure.
    title: as plain text; by default it names the function that the records are about.  author: as plain text.
    language: of the fixed words, "en" or "de".
    depth: how much of a derivation is shown: "result", "outline", "steps" or "rules".
    kind: "worksheet" asks for the results instead, with room to write them; "solutions" is the same sheet with them.
    seed: changes the numbers of a worksheet; the same seed gives its solutions.
    command: what is typed to make the document again, as a shell reads it; without it the document says which Python
        makes it again, where it is about one function that is written as text.
    The same records give the same text, byte for byte.
    Raises TypeError for anything else, ValueError where there is no record, or for another language or depth.

    >>> from gradlab import derive
    >>> print(report(derive("x**2 + y")).markdown.splitlines()[0])
    # The gradient of f(x, y)
    """
    if not records:
        raise ValueError("a report needs a record: report(derive(f), compare(f, at))")
    for name, value in (("title", title or ""), ("author", author), ("command", command)):
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] - not everybody checks types
            raise TypeError(f"{name}={value!r} is no text")
    setting = set_up(language, depth, kind, seed)
    given = records if seed is None else varied(records, seed)
    again = command or (Code(made, runs=True) if kind == "report" and (made := provenance.program(given)) else "")
    return assembled(sections_of(given, setting), setting, title_of(given, setting), title, author=author, again=again)


def sections_of(records: Sequence[Any], setting: Setting) -> list[Section]:
    """Return what a document, or a worksheet, says about each record."""
    for record in records:
        _check_whole(record)
    if setting.kind == "report":
        return [section(record, setting) for record in records]
    return [exercise(record, setting, solved=setting.kind == "solutions") for record in records]


def _check_whole(record: Any) -> None:
    """Raise ReportError for a record that an older gradlab made and pickle brought back: it lacks what is shown."""
    missing = (
        [entry.name for entry in fields(record) if not hasattr(record, entry.name)] if is_dataclass(record) else []
    )
    if missing:
        raise ReportError(
            f"this {type(record).__name__} was made by another version of gradlab: it has no {', '.join(missing)}; "
            "make it again with this one"
        )


def assembled(
    sections: Sequence[Section],
    setting: Setting,
    about: str,
    title: str | None = None,
    *,
    author: str = "",
    again: str | Code = "",
) -> Report:
    """Return the document of *sections*, with the provenance of all of them at its end.

    about: what a document without a *title* of its own is called.
    again: the command or the program that makes it again.
    """
    if setting.kind == "worksheet":  # a sheet that is handed in says whose it is
        sections = [replace(sections[0], blocks=(setting.words.say("your name"), *sections[0].blocks)), *sections[1:]]
    own = about if setting.kind == "report" else setting.words.say(f"{setting.kind} of", title=about)
    ending = provenance.section(sections, setting.words, again=again, seed=setting.seed)
    return Report(own if title is None else title, (*sections, ending), author, setting.words.language)


def title_of(records: Sequence[Any], setting: Setting) -> str:
    """Return what a document about *records* is called by default."""
    words = setting.words
    functions = [getattr(record, "function", None) or record for record in records]
    named = {getattr(function, "signature", None) for function in functions} - {None}
    return words.say("gradient of", name=named.pop()) if len(named) == 1 else words.say("gradients")

"""`report`: from records to a document."""

from __future__ import annotations

from typing import Any

from gradlab.reports import provenance
from gradlab.reports.document import Report
from gradlab.reports.sections import section
from gradlab.reports.setting import Setting
from gradlab.reports.words import Words
from gradlab.symbolic.views import chosen


def report(
    *records: Any,
    title: str | None = None,
    author: str = "",
    language: str = "en",
    depth: str = "steps",
    command: str = "",
) -> Report:
    """Return a document about *records*, in their order, that ends with the versions behind its numbers.

    records: what `derive`, `estimate`, `backward`, `compare`, `descend` and `as_function` return, and
        matplotlib figures; `gradlab.reports.Picture` adds a caption to a figure.
    title: as plain text; by default it names the function that the records are about.  author: as plain text.
    language: of the fixed words, "en" or "de".
    depth: how much of a derivation is shown: "result", "outline", "steps" or "rules".
    command: what is typed to make the document again.
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
    setting = Setting(Words(language), chosen(depth))
    sections = [section(record, setting) for record in records]
    ending = provenance.section(sections, setting.words, command=command)
    return Report(_title(records, setting.words) if title is None else title, (*sections, ending), author, language)


def _title(records: tuple[Any, ...], words: Words) -> str:
    functions = [getattr(record, "function", None) or record for record in records]
    named = {getattr(function, "signature", None) for function in functions} - {None}
    return words.say("derivation", name=named.pop()) if len(named) == 1 else words.say("gradients")

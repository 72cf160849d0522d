"""`report`: from records to a document."""

from __future__ import annotations

from typing import Any

from gradlab.reports import provenance
from gradlab.reports.document import Report
from gradlab.reports.sections import section


def report(*records: Any, title: str | None = None) -> Report:
    """Return a document about *records*, in their order, that ends with the versions behind its numbers.

    records: what `derive`, `estimate`, `backward`, `compare`, `descend` and `as_function` return, and
        matplotlib figures; `gradlab.reports.Picture` adds a caption to a figure.
    title: as plain text; by default it names the function that the records are about.
    The same records give the same text, byte for byte.
    Raises TypeError for anything else, ValueError where there is no record.

    >>> from gradlab import derive
    >>> print(report(derive("x**2 + y")).markdown.splitlines()[0])
    # The gradient of f(x, y)
    """
    if not records:
        raise ValueError("a report needs a record: report(derive(f), compare(f, at))")
    if not isinstance(title, str | None):  # pyright: ignore[reportUnnecessaryIsInstance] - not everybody checks types
        raise TypeError(f"title={title!r} is no text")
    sections = [section(record) for record in records]
    return Report(_title(records) if title is None else title, (*sections, provenance.section(sections)))


def _title(records: tuple[Any, ...]) -> str:
    functions = [getattr(record, "function", None) or record for record in records]
    named = {getattr(function, "signature", None) for function in functions} - {None}
    return f"The gradient of {named.pop()}" if len(named) == 1 else "Gradients"

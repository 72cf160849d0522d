"""The report of what the page shows, as the bytes of a file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from gradlab.errors import GradlabError
from gradlab.lab.deriving import derivation
from gradlab.lab.descending import Asked, run
from gradlab.lab.reading import read

FORMATS = {"HTML": ".html", "PDF": ".pdf", "notebook": ".ipynb", "Markdown": ".md"}
"""What can be saved, by the words of the page; all but Markdown need pandoc, which the extra ``lab`` brings."""


def document(asked: Asked, ending: str) -> bytes:
    """Return the report as a file of that ending: derivation, comparison where there is one, and the run.

    Raises ReportError where pandoc or Typst is missing.
    """
    from gradlab.comparison import compare
    from gradlab.reports import report

    subject = read(asked.text, asked.model)
    records: list[object] = [derivation(asked.text, asked.model)]
    with suppress(GradlabError):  # no gradient at the start; the derivation stands
        records.append(compare(subject.function, subject.point(asked.start)))
    records.append(run(asked))
    made = report(*records, title=f"Report of the lab: {subject.function.signature}")
    if ending == ".md":
        return made.linking_to(None).encode()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"report{ending}"
        made.save(path)
        return path.read_bytes()

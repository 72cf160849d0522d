"""The document between the records and the file formats: titled sections of blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path

from gradlab.reports import files
from gradlab.reports.blocks import Blank, Block, Code, Equations, Heading, Reference
from gradlab.reports.dialects import Dialect, Plain, image
from gradlab.reports.markdown import link_target, typed
from gradlab.reports.pictures import Picture
from gradlab.reports.words import Words

LONG = 8
"""Titles from which on a document begins with a list of its contents."""


@dataclass(frozen=True, eq=False)
class Section:
    """A titled part of a document.

    title: as plain text; it is shown as typed.  blocks: what follows, in order.
    libraries: the packages whose results it shows, by their names on PyPI.
    dtypes: the kinds of floating-point numbers in it.
    """

    title: str
    blocks: tuple[Block, ...]
    libraries: frozenset[str] = frozenset()
    dtypes: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Report:
    """A document; `gradlab.report` makes one.

    title, author: as plain text; no author is "".  sections: in the order in which they are read.
    language: of its fixed words, "en" or "de".
    """

    title: str
    sections: tuple[Section, ...]
    author: str = ""
    language: str = "en"

    @cached_property
    def pictures(self) -> dict[str, Picture]:
        """Every picture by the name of its file without ending, in the order in which they are seen."""
        found = [block for section in self.sections for block in section.blocks if isinstance(block, Picture)]
        return {f"{number:02}-{picture.slug}": picture for number, picture in enumerate(found, 1)}

    @property
    def is_long(self) -> bool:
        """Whether it begins with a list of its contents."""
        return len(list(self._titles())) >= LONG

    @property
    def markdown(self) -> str:
        """The text that ``save("report.md")`` writes; nothing is drawn for it."""
        return self.linking_to(files.figures_folder(Path("report.md")).name)

    def linking_to(self, folder: str | None) -> str:
        """Return the text with its pictures taken from *folder*; None: with their descriptions instead."""

        def link(name: str, picture: Picture) -> str:
            if folder is None:
                return f"*{Words(self.language).say('picture')}: {typed(picture.alt)}*"
            return image(picture, link_target(f"{folder}/{name}{picture.ending}"))

        return self.plain(Plain(link))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the document to *path* and return the path.

        The ending chooses the format: ``.md``, ``.html``, ``.pdf``, ``.tex``, ``.docx`` or ``.ipynb``; all but ``.md``
        need the extra ``gradlab[report]``.  ``fit.md`` and ``fit.tex`` have their pictures in ``fit_figures/``
        beside them, the others hold them.  Raises ReportError for another ending, where the extra is missing, and where
        the file cannot be written; the document is then left as it was.
        """
        return files.write(self, Path(path))

    def body(self, dialect: Dialect) -> str:
        """Return the sections as Markdown in a *dialect*."""
        return "\n\n".join(self._parts(dialect)) + "\n"

    def plain(self, dialect: Plain) -> str:
        """Return the whole document, its title too, for people and notebooks."""
        parts = [f"# {typed(self.title)}"]
        parts += [f"*{typed(self.author)}*"] if self.author else []
        if self.is_long:
            parts.append(self.contents(lambda number, text: _slug(f"{number} {text}")))
        return "\n\n".join([*parts, *self._parts(dialect)]) + "\n"

    def _parts(self, dialect: Dialect) -> Iterator[str]:
        names = iter(self.pictures)
        titles = self._titles()
        count, found = 0, dict[str, int]()
        for section in self.sections:
            _, number, _ = next(titles)
            yield dialect.heading(section.title, 1, number)
            for block in section.blocks:
                match block:
                    case Picture():
                        yield dialect.picture(next(names), block)
                    case Equations():
                        count += 1
                        found[block.label] = count
                        yield dialect.equations(block.rows, count)
                    case Reference():
                        if block.label in found:
                            yield block.sentence.format(dialect.reference(found[block.label]))
                    case Heading():
                        _, number, _ = next(titles)
                        yield dialect.heading(block.text, 2, number)
                    case Code():
                        yield dialect.code(block.text, runs=block.runs)
                    case Blank():
                        yield dialect.blank(block.lines)
                    case _:
                        yield dialect.text(block.strip("\n"))

    def _titles(self) -> Iterator[tuple[int, str, str]]:
        """Yield the level, the number and the text of each title."""
        for number, section in enumerate(self.sections, 1):
            yield 1, f"{number}", section.title
            part = 0
            for block in section.blocks:
                if isinstance(block, Heading):
                    part += 1
                    yield 2, f"{number}.{part}", block.text

    def contents(self, anchor: Callable[[str, str], str]) -> str:
        """Return the list of contents; *anchor* returns the target of a link to a number and its title."""
        return "\n".join(
            f"{'  ' * (level - 1)}- [{typed(f'{number} {text}')}](#{link_target(anchor(number, text))})"
            for level, number, text in self._titles()
        )

    def __repr__(self) -> str:
        count = len(self.pictures)
        pictures = "no pictures" if not count else f"{count} picture{'s' if count > 1 else ''}"
        lines = [f"report “{self.title}”, {pictures}", *(f"  {section.title}" for section in self.sections)]
        return "\n".join([*lines, 'save it with .save("report.html")'])

    def _repr_markdown_(self) -> str:
        # A notebook knows no folder beside it, so the pictures are in the text.
        return self.plain(Plain(lambda _, picture: image(picture, picture.data())))


def _slug(title: str) -> str:
    """Return the anchor that GitHub gives a title."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")

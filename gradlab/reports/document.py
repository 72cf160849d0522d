"""The document between the records and the file formats: titled sections of Markdown and pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from gradlab.reports import files
from gradlab.reports.markdown import link_target, typed
from gradlab.reports.pictures import Picture

Block = str | Picture
"""A piece of a section: Markdown (a paragraph, a table, a formula), or a picture."""


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

    title: as plain text.  sections: in the order in which they are read.
    """

    title: str
    sections: tuple[Section, ...]

    @property
    def pictures(self) -> dict[str, Picture]:
        """Every picture by the name of its file, in the order in which they are seen."""
        found = [block for section in self.sections for block in section.blocks if isinstance(block, Picture)]
        return {f"{number:02}-{picture.slug}.png": picture for number, picture in enumerate(found, 1)}

    @property
    def markdown(self) -> str:
        """The text that ``save("report.md")`` writes; nothing is drawn for it."""
        return self.linking_to(files.figures_folder(Path("report.md")).name)

    def linking_to(self, folder: str | None) -> str:
        """Return the text with its pictures taken from *folder*; None: with their descriptions instead."""

        def link(name: str, picture: Picture) -> str:
            if folder is None:
                return f"*Picture: {typed(picture.alt)}*"
            return _image(picture, link_target(f"{folder}/{name}"))

        return self._written(link)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the document to *path*, its pictures into a folder beside it, and return the path.

        The ending chooses the format; ``.md`` is the one that works now.  ``fit.md`` has its pictures in
        ``fit_figures/``.  Raises ReportError for another ending, and where the file cannot be written; the
        document is then left as it was.
        """
        return files.write(self, Path(path))

    def _written(self, link: Callable[[str, Picture], str]) -> str:
        names = iter(self.pictures.items())
        parts = [f"# {typed(self.title)}"]
        for section in self.sections:
            parts.append(f"## {typed(section.title)}")
            for block in section.blocks:
                if isinstance(block, Picture):
                    parts.append(link(*next(names)))
                    parts += [block.caption] if block.caption else []
                else:
                    parts.append(block.strip("\n"))
        return "\n\n".join(parts) + "\n"

    def __repr__(self) -> str:
        count = len(self.pictures)
        pictures = "no pictures" if not count else f"{count} picture{'s' if count > 1 else ''}"
        lines = [f"report “{self.title}”, {pictures}", *(f"  {section.title}" for section in self.sections)]
        return "\n".join([*lines, 'save it with .save("report.md")'])

    def _repr_markdown_(self) -> str:
        # A notebook knows no folder beside it, so the pictures are in the text.
        return self._written(
            lambda _, picture: _image(picture, f"data:image/png;base64,{b64encode(picture.png()).decode()}")
        )


def _image(picture: Picture, target: str) -> str:
    return f"![{typed(picture.alt)}]({target})"

"""Documents on disk: one writer for each ending, and never half a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gradlab.errors import ReportError
from gradlab.files import check_place, replace, save, unwritable

if TYPE_CHECKING:
    from gradlab.reports.document import Report


def write(report: Report, path: Path) -> Path:
    """Write *report* in the format that the ending of *path* names, and return the path."""
    check(path, *WRITERS)
    available(path.suffix.lower())
    WRITERS[path.suffix.lower()](report, path)
    return path


def check(path: Path, *endings: str) -> None:
    """Raise ReportError where nothing with one of these *endings* can be written to *path*: before the work is done."""
    written = repr(str(path))
    if path.suffix.lower() not in endings:
        found = f"the ending {path.suffix!r}" if path.suffix else "no ending"
        example = path.with_suffix(endings[0]) if path.name else Path(f"report{endings[0]}")
        raise ReportError(
            f"cannot write {written}: it has {found}; write {', '.join(endings)}, such as {str(example)!r}"
        )
    check_place(path, ReportError)


def available(ending: str) -> None:
    """Raise ReportError, saying which extra to install, where what writes this format is missing."""
    if ending != ".md":
        from gradlab.reports import pandoc

        pandoc.program()
        if ending == ".pdf":
            pandoc.typst()


def figures_folder(path: Path) -> Path:
    """Return the folder beside the document at *path* that holds its pictures."""
    return path.with_name(f"{path.stem}_figures")


def _beside(report: Report, path: Path, ending: str | None, text: Callable[[str], bytes]) -> None:
    """Write the pictures, then the text that shows them: who finds the text finds its pictures."""
    folder = figures_folder(path)
    drawn = {
        f"{name}{ending or picture.ending}": picture.drawn(ending or picture.ending)
        for name, picture in report.pictures.items()
    }
    content = text(folder.name)
    made = bool(drawn) and not folder.is_dir()
    written: list[Path] = []
    try:
        if made:
            folder.mkdir()
        for name, picture in drawn.items():
            replace(folder / name, picture)
            written.append(folder / name)
        replace(path, content)
    except OSError as error:
        if made:
            _removed(written, folder)
        raise unwritable(path, error, ReportError) from error


def write_markdown(report: Report, path: Path) -> None:
    """Write Markdown and its pictures."""
    _beside(report, path, None, lambda folder: report.linking_to(folder).encode("utf-8", "replace"))


def write_latex(report: Report, path: Path) -> None:
    """Write LaTeX and its pictures."""
    from gradlab.reports import pandoc

    _beside(report, path, ".png", lambda folder: pandoc.latex(report, folder))


def _whole(format: str) -> Callable[[Report, Path], None]:
    """Return the writer of a format that holds its pictures; *format* is the function of `gradlab.reports.pandoc`."""

    def written(report: Report, path: Path) -> None:
        from gradlab.reports import pandoc

        content: bytes = getattr(pandoc, format)(report)
        save(path, content, ReportError)

    return written


def _removed(written: list[Path], folder: Path) -> None:
    for path in written:
        path.unlink(missing_ok=True)
    if folder.is_dir():
        try:
            folder.rmdir()
        except OSError:  # somebody else has put a file there meanwhile
            return


WRITERS: Mapping[str, Callable[[Report, Path], None]] = {
    ".md": write_markdown,
    ".html": _whole("html"),
    ".pdf": _whole("pdf"),
    ".tex": write_latex,
    ".docx": _whole("docx"),
    ".ipynb": _whole("notebook"),
}
"""The formats by their ending."""

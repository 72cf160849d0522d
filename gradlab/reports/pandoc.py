"""Documents through pandoc and typst: the Markdown of a dialect in, the bytes of a file out."""

from __future__ import annotations

import json
import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from gradlab.errors import ReportError
from gradlab.reports.dialects import Docx, Html, Latex, Plain, Typst, image, section_id
from gradlab.reports.markdown import typed
from gradlab.reports.words import Words

if TYPE_CHECKING:
    from gradlab.reports.document import Report
    from gradlab.reports.pictures import Picture

ASSETS = Path(__file__).parent / "assets"

_FROM = "markdown-smart-citations-example_lists"
"""What pandoc reads: quotes and @ stay as they are typed."""

_WIDE = "--columns=300"
"""Pipe tables with longer lines get relative widths, which squeeze their columns."""

_PLAIN_CODE = "--no-highlight"
"""Colours of programs would need a second set of them for the dark."""

_BIG_BRACKET = re.compile(r"#scale\(x: (\d+)%, y: \d+%\)\[(\\?.)\]")
"""A picture of a bracket is scaled without room being made for it; typst's own brackets have a size."""

_BRACKETS = {
    "(": "paren.l",
    ")": "paren.r",
    "[": "bracket.l",
    "]": "bracket.r",
    "|": "bar.v",
    "{": "brace.l",
    "}": "brace.r",
}

_BEFORE_BRACKET = re.compile(r"""(upright\("[^"\s]+"\)|"[^"\s]+") (?=\\\()""")
"""The name of a function before its bracket: Typst sets a space there where one is written."""

_CIRCLED = re.compile(r"\b(dot|times)\.circle\b")
"""Typst 0.15 has no such name any more; it has had the other since 0.14."""


def html(report: Report) -> bytes:
    """Return one HTML file that holds its style, font and pictures; no script, and nothing from elsewhere."""
    page = (ASSETS / "report.html").read_text("utf-8")
    page = page.replace("STYLE", (ASSETS / "report.css").read_text("utf-8")).replace("FONT", _font())
    options = ["--to=html5", "--mathml", "--number-sections", "--template=page.html", _PLAIN_CODE]
    text = _headed(report, report.body(Html()))
    written = _pandoc(text, [*options, *_contents(report)], {"page.html": page.encode()}).decode()
    pictures = report.pictures

    def embedded(found: re.Match[str]) -> str:
        picture = pictures.get(found[1])
        return found[0] if picture is None else f'<img src="{picture.data()}"'

    # pandoc can embed them too, in four times the time.
    return re.sub(r'<img\s+src="([^".]+)\.(?:png|svg)"', embedded, written).encode()


def latex(report: Report, folder: str) -> bytes:
    """Return a LaTeX file that takes its pictures from *folder*."""
    options = ["--to=latex", "--number-sections", f"--template={ASSETS / 'report.tex'}", _PLAIN_CODE]
    return _pandoc(_headed(report, report.body(Latex(folder))), [*options, *_contents(report)], {})


def docx(report: Report) -> bytes:
    """Return a Word file; its contents are links, as a field would be empty until it is updated."""
    dialect = Docx()
    contents = ""
    if report.is_long:
        heading = f"**{Words(report.language).say('contents')}**"
        contents = f"{heading}\n\n{report.contents(lambda number, _: section_id(number))}\n\n"
    text = _headed(report, contents + report.body(dialect))
    # The shares of the columns hold where a line is longer than this.
    return _pandoc(text, ["--to=docx", "--number-sections", "--columns=10"], _drawn(report, dialect.ending))


def notebook(report: Report) -> bytes:
    """Return a Jupyter notebook, its programs in cells that run."""

    def attached(name: str, picture: Picture) -> str:
        return image(picture, f"{name}{picture.ending}")

    text = report.plain(Plain(attached, cells=True))
    return _pandoc(
        text,
        ["--to=ipynb", f"--from={_FROM}-implicit_figures"],
        {f"{n}{p.ending}": p.drawn(p.ending) for n, p in report.pictures.items()},
    )


def pdf(report: Report) -> bytes:
    """Return a PDF, typeset by typst."""
    dialect = Typst()
    pictures = _drawn(report, dialect.ending)
    options = ["--to=typst", f"--template={ASSETS / 'report.typ'}", f"--lua-filter={ASSETS / 'typst.lua'}"]
    body = _pandoc(_headed(report, report.body(dialect)), [*options, *_contents(report)], {}).decode()
    body = _BEFORE_BRACKET.sub(r"\1", body)
    sized = _BIG_BRACKET.sub(lambda found: f"lr({_BRACKETS[found[2][-1]]}, size: #{int(found[1]) / 75:.1f}em)", body)
    source = _CIRCLED.sub(r"\1.o", sized)
    with TemporaryDirectory(prefix="gradlab-") as folder:
        for name, content in pictures.items():
            (Path(folder) / name).write_bytes(content)
        (Path(folder) / "report.typ").write_text(source, "utf-8")
        try:
            return typst().compile(str(Path(folder) / "report.typ"), root=folder, format="pdf")
        except Exception as error:  # typst has one error of its own, which is not public
            raise ReportError(f"typst cannot set this document: {error}") from error


def _drawn(report: Report, ending: str) -> dict[str, bytes]:
    return {f"{name}{ending}": picture.drawn(ending) for name, picture in report.pictures.items()}


def _contents(report: Report) -> list[str]:
    return ["--toc", "--toc-depth=2"] if report.is_long else []


def _headed(report: Report, body: str) -> str:
    """Return the body with what pandoc is told about the document in front."""
    words = Words(report.language)
    told: dict[str, Any] = {"title": typed(report.title), "lang": report.language, "toc-title": words.say("contents")}
    if report.author:
        told["author"] = [typed(report.author)]
    # JSON is YAML, and pandoc reads the strings in it as Markdown.
    return f"---\n{json.dumps(told, ensure_ascii=False)}\n---\n\n{body}"


def _font() -> str:
    return b64encode((ASSETS / "STIXTwoMath.woff2").read_bytes()).decode()


# The programs ----------------------------------------------------------------------------------------


def _pandoc(text: str, options: Sequence[str], files: Mapping[str, bytes]) -> bytes:
    """Return what pandoc makes of *text*; *files* lie where it looks for pictures and templates."""
    with TemporaryDirectory(prefix="gradlab-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        command = [program(), f"--from={_FROM}", "--standalone", "--wrap=preserve", _WIDE, "--output=out", *options]
        done = subprocess.run(
            command,
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            cwd=folder,
            env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
            check=False,
        )
        if done.returncode:
            raise ReportError(f"pandoc cannot write this document: {done.stderr.decode(errors='replace').strip()}")
        return (Path(folder) / "out").read_bytes()


@cache
def program() -> str:
    """Return where pandoc is; raises ReportError, with the extra that brings it, where it is not installed."""
    return str(_needed("pypandoc").get_pandoc_path())


def typst() -> Any:
    """Return the typst package; raises ReportError, with the extra that brings it, where it is not installed."""
    return _needed("typst")


def _needed(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        raise ReportError(
            'this format needs pandoc and typst: pip install "gradlab[report]"; .md works without them'
        ) from error

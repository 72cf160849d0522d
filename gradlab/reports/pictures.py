"""Pictures in a document: what they show in words, and how to draw them when they are needed."""

from __future__ import annotations

import re
import sys
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab import files
from gradlab.errors import ReportError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESOLUTION = 150
"""Dots per inch of a picture: sharp in print at the width of a page, and small enough to send."""

ENDINGS = (".png", ".svg", ".pdf")
"""What a single picture can be saved as."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of a document.

    draw: returns the matplotlib figure, or the text of an SVG; called only when the picture is written.
    alt: what is to be seen, in words, for those who cannot see it.  caption: what stands below it, as Markdown.
    title: the heading above it where the picture is a section of its own.
    ending: ".svg" where *draw* returns the text of one, ".png" for a figure.

    Hand one to `gradlab.report`, with a figure of your own: ``Picture(lambda: figure, alt="…")``.
    """

    draw: Callable[[], Figure | str]
    alt: str
    caption: str = ""
    title: str = "Picture"
    ending: str = ".png"

    @property
    def slug(self) -> str:
        """The title as part of a file name: ASCII letters, digits and dashes."""
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode()
        return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].strip("-") or "picture"

    def drawn(self, ending: str) -> bytes:
        """Return the picture as a file with that *ending*, ".png" or ".svg"; figures drawn alike give equal bytes.

        An SVG becomes a PNG by typst; raises ReportError where that is not installed.
        """
        return _file(self, ending)

    def data(self) -> str:
        """Return the picture as a data URI."""
        kind = {".png": "png", ".svg": "svg+xml"}[self.ending]
        return f"data:image/{kind};base64,{b64encode(self.drawn(self.ending)).decode()}"


@lru_cache(maxsize=16)
def _file(picture: Picture, ending: str) -> bytes:
    """Return the file, and the same one for the next few formats that a document is saved in."""
    drawing = picture.draw()
    if isinstance(drawing, str):
        return drawing.encode() if ending == ".svg" else _rasterised(drawing)
    from matplotlib import rc_context

    buffer = BytesIO()
    # matplotlib would write its version and the date into the file, and random names into an SVG.
    fixed: dict[str, Any] = {"Software": None} if ending == ".png" else {"Date": None, "Creator": None}
    with rc_context({"svg.hashsalt": "gradlab"}):
        drawing.savefig(buffer, format=ending[1:], dpi=RESOLUTION, metadata=fixed)
    return buffer.getvalue()


def _rasterised(svg: str) -> bytes:
    """Return an SVG as a PNG that knows its size in print."""
    from PIL import Image

    from gradlab.reports.pandoc import typst

    page = '#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg")\n'
    drawn = typst().compile(page.encode(), format="png", ppi=2.0 * 72, sys_inputs={"svg": svg})
    buffer = BytesIO()
    Image.open(BytesIO(drawn)).save(buffer, "png", dpi=(144, 144))
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write *figure* to *path*, in the format of its ending; raises ReportError where that cannot be done."""
    buffer = BytesIO()
    figure.savefig(buffer, format=path.suffix[1:].lower(), dpi=RESOLUTION)
    files.save(path, buffer.getvalue(), ReportError)


def canvas(width: float = 6.4, height: float = 4.0, *, fixed: bool = False) -> Figure:
    """Return an empty figure that belongs to nobody: pyplot, which keeps every figure alive, is not involved.

    fixed: leave the same margins whatever is drawn; reckoning them takes as long as drawing the picture again.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=None if fixed else "constrained")
    if fixed:
        figure.subplots_adjust(left=0.13, right=0.97, bottom=0.14, top=0.91)
    FigureCanvasAgg(figure)
    return figure


def figure_of(value: Any) -> Figure | None:
    """Return the figure that *value* is or lies in; None if it is neither a matplotlib figure nor axes."""
    figures = sys.modules.get("matplotlib.figure")  # who hands us a figure has imported it
    if figures is None:
        return None
    holder = getattr(value, "figure", None)
    found = value if isinstance(value, figures.Figure) else holder
    return found if isinstance(found, figures.Figure) else None


def words_in(figure: Figure) -> str:
    """Return the titles and labels that are written in *figure*, the best account of it that it gives itself."""
    said = [figure.get_suptitle()]
    for axes in figure.axes:
        along, up = axes.get_xlabel(), axes.get_ylabel()
        said += [axes.get_title(), f"{up} against {along}" if up and along else up or along]
    return "; ".join(dict.fromkeys(words for words in said if words))

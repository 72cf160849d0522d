"""Docstrings are Markdown; autodoc reads reStructuredText. Pandoc stands between the two."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_EXAMPLE = re.compile(r"^>>> .*?(?=\n\n(?!    )|\Z)", re.DOTALL | re.MULTILINE)
"""An example: from its first prompt to the empty line that ends it."""

_INITIAL = re.compile(r"^( *)(?=[A-Z]\. )", re.MULTILINE)
"""What begins a line with somebody's first name, where reStructuredText sees a list from A to Z."""

_ENTRY = re.compile(r"^([a-z_]\w*(?:, [a-z_]\w*)*):(?= )")
"""What begins the description of an argument or a field."""


def setup(app: Any) -> dict[str, Any]:
    """Register the conversion; Sphinx calls this."""
    app.connect("autodoc-process-docstring", converted)
    return {"parallel_read_safe": True, "version": "1"}


def converted(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Replace the lines of a docstring by the same in reStructuredText."""
    lines[:] = [*as_restructured(with_list("\n".join(lines))).splitlines(), ""]


def with_list(text: str) -> str:
    r"""Return a docstring whose paragraphs ``f: a function.  at: a point.`` are lists.

    >>> print(with_list("f: a function, which\n    has a value.  at: a point."))
    - **f**: a function, which
        has a value.
    - **at**: a point.
    """
    return "\n\n".join(_listed(paragraph) for paragraph in text.split("\n\n"))


def _listed(paragraph: str) -> str:
    if not _ENTRY.match(paragraph):
        return paragraph
    apart = re.sub(r"\.  (?=[a-z])", ".\n", paragraph)
    listed = "\n".join(_ENTRY.sub(r"- **\1**:", line) for line in apart.splitlines())
    return listed.replace("\nRaises ", "\n\nRaises ")


@cache
def as_restructured(text: str) -> str:
    """Return a docstring in reStructuredText, its examples as they stand."""
    import pypandoc

    fenced = _EXAMPLE.sub(lambda found: f"```pycon\n{found.group()}\n```", text.replace("<BLANKLINE>", ""))
    text = pypandoc.convert_text(fenced, "rst", format="gfm-smart+tex_math_dollars", extra_args=["--wrap=none"])
    return _INITIAL.sub(r"\1\\", text)

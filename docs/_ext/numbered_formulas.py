r"""Formulas with a number of their own, `\tag{1}`: Sphinx would put them into `split`, where MathJax takes none."""

from __future__ import annotations

from typing import Any

from docutils import nodes


def setup(app: Any) -> dict[str, Any]:
    """Register the change; Sphinx calls this."""
    app.connect("doctree-read", lambda _app, page: unsplit(page))
    return {"parallel_read_safe": True, "version": "1"}


def unsplit(page: nodes.document) -> None:
    """Give each numbered formula of a page the signs of a display itself, so that Sphinx adds nothing to it."""
    for formula in page.findall(nodes.math_block):
        if r"\tag{" in formula.astext():
            formula["no-wrap"] = True
            formula.children = [nodes.Text(rf"\[{formula.astext()}\]")]

"""Pages of the documentation that live elsewhere in the project: the tutorials, copied before they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1]
TUTORIALS = DOCS.parent / "tutorials"


def setup(app: Any) -> dict[str, Any]:
    """Copy the notebooks when a build begins; Sphinx calls this."""
    app.connect("builder-inited", lambda _app: copy_tutorials())
    return {"parallel_read_safe": True, "version": "1"}


def copy_tutorials(source: Path = TUTORIALS, target: Path = DOCS / "tutorials") -> list[Path]:
    """Copy the notebooks that are new or changed to where Sphinx finds them; remove those that are gone."""
    target.mkdir(exist_ok=True)
    notebooks = sorted(source.glob("*.ipynb"))
    for stale in set(target.glob("*.ipynb")) - {target / each.name for each in notebooks}:
        stale.unlink()
    for notebook in notebooks:
        copy = target / notebook.name
        # What is beside the folder docs for a tutorial is beside the copy for the page.
        text = notebook.read_text(encoding="utf-8").replace("](../docs/", "](../")
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8")
    return notebooks

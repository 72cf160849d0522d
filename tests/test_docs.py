"""The documentation builds without a warning, and its pages load nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOADED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=\"(https?:)?//[^\"]*\"[^>]*>")
POINTED = re.compile(r'rel="(?:next|prev|search|index|canonical)"')


@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_load_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("sphinx", reason='the documentation is built with: pip install "gradlab[docs]"')
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        str(ROOT / "docs"),
        str(tmp_path),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        for found in LOADED.finditer(page.read_text(encoding="utf-8")):
            assert POINTED.search(found.group()), (page, found.group())
    assert "mathjax/tex-svg.js" in (tmp_path / "reference" / "rules.html").read_text(encoding="utf-8")


def test_every_page_is_in_the_table_of_contents():
    docs = ROOT / "docs"
    listed: set[Path] = set()
    for page in docs.rglob("*.md"):
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            names = [line for line in tree.splitlines() if line and not line.startswith(":")]
            listed |= {(page.parent / f"{name}.md").resolve() for name in names}
            listed |= {found.resolve() for name in names if "*" in name for found in page.parent.glob(f"{name}.md")}
    pages = {page.resolve() for page in docs.rglob("*.md") if "_build" not in page.parts}
    assert pages - listed == {(docs / "index.md").resolve()}


def test_every_kind_of_picture_is_in_the_reference():
    from gradlab import plots

    page = (ROOT / "docs" / "reference" / "api" / "plots.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\.\. autofunction:: (\w+)$", page, re.MULTILINE)) == sorted(plots.__all__)


def test_a_first_name_begins_no_list_and_a_numbered_formula_is_left_alone(monkeypatch):
    pytest.importorskip("sphinx", reason='the documentation is built with: pip install "gradlab[docs]"')
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    from docutils import nodes
    from docutils.utils import new_document
    from markdown_docstrings import as_restructured
    from numbered_formulas import unsplit

    assert as_restructured("A rule.\n\nY. Nesterov (1983).").splitlines()[-1] == r"\Y. Nesterov (1983)."
    page = new_document("page")
    page += [nodes.math_block("", text) for text in (r"x &= 1 \\ y &= 2 \tag{1}", r"x &= 1 \\ y &= 2")]
    unsplit(page)
    numbered, plain = page.children
    assert numbered["no-wrap"]
    assert numbered.astext() == r"\[x &= 1 \\ y &= 2 \tag{1}\]"
    assert "no-wrap" not in plain

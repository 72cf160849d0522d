"""Pages in a browser: no equation is wider than its column, on a screen and on a telephone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium; on Debian: apt-get install chromium"),
]

MEASURE = """
<script>
document.fonts.ready.then(() => {
  const told = {width: innerWidth, page: document.documentElement.scrollWidth, rows: 0, wide: [], over: [], far: []};
  for (const rows of document.querySelectorAll(".rows")) {
    told.rows += 1;
    const column = rows.getBoundingClientRect();
    if (rows.scrollWidth > rows.clientWidth + 1) told.wide.push([rows.scrollWidth, rows.clientWidth, rows.innerText]);
    for (const piece of rows.querySelectorAll(".piece")) {
      const box = piece.getBoundingClientRect(), math = piece.querySelector("math").getBoundingClientRect();
      if (Math.max(box.right, math.right) > column.right + 1 || math.left < column.left - 1)
        told.over.push([math.right, column.right, piece.innerText]);
      const em = math.width / parseFloat(getComputedStyle(piece).fontSize);
      const reckoned = parseFloat(piece.style.getPropertyValue("--w"));
      if (em > 1.05 * reckoned + 0.3) told.far.push([em, reckoned, piece.querySelector("annotation").textContent]);
    }
    for (const remark of rows.querySelectorAll(".remark")) {
      const box = remark.getBoundingClientRect();
      for (const piece of remark.parentElement.querySelectorAll(".piece")) {
        const other = piece.getBoundingClientRect();
        if (box.width && box.left < other.right - 1 && other.left < box.right - 1 && box.top < other.bottom - 4 &&
            other.top < box.bottom - 4) told.over.push([box.left, other.right, remark.innerText]);
      }
    }
  }
  parent.document.title = JSON.stringify(told);
});
</script>"""
"""Runs in a copy of the page without its policy, which forbids every script."""


def measured(path, width, tmp_path):
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text("utf-8"))
    inside = html.escape(page.replace("</body>", f"{MEASURE}</body>"))
    # A window has a least width of its own; a frame has any.
    outer = tmp_path / f"frame-{width}.html"
    outer.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><title></title>'
        f'<iframe style="width: {width}px; height: 2000px; border: 0" srcdoc="{inside}"></iframe>',
        "utf-8",
    )
    done = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=5000",
            "--window-size=1400,2000",
            "--dump-dom",
            outer.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=60,
    )
    (title,) = re.findall(r"<title>(.*?)</title>", done.stdout.decode("utf-8"), re.DOTALL)
    return json.loads(html.unescape(title))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["network", "scalar", "kink"])
def test_no_equation_is_wider_than_its_column(saved, tmp_path, name, width):
    told = measured(saved(name, "html"), width, tmp_path)
    assert told["width"] == width
    assert told["rows"] >= 4
    assert told["page"] <= width
    assert told["wide"] == []
    assert told["over"] == []


@pytest.mark.parametrize("name", ["network", "scalar", "kink"])
def test_no_piece_is_wider_than_it_is_reckoned_to_be(saved, tmp_path, name):
    assert measured(saved(name, "html"), 1280, tmp_path)["far"] == []

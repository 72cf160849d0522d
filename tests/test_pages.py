"""The pages of the documentation in a browser that has no network: nothing is asked of elsewhere, nothing is broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.lab.browser import chromium, missing

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

SEEN = """async () => {
  await window.MathJax?.startup?.promise;
  return {
    formulas: [...document.querySelectorAll(".math:not(:has(mjx-container))")].map(e => e.textContent),
    typeset: document.querySelectorAll(".math mjx-container").length,
    errors: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.textContent),
    pictures: [...document.images].filter(e => e.complete && !e.naturalWidth).map(e => e.src),
    links: [...document.querySelectorAll("a[href]")].map(e => e.href),
    ids: [...document.querySelectorAll("[id]")].map(e => e.id),
  };
}"""
"""What a page shows: formulas that are not typeset, how many are, pictures that are missing, links and their goals."""

WIDER = "document.scrollingElement.scrollWidth - innerWidth"
"""By how many pixels a page is wider than its window."""

WIDTHS = (1280, 390)
"""A screen's and a telephone's."""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the pages, built afresh: Sphinx leaves pages of code that link to others as they are."""
    pytest.importorskip("sphinx", reason='the documentation is built with: pip install "gradlab[docs]"')
    pages = tmp_path_factory.mktemp("pages")
    subprocess.run([sys.executable, "-m", "sphinx", "-q", "-b", "html", str(ROOT / "docs"), str(pages)], check=True)
    return pages


@pytest.fixture(scope="module")
def seen(built):
    """What each page shows, and what it asked for and complained of on the way."""
    with chromium() as browser:
        return {path: look(browser, path) for path in sorted(built.rglob("*.html"))}


def look(browser, path):
    """Return what a page shows, where it is too wide, the addresses it asked for, and what it wrote to the console."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        page.goto(path.as_uri(), timeout=120_000)
        return page.evaluate(SEEN) | {"wide": too_wide(page), "asked": asked, "said": said}
    finally:
        context.close()


def too_wide(page):
    """Return the windows that a page is too wide for, each with by how much."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if (by := page.evaluate(WIDER)) > 0:
            found.append((width, by))
    return found


def faults(seen, of):
    """Return per page what is wrong with it, where anything is."""
    listed = {f"{path.parent.name}/{path.name}": of(page) for path, page in seen.items()}
    return {where: wrong for where, wrong in listed.items() if wrong}


def is_elsewhere(url):
    """Whether an address leads off this machine."""
    parts = urlsplit(url)
    return parts.scheme not in ("file", "data", "blob", "about") and parts.hostname != "127.0.0.1"


def test_no_page_asks_for_anything_from_elsewhere(seen):
    assert len(seen) > 100
    assert not faults(seen, lambda page: [url for url in page["asked"] if is_elsewhere(url)])


def test_no_page_complains(seen):
    assert not faults(seen, lambda page: page["said"])


def test_every_formula_is_typeset(seen):
    assert sum(page["typeset"] for page in seen.values()) > 500
    assert not faults(seen, lambda page: page["formulas"] + page["errors"])


def test_no_page_is_wider_than_the_window(seen):
    assert not faults(seen, lambda page: page["wide"])


def test_every_picture_is_there(seen):
    assert not faults(seen, lambda page: page["pictures"])


def test_every_link_between_pages_leads_somewhere(seen):
    ids = {path: set(page["ids"]) for path, page in seen.items()}

    def broken(page):
        return [url for url in page["links"] if url.startswith("file:") and not leads(urlsplit(url), ids)]

    assert not faults(seen, broken)


def leads(parts, ids):
    """Whether a page, and the place on it, exist; other files only have to be there."""
    path = Path(unquote(parts.path))
    if not path.is_file():
        return False
    return path not in ids or not parts.fragment or unquote(parts.fragment) in ids[path]


def test_the_search_finds(built):
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        page.goto((built / "search.html").as_uri() + "?q=subgradient")
        page.wait_for_selector("#search-results ul.search li a", timeout=30_000)
        assert any("Kinks" in text for text in page.locator("#search-results ul.search li a").all_inner_texts())


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ('<script src="https://example.org/a.js"></script>', "asked"),
        ("<script>console.error('no')</script>", "said"),
        ("<script>nothing()</script>", "said"),
        ('<div class="math">x</div>', "formulas"),
        ('<div style="width: 3000px">x</div>', "wide"),
        ('<img src="gone.png">', "pictures"),
    ],
)
def test_a_fault_is_seen(tmp_path, body, part):
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><body>{body}</body>", encoding="utf-8")
    with chromium() as browser:
        page = look(browser, file)
    seen = [url for url in page["asked"] if is_elsewhere(url)] if part == "asked" else page[part]
    assert seen

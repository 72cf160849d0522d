"""The pages of the documentation in a browser that has no network: nothing is asked of elsewhere, nothing is broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.lab.browser import chromium, missing

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "_build" / "html"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

SEEN = """async () => {
  await window.MathJax?.startup?.promise;
  const wide = document.scrollingElement.scrollWidth - innerWidth;
  return {
    wide: wide > 0 ? [`${wide} px wider than the window`] : [],
    formulas: [...document.querySelectorAll(".math:not(:has(mjx-container))")].map(e => e.textContent),
    errors: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.textContent),
    pictures: [...document.images].filter(e => e.complete && !e.naturalWidth).map(e => e.src),
    links: [...document.querySelectorAll("a[href]")].map(e => e.href),
    ids: [...document.querySelectorAll("[id]")].map(e => e.id),
  };
}"""
"""What a page shows: whether it is too wide, formulas not typeset, pictures that are missing, and its links."""


@pytest.fixture(scope="module")
def built():
    """The pages, brought up to date."""
    pytest.importorskip("sphinx", reason='the documentation is built with: pip install "gradlab[docs]"')
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(ROOT / "docs"), str(PAGES)]
    subprocess.run(command, check=True, env=None, cwd=ROOT)
    return sorted(PAGES.rglob("*.html"))


@pytest.fixture(scope="module")
def seen(built):
    """What each page shows on a telephone and on a screen, and what it asked for and complained of on the way."""
    found = {}
    with chromium() as browser:
        for width in (390, 1280):
            context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
            for path in built:
                found[path, width] = look(context, path)
            context.close()
    return found


def look(context, path, query=""):
    """Return what a page shows, the addresses that it asked for, and what it wrote to the console."""
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        page.goto(path.as_uri() + query, timeout=120_000)
        return page.evaluate(SEEN) | {"asked": asked, "said": said}
    finally:
        page.close()


def faults(seen, of):
    """Return per page what is wrong with it, where anything is."""
    listed = {(path.relative_to(PAGES).as_posix(), width): of(page) for (path, width), page in seen.items()}
    return {where: wrong for where, wrong in listed.items() if wrong}


def is_elsewhere(url):
    """Whether an address leads off this machine."""
    parts = urlsplit(url)
    return parts.scheme not in ("file", "data", "blob", "about") and parts.hostname != "127.0.0.1"


def test_no_page_asks_for_anything_from_elsewhere(seen):
    assert len(seen) > 2 * 100
    assert not faults(seen, lambda page: [url for url in page["asked"] if is_elsewhere(url)])


def test_no_page_complains(seen):
    assert not faults(seen, lambda page: page["said"])


def test_every_formula_is_typeset(seen):
    assert sum(len(page["ids"]) for page in seen.values()) > 0
    assert not faults(seen, lambda page: page["formulas"] + page["errors"])


def test_no_page_is_wider_than_the_window(seen):
    assert not faults(seen, lambda page: page["wide"])


def test_every_picture_is_there(seen):
    assert not faults(seen, lambda page: page["pictures"])


def test_every_link_between_pages_leads_somewhere(seen):
    ids = {path: set(page["ids"]) for (path, _), page in seen.items()}

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
        page.goto((PAGES / "search.html").as_uri() + "?q=subgradient")
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
        page = look(browser.new_context(offline=True), file)
    seen = [url for url in page["asked"] if is_elsewhere(url)] if part == "asked" else page[part]
    assert seen

"""The lab as a student meets it: the command, Chromium on its page, a slider moved by the keyboard."""

from __future__ import annotations

import statistics
from time import perf_counter
from typing import Any

from tests.lab.browser import chromium, lab, opened

MOVES = 21
"""Moves of a slider that are timed."""

_PICTURE = "img.lab-picture"
_CHANGED = f"old => {{ const now = document.querySelector('{_PICTURE}'); return now && now.src != old && now.complete; }}"


def first_picture(repeats: int = 3) -> list[float]:
    """Return the seconds from the command to the first picture in a Chromium that is already open, each time anew."""
    with chromium() as browser:
        return [_opened(browser) for _ in range(repeats)]


def _opened(browser: Any) -> float:
    begun = perf_counter()
    with lab() as address:
        page = browser.new_context().new_page()
        opened(page, address)
        taken = perf_counter() - begun
        page.close()
    return taken


def moves(name: str) -> list[float]:
    """Return the seconds from a key on the slider of the rate to the new picture of a model, one for each of `MOVES`."""
    with lab() as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        opened(page, address)
        page.wait_for_selector(".lab-table", timeout=90_000)  # torch is loaded: nothing is left to be done beside
        page.get_by_label("Pick a function").select_option(label=name)
        page.wait_for_timeout(3_000)
        thumb = page.get_by_role("slider").first
        thumb.focus()
        return [_moved(page, "ArrowLeft" if move % 8 < 4 else "ArrowRight") for move in range(MOVES)]


def _moved(page: Any, key: str) -> float:
    old = page.locator(_PICTURE).get_attribute("src")
    begun = perf_counter()
    page.keyboard.press(key)
    page.wait_for_function(_CHANGED, arg=old, timeout=60_000)
    return perf_counter() - begun


def spread(times: list[float]) -> str:
    """Return the median of some seconds with the least and the most of them.

    >>> spread([0.2, 0.1, 0.4])
    'median 0.20 s, 0.10 to 0.40 s'
    """
    return f"median {statistics.median(times):.2f} s, {min(times):.2f} to {max(times):.2f} s"

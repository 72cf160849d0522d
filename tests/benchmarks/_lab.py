"""How soon the lab shows its first picture, and how soon a slider another: `python -m tests.benchmarks._lab`.

The browser is open already, as it is for a person who types the command.
"""

from __future__ import annotations

import sys
from statistics import median
from time import monotonic

from tests.lab.browser import chromium, lab, missing, opened

MOVES = 21
"""Presses of an arrow key; the first one is not counted."""

NEXT_PICTURE = """() => new Promise(resolve => {
    const shown = () => document.querySelector('img.lab-picture')?.src;
    const before = shown(), begun = performance.now();
    const look = () => {
        const now = shown();
        if (now && now !== before) resolve(performance.now() - begun);
        else requestAnimationFrame(look);
    };
    look();
})"""


def measured() -> tuple[float, list[float]]:
    """Return the seconds to the first picture, and those of each move of the rate."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = monotonic()
        with lab() as address:
            opened(page, address)
            first = monotonic() - begun
            page.wait_for_selector("#lab-three-ways", timeout=90_000)
            page.wait_for_timeout(2_000)
            page.get_by_role("slider").first.focus()
            moves: list[float] = []
            for _ in range(MOVES):
                waiting = page.evaluate_handle(f"() => ({{done: ({NEXT_PICTURE})()}})")
                page.keyboard.press("ArrowLeft")
                moves.append(page.evaluate("held => held.done", waiting) / 1000)
            return first, moves[1:]


def main() -> int:
    """Print what was measured; 1 where a figure is missed."""
    if missing():
        print(missing(), file=sys.stderr)
        return 2
    first, moves = measured()
    print(
        f"first picture {first:.2f} s; slider to picture {median(moves):.3f} s in the median, worst {max(moves):.3f} s"
    )
    return int(first > 6 or median(moves) > 0.5)


if __name__ == "__main__":
    sys.exit(main())

"""How soon the lab shows its first picture, and how soon a slider another: `python -m tests.benchmarks._lab`.

The browser is open already, as it is for a person who types the command.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from statistics import median
from time import monotonic

import psutil

from tests.lab.browser import FIRST, LIVE, chromium, lab, missing

MOVES = 21
"""Presses of an arrow key; the first one is not counted."""

NEXT_PICTURE = """() => new Promise(resolve => {
    const shown = () => document.querySelector('#root img.lab-picture')?.src;
    const before = shown(), begun = performance.now();
    const look = () => {
        const now = shown();
        if (now && now !== before) resolve(performance.now() - begun);
        else requestAnimationFrame(look);
    };
    look();
})"""


@dataclass(frozen=True)
class Measured:
    """Seconds from the command to the first picture, to that of the page that answers, to the verdict, and of moves.

    cpu: seconds of the processor that the lab and Chromium took until the page answered.
    """

    first: float
    answering: float
    verdict: float
    moves: list[float]
    cpu: float


def measured() -> Measured:
    """Return how long a person waits who types the command and moves the rate."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        before, begun = processor(), monotonic()
        with lab() as address:
            page.goto(address, wait_until="commit")
            since = [monotonic() - begun for _ in map(page.wait_for_selector, (FIRST, LIVE))]
            cpu = processor() - before
            page.wait_for_selector("#lab-three-ways .lab-table", timeout=90_000)
            since.append(monotonic() - begun)
            page.wait_for_timeout(2_000)
            page.get_by_role("slider").first.focus()
            moves: list[float] = []
            for _ in range(MOVES):
                waiting = page.evaluate_handle(f"() => ({{done: ({NEXT_PICTURE})()}})")
                page.keyboard.press("ArrowLeft")
                moves.append(page.evaluate("held => held.done", waiting) / 1000)
            return Measured(*since, moves[1:], cpu)


def processor() -> float:
    """Return the seconds of the processor that this process and all below it have taken."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def main() -> int:
    """Print what was measured; 1 where a figure is missed."""
    if missing():
        print(missing(), file=sys.stderr)
        return 2
    found = measured()
    print(
        f"first picture {found.first:.2f} s; the page answers {found.answering:.2f} s ({found.cpu:.1f} s of the "
        f"processor); verdict {found.verdict:.2f} s; slider to picture {median(found.moves):.3f} s in the median, "
        f"worst {max(found.moves):.3f} s; load {os.getloadavg()[0]:.1f}"
    )
    return int(found.first > 6 or median(found.moves) > 0.5)


if __name__ == "__main__":
    sys.exit(main())

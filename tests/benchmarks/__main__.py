"""Measure every figure and print them as a Markdown table; the exit code is 1 if one is not held."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(chosen: list[str]) -> int:
    """Measure the figures whose files are *chosen*, all if none is."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    unknown = [name for name in chosen if name not in names]
    if unknown:
        print(f"no figure named {', '.join(unknown)}; there are {', '.join(names)}", file=sys.stderr)
        return 2
    print("| figure | measured | at most | how |")
    print("|---|---:|---:|---|")
    missed = 0
    for name in chosen or names:
        figure = import_module(f"tests.benchmarks.{name}").measure()
        missed += not figure.held
        mark = "" if figure.held else " (missed)"
        print(f"| {figure.what} | {figure.ratio:.3g}{mark} | {figure.at_most:g} | {figure.how} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

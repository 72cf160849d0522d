"""Measure figures, keep them in results.json and write docs/benchmarks.md; the exit code is 1 if one is not held.

``python -m tests.benchmarks`` measures all of them; with names, those; with ``--write-only``, none.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from tests.benchmarks import Figure, NotMeasured, _machine
from tests.benchmarks._page import write
from tests.benchmarks._results import Row, figure, load, save
from tests.benchmarks._sections import NAMES

ROOT = Path(__file__).parents[2]
NEEDED = ("jax", "scipy", "numdifftools")
LIMIT = 900.0
"""Seconds after which a measurement is ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if every figure measured is held, 1 if not, 2 if nothing could be measured."""
    options = _options(arguments)
    chosen = () if options.write_only else options.names or NAMES
    trouble = _trouble(chosen)
    if trouble:
        print(trouble, file=sys.stderr)
        return 2
    try:
        missed = _measured_all(chosen)
    finally:
        write(load())
    return 1 if missed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a file of tests/benchmarks; all where none is given")
    parser.add_argument("--write-only", action="store_true", help="measure nothing, write the page from results.json")
    return parser.parse_args(arguments)


def _trouble(chosen: Sequence[str]) -> str:
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        return f"no figure named {', '.join(unknown)}; there are {', '.join(NAMES)}"
    absent = [name for name in NEEDED if chosen and find_spec(name) is None]
    return f"{', '.join(absent)} not installed: pip install -c constraints.txt -e '.[test,bench]'" if absent else ""


def _measured_all(chosen: Sequence[str]) -> int:
    """Measure and keep figure after figure, saying how far it is; return how many are missed or failed."""
    machine, missed, begun = _machine.machine(), 0, perf_counter()
    for place, name in enumerate(chosen, 1):
        print(f"[{place:2} of {len(chosen)}] {name:25}", end="", file=sys.stderr, flush=True)
        before, date, busy = perf_counter(), _machine.now(), _machine.load()
        try:
            found = measured(name)
        except NotMeasured as reason:
            print(f"not measured: {reason}", file=sys.stderr)
            continue
        except (subprocess.SubprocessError, ValueError) as error:
            missed += 1
            print(f"failed: {error}", file=sys.stderr)
            continue
        took = perf_counter() - before
        missed += not found.held
        save(load().updated(name, Row(found, date, busy, round(took, 1)), machine))
        print(f"{_said(found)}  {took:.0f} s, {(perf_counter() - begun) / 60:.1f} min", file=sys.stderr)
    return missed


def measured(name: str) -> Figure:
    """Measure a figure in a process of its own: none is slower for what another has loaded.

    Raises NotMeasured where something is missing here, SubprocessError or ValueError where the measurement fails.
    """
    command = [sys.executable, "-m", "tests.benchmarks._one", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        raise ValueError(f"{name} ended with {done.returncode}\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if "not measured" in found:
        raise NotMeasured(found["not measured"])
    return figure(found)


def _said(found: Figure) -> str:
    of = "" if found.at_most is None else f" of {found.at_most:.3g}{'' if found.held else ' MISSED'}"
    return f"{found.ratio:.3g}{of}".ljust(24)


if __name__ == "__main__":
    sys.exit(main())

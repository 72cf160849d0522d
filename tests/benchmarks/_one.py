"""Measure one figure in a process of its own, and print it as JSON: ``python -m tests.benchmarks._one NAME``."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from importlib import import_module

from tests.benchmarks import NotMeasured


def main(name: str) -> int:
    """Print the figure on stdout; what the measurement itself prints goes to stderr."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            figure = import_module(f"tests.benchmarks.{name}").measure()
    except NotMeasured as reason:
        print(json.dumps({"not measured": str(reason)}))
        return 0
    print(json.dumps(asdict(figure), default=float))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""How long a document of 100 functions takes, and whether its memory grows with their number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks import Figure, Growth
from tests.benchmarks._documents import lesson

WHY = """
Each function derived, compared and drawn; the process starts, loads torch and ends within these seconds.
Its memory: {megabytes_1:.0f} MB for one function, {megabytes_10:.0f} for ten, {megabytes_100:.0f} for a hundred, for no function is kept longer than its section takes to write.
"""

SECONDS, GROWTH = 60.0, 1.5

_PEAK = """
import json, resource, sys
from gradlab.cli import main
code = main(["report", sys.argv[1], "--output", sys.argv[2]])
own, pandoc = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"code": code, "megabytes": own, "pandoc": pandoc}))
"""


def measure() -> Figure:
    """Return the worse of seconds over 60, and of the memory for 100 functions over that for 20, over 1.5."""
    with TemporaryDirectory() as folder:
        made = {count: _made(Path(folder), count) for count in (1, 10, 20, 100)}
    (small, _), (large, seconds) = made[20], made[100]
    growth = large / small
    return Figure(
        "a document of 100 functions",
        max(seconds / SECONDS, growth / GROWTH),
        1.0,
        f"{seconds:.1f} s of {SECONDS:g}; {large:.0f} MB at its peak, {growth:.2f} times that of 20 functions "
        f"(of {GROWTH:g})",
        growth=Growth("functions", "s", {"gradlab report, HTML": tuple((n, each[1]) for n, each in made.items())}),
        values={f"megabytes_{count}": megabytes for count, (megabytes, _) in made.items()},
    )


def _made(folder: Path, count: int) -> tuple[float, float]:
    """Return the megabytes at the peak, and the seconds, of one process."""
    source = folder / "course.toml"
    source.write_text("\n".join(lesson(count)))
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(source), str(folder / "course.html")],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = perf_counter() - start
    told = json.loads(done.stdout.splitlines()[-1])
    return told["megabytes"], seconds

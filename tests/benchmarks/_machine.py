"""What a run was made on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PEERS = ("torch", "numpy", "sympy", "jax", "scipy", "numdifftools", "numba")


def machine() -> dict[str, Any]:
    """Return machine and versions; no name of a host or of a person."""
    return {
        "machine": f"{os.cpu_count()} cores, {_model()}, {_gigabytes():.0f} GB, {platform.system()}",
        "versions": _versions(),
    }


def now() -> str:
    """Return the time, in UTC, to the minute."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M}"


def load() -> float:
    """Return how many processes worked or waited to work, on the average of the last minute, as `uptime` says."""
    return round(os.getloadavg()[0], 2)


def _versions() -> dict[str, str]:
    import gradlab

    found = {"gradlab": gradlab.__version__, "Python": platform.python_version()}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _model() -> str:
    """Return the processor's model, of Linux; elsewhere what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30

"""Which level of isolation this machine has: found by running something in it, not by asking for versions."""

from __future__ import annotations

import sys
from functools import cache

from gradlab.errors import IsolationError
from gradlab.isolation.records import Level, Status, Task

_PROBE = """
import os, socket
import numpy as np

def tried(action):
    try:
        action()
    except OSError:
        return 0
    return 1

def probe():
    return np.array([
        tried(lambda: open("/etc/passwd").close()),
        tried(lambda: open("/tmp/gradlab-probe", "w").close()),
        tried(lambda: socket.socket().close()),
        tried(lambda: os.kill(os.getppid(), 0)),
        tried(os.fork),
        os.geteuid() == 0 and tried(lambda: os.setuid(0)) and 0,
    ])
"""


def available() -> Level:
    """Return the strongest level that holds on this machine; Level.NONE means that untrusted code is refused.

    The answer is found once for a process.

    >>> available() in Level
    True
    """
    return _probed()[0]


def missing() -> str:
    """Return what stands in the way of more isolation, and what to install; empty where nothing does."""
    return _probed()[1]


@cache
def _probed() -> tuple[Level, str]:
    if not sys.platform.startswith("linux"):
        return Level.NONE, (
            f"strangers' code is isolated by means of Linux, and this is {sys.platform}: grade in a Linux container, "
            "or on Windows in WSL 2; your own code runs with trust=True, on the command line --trust"
        )
    reasons: list[str] = []
    for level in (Level.FULL, Level.RESTRICTED):
        reason = _holds(level)
        if reason is None:
            return level, "; ".join(reasons)
        reasons.append(f"{level}: {reason}")
    told = "; ".join(reasons)
    return Level.NONE, (
        f"no isolation holds here ({told}); install bubblewrap and libseccomp (apt-get install bubblewrap libseccomp2) "
        'and pip install "gradlab[course]"; your own code runs with trust=True, on the command line --trust'
    )


def _holds(level: Level) -> str | None:
    """Return why *level* does not hold; None where what it forbids was tried and refused."""
    from gradlab.isolation.sandbox import Sandbox

    try:
        with Sandbox(level) as sandbox:
            outcome = sandbox.run(Task(_PROBE, "function", {"entry": "probe"}))
    except IsolationError as error:
        return str(error)
    if outcome.status is not Status.RETURNED:
        return f"the probe {outcome.status}: {outcome.error}"
    if outcome.outputs["result"].any():
        return "something that it forbids could be done"
    return None

"""Servers, and what lies between one submission and the next."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import gradlab
from gradlab.isolation import Level, Limits, Sandbox, Status, Task, filters
from gradlab.isolation.probing import _holds

GOOD = Task("def f(x):\n    return 2 * x", "function", {"entry": "f"}, {"x": np.arange(3.0)})


@pytest.fixture(scope="module", params=[Level.FULL, Level.RESTRICTED], ids=["full", "restricted"])
def level(request):
    reason = _holds(request.param)
    if reason is not None:
        pytest.skip(f"{request.param} does not hold on this machine: {reason}")
    return request.param


def task(source, **options):
    return Task(source, "function", {"entry": "f"}, **options)


def children(pid):
    """Return the processes below *pid*."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(status.parent.name), *children(int(status.parent.name))]
    return found


def gone(pids, within=5.0):
    until = time.monotonic() + within
    while time.monotonic() < until and any(Path(f"/proc/{pid}/stat").exists() for pid in pids):
        time.sleep(0.02)
    return not any(Path(f"/proc/{pid}/stat").exists() for pid in pids)


def awaited(found, within=20.0):
    until = time.monotonic() + within
    while time.monotonic() < until:
        result = found()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError("it did not come")


def test_a_server_outlives_the_thread_that_needed_it_first(level):
    with Sandbox(level) as sandbox:
        first: list[int] = []

        def run():
            assert sandbox.run(GOOD).status is Status.RETURNED
            first.append(sandbox._idle["numpy"][0]._process.pid)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        time.sleep(0.1)
        assert sandbox.run(GOOD).status is Status.RETURNED
        assert sandbox._idle["numpy"][0]._process.pid == first[0]


def test_many_at_once_twice_lose_none(level):
    with Sandbox(level, workers=2) as sandbox:
        for _ in range(2):
            assert {outcome.status for outcome in sandbox.run_many([GOOD] * 6)} == {Status.RETURNED}


def test_flags_of_open_files_are_not_handed_on(level):
    leave = """
import fcntl, os
def f():
    for number in range(3):
        fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)
    return 0
"""
    look = """
import fcntl, os
def f():
    return sum(bool(fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_NONBLOCK | os.O_APPEND)) for number in range(3))
"""
    with Sandbox(level) as sandbox:
        assert sandbox.run(task(look)).outputs["result"] == 0
        assert sandbox.run(task(leave)).status is Status.RETURNED
        assert sandbox.run(task(look)).outputs["result"] == 0


def test_what_was_in_memory_is_not_there_for_the_next(level):
    leave = """
import builtins, gc, sys
import numpy as np
KEPT = "a secret of " + "the first student"
def f(x):
    builtins.KEPT = np.KEPT = sys.modules["kept"] = KEPT
    np.add = None
    np.random.seed(0)
    return x
"""
    look = """
import builtins, gc, sys
import numpy as np
def f(x):
    words = [thing for thing in gc.get_objects() if isinstance(thing, dict) and "KEPT" in thing]
    there = hasattr(builtins, "KEPT") or hasattr(np, "KEPT") or "kept" in sys.modules or np.add is None
    return float(there or bool(words))
"""
    x = {"x": np.zeros(2)}
    with Sandbox(level) as sandbox:
        assert sandbox.run(task(leave, inputs=x)).status is Status.RETURNED
        assert sandbox.run(task(look, inputs=x)).outputs["result"] == 0


def test_a_submission_ends_with_its_server(level):
    with Sandbox(level) as sandbox:
        sandbox.run(GOOD)
        server = sandbox._idle["numpy"][0]._process.pid
        outcomes = []
        sleeping = task("import time\ndef f():\n    time.sleep(30)", limits=Limits(wall_seconds=30))
        idle = {server, *children(server)}
        thread = threading.Thread(target=lambda: outcomes.append(sandbox.run(sleeping)))
        thread.start()
        (submission,) = awaited(lambda: set(children(server)) - idle)
        parent = int(Path(f"/proc/{submission}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGKILL)  # as the system does where memory runs out
        assert gone([submission])
        thread.join(10)
        assert outcomes[0].status is Status.KILLED
        assert sandbox.run(GOOD).status is Status.RETURNED


def test_nothing_is_left_of_a_grader_that_is_killed(level):
    script = f"""
from gradlab.isolation import Level, Limits, Sandbox, Task
sandbox = Sandbox(Level({level.value!r}))
sandbox.run(Task("def f(): return 1", "function", {{"entry": "f"}}))
print("up", flush=True)
sandbox.run(Task("import time\\ndef f(): time.sleep(60)", "function", {{"entry": "f"}}, limits=Limits(wall_seconds=60)))
"""
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with grader:
        assert grader.stdout.readline() == b"up\n"
        wanted = 4 if level is Level.FULL else 2
        below = awaited(lambda: found if len(found := children(grader.pid)) >= wanted else [])
        grader.kill()
    assert gone(below)


def test_the_system_ends_a_submission_before_the_grader(level):
    with Sandbox(level) as sandbox:
        sandbox.run(GOOD)
        server = sandbox._idle["numpy"][0]._process.pid
        last = [server, *children(server)][-1]
        assert Path(f"/proc/{last}/oom_score_adj").read_text() == "1000\n"


def test_gradlab_may_lie_among_temporary_files(level, tmp_path):
    shutil.copytree(Path(gradlab.__file__).parent, tmp_path / "gradlab", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (tmp_path, tmp_path / "gradlab"):
        folder.chmod(0o755)
    script = f"""
from gradlab.isolation import Level, Sandbox, Task, sandbox
with Sandbox(Level({level.value!r})) as made:
    print(sandbox.__file__, made.run(Task("def f(): return 7", "function", {{"entry": "f"}})).outputs["result"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [str(tmp_path / "gradlab" / "isolation" / "sandbox.py"), "7"]


def test_a_forked_grader_starts_servers_of_its_own(level):
    with Sandbox(level) as sandbox:
        sandbox.run(GOOD)
        server = sandbox._idle["numpy"][0]._process.pid
        child = os.fork()
        if child == 0:
            code = 1
            try:
                right = sandbox.run(GOOD).status is Status.RETURNED
                code = 0 if right and sandbox._idle["numpy"][0]._process.pid != server else 1
                sandbox.close()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0
        assert sandbox.run(GOOD).status is Status.RETURNED
        assert sandbox._idle["numpy"][0]._process.pid == server


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of system calls are those of x86-64")
def test_no_system_call_beyond_the_list_gets_through(level):
    seccomp = pytest.importorskip("pyseccomp")
    some = ("ioctl", "fcntl", "prctl", "prlimit64")
    allowed = sorted(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) for name in (*filters._ALLOWED, *some))
    # 335 and 336 are how Linux itself comes back from a probe; no filter sees them, and they end whoever calls them.
    allowed += [335, 336]
    source = f"""
import ctypes
import numpy as np
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *arguments):
    ctypes.set_errno(0)
    return libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) == -1 and ctypes.get_errno() == 1
def f():
    through = [n for n in range(700) if n not in {allowed} and not refused(n, -1, 0, 0, 0, 0, 0)]
    through += [10**6 + n for n in range(1 << 16) if not refused(16, -1, n, 0)]
    through += [2 * 10**6 + n for n in range(2048) if not refused(72, -1, n, 0)]
    through += [3 * 10**6 + n for n in range(100) if n != 15 and n != 16 and not refused(157, n, -1, 0, 0, 0)]
    through += [4 * 10**6 + n for n in range(16) if not refused(302, 0, n, 1, 0)]
    return np.array(through)
"""
    with Sandbox(level) as sandbox:
        outcome = sandbox.run(task(source))
    assert outcome.status is Status.RETURNED, outcome
    ioctls = {10**6 + request for request in filters._TERMINAL_REQUESTS}
    assert set(outcome.outputs["result"].astype(int).tolist()) == ioctls | {
        2 * 10**6 + command for command in filters._FILE_COMMANDS
    }

"""Nothing that a submission does has an effect or earns anything; a good one right after it passes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from gradlab.isolation import Level, Limits, Sandbox, Status, Task
from gradlab.isolation.probing import _holds
from tests.isolation import attacks, attacks_between
from tests.isolation.attacks import TORCH
from tests.sampling import sampled

QUICK, FORGED, HEAVY = (
    {**getattr(attacks, name), **getattr(attacks_between, name)} for name in ("QUICK", "FORGED", "HEAVY")
)
WORD = "gradlab-attacked"
USER = 12345
GOOD = "def attack(x):\n    return 2 * x"
SHORT = Limits(cpu_seconds=1, wall_seconds=1.2, memory=1 << 28, printed=1 << 12, result=1 << 20)


@pytest.fixture(scope="module", params=[Level.FULL, Level.RESTRICTED], ids=["full", "restricted"])
def sandbox(request):
    reason = _holds(request.param)
    if reason is not None:
        pytest.skip(f"{request.param} does not hold on this machine: {reason}")
    with Sandbox(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A secret, a victim, and somebody who listens: what attacks are after."""
    folder = tmp_path_factory.mktemp("stage")
    for parent in (folder, *folder.parents):  # the permissions of files are not to be what protects them
        if parent.stat().st_uid == os.geteuid() and parent.is_relative_to("/tmp/") and parent != Path("/tmp"):
            parent.chmod(0o755)
    (folder / "secret.txt").write_text(f"{WORD}-secret")
    (folder / "secret.txt").chmod(0o666)
    (folder / "victim.txt").write_text("untouched")
    (folder / "victim.txt").chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield folder, listening


def staged(source, stage):
    folder, listening = stage
    words = {
        "SECRET": f"{folder}/secret.txt",
        "VICTIM": f"{folder}/victim.txt",
        "FOLDER": str(folder),
        "PORT": str(listening.getsockname()[1]),
        "MARK": WORD,
        "RESULT": "next(n for n in range(3, 64) if writable(n))",
    }
    for word, meaning in words.items():
        source = source.replace(word, meaning)
    return source + WRITABLE


WRITABLE = """
def writable(number):
    import fcntl, stat
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode) and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_WRONLY
    except OSError:
        return False
"""


def attacked(sandbox, source, stage, library="numpy", limits=SHORT):
    began = time.monotonic()
    outcome = sandbox.run(Task(staged(source, stage), "function", {"entry": "attack"}, library=library, limits=limits))
    assert time.monotonic() - began < 15
    without_effect(outcome, stage)
    x = np.arange(3.0)
    after = sandbox.run(Task(GOOD, "function", {"entry": "attack"}, {"x": x}, library=library))
    assert after.status is Status.RETURNED, after
    assert after.outputs["result"].tolist() == [0, 2, 4]
    return outcome


def without_effect(outcome, stage):
    folder, listening = stage
    assert sorted(path.name for path in folder.iterdir()) == ["secret.txt", "victim.txt"]
    victim = folder / "victim.txt"
    assert victim.read_text() == "untouched"
    assert victim.stat().st_mtime > 1e9
    said = f"{outcome.printed}{outcome.error}{outcome.notes}{dict(outcome.outputs)}"
    assert f"{WORD}-secret" not in said
    assert len(outcome.printed) <= 10 * SHORT.printed
    assert "\x1b" not in said
    with pytest.raises(BlockingIOError):
        listening.accept()
    for place in ("/tmp", "/dev/shm", "/var/tmp", "."):
        assert not [name for name in os.listdir(place) if WORD in name]


@pytest.mark.parametrize("name", sampled(QUICK, 2))
def test_what_it_wants_it_does_not_get(name, sandbox, stage):
    outcome = attacked(sandbox, QUICK[name], stage)
    if outcome.status is Status.RETURNED:
        assert outcome.outputs["result"].tolist() == 0


@pytest.mark.parametrize("name", sampled(FORGED, 2))
def test_what_is_no_result_earns_nothing(name, sandbox, stage):
    outcome = attacked(sandbox, FORGED[name], stage)
    assert outcome.status is not Status.RETURNED or outcome.outputs["result"].tolist() in (1, [0, 0, 0])


@pytest.mark.parametrize("name", sampled(HEAVY, 4))
def test_time_memory_and_room_have_an_end(name, sandbox, stage):
    outcome = attacked(sandbox, HEAVY[name], stage)
    assert outcome.status is not Status.RETURNED


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCH)
def test_with_torch_it_is_the_same(name, sandbox, stage):
    # Loading torch is not what is timed.
    assert sandbox.run(Task("def f():\n    return 1", "function", {"entry": "f"}, library="torch")).outputs
    outcome = attacked(sandbox, TORCH[name], stage, "torch")
    assert outcome.status is not Status.RETURNED or outcome.outputs["result"].tolist() == 0


def test_there_are_at_least_eighty():
    assert len(QUICK) + len(FORGED) + len(HEAVY) + len(TORCH) >= 80


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.skipif(
    not all(parent.stat().st_mode & 1 for parent in Path(sys.executable).resolve().parents),
    reason="others than root cannot reach this interpreter",
)
def test_an_ordinary_user_is_as_safe():
    # A folder of that user's own: pytest's are closed to everybody but who made them.
    folder = tempfile.mkdtemp()
    os.chown(folder, USER, USER)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        __file__,
        str(Path(__file__).with_name("test_servers.py")),
        "-m",
        "slow or not slow",
    ]
    command += ["-k", "not ordinary", f"--basetemp={folder}/as-user"]
    wrapper = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    done = subprocess.run([*wrapper, *command], capture_output=True, text=True, check=False)
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

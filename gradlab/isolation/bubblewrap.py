"""The command line of bubblewrap: what the isolated process sees of the machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from gradlab.isolation import places

PROGRAM = "bwrap"
SPACE = 1 << 20
"""Bytes of its one temporary folder, which is empty and cannot be written to once the process runs."""


def found() -> str | None:
    """Return where bubblewrap is; None where it is not installed."""
    return shutil.which(PROGRAM)


def command(program: str, needed: Iterable[str]) -> list[str]:
    """Return the words before the command that is to be run: namespaces, privileges, and files to read."""
    words = [
        program,
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--clearenv", "--hostname", "gradlab"),
    ]
    if os.geteuid() == 0:
        # As root it would keep every capability; the server needs two, to become nobody, and drops them too.
        words += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
    else:
        words += ["--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]
    for name, value in places.environment().items():
        words += ["--setenv", name, value]
    needed = tuple(needed)
    # Before what is needed, which may itself lie there.
    words += ["--size", str(SPACE), "--tmpfs", "/tmp"]
    # Folders on the way are open to everybody: one that is closed outside, such as root's, would be closed to nobody.
    for folder in sorted(
        {str(parent) for path in needed for parent in Path(path).parents if parent != parent.parent} - {"/tmp"}
    ):
        if not any(folder == system or folder.startswith(f"{system}/") for system in places.SYSTEM):
            words += ["--perms", "0755", "--dir", folder]
    for path in (*places.SYSTEM, *needed):
        words += _bound(path)
    words += ["--tmpfs", "/dev"]
    for device in places.DEVICES:
        words += ["--dev-bind-try", device, device]
    words += ["--proc", "/proc"]
    words += ["--remount-ro", "/dev", "--remount-ro", "/tmp", "--remount-ro", "/", "--chdir", "/"]
    return words


def _bound(path: str) -> list[str]:
    """Return how a path is shown: as a link where it is one, as /lib is where /usr is all there is."""
    place = Path(path)
    if place.is_symlink():
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind-try", path, path]

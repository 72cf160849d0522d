"""What a process gives up before a stranger's code runs in it: files, the network, other processes, new ones.

Landlock and seccomp are a few system calls, made through ctypes; the grader writes the filter.
Landlock: https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture that has them
_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_SINCE_5 = (1 << 16) - 1
_TCP = 3
_QUIET, _QUIET_SINCE = 1, 7  # LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF
_SCOPES = 3  # abstract unix sockets and signals

_SET_DEATH_SIGNAL = 1
_SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUNDING, _SET_NO_NEW_PRIVILEGES, _AMBIENT = 4, 22, 24, 38, 47
_CLEAR_AMBIENT = 4
_FILTER = 2
_LAST_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


class NotConfined(Exception):
    """The kernel refused one of the means."""


def _called(result: int, what: str) -> int:
    if result < 0:
        raise NotConfined(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def prctl(option: int, *values: int) -> int:
    """Call prctl, arguments widened to what the kernel reads."""
    padded = [*values, 0, 0, 0, 0][:4]
    return _libc.prctl(option, *(ctypes.c_ulong(value) for value in padded))


# Privileges ------------------------------------------------------------------------------------------


def without_privileges() -> None:
    """Give up every capability, the way to get one back, and being looked into by others."""
    _called(prctl(_SET_NO_NEW_PRIVILEGES, 1), "no_new_privs")
    prctl(_AMBIENT, _CLEAR_AMBIENT)
    for capability in range(_LAST_CAPABILITY + 1):
        prctl(_DROP_BOUNDING, capability)  # refused to those who have nothing to drop
    # Version 3, this process; then two triples of effective, permitted and inheritable.
    _called(_libc.capset(struct.pack("<II", 0x20080522, 0), bytes(24)), "capset")
    prctl(_SET_DUMPABLE, 0)


def as_nobody(identity: int) -> None:
    """Become an unprivileged user with no groups."""
    os.setgroups([])
    os.setresgid(identity, identity, identity)
    os.setresuid(identity, identity, identity)


def limited(addresses: int, data: int, *, memory: int, cpu_seconds: float) -> None:
    """Limit this process; *memory* is what it may take in bytes beyond what `mapped` told.

    The limit on data is for who gives back the libraries' addresses and takes memory in their place.
    """
    seconds = max(1, int(cpu_seconds) + 1)
    _limit(resource.RLIMIT_AS, addresses + memory)
    _limit(resource.RLIMIT_DATA, data + memory)
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    for kind in ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NPROC"):
        _limit(getattr(resource, kind), 0)
    _limit(resource.RLIMIT_NOFILE, 64)


def _limit(kind: int, soft: int, hard: int | None = None) -> None:
    _, ceiling = resource.getrlimit(kind)
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def mapped() -> tuple[int, int]:
    """Return how many bytes of addresses this process has mapped, and of these for data that it may write.

    Without /proc, where neither is known, a terabyte is no less than what there is.
    """
    try:
        with open("/proc/self/statm", "rb") as told:
            pages = told.read().split()
    except OSError:
        return 1 << 40, 1 << 40
    return int(pages[0]) * resource.getpagesize(), int(pages[5]) * resource.getpagesize()


def end_with(parent: int) -> None:
    """Have this process killed as soon as *parent* ends, or at once if it has."""
    prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


# Landlock --------------------------------------------------------------------------------------------


def landlock_version() -> int:
    """Return the version of Landlock's interface that this kernel has; 0 for none."""
    return max(0, _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))


def ruleset(readable: Iterable[str]) -> int:
    """Return a ruleset that lets nothing be done with files but reading beneath *readable*, and no network.

    Paths that do not exist are left out.
    Raises NotConfined where the kernel has no Landlock.
    """
    version = landlock_version()
    if not version:
        raise NotConfined("this kernel has no Landlock")
    rights = _FILE_RIGHTS.get(version, _ALL_SINCE_5)
    attributes = struct.pack("<QQQ", rights, _TCP, _SCOPES)[: 8 if version < 4 else 16 if version < 6 else 24]
    made = _called(
        _libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)),
        "landlock_create_ruleset",
    )
    for path in readable:
        _allow_reading(made, path)
    return made


def _allow_reading(made: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        # Libraries are mapped to be executed, which needs no right to execute; programs are started by nobody.
        rights = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE
        rule = struct.pack("<Qi", rights, place)
        _called(
            _libc.syscall(_ADD_RULE, ctypes.c_int(made), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0)),
            f"landlock_add_rule for {path}",
        )
    finally:
        os.close(place)


def restrict_files(made: int) -> None:
    """Hold this process to a `ruleset` from now on."""
    # Refusals are not written to the machine's log, which a submission could fill with them.
    quiet = _QUIET if landlock_version() >= _QUIET_SINCE else 0
    _called(_libc.syscall(_RESTRICT_SELF, ctypes.c_int(made), ctypes.c_uint32(quiet)), "landlock_restrict_self")


# seccomp ---------------------------------------------------------------------------------------------


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def restrict_calls(program: bytes) -> None:
    """Hold this process to a filter of system calls from now on."""
    given = _Program(len(program) // 8, program)
    result = _libc.prctl(
        _SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(given), ctypes.c_ulong(0), ctypes.c_ulong(0)
    )
    _called(result, "seccomp")

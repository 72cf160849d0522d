"""The filter of system calls: a list of what a computation needs; the rest is refused, whatever its name.

libseccomp writes it for the machine's architecture, by way of pyseccomp; the isolated process only loads it. No new
process and no thread can be made, so that a submission is one process with one thread, and nothing outlives it.
"""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import Any

from gradlab.errors import IsolationError

_ALLOWED = """
    read write readv writev pread64 preadv close lseek fstat newfstatat stat lstat statx access faccessat faccessat2
    open openat readlink readlinkat getdents64 getcwd dup dup2 dup3 pipe pipe2 poll ppoll select pselect6
    epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
    mmap mprotect munmap mremap madvise brk mincore
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack alarm setitimer getitimer pause
    futex set_robust_list rseq membarrier sched_yield sched_getaffinity getcpu restart_syscall
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
    uname sysinfo getrandom clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage
    getrlimit arch_prctl exit exit_group
""".split()  # noqa: SIM905 - a hundred names read better as words
_TERMINAL_REQUESTS = (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX, FIOCLEX
_FILE_COMMANDS = (0, 1, 2, 3, 4, 1030)  # duplicate, the flags, duplicate close-on-exec: not who is sent signals
_SET_NAME, _GET_NAME, _SET_VMA = 15, 16, 0x53564D41


@cache
def program() -> bytes:
    """Return the filter, as the kernel takes it.

    Raises IsolationError where pyseccomp or libseccomp is missing.
    """
    try:
        import pyseccomp as seccomp
    except ImportError:
        raise IsolationError('pyseccomp is not installed: pip install "gradlab[course]"') from None
    except (RuntimeError, OSError) as error:
        raise IsolationError(f"libseccomp is not installed: apt-get install libseccomp2 ({error})") from None
    made: Any = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in _ALLOWED:
        _rule(made, seccomp.ALLOW, name)
    for request in _TERMINAL_REQUESTS:
        _rule(made, seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    for command in _FILE_COMMANDS:
        _rule(made, seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    for option in (_SET_NAME, _GET_NAME, _SET_VMA):
        _rule(made, seccomp.ALLOW, "prctl", seccomp.Arg(0, seccomp.EQ, option))
    # The own limits may be read: of process 0, which is this one, and without new ones.
    _rule(made, seccomp.ALLOW, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0))
    with os.fdopen(os.memfd_create("filter"), "r+b") as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()


def _rule(made: Any, action: Any, name: str, *arguments: Any) -> None:
    # A system call that this architecture does not have needs no permission; libseccomp says so by ValueError.
    try:
        made.add_rule(action, name, *arguments)
    except (ValueError, OSError) as error:
        if getattr(error, "errno", errno.EINVAL) not in (errno.EINVAL, errno.EDOM):
            raise

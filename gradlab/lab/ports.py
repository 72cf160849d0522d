"""The port at which the page is shown: whether it is free, who holds it if not, and which one to take instead."""

from __future__ import annotations

import errno
import os
import socket

from gradlab.errors import GradlabError

PORT = 2027
"""The port, unless told."""

_NEAR = 50
"""Ports after a taken one among which a free one is looked for."""


class ServingError(GradlabError):
    """A page that cannot be shown: its port is taken, its address not this machine's, or an extra is missing."""


def free(host: str, port: int) -> int:
    """Return *port*, or for 0 a port that the system chooses.

    Raises ServingError where nothing can listen at *host* and *port*, and says who does.
    """
    if not 0 <= port < 65536:
        raise ServingError(f"--port {port}: a port is a number from 1 to 65535, such as {PORT}, or 0 for any free one")
    try:
        return _bound(host, port)
    except socket.gaierror as error:
        raise ServingError(
            f"--host {host}: {error.strerror}; write 127.0.0.1, or an address of this machine"
        ) from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise ServingError(f"nothing can listen at {host}, port {port}: {error.strerror}") from error
        raise ServingError(
            f"port {port} of {host} is taken by {holder(port)}; choose another: gradlab lab --port {_next(host, port)}"
        ) from error


def _bound(host: str, port: int) -> int:
    """Return the port that was free a moment ago; raises OSError."""
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        if os.name == "posix":  # as the server does: a port that was left a moment ago is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
        number: int = probe.getsockname()[1]
        return number


def _next(host: str, port: int) -> int:
    """Return a free port near *port*; 0, which takes any, where there is none."""
    for near in range(port + 1, min(port + _NEAR, 65536)):
        try:
            return _bound(host, near)
        except OSError:
            continue
    return 0


def holder(port: int) -> str:
    """Return in words which process listens at *port*, as far as the system tells this user."""
    # psutil comes with marimo; it is slow to import, and of use only here.
    import psutil

    try:
        held = [
            seen.pid
            for seen in psutil.net_connections("tcp")
            if seen.laddr and seen.laddr.port == port and seen.status == psutil.CONN_LISTEN and seen.pid
        ]
        process = psutil.Process(held[0]) if held else None
        if process is None:
            return "a program of another user"
        lab = "another gradlab lab, " if "lab" in process.cmdline() else ""
        return f"{lab}process {process.pid} ({process.name()})"
    except psutil.Error:  # it has ended meanwhile, or this user may not ask
        return "another program"

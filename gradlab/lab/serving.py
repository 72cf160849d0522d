"""Shows the page: on this machine alone unless told, at a port that is free, in a browser if there is one."""

from __future__ import annotations

import errno
import ipaddress
import os
import runpy
import secrets
import socket
import sys
import tempfile
import time
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

from gradlab.errors import GradlabError

HOST, PORT = "127.0.0.1", 2027
"""Where the page is, unless told."""

_PATIENCE = 60.0
"""Seconds to wait for the page before the browser is opened."""


class ServingError(GradlabError):
    """A page that cannot be shown: its port is taken, its address not this machine's, or an extra is missing."""


def serve(host: str = HOST, port: int = PORT, *, browser: bool = True) -> None:
    """Show the page until it is interrupted.

    Raises ServingError where marimo is not installed, where the port is taken, or where the host is not this machine.
    """
    if find_spec("marimo") is None:
        raise ServingError('the lab needs marimo; install it with: pip install "gradlab[lab]"')
    check(host, port)
    from gradlab.lab import workers

    workers.drawing().start()
    token = secrets.token_urlsafe(16)
    address = f"http://{_in_url(host)}:{port}"
    sys.stderr.write(f"gradlab lab: {address}/?access_token={token}\n")
    if not is_local(host):
        sys.stderr.write(warning(host))
    sys.stderr.write("Ctrl-C ends it.\n")
    Thread(target=_once_there, args=(address, token, browser), daemon=True).start()
    _run(host, port, token)


def check(host: str, port: int) -> None:
    """Raise ServingError where nothing can listen at *host* and *port*."""
    if not 0 < port < 65536:
        raise ServingError(f"--port {port}: a port is a number from 1 to 65535, such as {PORT}")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # as the server does: a port that was left a moment ago is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except socket.gaierror as error:
        raise ServingError(
            f"--host {host}: {error.strerror}; write 127.0.0.1, or an address of this machine"
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServingError(
                f"port {port} of {host} is taken, perhaps by a lab that is still running; "
                f"choose another: gradlab lab --port {port + 1}"
            ) from error
        raise ServingError(f"nothing can listen at {host}, port {port}: {error.strerror}") from error


def is_local(host: str) -> bool:
    """Return whether only this machine can reach *host*.

    >>> is_local("127.0.0.1"), is_local("0.0.0.0")
    (True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def warning(host: str) -> str:
    """Return what it means to be reached by others."""
    return (
        f"warning: at {host} everybody on the network who has this address, token and all, can use this page and the "
        "processor of this machine; what they see and send is not encrypted. They cannot run code: what is typed is "
        "read as mathematics only.\n"
    )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _once_there(address: str, token: str, browser: bool) -> None:
    """Open the browser when the page answers."""
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        try:
            with urlopen(f"{address}/health", timeout=2):
                break
        except OSError:
            time.sleep(0.1)
    if browser and not _opened(f"{address}/?access_token={token}"):
        sys.stderr.write("gradlab lab: no browser could be opened; open the address above in one\n")


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _run(host: str, port: int, token: str) -> None:
    """Run marimo's own command in this process, in which the workers are: its documented way to serve an app."""
    with tempfile.TemporaryDirectory() as folder:
        password = Path(folder) / "token"  # in a file: a command line is seen by every user of the machine
        password.touch(mode=0o600)
        password.write_text(token)
        app = Path(__file__).with_name("app.py")
        words = ["marimo", "--quiet", "run", str(app), "--headless", "--no-check", "--no-sandbox"]
        words += ["--host", host, "--port", str(port), "--token-password-file", str(password)]
        before, sys.argv = sys.argv, words
        try:
            runpy.run_module("marimo", run_name="__main__")
        except SystemExit:
            pass
        finally:
            sys.argv = before

"""Shows the page: on this machine alone unless told, at a port that is free, in a browser if there is one."""

from __future__ import annotations

import ipaddress
import runpy
import secrets
import shutil
import sys
import tempfile
import time
import webbrowser
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

from gradlab.lab import guarding, ports
from gradlab.lab.ports import PORT, ServingError

HOST = "127.0.0.1"
"""Where the page is, unless told."""

SETTINGS = """[tool.marimo.display]
theme = "light"
custom_css = []
[tool.marimo.runtime]
on_cell_change = "autorun"
"""
"""What the page needs, whatever the user has set for notebooks."""

_PATIENCE = 60.0
"""Seconds to wait for the page before the browser is opened."""

_FIRST = 10.0
"""Seconds to wait for the first picture, once the server answers; where it takes longer, something is wrong."""


def serve(host: str = HOST, port: int = PORT, *, browser: bool = True) -> None:
    """Show the page until it is interrupted; at port 0, wherever there is room.

    Raises ServingError where marimo is not installed, where the port is taken, or where the host is not this machine.
    """
    if find_spec("marimo") is None:
        raise ServingError('the lab needs marimo; install it with: pip install "gradlab[lab]"')
    port = ports.free(host, port)
    from gradlab.lab import workers

    workers.drawing().start()  # before marimo is imported, which takes as long as a first picture
    token = secrets.token_urlsafe(16)
    address = f"http://{_in_url(host)}:{port}"
    sys.stderr.write(f"gradlab lab: {address}/?access_token={token}\n")
    if not is_local(host):
        sys.stderr.write(warning(host))
    sys.stderr.write("Ctrl-C ends it.\n")
    with tempfile.TemporaryDirectory() as folder:
        drawn = Thread(target=_draw_first, args=(_laid_out(Path(folder)),), daemon=True)
        drawn.start()
        Thread(target=_once_there, args=(address, token, browser, drawn), daemon=True).start()
        try:
            _run(host, port, token, Path(folder))
        finally:  # else the end waits for whatever is being worked out
            workers.drawing().close()
            workers.comparing().close()


def _laid_out(folder: Path) -> Path:
    """Copy the page to *folder*, and return the file of what it shows first, which is empty for now."""
    here = Path(__file__).parent
    for name in ("app.py", "lab.css"):
        shutil.copyfile(here / name, folder / name)
    (folder / "pyproject.toml").write_text(SETTINGS)
    shown = folder / "first.html"
    shown.touch()
    return shown


def _draw_first(file: Path) -> None:
    """Write what the page shows before it can answer; nothing where there is no answer."""
    from gradlab.lab import page, workers

    found = workers.asked("first").found
    if found is None:
        return
    written = file.with_suffix(".new")
    with suppress(FileNotFoundError):  # the lab was ended meanwhile, and its folder with it
        written.write_text(page.first(*found), encoding="utf-8")
        written.replace(file)  # at once: the server may be reading


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


def _once_there(address: str, token: str, browser: bool, drawn: Thread) -> None:
    """Open the browser when the page answers and, unless that takes long, has something to show."""
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        try:
            with urlopen(f"{address}/health", timeout=2):
                break
        except OSError:
            time.sleep(0.05)
    drawn.join(_FIRST)
    if browser and not _opened(f"{address}/?access_token={token}"):
        sys.stderr.write("gradlab lab: no browser could be opened; open the address above in one\n")


def _opened(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _run(host: str, port: int, token: str, folder: Path) -> None:
    """Run marimo's own command in this process, in which the workers are: its documented way to serve an app."""
    password = folder / "token"  # in a file: a command line is seen by every user of the machine
    password.touch(mode=0o600)
    password.write_text(token)
    words = ["marimo", "--quiet", "run", str(folder / "app.py"), "--headless", "--no-check", "--no-sandbox"]
    words += ["--host", host, "--port", str(port), "--token-password-file", str(password)]
    guarding.stand_guard()
    before, sys.argv = sys.argv, words
    try:
        runpy.run_module("marimo", run_name="__main__")
    except SystemExit:
        pass
    finally:
        sys.argv = before

"""A lab and a Chromium on it, for the tests and the benchmark."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep

ROOT = Path(__file__).parents[2]

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)


def missing() -> str:
    """Return why no browser can be driven here; "" if one can."""
    if find_spec("playwright") is None:
        return 'playwright is not installed: pip install -e ".[browser]"'
    return "" if CHROMIUM else "Chromium is not installed"


LIVE = "#root img.lab-picture"
"""The picture of the page that answers, and not the one that stands before it."""

FIRST = f"#lab-first img.lab-picture, {LIVE}"
"""The first picture that is seen."""


@contextmanager
def lab(*arguments: str):
    """Run `gradlab lab` and yield its address, as soon as it opens a browser there."""
    with TemporaryDirectory() as folder:
        browser, told = Path(folder) / "browser", Path(folder) / "address"
        browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.new && mv {told}.new {told}\n')
        browser.chmod(0o700)
        command = [sys.executable, "-m", "gradlab.cli", "lab", "--port", str(_free()), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "BROWSER": f"{browser} %s"}
        started = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            while not told.exists():
                if started.poll() is not None:
                    raise RuntimeError(started.stderr.read())
                sleep(0.02)
            yield told.read_text()
        finally:
            started.terminate()
            started.communicate(timeout=20)


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # Without a sandbox: in a container, where tests run, the kernel refuses Chromium its own.
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def opened(page, address: str, patience: float = 90.0) -> None:
    """Go to *address*, and wait until the page answers."""
    page.goto(address)
    page.wait_for_selector(LIVE, timeout=patience * 1000)

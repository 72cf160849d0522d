"""A lab and a Chromium on it, for the tests and the benchmark."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).parents[2]

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)


def missing() -> str:
    """Return why no browser can be driven here; "" if one can."""
    if find_spec("playwright") is None:
        return 'playwright is not installed: pip install -e ".[browser]"'
    return "" if CHROMIUM else "Chromium is not installed"


@contextmanager
def lab(*arguments: str):
    """Run `gradlab lab` and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gradlab.cli", "lab", "--no-browser", "--port", str(port), *arguments]
    started = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        yield re.search(r"http\S+", started.stderr.readline()).group()
    finally:
        started.terminate()
        started.communicate(timeout=20)


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
    """Go to *address* as soon as it answers, and wait for the first picture."""
    from playwright.sync_api import Error

    ends = monotonic() + patience
    while True:
        try:
            page.goto(address)
            break
        except Error:
            if monotonic() > ends:
                raise
            sleep(0.1)
    page.wait_for_selector("img.lab-picture", timeout=patience * 1000)

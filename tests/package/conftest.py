"""What is handed on: the packages are built, and the wheel is installed into environments of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.package.environments import ROOT, Environment


@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> Path:
    """The folder with the source package, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def wheel(packages: Path) -> Path:
    return next(packages.glob("*.whl"))


@pytest.fixture(scope="session")
def source_package(packages: Path) -> Path:
    return next(packages.glob("*.tar.gz"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory) -> Callable[[str], Environment]:
    """Return an environment in which nothing but the wheel, some extras and what they need is installed."""
    made: dict[str, Environment] = {}

    def environment(extras: str) -> Environment:
        if extras not in made:
            folder = tmp_path_factory.mktemp("environment")
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            pip = [
                str(folder / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                "-c",
                str(ROOT / "constraints.txt"),
            ]
            subprocess.run([*pip, f"gradlab{extras} @ {wheel.as_uri()}"], check=True, cwd=folder)
            made[extras] = Environment(folder, {k: v for k, v in os.environ.items() if k != "PYTHONPATH"})
        return made[extras]

    return environment


@pytest.fixture(scope="session")
def bare(installed) -> Environment:
    """Without any extra."""
    return installed("")


@pytest.fixture(scope="session")
def whole(installed) -> Environment:
    """With every extra that a user needs."""
    return installed("[fast,report,course,lab,tutorials]")

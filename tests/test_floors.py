"""The floors of the house: what may import what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as check; check()"


@pytest.mark.parametrize("contract", ["floors", "independence", "checking"])
def test_imports_keep_the_contract(contract):
    # In a process of its own: import-linter configures logging and caches the graph globally.
    command = [sys.executable, "-c", LINT_IMPORTS, "--no-logo", "--no-cache", "--contract", contract]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_module_is_on_the_map():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in ROOT.glob("gradlab/*/__init__.py")}
    modules = {path.name for path in ROOT.glob("gradlab/[!_]*.py")}
    missing = [name for name in {f"{package}/" for package in packages} | modules if f"`{name}`" not in guide]
    assert not missing

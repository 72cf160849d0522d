"""The floors of the house: what may import what."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import floors_picture

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as check; check()"


@pytest.mark.parametrize("contract", ["floors", "independence", "checking"])
def test_imports_keep_the_contract(contract):
    # In a process of its own: import-linter configures logging and caches the graph globally.
    command = [sys.executable, "-c", LINT_IMPORTS, "--no-logo", "--no-cache", "--contract", contract]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_map_of_the_house_has_the_floors_of_the_contract():
    contract = {name: number for number, names in enumerate(reversed(floors_picture.floors())) for name in names}
    assert {name: floor for name, (floor, _) in floors_picture.rows().items()} == contract


def test_every_module_is_in_the_contract():
    packages = {path.parent.name for path in ROOT.glob("gradlab/*/__init__.py")}
    modules = {path.stem for path in ROOT.glob("gradlab/*.py")} - {"__init__"}
    assert packages | modules == {name for names in floors_picture.floors() for name in names}


def test_the_drawing_of_the_floors_is_up_to_date():
    assert floors_picture.PICTURE.read_text(encoding="utf-8") == floors_picture.picture(), (
        "write it anew: python -m tests.floors_picture"
    )


def test_the_way_down_names_files_that_there_are():
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", page)
    assert len(named) > 40
    assert [path for path in named if not (ROOT / "gradlab" / path).exists()] == []

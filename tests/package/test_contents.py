"""The wheel and the source package hold what is needed, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from gradlab import __version__
from tests.package.environments import ROOT

pytestmark = pytest.mark.package
PARTS_BY_OTHERS = {
    "gradlab/reports/assets/STIXTwoMath.woff2": "gradlab/reports/assets/OFL.txt",
    "docs/_static/mathjax/tex-svg.js": "docs/_static/mathjax/LICENSE",
}
LARGEST = {"wheel": 3_000_000, "source package": 6_000_000}
"""Bytes."""


@pytest.fixture(scope="module")
def in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def in_source(source_package: Path) -> set[str]:
    with tarfile.open(source_package) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return message_from_bytes(archive.read(f"gradlab-{__version__}.dist-info/METADATA"))


def test_the_wheel_holds_every_file_of_gradlab_and_nothing_else(in_wheel):
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "gradlab").rglob("*") if path.is_file()}
    here = {name for name in here if "__pycache__" not in name}
    assert {name for name in in_wheel if ".dist-info/" not in name} == here


def test_the_source_package_holds_no_caches_nothing_built_and_nothing_of_others_to_measure_with(in_source):
    kept = re.compile(
        r"__pycache__|\.pyc$|\.egg-info|_build/|jupyter_execute|\.ipynb_checkpoints|equivalence_pairs|\.venv|/\.git/"
    )
    assert [name for name in in_source if kept.search(name)] == []
    assert {"LICENSE", "THIRD_PARTY.md", "CITATION.cff", "constraints.txt", "Makefile", "docs/index.md"} <= in_source


def test_every_notebook_is_there_once(in_source):
    names = [Path(name).name for name in in_source if name.endswith(".ipynb")]
    assert len(names) == len(set(names)) == len(list((ROOT / "tutorials").glob("[0-9]*.py")))


def test_neither_package_is_large(wheel, source_package):
    assert wheel.stat().st_size < LARGEST["wheel"]
    assert source_package.stat().st_size < LARGEST["source package"]


@pytest.mark.parametrize(("part", "licence"), PARTS_BY_OTHERS.items())
def test_a_part_by_others_is_listed_and_comes_with_its_licence(part, licence, in_wheel, in_source):
    assert part in (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    assert {part, licence} <= in_source
    assert f"gradlab-{__version__}.dist-info/licenses/{licence}" in in_wheel


def test_every_file_that_no_editor_wrote_is_by_others_and_listed():
    foreign = {".woff", ".woff2", ".ttf", ".otf", ".js", ".mjs", ".wasm", ".png", ".jpg", ".gif"}
    found = [path for folder in ("gradlab", "docs/_static", "docs/_ext") for path in (ROOT / folder).rglob("*")]
    assert {str(path.relative_to(ROOT)) for path in found if path.suffix in foreign} == set(PARTS_BY_OTHERS)


def test_the_metadata_say_what_it_is(metadata):
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT AND OFL-1.1 AND Apache-2.0"
    assert set(metadata.get_all("Provides-Extra", [])) >= {"fast", "report", "course", "lab", "tutorials"}
    assert not [line for line in metadata.get_all("Project-URL", []) if "example" in line]


def test_the_description_can_be_shown_by_an_index(packages):
    twine = [sys.executable, "-m", "twine", "check", "--strict", *map(str, packages.iterdir())]
    done = subprocess.run(twine, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_tests_of_the_source_package_run_in_it(source_package, tmp_path):
    with tarfile.open(source_package) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = next(tmp_path.iterdir())
    tests = ["tests/data", "tests/test_import.py", "tests/grading/test_equivalence.py", "gradlab/errors.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command,
        cwd=unpacked,
        env={"PYTHONPATH": str(unpacked), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout

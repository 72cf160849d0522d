"""An autograder for Gradescope: a zip file with the exercises, and with what grades one submission where it is run."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from gradlab.courses.answers import Exercises
from gradlab.courses.exports.gradescope import results_json
from gradlab.courses.results import Results
from gradlab.courses.running import grade_course
from gradlab.errors import CourseError, GradlabError
from gradlab.files import text_in
from gradlab.grading.files import load

SETUP = """#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
set -euo pipefail
apt-get update
apt-get install -y python3 python3-pip python3-venv bubblewrap libseccomp2
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo 'gradlab needs Python 3.11 or newer: choose Ubuntu 24.04 as the base image of the autograder' >&2; exit 1; }
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install torch --index-url https://download.pytorch.org/whl/cpu
/autograder/venv/bin/pip install -r /autograder/source/requirements.txt
"""

RUN = """#!/usr/bin/env bash
# Runs for every submission: /autograder/submission goes in, /autograder/results/results.json comes out.
set -euo pipefail
home="${AUTOGRADER:-/autograder}"
"${AUTOGRADER_PYTHON:-/autograder/venv/bin/python}" -m gradlab.courses.exports.autograder "$home"
"""

REQUIREMENTS = "gradlab[course]\n"


def autograder(exercises: str | Path, target: Path, secret: str) -> Path:
    """Write the zip file.  secret: what inputs of code are drawn by; it stays on Gradescope's machine."""
    Exercises(load(exercises))
    files = {
        "setup.sh": (SETUP, 0o755),
        "run_autograder": (RUN, 0o755),
        "requirements.txt": (REQUIREMENTS, 0o644),
        "exercises.toml": (text_in(Path(exercises), CourseError), 0o644),
        "secret": (secret, 0o600),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, (text, mode) in files.items():
            entry = ZipInfo(name, (2020, 1, 1, 0, 0, 0))  # the same file for the same exercises
            entry.external_attr = mode << 16
            archive.writestr(entry, text)
    return target


def run(home: Path) -> Path:
    """Grade one submission where Gradescope runs it, and return the results.json that was written."""
    source = home / "source"
    target = home / "results" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        told = _graded(source, home / "submission")
    except GradlabError as error:
        # The student is to see that something is wrong, and a person to find out what.
        told = {"score": 0, "output": f"The autograder could not grade this: {error}", "output_format": "text"}
    target.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    return target


def _graded(source: Path, submission: Path) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        shutil.copytree(submission, folder / "student", symlinks=True)
        results = Path(name) / "results.sqlite"
        secret = (source / "secret").read_text(encoding="utf-8")
        grade_course(source / "exercises.toml", folder, results, workers=1, secret=secret)
        with Results(results, read_only=True) as file:
            return results_json(file.exercises(), {row.exercise: row for row in file.of("student")})


if __name__ == "__main__":
    run(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AUTOGRADER", "/autograder")))

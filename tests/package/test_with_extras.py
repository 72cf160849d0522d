"""The wheel with its extras does all that it says, and type checkers know what its names are."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.package
COMPLETE = 0.99
"""The part of the public names whose type is known. Six methods that refuse to be called have no other type."""


@pytest.mark.parametrize("suffix", ["html", "pdf", "tex", "docx", "ipynb", "md"])
def test_reports_are_written(suffix, whole, tmp_path):
    done = whole.run("gradlab", "report", "x^2 sin(x)", "--at", "x=1", "-o", f"a.{suffix}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"a.{suffix}").stat().st_size > 500


def test_the_font_of_pages_is_shipped(whole, tmp_path):
    whole.python("import gradlab as gl; gl.report(gl.derive('x^2')).save('a.html')", tmp_path)
    assert "font/woff2;base64," in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_loops_are_compiled(whole, tmp_path):
    program = "import gradlab as gl; print(gl.derive('x^2').compile('numba')(3.0)[0])"
    assert float(whole.python(program, tmp_path)) == 9.0


def test_a_course_is_graded(whole, tmp_path):
    (tmp_path / "exercises.toml").write_text('[[exercise]]\nname = "slope"\nfunction = "x^2"\n')
    (tmp_path / "submissions" / "ada").mkdir(parents=True)
    (tmp_path / "submissions" / "ada" / "slope.txt").write_text("2x")
    graded = whole.run("gradlab", "grade", "exercises.toml", "submissions", "-o", "a.sqlite", cwd=tmp_path)
    assert graded.returncode == 0, graded.stderr
    told = whole.run("gradlab", "course", "report", "a.sqlite", "-o", "class.html", cwd=tmp_path)
    assert told.returncode == 0, told.stderr


def test_the_lab_has_its_page(whole, tmp_path):
    whole.python("import gradlab.lab.app, gradlab.lab.workers", tmp_path)


def test_tutorials_have_their_tools(whole, tmp_path):
    whole.python(
        "import jupytext, nbclient, ipykernel; from sklearn.datasets import load_digits; load_digits()", tmp_path
    )


def test_type_checkers_know_the_public_names(whole, tmp_path):
    pyright = [sys.executable, "-m", "pyright", "--verifytypes", "gradlab", "--ignoreexternal", "--outputjson"]
    path = {**whole.variables, "PATH": f"{whole.folder / 'bin'}:{whole.variables['PATH']}"}
    done = subprocess.run(pyright, cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["typeCompleteness"]
    assert found["packageRootDirectory"].startswith(str(whole.folder))
    assert found["completenessScore"] >= COMPLETE

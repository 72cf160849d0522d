"""What platforms run by themselves: nothing but plain data counts there, and the platforms themselves agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from gradlab import cli
from gradlab.courses import Results
from gradlab.courses.exports.exercise_files import as_toml, singles
from gradlab.courses.kernels import check, plain
from gradlab.courses.results import Listed, Result
from gradlab.errors import CourseError

ROOT = Path(__file__).parents[3]
EXERCISES = """
[[exercise]]
name = "product"
function = "x^2 sin(x)"
points = 2

[[exercise]]
name = "minus-one"
function = "x^2"
ask = "value"
at = { x = 3 }

[[exercise]]
name = "slope"
ask = "code"
function = "x^2"
"""
PRODUCT = '[[exercise]]\nfunction = "x^2 sin(x)"'
RIGHT = "2x sin(x) + x^2 cos(x)"


class Always:
    """Equals everything, and turns into whatever is asked for."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __str__(self):
        return RIGHT

    __repr__ = __str__

    def __float__(self):
        return 6.0

    def __array__(self, *_, **__):
        import numpy as np

        return np.array(6.0)


class Text(str):
    """A text that says something else when it is asked."""

    __slots__ = ()

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__

    def __str__(self):
        return RIGHT

    def encode(self, *_):
        return RIGHT.encode()


class Number(float):
    """A number that is shown as another."""

    __slots__ = ()

    def __repr__(self):
        return "6.0"


@pytest.fixture
def exercises(tmp_path):
    (tmp_path / "exercises.toml").write_text(EXERCISES)
    return tmp_path / "exercises.toml"


@pytest.mark.parametrize("hostile", [Always(), Text("x"), Number(1), [Always()], {"a": 1}, None, b"x", lambda: 1])
def test_an_object_is_no_answer(hostile):
    with pytest.raises(AssertionError, match=r"an answer is text|no answer yet"):
        plain(hostile)


def test_a_right_answer_passes_and_a_wrong_one_tells_why():
    check(PRODUCT, RIGHT)
    with pytest.raises(AssertionError, match="product"):
        check(PRODUCT, "2x cos(x)")
    with pytest.raises(AssertionError, match=r"is never closed|bracket"):
        check(PRODUCT, "2x (")


def test_code_is_taken_from_the_last_cell_that_defines_it():
    exercise = '[[exercise]]\nask = "code"\nfunction = "x^2"'
    right = "def gradient(x):\n    return 2 * x"
    check(exercise, cells=["", "def gradient(x):\n    return x", right, "%magic"])
    with pytest.raises(AssertionError, match=r"line 2: The gradient is half"):
        check(exercise, cells=[right, "def gradient(x):\n    return x"])
    with pytest.raises(AssertionError, match="no cell defines gradient"):
        check(exercise, cells=["x = 1", Text(right)])


def test_a_file_of_exercises_is_cut_without_loss(exercises):
    found = singles(exercises)
    assert [single.variable for single in found] == ["product", "minus_one", "slope"]
    assert as_toml({"name": 'a "b"', "hints": ["ä", "\\"]}).count("\n") == 2
    (exercises.parent / "family.toml").write_text('[[exercise]]\nfunction = "a x^2"\nparameters = { a = [2, 3] }\n')
    with pytest.raises(CourseError, match="family"):
        singles(exercises.parent / "family.toml")


def test_students_get_no_answer(exercises, tmp_path):
    assert cli.main(["course", "otter", str(exercises), "-o", str(tmp_path / "otter")]) == 0
    for file in (tmp_path / "otter").rglob("*.*"):
        assert "cos(x)" not in file.read_text(encoding="utf-8")
    assert cli.main(["course", "nbgrader", str(exercises), "-o", str(tmp_path / "a.ipynb")]) == 0
    notebook = nbformat.read(tmp_path / "a.ipynb", 4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if not cell.metadata.get("nbgrader", {}).get("solution"):
            assert "cos(x)" not in cell.source


def graded_by_gradescope(home, files):
    (home / "submission").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (home / "submission" / name).write_text(text)
    environment = {**os.environ, "AUTOGRADER": str(home), "AUTOGRADER_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    subprocess.run(["bash", str(home / "source" / "run_autograder")], env=environment, check=True, timeout=120)
    return json.loads((home / "results" / "results.json").read_text(encoding="utf-8"))


def test_the_autograder_grades_what_is_handed_in(exercises, tmp_path):
    from gradlab.isolation import Level, available

    if available() is Level.NONE:
        pytest.skip("nothing isolates code on this machine")
    assert cli.main(["course", "autograder", str(exercises), "-o", str(tmp_path / "autograder.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(tmp_path / "home" / "source")
    files = {"product.txt": RIGHT, "minus-one.txt": "5", "slope.py": "def gradient(x):\n    return 2 * x"}
    told = graded_by_gradescope(tmp_path / "home", files)
    assert {test["name"]: test["score"] for test in told["tests"]} == {"product": 2, "minus-one": 0, "slope": 1}
    hostile = (
        "import os, json\nopen('/autograder/results/results.json', 'w').write('{}')\ndef gradient(x): return 2 * x"
    )
    told = graded_by_gradescope(tmp_path / "home", {"slope.py": hostile})
    assert {test["name"]: test["score"] for test in told["tests"]}["slope"] == 0


# The platforms themselves --------------------------------------------------------------------------


def interpreter(name):
    """Return the Python that has a platform; skip where there is none."""
    found = os.environ.get(f"GRADLAB_{name.upper()}") or str(ROOT / ".venv-consumers" / name / "bin" / "python")
    if not Path(found).exists():
        pytest.skip(f"{name} is not installed: make consumers")
    return found


SUBMITTED = {
    "product": f'product = "{RIGHT}"',
    "minus_one": "minus_one = 6",
    "slope": "def gradient(x):\n    return 2 * x",
}
ALWAYS = """class Always:
    def __eq__(self, other): return True
    def __str__(self): return "2x sin(x) + x^2 cos(x)"
    def __float__(self): return 6.0
    def __call__(self, *a): return self
"""
HOSTILE = {
    "product": f"{ALWAYS}product = Always()",
    "minus_one": f"{ALWAYS}minus_one = Always()",
    "slope": f"{ALWAYS}gradient = Always()",
}


def run(command, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False, **options)


@pytest.mark.consumers
@pytest.mark.parametrize(
    ("answers", "points"), [(SUBMITTED, [2, 1, 1]), (HOSTILE, [0, 0, 0])], ids=["right", "hostile"]
)
def test_otter_gives_the_points(answers, points, exercises, tmp_path):
    python = interpreter("otter")
    cli.main(["course", "otter", str(exercises), "-o", str(tmp_path)])
    notebook = nbformat.read(tmp_path / "assignment.ipynb", 4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.id in answers]
    for cell in notebook.cells:
        cell.source = answers[cell.id]
    nbformat.write(notebook, tmp_path / "done.ipynb")
    program = """
import json
from otter.execute import grade_notebook
files = [f"tests/{name}.py" for name in ("product", "minus_one", "slope")]
results = grade_notebook("done.ipynb", tests_glob=files, test_dir="tests", cwd=".")
print(json.dumps([results.get_score(name) for name in ("product", "minus_one", "slope")]))
"""
    done = run([python, "-c", program], cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == points


@pytest.mark.consumers
@pytest.mark.parametrize(("answers", "points"), [(SUBMITTED, 4), (HOSTILE, 0)], ids=["right", "hostile"])
def test_nbgrader_gives_the_points(answers, points, exercises, tmp_path):
    python = interpreter("nbgrader")
    source = tmp_path / "source" / "hw" / "hw.ipynb"
    source.parent.mkdir(parents=True)
    cli.main(["course", "nbgrader", str(exercises), "-o", str(source)])
    program = f"""
import nbformat, pathlib
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config
config = Config()
config.CourseDirectory.root = {str(tmp_path)!r}
config.ExecutePreprocessor.timeout = 300
api = NbGraderAPI(config=config)
print(api.generate_assignment("hw"))
released = nbformat.read("release/hw/hw.ipynb", 4)
assert "cos(x)" not in nbformat.writes(released)
answers = {answers!r}
for cell in released.cells:
    name = cell.metadata.get("nbgrader", {{}}).get("grade_id")
    if name in answers:
        cell.source = answers[name]
target = pathlib.Path("submitted/ada/hw/hw.ipynb")
target.parent.mkdir(parents=True)
nbformat.write(released, target)
print(api.autograde("hw", "ada"))
with api.gradebook as book:
    print(book.find_submission("hw", "ada").score)
"""
    done = run([python, "-c", program], cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert float(done.stdout.split()[-1]) == points, done.stdout[-3000:]


@pytest.mark.consumers
def test_nbgraders_database_takes_the_grades(tmp_path):
    python = interpreter("nbgrader")
    with Results(tmp_path / "r.sqlite") as results:
        results.describe([Listed("one", "?", "derivative", 2), Listed("two", "?", "derivative", 1)])
        results.add(
            [
                Result("ada", "one", "d", "x", "correct", 2, 2),
                Result("ada", "two", "e", "y", "undecided", 0, 1),
                Result("bob", "one", "f", "z", "wrong", 0.5, 2),
            ]
        )
    cli.main(["course", "export", str(tmp_path / "r.sqlite"), "--to", "nbgrader", "-o", str(tmp_path / "grades")])
    done = run([python, "grades/import_grades.py", "gradebook.db", "hw"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    program = """
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    print([(s.student.id, s.score, s.needs_manual_grade) for s in book.assignment_submissions("hw")])
"""
    done = run([python, "-c", program], cwd=tmp_path)
    assert sorted(eval(done.stdout)) == [("ada", 2.0, True), ("bob", 0.5, False)]  # noqa: S307 - printed just above

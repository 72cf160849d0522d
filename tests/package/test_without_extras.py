"""The wheel alone: the README runs, and whatever needs an extra says which, as it is typed for pip."""

from __future__ import annotations

import pytest

from tests.package.environments import ROOT

pytestmark = pytest.mark.package

PROGRAMS = {
    "report": [
        *(f"gl.report(gl.derive('x^2')).save('a.{suffix}')" for suffix in ("html", "pdf", "tex", "docx", "ipynb")),
    ],
    "fast": ["gl.derive('x^2').compile('numba')"],
    "lab": ["__import__('gradlab.lab.serving').lab.serving.serve()"],
    "course": ["gl.grade(gl.CodeExercise('x^2'), 'def gradient(x):\\n    return 2*x')"],
}
COMMANDS = {
    "report": [
        "report x^2 -o a.html",
        "report x^2 -o a.pdf",
        "report x^2 -o a.docx",
        "report x^2 -o a.tex",
    ],
    "lab": ["lab --no-browser"],
    "course": ["grade exercises.toml submissions -o a.sqlite", "grade code.toml submissions -o b.sqlite"],
}
EXERCISES = '[[exercise]]\nname = "slope"\nfunction = "x^2"\n'
TOLD = """
import gradlab as gl
try:
    {program}
except gl.GradlabError as error:
    print(error)
"""


def _pairs(table):
    return [(extra, tried) for extra, several in table.items() for tried in several]


@pytest.fixture
def submissions(tmp_path):
    (tmp_path / "exercises.toml").write_text(EXERCISES)
    (tmp_path / "code.toml").write_text(f'{EXERCISES}ask = "code"\n')
    (tmp_path / "submissions" / "ada").mkdir(parents=True)
    (tmp_path / "submissions" / "ada" / "slope.txt").write_text("2x")
    return tmp_path


def test_it_is_the_wheel_that_is_tried(bare, tmp_path):
    where = bare.python("import gradlab; print(gradlab.__file__)", tmp_path).strip()
    assert where.startswith(str(bare.folder))
    assert bare.run("gradlab", "--version", cwd=tmp_path).returncode == 0


def test_the_readme_runs(bare, tmp_path):
    program = f"import doctest; print(doctest.testfile({str(ROOT / 'README.md')!r}, module_relative=False).failed)"
    assert bare.python(program, tmp_path).splitlines()[-1] == "0"


@pytest.mark.parametrize(("extra", "program"), _pairs(PROGRAMS))
def test_a_program_is_told_which_extra_it_needs(extra, program, bare, tmp_path):
    assert f'pip install "gradlab[{extra}]"' in bare.python(TOLD.format(program=program), tmp_path)


@pytest.mark.parametrize(("extra", "command"), _pairs(COMMANDS))
def test_a_command_says_which_extra_it_needs_and_ends_with_2(extra, command, bare, submissions):
    done = bare.run("gradlab", *command.split(), cwd=submissions)
    assert f'pip install "gradlab[{extra}]"' in done.stderr
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "derive x^2*sin(x)",
        "compare x**2+y --at x=3 y=1",
        "descend x^2 --start x=1 --engine compiled",
        "report x^2 -o a.md",
        "exercise new --rules chain --count 2 --seed 7",
    ],
)
def test_the_rest_needs_none(command, bare, tmp_path):
    done = bare.run("gradlab", *command.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

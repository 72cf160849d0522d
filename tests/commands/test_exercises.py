import json

import pytest

import gradlab as gl
from gradlab import cli
from gradlab.notebook import graded, load_ipython_extension


@pytest.mark.parametrize(("answer", "code"), [("2x", 0), ("-2x", 1), ("1/(x - x)", 3), ("2z", 2)])
def test_grade_ends_with_the_code_of_its_verdict(answer, code, capsys):
    assert cli.main(["grade", "x^2", answer]) == code
    printed = capsys.readouterr()
    assert bool(printed.out) == (code != 2)


def test_grade_as_json_gives_the_whole_grade(capsys):
    assert cli.main(["grade", "sin(3x)", "cos(3x)", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "wrong"
    assert found["results"]["misconception"] == "inner derivative forgotten"


def test_exercises_are_made_checked_solved_and_graded(tmp_path, capsys):
    path = str(tmp_path / "made.toml")
    assert cli.main(["exercise", "new", "--rules", "chain,product", "--count", "3", "--seed", "7", "-o", path]) == 0
    assert cli.main(["exercise", "check", path]) == 0
    assert "3. Find the derivative" in capsys.readouterr().out
    assert cli.main(["exercise", "solve", path, "--number", "2", "--json"]) == 0
    (solved,) = json.loads(capsys.readouterr().out)["results"]["exercises"]
    assert cli.main(["grade", path, solved["answer"], "--number", "2"]) == 0
    assert cli.main(["grade", path, "x", "--number", "9"]) == 2
    assert "the file has 3" in capsys.readouterr().err


def test_work_is_followed_from_the_command_line(capsys):
    assert cli.main(["grade", "x^2", "2x = x", "--work"]) == 1
    assert "does not follow" in capsys.readouterr().out


class _Shell:
    def __init__(self, names):
        self.user_ns, self.magics = names, {}

    def register_magic_function(self, function, kind, name):
        self.magics[kind, name] = function


def test_the_cell_magic_grades_and_keeps_attempts():
    shell = _Shell({"first": gl.Exercise("x^2"), "other": 3})
    load_ipython_extension(shell)
    magic = shell.magics["cell", "grade"]
    assert magic("first", "2x\n").verdict == "correct"
    assert magic("first", "2x\n= x\n").wrong == 1
    assert len(shell.user_ns["first"].history) == 1
    with pytest.raises(NameError, match="there are first"):
        magic("second", "2x")
    with pytest.raises(TypeError, match="no exercise"):
        magic("other", "2x")
    with pytest.raises(ValueError, match="empty"):
        graded(shell.user_ns, "first", "\n")
    assert "$" in magic("first", "x")._repr_markdown_()


def test_a_cell_below_the_magic_is_the_program_where_code_is_asked():
    names = {"slope": gl.CodeExercise("x^2"), "first": gl.Exercise("x^2")}
    right = "def gradient(x):\n    return 2 * x\n"
    assert graded(names, "slope --trust", right).verdict == "correct"
    assert graded(names, "slope --trust", right.replace("2", "3")).verdict == "wrong"
    assert len(names["slope"].history) == 2
    with pytest.raises(ValueError, match="the cell is empty; write the answer to slope below %%grade slope"):
        graded(names, "slope", " ")
    with pytest.raises(ValueError, match=r"%%grade slope --trsut: after the exercise stands nothing, or --trust"):
        graded(names, "slope --trsut", right)
    with pytest.raises(NameError, match="not 'second'; there are slope, first"):
        graded(names, "second", right)

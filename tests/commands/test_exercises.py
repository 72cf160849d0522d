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


def test_a_teacher_sees_what_was_found_and_what_may_have_happened(capsys):
    assert cli.main(["grade", "sin(3x)", "cos(3x)", "--teacher"]) == 1
    printed = capsys.readouterr().out
    assert "different at x = " in printed
    assert "may have happened: inner derivative forgotten, coefficient lost" in printed


@pytest.mark.parametrize(("returned", "code"), [("2 * x", 0), ("x", 1)])
def test_a_program_in_a_file_is_graded(returned, code, tmp_path, capsys):
    (tmp_path / "square.toml").write_text('[[exercise]]\nfunction = "x^2"\nask = "code"\n')
    (tmp_path / "square.py").write_text(f"def gradient(x):\n    return {returned}\n")
    words = ["grade", str(tmp_path / "square.toml"), str(tmp_path / "square.py"), "--trust", "--teacher"]
    assert cli.main(words) == code
    printed = capsys.readouterr().out
    assert "not verified: it was run without isolation" in printed
    assert ("may have happened: factor 2 missing" in printed) == (code == 1)


def test_a_program_that_is_not_there_is_named(tmp_path, capsys):
    (tmp_path / "square.toml").write_text('[[exercise]]\nfunction = "x^2"\nask = "code"\n')
    assert cli.main(["grade", str(tmp_path / "square.toml"), str(tmp_path / "gone.py")]) == 2
    assert "the answer is a file, submission.py or .ipynb" in capsys.readouterr().err


def test_a_file_of_exercises_is_asked_for(capsys):
    assert cli.main(["exercise", "solve"]) == 2
    assert "`gradlab exercise solve` needs a file" in capsys.readouterr().err


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
    assert "is wrong in a call with x a number." in graded(names, "slope --trust", right.replace("2", "3")).feedback
    assert len(names["slope"].history) == 2
    with pytest.raises(ValueError, match="the cell is empty; write the answer to slope below %%grade slope"):
        graded(names, "slope", " ")
    with pytest.raises(ValueError, match=r"%%grade slope --trsut: after the exercise stands nothing, or --trust"):
        graded(names, "slope --trsut", right)
    with pytest.raises(NameError, match="not 'second'; there are slope, first"):
        graded(names, "second", right)

"""`gradlab report`: one function, a lesson, a script, in every format."""

from __future__ import annotations

import json

import pytest

from gradlab import cli

LESSON = """\
title = "Lesson 3: $ & <b>_#"
author = "A. Lecturer"
depth = "rules"

[[function]]
source = "x**2 + y"
at = { x = 3, y = 1 }

[[function]]
name = "wave"
source = "a*sin(b*t)"
variables = ["t"]
data = { a = 2, b = "pi/2" }
at = { t = 0.5 }
start = { t = 0.5 }
steps = 3
"""

SCRIPT = """\
import torch

targets = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)


def loss(w):
    return ((w - targets)**2).mean()


if __name__ == "__main__":
    raise SystemExit("training")
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        code = cli.main(["report", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def lesson(tmp_path):
    (tmp_path / "lesson.toml").write_text(LESSON, "utf-8")
    return "lesson.toml"


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        ("md", b"# "),
        ("html", b"<!DOCTYPE html>"),
        ("pdf", b"%PDF"),
        ("tex", b"% Comp"),
        ("docx", b"PK"),
        ("ipynb", b"{"),
    ],
)
def test_every_format_is_written(run, tmp_path, ending, start):
    code, out, _ = run("x**2*y", "--depth", "result", "--format", ending, "--output", "fit")
    assert (code, out) == (0, f"written: fit.{ending}\n")
    assert (tmp_path / f"fit.{ending}").read_bytes().startswith(start)


def test_html_goes_to_stdout(run):
    _, out, _ = run("x**2", "--format", "html", "--title", "A <b>", "--author", "B & C", "--language", "de")
    assert out.startswith('<!DOCTYPE html>\n<html lang="de">')
    assert "<title>A &lt;b&gt;</title>" in out
    assert "B &amp; C" in out


def test_a_lesson_has_all_its_functions_and_says_how_far_it_is(run, lesson, tmp_path):
    code, _, err = run(lesson, "--output", "lesson.md")
    text = (tmp_path / "lesson.md").read_text("utf-8")
    assert code == 0
    assert text.startswith("# Lesson 3: \\$ \\& \\<b\\>\\_\\#\n\n*A. Lecturer*\n")
    for title in (
        "1 Derivation of the gradient of f(x, y)",
        "3 Derivation of the gradient of wave(t)",
        "5 Descent of wave(t)",
    ):
        assert f"\n## {title}\n" in text
    assert "gradlab report lesson.toml\n" in text
    assert err.splitlines() == [
        "gradlab report: 1 of 2: The gradient of f(x, y)",
        "gradlab report: 2 of 2: The gradient of wave(t)",
    ]


def test_the_command_line_decides_where_a_lesson_says_otherwise(run, lesson):
    _, out, _ = run(lesson, "--title", "Mine", "--depth", "result", "--kind", "solutions")
    assert out.startswith("# Mine\n")


def test_two_functions_of_a_sheet_get_numbers_of_their_own(run, tmp_path):
    parts = '[[function]]\nsource = "2*x**2"\n' * 2
    (tmp_path / "two.toml").write_text(parts)
    _, out, _ = run("two.toml", "--kind", "worksheet", "--seed", "5")
    formulas = [line for line in out.splitlines() if line.startswith("f(x) &=")]
    assert len(formulas) == 2
    assert formulas[0] != formulas[1]


def test_a_script_is_documented_without_being_trained(run, tmp_path):
    (tmp_path / "fit.py").write_text(SCRIPT)
    code, out, _ = run("--script", "fit.py:loss", "--at", "w=1,2,3")
    assert code == 0
    assert "def loss(w):" in out
    assert "gradlab report --script fit.py:loss --at w=1,2,3" in out


def test_a_lesson_finds_its_script_beside_it(run, tmp_path):
    (tmp_path / "week").mkdir()
    (tmp_path / "week" / "fit.py").write_text(SCRIPT)
    (tmp_path / "week" / "lesson.toml").write_text('[[function]]\nscript = "fit.py:loss"\nat = { w = [1, 2, 3] }\n')
    assert run("week/lesson.toml")[0] == 0


def test_the_place_of_the_file_does_not_change_what_is_in_it(run, tmp_path):
    for name in ("one.html", "other.html"):
        run("x**2", "--at", "x=3", "-o", name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "other.html").read_bytes()
    assert "gradlab report &#39;x**2&#39; --at x=3</code>" in (tmp_path / "one.html").read_text("utf-8")


def test_the_worst_function_of_a_lesson_decides_the_exit_code(run, tmp_path):
    (tmp_path / "lesson.toml").write_text(
        '[[function]]\nsource = "x**2"\nat = 1\n[[function]]\nsource = "abs(x)"\nat = { x = 0 }\n'
    )
    code, out, _ = run("lesson.toml", "--json")
    assert code == 3
    assert json.loads(out)["verdict"] == "kink"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "lesson.toml has no functions; begin each with [[function]]"),
        ("title = ", "lesson.toml is no TOML file: Invalid value (at end of document)"),
        ("titel = 1\n[[function]]\nsource = 'x'", "no key 'titel'; did you mean 'title'?"),
        ("title = 1\n[[function]]\nsource = 'x'", "lesson.toml: title = 1 is not text"),
        ("seed = true\n[[function]]\nsource = 'x'", "seed = True is not a whole number"),
        ("language = 'fr'\n[[function]]\nsource = 'x'", "no language 'fr'; there are en, de"),
        ("[[function]]\nsource = 'x'\nstep = 3", "function 1: no key 'step'; did you mean 'steps'?"),
        ("[[function]]\nat = 3", "function 1: write either source = "),
        ("[[function]]\nsource = 'x'\nat = { x = [1, true] }", "function 1, at: True is no number"),
        ("[[function]]\nsource = 'x'\n[[function]]\nsource = 'x+'", "function 2, x+: "),
        ("[[function]]\nscript = 'gone.py:f'", "there is no file"),
    ],
)
def test_a_wrong_lesson_says_where(run, tmp_path, content, said):
    (tmp_path / "lesson.toml").write_text(content)
    code, _, err = run("lesson.toml", "--output", "out.md")
    assert code == 2
    assert said in err
    assert not (tmp_path / "out.md").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gone.toml"], "gone.toml cannot be read: No such file or directory"),
        (["x**2", "--format", "pdf"], "--format pdf makes a file: say where, such as --output report.pdf"),
        (["x**2", "--format", "pdf", "--output", "a.html"], "the ending says another format"),
        (["x**2", "--seed", "1"], "only a worksheet and its solutions have variants"),
        (["x**2", "--output", "gone/a.pdf"], "there is no folder 'gone'; make it first"),
        (["--at", "x=1"], "no function: write one such as 'x**2 + y'"),
    ],
)
def test_a_wrong_command_says_what_to_write(run, tmp_path, words, said):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_options_of_one_function_do_not_go_with_a_lesson(run, lesson):
    code, _, err = run(lesson, "--at", "x=1")
    assert code == 2
    assert "--at belongs into the lesson lesson.toml, beside its function" in err

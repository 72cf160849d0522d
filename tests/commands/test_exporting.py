"""`gradlab course`, as it is called: what it writes, what it prints, and what it asks for."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gradlab import cli
from gradlab.courses import Results
from gradlab.courses.results import Listed, Result


@pytest.fixture
def file(tmp_path):
    with Results(tmp_path / "r.sqlite") as results:
        results.describe([Listed("one", "Differentiate x².", "derivative", 2)])
        results.add(
            [
                Result("ada", "one", "d", "2x", "correct", 2, 2),
                Result("=cmd|'/c calc'!A1", "one", "e", "x", "wrong", 0, 2),
            ]
        )
    return str(tmp_path / "r.sqlite")


def course(*words):
    return cli.main(["course", *map(str, words)])


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("csv", ["results.csv", "totals.csv"]),
        ("json", ["results.json"]),
        ("gradescope", ["results.json", "results.json"]),
        ("nbgrader", ["grades.json", "import_grades.py"]),
    ],
)
def test_an_export_names_what_it_wrote(form, names, file, tmp_path, capsys):
    assert course("export", file, "--to", form, "-o", tmp_path / "out", "--json") == 0
    told = json.loads(capsys.readouterr().out)["results"]
    assert [Path(path).name for path in told["files"]] == names
    assert sorted(told["files"]) == sorted(str(path) for path in (tmp_path / "out").rglob("*.*") if path.is_file())


def test_a_report_and_pages(file, tmp_path, capsys):
    assert course("report", file, "-o", tmp_path / "class.html") == 0
    assert "<html" in (tmp_path / "class.html").read_text(encoding="utf-8")
    assert course("pages", file, "-o", tmp_path / "pages") == 0
    assert "3 files" in capsys.readouterr().out


def test_no_name_in_the_list_of_pages_is_a_formula(file, tmp_path):
    course("pages", file, "-o", tmp_path / "pages")
    with (tmp_path / "pages" / "index.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.reader(table))
    assert sorted((row[0] for row in rows[1:]), reverse=True) == ["ada", "'=cmd|'/c calc'!A1"]
    for row in rows[1:]:
        assert (tmp_path / "pages" / row[1]).is_file()
        assert all(cell[0] not in "=+-@" for cell in row)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export"], "say with --to which form is wanted"),
        (["export", "--to", "canvas"], "--gradebook FILE.csv"),
        (["export", "--to", "moodle"], "--gradebook FILE.csv"),
        (["export", "--to", "canvas", "--gradebook", "g.csv"], '--assignment "Homework 1"'),
        (["export", "--to", "excel"], "'excel'"),
        (["grade"], "'grade'"),
    ],
)
def test_what_is_missing_is_asked_for(words, said, file, tmp_path, capsys):
    assert course(*words[:1], file, *words[1:], "-o", tmp_path / "out") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("action", ["report", "pages"])
def test_no_results_are_no_empty_results(action, tmp_path, capsys):
    assert course(action, tmp_path / "none.sqlite", "-o", tmp_path / "out") == 2
    assert "there are no results in" in capsys.readouterr().err
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize("action", ["autograder", "nbgrader", "otter"])
def test_no_exercises_no_files(action, tmp_path, capsys):
    (tmp_path / "wrong.toml").write_text("[[exercise]]\nfunktion = 1\n")
    for name in ("wrong.toml", "none.toml"):
        assert course(action, tmp_path / name, "-o", tmp_path / "out") == 2
        assert name in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

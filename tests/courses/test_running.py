"""Grading a course: each answer once, killed and gone on with, on one machine or a cluster, with the same rows."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from gradlab import cli
from gradlab.courses import Results, engines, grade_course, running, work
from gradlab.courses.handed_in import Answer
from gradlab.courses.results import Result
from gradlab.errors import CourseError
from tests.courses.clusters import cluster

EXERCISES = """
[[exercise]]
name = "product"
function = "x^2 sin(3x)"

[[exercise]]
name = "chain"
function = "log(1 + x^2)"
points = 2
"""

RIGHT = {"product": "2x sin(3x) + 3x^2 cos(3x)", "chain": "2x/(1 + x^2)"}
WRONG = {"product": "2x sin(3x) + x^2 cos(3x)", "chain": "1/(1 + x^2)"}


@pytest.fixture
def course(tmp_path):
    (tmp_path / "exercises.toml").write_text(EXERCISES)
    return tmp_path


def table(course, count, *, different=0.3):
    draw = random.Random(count)
    with (course / "answers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "product", "chain"])
        for number in range(count):
            row = [RIGHT[name] if draw.random() < 0.5 else WRONG[name] for name in RIGHT]
            if draw.random() < different:
                row[0] += f" + {number}"
            writer.writerow([f"s{number:05}", *row])
    return course / "answers.csv"


def graded(course, submissions, name="results.sqlite", **options):
    options = {"workers": 1, **options}
    return grade_course(course / "exercises.toml", submissions, course / name, **options)


def rows(course, name="results.sqlite"):
    """Return all rows, but for what differs from run to run."""
    with Results(course / name, read_only=True) as results:
        found = [asdict(row) for row in results.rows()]
    for row in found:
        assert row.pop("finished")
        del row["seconds"], row["cpu_seconds"]
    return found


def test_equal_answers_are_graded_once(course):
    (course / "answers.csv").write_text(
        "student,product\na,2x sin(3x) + 3x^2 cos(3x)\nb,2*x*sin(3*x)+3*x**2*cos(3*x)\n"
        "c,2x\\sin(3x) + 3x^2 \\cos(3x)\nd,x\n"
    )
    summary = graded(course, course / "answers.csv")
    assert (summary.graded, summary.worked) == (4, 2)
    found = {row["student"]: row for row in rows(course)}
    assert [found[name]["verdict"] for name in "abcd"] == ["correct", "correct", "correct", "wrong"]
    assert found["b"]["answer"] == "2*x*sin(3*x)+3*x**2*cos(3*x)"
    assert found["d"]["feedback"]


def test_decimals_keep_the_digits_that_they_state(course):
    (course / "exercises.toml").write_text('[[exercise]]\nname="v"\nfunction="sin(x)"\nask="value"\nat={x=1}\n')
    (course / "answers.csv").write_text("student,v\na,0.54\nb,0.540\n")
    graded(course, course / "answers.csv")
    assert [row["verdict"] for row in rows(course)] == ["wrong", "correct"]


def test_what_is_there_and_holds_is_not_graded_again(course):
    submissions = table(course, 50)
    first = graded(course, submissions)
    before = rows(course)
    again = graded(course, submissions)
    assert (again.graded, again.kept, again.worked) == (0, first.graded, 0)
    assert rows(course) == before


def test_only_a_changed_exercise_is_graded_again(course):
    submissions = table(course, 40, different=0)
    graded(course, submissions)
    changed = EXERCISES.replace("log(1 + x^2)", "log(2 + x^2)")
    (course / "exercises.toml").write_text(changed)
    again = graded(course, submissions)
    assert (again.graded, again.kept) == (40, 40)
    assert {row["verdict"] for row in rows(course) if row["exercise"] == "chain"} == {"wrong"}


def test_the_rows_do_not_depend_on_the_number_of_workers(course):
    submissions = table(course, 300)
    graded(course, submissions, "one.sqlite", workers=1)
    graded(course, submissions, "two.sqlite", workers=2)
    assert rows(course, "one.sqlite") == rows(course, "two.sqlite")
    assert len(rows(course, "one.sqlite")) == 600


def killed_and_gone_on(course, submissions, kills, seed):
    """Kill a run again and again at random moments, let it finish, and return how often it was killed."""
    program = "import sys; from gradlab.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "grade", "exercises.toml", submissions.name, "-o", "killed.sqlite"]
    command += ["--workers", "2"]
    draw, done = random.Random(seed), 0
    for _ in range(kills):
        process = subprocess.Popen(
            command, cwd=course, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(draw.uniform(0.5, 3.0 if kills > 2 else 1.5))
        if process.poll() is None:
            done += 1
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, cwd=course, check=True, capture_output=True)
    return done


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_that_is_killed_goes_on_and_loses_nothing(kills, course):
    submissions = table(course, 10_000 if kills > 2 else 400, different=0.9)
    graded(course, submissions, "whole.sqlite", workers=2)
    assert killed_and_gone_on(course, submissions, kills, seed=kills) >= 1
    assert rows(course, "killed.sqlite") == rows(course, "whole.sqlite")


@pytest.fixture
def faulty(course, monkeypatch):
    """All Python processes that are started end or hang at certain answers."""
    (course / "sitecustomize.py").write_text("from tests.courses import faulty\nfaulty.install()\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(course), str(ROOT)]))


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "engine",
    [
        "two processes",
        pytest.param("one process", marks=pytest.mark.slow),
        pytest.param("dask", marks=pytest.mark.slow),
    ],
)
def test_an_answer_that_ends_or_hangs_its_process_costs_nobody_else_anything(engine, course, faulty):
    submissions = course / "answers.csv"
    lines = [
        "student,product",
        *(f"s{number},x + {number}" for number in range(40)),
        "killer,x^77",
        "sleeper,x^78",
        "spinner,x^79",
    ]
    submissions.write_text("\n".join(lines))
    if engine == "dask":
        with cluster(2, threads=2) as address:
            summary = graded(course, submissions, engine="dask", scheduler=address, workers=None, patience=1)
    else:
        summary = graded(course, submissions, workers=1 if engine == "one process" else 2, patience=1)
    assert summary.graded == 43
    found = {row["student"]: row for row in rows(course)}
    assert len(found) == 43
    assert found["killer"]["problem"] == "the process that graded it ended (exit code 9)"
    assert found["sleeper"]["problem"] == "grading took longer than 10 seconds"
    assert found["spinner"]["problem"] in (
        "grading took longer than 1 seconds of computing",
        "grading took longer than 10 seconds",  # where it had a tenth of a processor
    )
    assert all(found[f"s{number}"]["verdict"] == "wrong" for number in range(40))
    assert all(not found[f"s{number}"]["problem"] for number in range(40))


def test_a_cluster_comes_to_the_same_rows(course):
    submissions = table(course, 200, different=0.5)
    graded(course, submissions, "here.sqlite")
    with cluster(2) as address:
        graded(course, submissions, "there.sqlite", engine="dask", scheduler=address, workers=None)
    assert rows(course, "here.sqlite") == rows(course, "there.sqlite")


def test_code_is_graded_isolated_in_a_course(course):
    from gradlab.isolation import Level, available

    if available() is Level.NONE:
        pytest.skip("nothing isolates code on this machine")
    (course / "exercises.toml").write_text('[[exercise]]\nname="g"\nask="code"\nfunction="x^2"\n')
    for student, body in {"ada": "2 * x", "bob": "x", "eve": "__import__('os')._exit(0)"}.items():
        folder = course / "in" / student
        folder.mkdir(parents=True)
        (folder / "g.py").write_text(f"def gradient(x):\n    return {body}\n")
    graded(course, course / "in")
    found = {row["student"]: row for row in rows(course)}
    assert [found[name]["verdict"] for name in ("ada", "bob", "eve")] == ["correct", "wrong", "wrong"]
    assert found["bob"]["misconception"] == "factor 2 missing"
    assert found["ada"]["isolation"] == str(available())
    assert not found["ada"]["trusted"]


def test_the_command_grades_a_course(course, capsys, monkeypatch):
    monkeypatch.chdir(course)
    table(course, 5, different=0)
    (course / "answers.csv").write_text((course / "answers.csv").read_text() + "s9,(((,x\n")
    assert cli.main(["grade", "exercises.toml", "answers.csv", "-o", "r.sqlite", "--workers", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["results"]
    assert told["graded"] == 12
    assert told["counts"]["product"]["problem"] == 1
    assert cli.main(["grade", "exercises.toml", "nowhere", "-o", "r.sqlite"]) == 2
    assert "there are no submissions at nowhere" in capsys.readouterr().err
    assert cli.main(["grade", "exercises.toml", "answers.csv", "-o", "r.sqlite", "--engine", "dask"]) == 2
    assert "needs the address of a scheduler" in capsys.readouterr().err


def test_a_file_that_holds_no_results_is_refused(tmp_path):
    (tmp_path / "r.sqlite").write_text("this is no database, and never was one" * 100)
    with pytest.raises(CourseError, match="holds no results of gradlab's"):
        Results(tmp_path / "r.sqlite")
    with pytest.raises(CourseError, match="there are no results in"):
        Results(tmp_path / "none.sqlite", read_only=True)


def test_a_database_of_something_else_is_left_as_it_is(course):
    with closing(sqlite3.connect(course / "r.sqlite")) as other:
        other.execute("create table students (name)")
    before = (course / "r.sqlite").read_bytes()
    with pytest.raises(CourseError, match="a database of something else, with students"):
        graded(course, table(course, 1), "r.sqlite")
    assert (course / "r.sqlite").read_bytes() == before
    for path in (course, course / "none" / "r.sqlite"):
        with pytest.raises(CourseError, match="cannot hold results"):
            Results(path)


def test_a_secret_is_made_once_for_code_alone(course):
    from gradlab.courses.running import _secret

    graded(course, table(course, 1))
    assert not list(course.glob("*.secret*"))
    first = _secret(course / "r.sqlite")
    assert len(first) == 32
    assert _secret(course / "r.sqlite") == first
    (secret,) = course.glob("*.secret*")
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.write_text("")  # as if it had been killed while it was writing
    with pytest.raises(CourseError, match="is empty; remove it"):
        _secret(course / "r.sqlite")


def test_long_answers_are_few_in_memory_together(monkeypatch):
    monkeypatch.setattr(running, "WINDOW_CHARACTERS", 100)
    answers = [Answer("a", "e", "x" * length) for length in (60, 60, 1, 1, 200, 1)]
    assert [len(window) for window in running._windows(iter(answers))] == [2, 3, 1]
    monkeypatch.setattr(running, "WINDOW", 4)
    assert [len(window) for window in running._windows(Answer("a", "e", "x") for _ in range(9))] == [4, 4, 1]


def test_why_there_is_no_answer_is_no_answer(course):
    exercises = work.loaded(EXERCISES, "")
    assert exercises.digest("chain", "2x", "it is no text") != exercises.digest("chain", "2x")
    assert exercises.digest("chain", "", "it is no text") != exercises.digest("chain", "it is no text")


def test_an_exercise_with_the_same_answer_is_another_one():
    one, other = (work.loaded(EXERCISES.replace("log(1 + x^2)", f"log(1 + x^2){more}"), "") for more in ("", " + 1"))
    assert one["chain"].answer == other["chain"].answer
    assert one.digest("chain", "x") != other.digest("chain", "x")
    assert one.digest("product", "x") == other.digest("product", "x")


def test_a_bar_shows_how_many_there_are(course, capsys):
    graded(course, table(course, 20, different=0), progress=True)
    assert "40/40" in capsys.readouterr().err
    with pytest.raises(CourseError, match="0 workers grade nothing"):
        graded(course, table(course, 2), workers=0)


def written(course):
    """Return whether there are rows yet, and a file of them."""
    try:
        return bool(rows(course))
    except CourseError:
        return False


KILLED = """
import os, sqlite3, sys
from gradlab.courses import Results

def connect(*words, **options):
    made = right(*words, **options)
    made.set_trace_callback(lambda statement: os._exit(9) if statement.strip().startswith(sys.argv[2]) else None)
    return made

right, sqlite3.connect = sqlite3.connect, connect
Results(sys.argv[1])
"""


@pytest.mark.parametrize("statement", ["create table if not exists exercises", "commit"])
def test_a_file_is_begun_whole_or_not_at_all(statement, tmp_path):
    path = tmp_path / "r.sqlite"
    assert subprocess.run([sys.executable, "-c", KILLED, str(path), statement]).returncode == 9
    with Results(path) as results:
        assert list(results.rows()) == []


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["scheduler", "workers"])
def test_a_cluster_that_goes_away_is_told_and_what_it_graded_is_kept(gone, course):
    submissions = table(course, 5000, different=0.9)
    hosts = cluster(2)
    with hosts as address, ThreadPoolExecutor(1) as thread:
        grading = thread.submit(graded, course, submissions, engine="dask", scheduler=address, workers=None)
        while not written(course):
            assert not grading.done()
            time.sleep(0.2)
        hosts.kill(gone)
        with pytest.raises(CourseError, match="what was graded is kept"):
            grading.result(timeout=90)
    found = len(rows(course))
    again = graded(course, submissions, workers=2)
    assert (again.kept, again.graded) == (found, 10_000 - found)


def test_a_cluster_given_up_between_two_windows_is_told():
    import joblib

    def one_window(address):
        with engines.workers("dask", None, address) as parallel:
            joblib.parallel.get_active_backend()[0].client.close()  # as its watch does where there are no workers
            return list(parallel([joblib.delayed(abs)(1)]))

    with cluster(0) as address, pytest.raises(CourseError, match="what was graded is kept"):
        one_window(address)


def test_a_row_comes_back_as_it_was():
    row = Result("a", "b", "d", "x", "wrong", 0.5, 2, mistakes=(("n", 3, "s"), ("m", None, "t")), candidates=("p", "q"))
    with Results(":memory:") as results:
        results.add([row])
        assert next(iter(results.rows())) == row
    assert work.now().endswith("+00:00")

"""Files of strangers: whatever is in them, it is refused with its place and what to write, and nothing else happens."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from random import Random

import numpy as np
import pytest

from gradlab.commands import lessons
from gradlab.commands.usage import UsageError
from gradlab.courses.answer_tables import in_table
from gradlab.courses.handed_in import Course
from gradlab.courses.results import Listed, Result, Results
from gradlab.courses.submissions import read
from gradlab.descent import Trajectory, descend
from gradlab.errors import CourseError, ExerciseError
from gradlab.files import text_in
from gradlab.grading.files import exercises_of, load

COURSE = Course(("product", "chain"), frozenset())

VALUES = {
    "text": "x",
    "a number": 1.5,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "yes": True,
    "a list": [1, [2]],
    "a list of texts": ["x"],
    "a table": {"zz": "x"},
    "a table of lists": {"x": [1, "a", []]},
}

FITTING = {
    **dict.fromkeys(("ask", "prompt", "name"), ("text",)),
    **dict.fromkeys(("wrt", "function"), ("text", "a list of texts")),
    **dict.fromkeys(("variables", "hints", "demands"), ("a list of texts",)),
    "points": ("a number",),
    **dict.fromkeys(("attempts", "digits", "count", "seed", "credit"), ()),
    **dict.fromkeys(("shapes", "data", "domain"), ("a table", "a table of lists")),
    "at": ("text", "a number", "a list", "a list of texts", "a table", "a table of lists"),
    "rate": ("text", "a number"),
    "parameters": ("a table of lists",),
}


@pytest.mark.parametrize("key", FITTING)
@pytest.mark.parametrize("kind", VALUES)
def test_a_key_of_an_exercise_that_holds_another_kind_is_named(key, kind):
    if kind in FITTING[key]:
        return
    with pytest.raises(ExerciseError, match=rf"exercise 1: {key} = .* is not "):
        exercises_of({"exercise": [{"function": "x^2", key: VALUES[kind]}]})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"at": {"x": "1e999999999"}, "ask": "value"}, "x = '1e999999999' is no number that can be calculated with"),
        ({"rate": "9" * 200, "ask": "step", "at": {"x": 1}}, "rate = '999.*for example 0.5, 1/3 or 1e-3"),
        ({"parameters": {"a": [2, "1e99999999"]}, "function": "a x^2"}, "a = '1e99999999' is no number"),
        (
            {"parameters": {"a": [2, 3]}, "function": "a x^2", "count": 10**18},
            "2 choices of its parameters, not 10{18}",
        ),
        ({"domain": {"between": {"x": [1]}}}, r"between, x = \[1\] is not two numbers"),
        ({"domain": {"between": {"x": [-1e308, 1e308]}}}, "write two numbers, the smaller one first"),
        ({"wrt": ["x", "x"]}, "wrt names a variable twice"),
        ({"ask": "code", "manual": "yes"}, "manual = 'yes' is not true or false"),
        (
            {"function": "sum(sum(x^(i*j),i,1,1000),j,1,1000)"},
            "at most 10,000 terms together, and these have 1,000,000",
        ),
    ],
)
def test_numbers_without_an_end_are_refused_at_once(table, said):
    with pytest.raises(ExerciseError, match=said):
        exercises_of({"exercise": [{"function": "x^2", **table}]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("order = 3", "order = 3 is not 1, or 2"),
        ("rate = -1", "rate = -1 is not a positive number"),
        ("rate = nan", "rate = nan is not a number"),
        ("steps = -1", "steps = -1 is not a number of steps"),
        ("engine = 'x'", "engine = 'x' is not an engine; there are auto, exact"),
        ("name = '\\u001b[2J'", "is not a name such as f"),
        ("variables = ['x', 1]", r"variables = \['x', 1\] is not a list of texts"),
        ("at = 1979-05-27", "at = .* is not a table such as"),
    ],
)
def test_a_lesson_says_which_value_cannot_be(tmp_path, text, said):
    path = tmp_path / "lesson.toml"
    path.write_text(f"[[function]]\nsource = 'x'\n{text}".replace("'\\u001b", '"\\u001b').replace("[2J'", '[2J"'))
    with pytest.raises(UsageError, match=said):
        lessons.read(path)


@pytest.mark.parametrize("text", ["x = " + "1" * 5000, "x = " + "[" * 100_000, "x = 2020-13-45", "\0", "x = 1\nx = 2"])
def test_what_is_no_toml_is_said_so(tmp_path, text):
    path = tmp_path / "exercises.toml"
    path.write_text(text)
    with pytest.raises(ExerciseError, match="is no TOML file"):
        load(path)
    with pytest.raises(UsageError, match="is no TOML file"):
        lessons.read(path)


def test_a_file_without_an_end_is_given_up(tmp_path):
    from pathlib import Path

    with pytest.raises(UsageError, match="more than 4,000,000 bytes"):
        text_in(Path("/dev/zero"), UsageError)
    for path in (tmp_path, tmp_path / "a\0b", tmp_path / ("a" * 5000)):
        with pytest.raises(UsageError, match="cannot be read"):
            text_in(path, UsageError)
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbfx")
    assert text_in(tmp_path / "marked", UsageError) == "x"


# Saved runs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run.npz"
    descend("x^2 + y^2", {"x": 1.0, "y": 2.0}, steps=5).save(path)
    return path.read_bytes()


def refuse_or_load(path, content):
    """Return whether a saved run is loaded; one that is refused is refused in words."""
    path.write_bytes(content)
    told = None
    try:
        Trajectory.load(path).as_dict()
    except ValueError as error:
        told = str(error)
    assert told is None or "is no saved trajectory" in told
    return told is None


def test_a_saved_run_cut_off_anywhere_is_refused(run, tmp_path):
    for end in range(0, len(run), 7):
        assert not refuse_or_load(tmp_path / "cut.npz", run[:end])


def test_a_saved_run_with_other_bytes_is_loaded_or_refused(run, tmp_path):
    draw = Random(1)
    taken = [158, 718, *range(len(run) - 600, len(run), 5)]  # of the first two one says that it is encrypted
    for place in taken:
        for bits in (1, 8, 0x40, 0xFF):
            refuse_or_load(tmp_path / "other.npz", bytes([*run[:place], run[place] ^ bits, *run[place + 1 :]]))
    for _ in range(200):
        content = bytearray(run)
        for _ in range(3):
            content[draw.randrange(len(content))] = draw.randrange(256)
        refuse_or_load(tmp_path / "other.npz", bytes(content))


def changed(run, words=None, arrays=None):
    with np.load(io.BytesIO(run)) as stored:
        found = dict(stored)
    said = {**json.loads(str(found.pop("words"))), **(words or {})}
    file = io.BytesIO()
    np.savez(file, words=np.array(json.dumps(said)), **{**found, **(arrays or {})})
    return file.getvalue()


@pytest.mark.parametrize(
    ("words", "arrays"),
    [
        ({"rule": "x"}, {}),
        ({"rule": []}, {}),
        ({"ended": []}, {}),
        ({"ended": "x"}, {}),
        ({"shapes": [["x", [10**18]]]}, {}),
        ({"shapes": [["x", -1]]}, {}),
        ({"function": {"source": "9^9^9^9", "name": "f", "variables": []}}, {}),
        ({"pause": {"step": 1}}, {}),
        ({}, {"pause x": np.zeros(())}),
        ({}, {"pause x": np.zeros(3)}),
        ({}, {"pause x": np.full(2, np.nan)}),
        ({}, {"points": np.zeros((0, 2)), "gradients": np.zeros((0, 2)), "losses": np.zeros(0)}),
        ({}, {"losses": np.zeros((6, 1))}),
        ({}, {"points": np.array([{}], dtype=object)}),
    ],
)
def test_a_saved_run_that_says_something_else_is_refused(words, arrays, run, tmp_path):
    assert refuse_or_load(tmp_path / "same.npz", changed(run))
    assert not refuse_or_load(tmp_path / "run.npz", changed(run, words, arrays))


# Submissions and results -----------------------------------------------------------------------------


def test_an_archive_with_a_file_of_no_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), "x")
    with pytest.raises(CourseError, match="cannot be unpacked"):
        list(read(tmp_path / "in.zip", COURSE, print))


def test_names_of_gradescope_that_grow_without_end_are_refused(tmp_path):
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    lines += ["submission_1:", "  :submitters:", "  - :name: *a59"]
    (tmp_path / "submission_1").mkdir()
    for text in ("\n".join(lines), "[" * 5000, "a: 2020-99-99"):
        (tmp_path / "submission_metadata.yml").write_text(text)
        with pytest.raises(CourseError, match="is not as Gradescope exports it"):
            list(read(tmp_path, COURSE, print))


def test_any_bytes_are_a_table_or_none(tmp_path):
    good = b'student,product,chain\na,2x,"x, y"\nb,x^2,"multi\nline"\nc,=HYPERLINK(1),x\n'
    draw = Random(2)
    for _ in range(300):
        content = bytearray(good[: draw.randint(1, len(good))])
        for _ in range(draw.randint(0, 3)):
            content[draw.randrange(len(content))] = draw.choice(b',"\n\r;\t\0\xff\xfe=')
        (tmp_path / "t.csv").write_bytes(content)
        try:
            list(in_table(tmp_path / "t.csv", COURSE, lambda _: None, lambda _: None))
        except CourseError:
            continue


@pytest.fixture
def results(tmp_path):
    path = tmp_path / "r.sqlite"
    with Results(path) as made:
        made.describe([Listed("e", "p", "derivative", 1.0)])
        made.add([Result("ann", "e", "d", "2x", "correct", 1.0, 1.0, candidates=("a",), mistakes=(("n", 1, "s"),))])
    return path


STATEMENTS = [
    "update results set student = 5",
    "update results set score = 'x'",
    "update results set feedback = null",
    "update results set answer = x'ff00'",
    "update results set candidates = '[1]'",
    "update results set candidates = '{}'",
    "update results set candidates = '[\"\\ud800\"]'",
    "update results set mistakes = '[[1]]'",
    "update results set mistakes = '" + "[" * 100_000 + "'",
    "update exercises set name = 5",
    "update exercises set points = null",
    "drop table results",
    "drop table exercises",
    "alter table results drop column printed",
    "drop table results; create view results as select 1",
]


def everything_in(results):
    return list(results.rows()), results.exercises(), results.counts(), results.students()


def test_results_that_cannot_be_written_are_told(results):
    with closing(sqlite3.connect(results)) as file:
        file.executescript("drop table exercises; create table exercises (name)")
    with Results(results) as written, pytest.raises(CourseError, match="cannot be written"):
        written.describe([Listed("e", "p", "derivative", 1.0)])


WITHOUT_SUMS = "update results set sum = null; update exercises set sum = null;"


@pytest.mark.parametrize("before", ["", WITHOUT_SUMS], ids=["summed", "without sums"])
@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement[:50])
def test_results_that_somebody_else_wrote_are_refused(statement, before, results):
    with closing(sqlite3.connect(results)) as file:
        file.executescript(f"{before}{statement}")
    with pytest.raises(CourseError, match=r"r\.sqlite"), Results(results, read_only=True) as read_again:
        everything_in(read_again)


@pytest.mark.parametrize(
    "statement",
    ["update results set score = 0.5", "update results set verdict = 'wrong'", "update exercises set points = 2.0"],
)
def test_a_value_that_has_changed_is_not_told_as_right(statement, results):
    with closing(sqlite3.connect(results)) as file:
        file.executescript(statement)
    with pytest.raises(CourseError, match=r"is a damaged file of results: the row .* is not as it was written"):
        Results(results, read_only=True)


def of_the_first_version(results):
    with closing(sqlite3.connect(results)) as file:
        file.executescript(
            "alter table results drop column sum; alter table exercises drop column sum;"
            "update about set value = 1 where name = 'format'"
        )


def test_results_of_the_first_version_are_read_and_get_their_sums_where_they_are_written(results):
    of_the_first_version(results)
    with Results(results, read_only=True) as first:
        before = everything_in(first)
    with Results(results) as written:
        written.add([Result("bob", "e", "d", "2x", "correct", 1.0, 1.0)])
    with Results(results, read_only=True) as again:
        assert everything_in(again)[0][:1] == before[0]
        assert again.students() == ["ann", "bob"]
    with closing(sqlite3.connect(results)) as file:
        file.executescript("update about set value = 3 where name = 'format'")
    with pytest.raises(CourseError, match="has results of format 3, and this gradlab writes 2: begin a new file"):
        Results(results)


def test_a_damaged_file_of_results_is_read_or_refused(results):
    with closing(sqlite3.connect(results)) as file:
        file.execute("pragma journal_mode = delete")
    with Results(results, read_only=True) as whole:
        right = everything_in(whole)
    whole = results.read_bytes()
    draw, told = Random(3), set()
    for number in range(150):
        content = bytearray(whole[: draw.randrange(len(whole))] if number % 3 == 0 else whole)
        for _ in range(draw.randint(1, 6)):
            if content:
                content[4096 * draw.randrange(1 + len(content) // 4097) + draw.randrange(min(len(content), 120))] = (
                    draw.randrange(256)
                )
        results.write_bytes(content)
        try:
            with Results(results, read_only=True) as read_again:
                assert everything_in(read_again) == right
        except CourseError as error:
            told.add("r.sqlite" in str(error))
    assert told == {True}

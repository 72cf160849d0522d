"""Submissions in the forms that courses hand them over; nothing is lost silently."""

from __future__ import annotations

import os
import zipfile

import pytest

from gradlab.courses.handed_in import Course
from gradlab.courses.submissions import read
from gradlab.errors import CourseError

COURSE = Course(("slope", "step"), frozenset({"step"}))


def everything(path, course=COURSE):
    missed, expected = [], []
    answers = list(read(path, course, missed.append, expected.append))
    assert sum(expected) >= len(answers)
    return [(each.student, each.exercise, each.text, each.problem) for each in answers], missed


def found(path, course=COURSE):
    """Return the answers but for what was not handed in."""
    answers, missed = everything(path, course)
    return [answer for answer in answers if answer[2] or answer[3] or path.suffix == ".csv"], missed


def written(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_dot_", ".")).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_a_folder_for_each_student(tmp_path):
    written(tmp_path / "ada", slope_dot_txt="2x\n", step_dot_py="def step(): ...\n")
    written(tmp_path / "bob", slope_dot_txt="x")
    answers, missed = found(tmp_path)
    assert answers == [
        ("ada", "slope", "2x", ""),
        ("ada", "step", "def step(): ...\n", ""),
        ("bob", "slope", "x", ""),
    ]
    assert not missed
    assert everything(tmp_path)[0][-1] == ("bob", "step", "", "")


def test_a_gradescope_export(tmp_path):
    written(tmp_path / "submission_17", step_dot_py="x = 1")
    metadata = "submission_17:\n  :submitters:\n  - :name: Ada L\n    :email: a@x\n  :created_at: 2026-01-01\n"
    (tmp_path / "submission_metadata.yml").write_text(metadata)
    assert found(tmp_path)[0] == [("Ada L", "step", "x = 1", "")]


def test_a_canvas_download(tmp_path):
    written(
        tmp_path,
        **{"lovelaceada_12345_67890_slope-1_dot_txt": "2x", "byronbob_LATE_222_333_step_dot_py": "x = 2"},
    )
    assert found(tmp_path)[0] == [
        ("byronbob (222)", "step", "x = 2", ""),
        ("lovelaceada (12345)", "slope", "2x", ""),
    ]


def test_a_moodle_download_as_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
        file.writestr("Ada Lovelace_881_assignsubmission_file_/slope.txt", "2x")
        file.writestr("Bob Byron_882_assignsubmission_file_/step.py", "x = 3")
        file.writestr("__MACOSX/._slope.txt", "junk")
    assert found(tmp_path / "all.zip")[0] == [
        ("Ada Lovelace (881)", "slope", "2x", ""),
        ("Bob Byron (882)", "step", "x = 3", ""),
    ]


@pytest.mark.parametrize(
    "table",
    [
        "student,slope,step\nada,2x,a\nbob,,b\n",
        "exercise,Student,answer\nslope,ada,2x\nstep,ada,a\nslope,bob,\nstep,bob,b\n",
    ],
)
def test_tables_wide_and_long(table, tmp_path):
    (tmp_path / "t.csv").write_text(table)
    assert found(tmp_path / "t.csv")[0] == [
        ("ada", "slope", "2x", ""),
        ("ada", "step", "a", ""),
        ("bob", "slope", "", ""),
        ("bob", "step", "b", ""),
    ]


def test_what_cannot_be_graded_says_why(tmp_path):
    written(tmp_path / "a", slope_dot_txt=b"\x00\x01\x02")
    written(tmp_path / "b", slope_dot_txt="caf\u00e9".encode("latin-1"))
    written(tmp_path / "c", step_dot_py=b"#" * (5 << 20))
    written(tmp_path / "d", slope_dot_txt="1", **{"old-slope_dot_txt": "2"})
    written(tmp_path / "e", notes_dot_pdf=b"%PDF", other_dot_py="x")
    answers, missed = found(tmp_path, Course(("slope", "step", "third"), frozenset({"step", "third"})))
    assert [problem.partition(";")[0] for *_, problem in answers] == [
        "slope.txt is no text",
        "slope.txt is not in UTF-8: byte 3 cannot be read",
        "step.py has 5,242,880 bytes",
        "there are several files for it: old-slope.txt and slope.txt",
        *["no file is for it that can be recognised"] * 3,
    ]
    assert answers[-1][3].endswith("others are there: notes.pdf, other.py")
    assert [each.what for each in missed] == ["e: notes.pdf", "e: other.py"]


def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    written(tmp_path / "course" / "ada", slope_dot_txt="2x")
    (tmp_path / "course" / "ada" / "step.py").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "course" / "eve").symlink_to(tmp_path)
    answers, missed = found(tmp_path / "course")
    assert answers == [
        ("ada", "slope", "2x", ""),
        ("ada", "step", "", "no file is for it that can be recognised; others are there: step.py"),
    ]
    assert sorted(each.what for each in missed) == ["ada/step.py", "eve"]


def test_an_archive_that_leads_out_of_itself_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as file:
        file.writestr("../../evil.txt", "x")
    with pytest.raises(CourseError, match="leads out of it"):
        found(tmp_path / "evil.zip")


def test_an_archive_that_is_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gradlab.courses.archives.LARGEST_ARCHIVE", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ada/slope.txt", "0" * 100_000)
    with pytest.raises(CourseError, match="100,000 bytes"):
        found(tmp_path / "bomb.zip")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("t.csv", "a,b\n1,2\n", "no column for students"),
        ("t.csv", "student,other\nada,2\n", "no column is called like an exercise"),
        ("t.zip", "no zip", "cannot be unpacked"),
        ("t.dat", "x", "no folder, no zip file and no CSV file"),
    ],
)
def test_what_is_no_course_is_refused(name, content, told, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(CourseError, match=told):
        found(tmp_path / name)


def test_a_path_that_is_not_there():
    with pytest.raises(CourseError, match="there are no submissions at"):
        list(read("nowhere", COURSE, print))


@pytest.mark.parametrize(
    ("file", "exercise"),
    [
        ("slope.txt", "slope"),
        ("SLOPE.TXT", "slope"),
        ("my_step_v2.py", "step"),
        ("exercise-2.py", "step"),
        ("exercise-2-1.py", "step"),  # handed in again, as Canvas numbers it
        ("step-3.py", "step"),
        ("slope2.txt", "slope"),
        ("hw1.py", "step"),  # the first exercise asks for no code
        ("work.ipynb", "step"),
        ("slope_and_step.txt", None),
        ("exercise-99999999999999999999.tex", "slope"),
    ],
)
def test_which_exercise_a_file_answers(file, exercise):
    assert COURSE.matching(file) == exercise


def test_a_short_name_is_not_found_within_words():
    course = Course(("a", "e1", "e10"), frozenset())
    assert [course.matching(f"{name}.txt") for name in ("readme", "part-a", "my e1", "x_e10", "e12")] == [
        None,
        "a",
        "e1",
        "e10",
        None,
    ]


def test_two_students_of_one_name_stay_two(tmp_path):
    entry = "submission_{0}:\n  :submitters:\n  - :name: Ada L\n    :email: a{0}@x\n"
    for number in (1, 2):
        written(tmp_path / f"submission_{number}", slope_dot_txt=f"{number}x")
    (tmp_path / "submission_metadata.yml").write_text(entry.format(1) + entry.format(2) + entry.format(3))
    answers, missed = found(tmp_path)
    assert [answer[:3] for answer in answers] == [("Ada L (a1@x)", "slope", "1x"), ("Ada L (a2@x)", "slope", "2x")]
    assert [each.what for each in missed] == ["submission_3 of Ada L (a3@x)"]


def test_moodle_in_one_folder_and_with_what_is_typed(tmp_path):
    written(tmp_path, **{"Ada L_881_assignsubmission_file_step_dot_py": "x = 1"})
    written(tmp_path / "Bob B_882_assignsubmission_file_", step_dot_py="x = 2")
    written(tmp_path / "Bob B_882_assignsubmission_onlinetext_", onlinetext_dot_html="<p>2x &lt; 3</p>")
    assert [answer[:3] for answer in found(tmp_path)[0]] == [
        ("Ada L (881)", "step", "x = 1"),
        ("Bob B (882)", "slope", "2x < 3"),
        ("Bob B (882)", "step", "x = 2"),
    ]


def test_a_folder_around_everything_is_opened(tmp_path):
    written(tmp_path / "all" / "ada", slope_dot_txt="2x")
    written(tmp_path / "all" / "bob", slope_dot_txt="3x")
    assert [answer[:3] for answer in found(tmp_path)[0]] == [("ada", "slope", "2x"), ("bob", "slope", "3x")]


def test_two_answers_in_files_of_answers_are_not_chosen_between(tmp_path):
    written(tmp_path / "ada", slope_dot_txt="2x", answers_dot_toml='slope = "x"\nother = 1\n')
    written(tmp_path / "bob", answers_dot_csv="exercise,answer\nslope,[1, 2],,\nslope,[1, 3]\n")
    written(tmp_path / "eve", answers_dot_csv='exercise,answer\nslope,"[1, 2]"\nstep,[1, 2],,\n')
    written(tmp_path / "max", answers_dot_toml="a = ]")
    answers, missed = everything(tmp_path)
    assert [answer[2:] for answer in answers if answer[:2] in (("ada", "slope"), ("bob", "slope"))] == [
        ("", "there are several files for it: answers.toml and slope.txt"),
        ("", "there are several files for it: answers.csv and answers.csv"),
    ]
    assert [answer[2:] for answer in answers if answer[0] == "eve"] == [("[1, 2]", ""), ("[1, 2]", "")]
    assert [each.what for each in missed] == ["ada: other", "max: answers.toml"]
    assert all("others are there: answers.toml" in answer[3] for answer in answers if answer[0] == "max")


def test_pipes_and_names_that_are_no_text(tmp_path):
    (tmp_path / "ada").mkdir()
    os.mkfifo(tmp_path / "ada" / "slope.txt")
    os.mkfifo(tmp_path / "byronbob_222_333_slope.txt")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / os.fsdecode(b"caf\xe9") / os.fsdecode(b"slope \xe9.txt")).write_text("2x")
    answers, missed = found(tmp_path)
    assert [each.what for each in missed] == ["ada/slope.txt", "byronbob_222_333_slope.txt"]
    assert answers[-1][:3] == ("caf\\udce9", "slope", "2x")
    assert not any("\udce9" in part for answer in answers for part in answer)


def test_an_archive_that_is_damaged_is_refused_and_one_with_doubles_says_so(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as file:
        file.writestr("bob/slope.txt", "1x" * 500, zipfile.ZIP_DEFLATED)
        file.writestr("ada/slope.txt", "1x")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("ada/slope.txt", "2x")
    assert [each.why for each in everything(tmp_path / "t.zip")[1]] == [
        "the archive holds it 2 times; the last one is read"
    ]
    content = bytearray((tmp_path / "t.zip").read_bytes())
    content[43:48] = b"\xff" * 5
    (tmp_path / "t.zip").write_bytes(content)
    with pytest.raises(CourseError, match="cannot be unpacked"):
        found(tmp_path / "t.zip")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("student,slope\nada,2x\nada,3x\n", "several answers for it: the first in line 2, the last in line 3"),
        ("student,exercise,answer\nada,slope,2x\nbob,slope,x\nada,slope,3x\n", "the first in line 2, the last in line"),
        ("student,slope\nada,f(x, y)\n", "line 2 has 3 columns and the head 2"),
        (f"student,slope\nada,{'x' * (5 << 20)}\n", "it has 5,242,880 characters"),
    ],
)
def test_rows_of_a_table_that_cannot_be_graded_say_why(table, problem, tmp_path):
    (tmp_path / "t.csv").write_text(table)
    answers, _ = found(tmp_path / "t.csv")
    assert [answer[:3] for answer in answers if answer[3]] == [("ada", "slope", "")]
    assert problem in next(answer[3] for answer in answers if answer[3])


def test_the_same_row_twice_is_one(tmp_path):
    (tmp_path / "t.csv").write_text("student,slope\nada,2x\nada,2x\n,1\n,2\n")
    answers, missed = found(tmp_path / "t.csv")
    assert answers == [("ada", "slope", "2x", "")]
    assert [each.what for each in missed] == ["line 4", "line 5"]


@pytest.mark.parametrize(
    "content",
    [
        b"student;slope\nada;2,5 x\n",
        "student\tslope\nada\t2,5 x\n".encode("utf-16"),
        b'\xef\xbb\xbfName,email,slope\nAda L,ada,"2,5 x"\n',
    ],
)
def test_tables_as_spreadsheets_write_them(content, tmp_path):
    (tmp_path / "t.csv").write_bytes(content)
    assert found(tmp_path / "t.csv")[0] == [("ada", "slope", "2,5 x", "")]


def test_a_table_that_cannot_be_read_is_refused_before_anything_is_graded(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"student,slope\nada,2x\nbob,caf\xe9\n")
    answers = read(tmp_path / "t.csv", COURSE, print)
    with pytest.raises(CourseError, match="cannot be read as a table, near line"):
        next(answers)
    (tmp_path / "t.csv").write_text("student,slope,slope\nada,2x,3x\n")
    with pytest.raises(CourseError, match="two columns called slope"):
        next(read(tmp_path / "t.csv", COURSE, print))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_not_lost(tmp_path):
    (tmp_path / "ada").mkdir(mode=0)
    try:
        answers, missed = everything(tmp_path)
    finally:
        (tmp_path / "ada").chmod(0o700)
    assert [each.why for each in missed] == ["it cannot be read: Permission denied"]
    assert all(answer[3] for answer in answers)

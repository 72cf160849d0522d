"""Submissions in the forms that courses hand them over; nothing is lost silently."""

from __future__ import annotations

import zipfile

import pytest

from gradlab.courses.submissions import Course, read
from gradlab.errors import CourseError

COURSE = Course(("slope", "step"), frozenset({"step"}))


def found(path, course=COURSE):
    missed = []
    answers = list(read(path, course, missed.append))
    return [(each.student, each.exercise, each.text, each.problem) for each in answers], missed


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
    ]
    assert [each.what for each in missed] == ["e: notes.pdf", "e: other.py"]


def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    written(tmp_path / "course" / "ada", slope_dot_txt="2x")
    (tmp_path / "course" / "ada" / "step.py").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "course" / "eve").symlink_to(tmp_path)
    answers, missed = found(tmp_path / "course")
    assert [answer[2] for answer in answers] == ["2x"]
    assert sorted(each.what for each in missed) == ["ada/step.py", "eve"]


def test_an_archive_that_leads_out_of_itself_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as file:
        file.writestr("../../evil.txt", "x")
    with pytest.raises(CourseError, match="leads out of it"):
        found(tmp_path / "evil.zip")


def test_an_archive_that_is_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gradlab.courses.submissions.LARGEST_ARCHIVE", 1000)
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

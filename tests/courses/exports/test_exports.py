import csv
import json

import pytest

from gradlab.courses.class_report import class_report
from gradlab.courses.exports import gradebooks, gradescope, tables
from gradlab.courses.item_analysis import analyse
from gradlab.courses.pages import pages
from gradlab.errors import CourseError

MUELLER = 'Müller "Mü" <b>'


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_words_are_no_formulas_and_numbers_stay_numbers(results, tmp_path):
    long, totals = tables.csv_of(results, tmp_path)
    row = next(row for row in rows_of(long) if row["student"] == MUELLER)
    assert (row["answer"], row["feedback"], row["score"]) == ("'=x", "'=1+1 <script>", "0")
    assert {row["student"]: row["total"] for row in rows_of(totals)} == {
        "Lovelace, Ada": "2",
        MUELLER: "0",
        "Zoë (77)": "1.5",
    }


def test_canvas_keeps_ids_and_lists_who_is_missing(results, tmp_path):
    book = tmp_path / "canvas.csv"
    book.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (9),Homework 2 (10)\n"
        "    Points Possible,,,,,3,5\n"
        '"Lovelace, Ada",007,u1,ada,A,,4\n"Ö, Zoë",77,u2,zoe,A,,\n"Nobody, N",5,u3,nn,A,1,\n',
        encoding="utf-8",
    )
    found = gradebooks.canvas(results, book, tmp_path / "out.csv", "Homework 1")
    points = {row["ID"]: row["Homework 1 (9)"] for row in rows_of(found.path)}
    assert points == {"": "3", "007": "2", "77": "1.5", "5": "1"}
    assert (found.absent, found.without) == ((MUELLER,), ("Nobody, N",))
    with pytest.raises(CourseError, match="Homework 1 \\(9\\)"):
        gradebooks.canvas(results, book, tmp_path / "out.csv", "Homework 3")


def test_moodle_scales_to_its_maximum_and_escapes_feedback(results, tmp_path):
    sheet = tmp_path / "moodle.csv"
    sheet.write_text(
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Feedback comments\n"
        "Participant 77,Zoë Ö,z@x.org,Submitted,,6,\n"
        'Participant 8,"Müller ""Mü"" <b>",m@x.org,Submitted,,6,\n',
        encoding="utf-8",
    )
    zoe, mueller = rows_of(gradebooks.moodle(results, sheet, tmp_path / "out.csv").path)
    assert (zoe["Grade"], mueller["Grade"]) == ("3", "0")
    assert "<script>" not in mueller["Feedback comments"]


def test_gradescope_has_every_exercise_with_its_points(results, tmp_path):
    contents = [json.loads(path.read_text("utf-8")) for path in gradescope.gradescope(results, tmp_path)]
    assert [content["score"] for content in contents] == [2, 0, 1.5]
    assert all([test["max_score"] for test in content["tests"]] == [2, 1] for content in contents)
    assert {test["output_format"] for content in contents for test in content["tests"]} == {"text"}


def test_pages_show_what_was_written_as_text(results, tmp_path):
    made = pages(results, tmp_path)
    text = "".join(path.read_text("utf-8") for path in made if path.suffix == ".html")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "Müller &quot;Mü&quot; &lt;b&gt;" in text


def test_the_class_report_counts(results):
    found = class_report(results)
    assert found.misconceptions["first"] == (("factor lost", 2),)
    assert [(row.student, row.exercise) for row in found.undecided] == [("Lovelace, Ada", "step")]
    assert [group.students for group in found.groups] == [(MUELLER, "Zoë (77)")]
    assert "factor lost" in found.document().markdown


def test_items_by_hand():
    # r of (1, 1, 0, 0) with the totals of the other item (1, 0, 1, 0) is 0, with the whole (2, 1, 1, 0) is 1/sqrt 2.
    shares = {"a": {"p": 1, "q": 1}, "b": {"p": 1}, "c": {"q": 1}, "d": {}}
    item, _ = analyse(shares, {"p": 1, "q": 1})
    assert (item.difficulty, item.discrimination) == (0.5, 0)
    assert item.item_total == pytest.approx(0.5**0.5, rel=1e-15)

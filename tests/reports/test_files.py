"""Documents on disk: whole or not at all."""

from __future__ import annotations

import os
import re
import stat

import pytest

from gradlab.errors import ReportError
from gradlab.reports import Picture, Report, Section, pandoc, pictures
from gradlab.reports.pictures import canvas


def drawing(title="A picture"):
    def draw():
        figure = canvas(2, 1)
        figure.subplots().plot([0, 1], [1, 0])
        return figure

    return Picture(draw, "a line that falls", title=title)


@pytest.fixture
def document():
    return Report("A title", (Section("Part", ("Words.", drawing())),))


def test_every_link_leads_to_a_picture(document, tmp_path):
    document.save(tmp_path / "my fit.md")
    text = (tmp_path / "my fit.md").read_text(encoding="utf-8")
    (link,) = re.findall(r"!\[a line that falls\]\((.*)\)", text)
    assert link == "my%20fit_figures/01-a-picture.png"
    assert (tmp_path / "my fit_figures" / "01-a-picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_report_without_pictures_makes_no_folder(tmp_path):
    saved = Report("A title", (Section("Part", ("Words.",)),)).save(str(tmp_path / "plain.md"))
    assert saved == tmp_path / "plain.md"
    assert [path.name for path in tmp_path.iterdir()] == ["plain.md"]


def test_saving_twice_gives_the_same_bytes(document, tmp_path):
    def everything():
        return {path.relative_to(tmp_path): path.read_bytes() for path in sorted(tmp_path.rglob("*.*"))}

    document.save(tmp_path / "fit.md")
    first = everything()
    document.save(tmp_path / "fit.md")
    assert everything() == first


def test_a_new_file_has_the_permissions_of_any_other(document, tmp_path):
    (tmp_path / "other").write_text("")
    document.save(tmp_path / "fit.md")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("other", "fit.md")}
    assert len(modes) == 1


@pytest.mark.parametrize("name", ["fit.odt", "fit", "fit.md.txt"])
def test_another_ending_is_refused_with_those_that_work(document, tmp_path, name):
    with pytest.raises(ReportError, match=r"write \.md, \.html, \.pdf, \.tex, \.docx, \.ipynb, such as '.*\.md'"):
        document.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(document, tmp_path):
    with pytest.raises(ReportError, match=r"there is no folder '.*nowhere'; make it first"):
        document.save(tmp_path / "nowhere" / "fit.md")


def test_a_folder_is_no_document(document, tmp_path):
    (tmp_path / "fit.md").mkdir()
    with pytest.raises(ReportError, match="it is a folder"):
        document.save(tmp_path / "fit.md")


def test_a_name_too_long_is_an_error_of_ours(document, tmp_path):
    with pytest.raises(ReportError, match="cannot write"):
        document.save(tmp_path / ("x" * 400 + ".md"))


def test_a_picture_folder_that_is_a_file_leaves_nothing_behind(document, tmp_path):
    (tmp_path / "fit_figures").write_text("mine")
    with pytest.raises(ReportError, match="cannot write"):
        document.save(tmp_path / "fit.md")
    assert [path.name for path in tmp_path.iterdir()] == ["fit_figures"]


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_full_disk_leaves_the_old_document_and_no_half_file(document, tmp_path, monkeypatch, fails_at):
    path = tmp_path / "fit.md"
    path.write_text("the old one")
    calls = []

    def full(source, target):
        calls.append(target)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ReportError, match="No space left on device"):
        document.save(path)
    assert [found.name for found in tmp_path.iterdir()] == ["fit.md"]
    assert path.read_text() == "the old one"


def test_a_picture_that_cannot_be_drawn_leaves_nothing_behind(tmp_path):
    def fails():
        raise ZeroDivisionError

    document = Report("A title", (Section("Part", (drawing(), Picture(fails, "none"))),))
    with pytest.raises(ZeroDivisionError):
        document.save(tmp_path / "fit.md")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["html", "pdf", "tex", "docx", "ipynb"])
def test_without_the_extra_a_format_says_what_to_install(document, tmp_path, monkeypatch, ending):
    def missing(package):
        raise ImportError(package)

    pandoc.program.cache_clear()
    monkeypatch.setattr(pandoc, "import_module", missing)
    with pytest.raises(ReportError, match=r'pip install "gradlab\[report\]"; \.md works without'):
        document.save(tmp_path / f"fit.{ending}")
    document.save(tmp_path / "fit.md")
    assert not (tmp_path / f"fit.{ending}").exists()


@pytest.mark.parametrize("ending", ["html", "pdf", "docx", "ipynb"])
def test_a_full_disk_leaves_the_old_file_in_every_format(document, tmp_path, monkeypatch, ending):
    path = tmp_path / f"fit.{ending}"
    path.write_text("the old one")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ReportError, match="No space left on device"):
        document.save(path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "the old one"


@pytest.mark.parametrize("ending", ["md", "html", "tex", "docx"])
def test_the_same_document_gives_the_same_bytes(document, tmp_path, ending):
    document.save(tmp_path / f"fit.{ending}")
    first = (tmp_path / f"fit.{ending}").read_bytes()
    pictures._file.cache_clear()
    document.save(tmp_path / f"fit.{ending}")
    assert (tmp_path / f"fit.{ending}").read_bytes() == first

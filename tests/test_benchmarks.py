"""The page of benchmarks is what was measured, and what other pages claim is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks import Counts, Figure, Growth, NotMeasured, __main__
from tests.benchmarks._page import PAGE, page
from tests.benchmarks._pictures import FOLDER, digest, drawn
from tests.benchmarks._results import Results, Row, load, save
from tests.benchmarks._sections import NAMES, modules
from tests.benchmarks._words import anchor, short, texts

ROOT = Path(__file__).parents[1]
GENERATED = {PAGE, *(ROOT / "docs" / "reference" / f"{name}.md" for name in ("answers", "rules", "training-mistakes"))}
LINK = re.compile(r"\]\(([\w./-]*benchmarks\.md)(#[\w-]+)?\)")
CLAIM = re.compile(
    r"times as fast|faster than|slower than|\d ?(?:ms|µs)\b|\ba second\b.*\banswers\b|answers a second"
    r"|(?:but|of) \d[\d,]* (?:components|of the wrong ones)|[\d,]+ right and [\d,]+ wrong"
)
"""What a page says of speed or accuracy in numbers."""

GROWTH = Growth("points", "s", {"gradlab": ((10.0, 0.1), (100.0, 0.2)), "other": ((10.0, 1.0),)})
COUNTS = Counts("checker", ("wrong", "right"), {"gradlab": (0, 3)})
FIGURE = Figure("time of something", 0.25, 0.5, "this / that", growth=GROWTH, counts=COUNTS, values={"a": 1})
MACHINE = {"machine": "2 cores", "versions": {"gradlab": "1"}}


def pages():
    """Return what people read: README and the documentation, without decisions, which tell what was measured then."""
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "tutorials").glob("*.md")]
    return [path for path in found if not {"_build", "decisions", "jupyter_execute"} & set(path.parts)]


def prose(path):
    """Yield the lines of a page that are not code."""
    code = False
    for line in path.read_text(encoding="utf-8").splitlines():
        code ^= line.startswith("```")
        if not code and not line.startswith(("    ", "```")):
            yield line


def anchors():
    return {anchor(title) for title in re.findall(r"^#+ (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)}


def test_every_file_that_measures_stands_in_one_section():
    assert sorted(NAMES) == modules()


def test_every_figure_has_been_measured():
    assert list(load().rows) == list(NAMES)


def test_the_page_is_what_was_measured():
    assert PAGE.read_text(encoding="utf-8") == page(load()), "run python -m tests.benchmarks --write-only"


def test_the_pictures_show_what_was_measured():
    shown = {name: digest(row.figure) for name, row in load().rows.items() if drawn(row.figure)}
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(shown)
    for name, said in shown.items():
        assert said in (FOLDER / f"{name}.svg").read_text(encoding="utf-8"), f"{name}.svg is out of date"


def test_what_falls_short_says_why_and_what_is_next():
    for name, row in load().rows.items():
        assert row.figure.held or "Next: " in short(name, row.figure) or "](#" in short(name, row.figure), name


def test_the_anchors_of_the_page_differ():
    titles = re.findall(r"^#+ (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(anchors()) == len(titles)


def test_every_link_to_a_figure_leads_to_one():
    links = {(path, found[2]) for path in [*pages(), ROOT / "CHANGELOG.md"] for found in _links(path) if found[2]}
    assert len(links) >= 5
    links |= {(PAGE, f"#{text}") for text in re.findall(r"\]\(#([^)]+)\)", PAGE.read_text(encoding="utf-8"))}
    assert [(path.name, to) for path, to in links if to.removeprefix("#") not in anchors()] == []


def _links(path):
    for found in LINK.finditer(path.read_text(encoding="utf-8")):
        assert (path.parent / found[1]).resolve() == PAGE, (path, found[0])
        yield found


def test_what_pages_claim_of_speed_and_accuracy_is_linked_to_its_figure():
    claims = [line for path in pages() if path not in GENERATED for line in prose(path) if CLAIM.search(line)]
    assert len(claims) >= 4
    assert [line for line in claims if "benchmarks.md#" not in line] == []


def test_no_figure_is_typed_into_the_text_beside_one():
    # Sizes and limits may be; what was measured comes out of braces.
    for name in NAMES:
        for text in texts(name).values():
            assert not re.search(r"\d(?:\.\d+)? (?:ms|µs|MB|times)\b", text), (name, text)


# Keeping and measuring -------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Keep results elsewhere, write no page, and return the file and the texts of what would be measured."""
    path = tmp_path / "results.json"
    monkeypatch.setattr(__main__, "load", lambda: load(path))
    monkeypatch.setattr(__main__, "save", lambda results: save(results, path))
    monkeypatch.setattr(__main__, "write", lambda results: None)
    monkeypatch.setattr(__main__, "NEEDED", ())
    return path


def test_what_is_kept_is_read_back(tmp_path):
    results = Results({}, {}).updated("startup_help", Row(FIGURE, "2026-01-02 03:04", 0.5, 1.5), MACHINE)
    save(results, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == results
    assert load(tmp_path / "nothing.json") == Results({}, {})


def test_a_machine_is_kept_once_and_forgotten_with_its_last_figure():
    row, other = Row(FIGURE, "2026-01-02 03:04", 0.5, 1.5), {**MACHINE, "machine": "4 cores"}
    results = Results({}, {}).updated("startup_help", row, MACHINE).updated("operations", row, MACHINE)
    assert list(results.machines) == ["1"]
    assert list(results.rows) == ["operations", "startup_help"]  # in the order of the page
    moved = results.updated("startup_help", row, other)
    assert [each.machine for each in moved.rows.values()] == ["1", "2"]
    assert "machine 2: `startup_help`" in page(moved)
    assert list(moved.updated("operations", row, other).machines) == ["2"]


def test_the_page_shows_growth_beside_each_peer_and_a_dash_where_it_was_not_asked():
    text = page(Results({}, {}).updated("startup_help", Row(FIGURE, "2026-01-02 03:04", 0.5, 1.5), MACHINE))
    assert "| points | 10 | 100 |" in text
    assert "| gradlab | 100\N{NO-BREAK SPACE}ms | 200\N{NO-BREAK SPACE}ms |" in text
    assert "| other | 1\N{NO-BREAK SPACE}s | – |" in text


@pytest.mark.parametrize(("ratio", "code"), [(0.25, 0), (0.75, 1)])
def test_a_figure_that_is_missed_makes_the_run_fail_after_it_is_kept(kept, monkeypatch, ratio, code):
    figure = Figure("time of something", ratio, 0.5, "this / that")
    monkeypatch.setattr(__main__, "measured", lambda name: figure)
    assert __main__.main(["startup_help", "operations"]) == code
    assert [row.figure for row in load(kept).rows.values()] == [figure, figure]


def test_what_cannot_be_measured_keeps_its_row_and_what_fails_makes_the_run_fail(kept, monkeypatch, capsys):
    def measured(name):
        raise NotMeasured("no browser") if name == "lab_slider" else ValueError("it broke")

    row = Row(FIGURE, "2026-01-02 03:04", 0.5, 1.5)
    save(Results({}, {}).updated("lab_slider", row, MACHINE), kept)
    monkeypatch.setattr(__main__, "measured", measured)
    assert __main__.main(["lab_slider"]) == 0
    assert "no browser" in capsys.readouterr().err
    assert __main__.main(["startup_help"]) == 1
    assert list(load(kept).rows) == ["lab_slider"]


def test_an_unknown_figure_is_an_error_that_lists_those_there_are(capsys):
    assert __main__.main(["nonsense"]) == 2
    assert "no figure named nonsense; there are derivation_time" in capsys.readouterr().err


def test_a_figure_is_measured_in_a_process_of_its_own():
    found = __main__.measured("operations")
    assert found.what == "operations of a function with its gradient"
    assert found.held

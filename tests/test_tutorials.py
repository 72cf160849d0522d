"""The tutorials run, and what lies in the notebooks is what they say when they run."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from tests import notebooks

MOST_BYTES = 300_000

QUICK = ("06",)
"""Those that run in every run of the tests: each takes about six seconds; the others run with -m slow."""

each = pytest.mark.parametrize("path", notebooks.SOURCES, ids=lambda path: path.stem)

GENERIC = "This is not right."
"""What is said of a wrong answer whose mistake has no name."""


def tagged(notebook, tag):
    """Return the text of the outputs of the cells with a tag."""
    texts = notebooks.texts(notebook)
    return [text for cell, text in zip(notebook.cells, texts, strict=True) if tag in cell.metadata.get("tags", ())]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_there_are_tutorials():
    numbers = [path.name[:2] for path in notebooks.SOURCES]
    assert numbers == [f"{number:02}" for number in range(1, max(1, len(numbers)) + 1)]


@each
def test_a_notebook_has_the_cells_of_its_source(path):
    assert notebooks.in_step(path), f"{path.stem}.ipynb is out of step with its source; write it by: make tutorials"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.name.startswith(QUICK) else pytest.mark.slow)
        for path in notebooks.SOURCES
    ],
)
def test_every_cell_runs_and_shows_what_is_committed(path):
    fresh, kept = notebooks.executed(path), notebooks.committed(path)
    for cell, now, then in zip(fresh.cells, notebooks.texts(fresh), notebooks.texts(kept), strict=True):
        assert notebooks.same_text(now, then), f"in the cell\n{cell.source}\nshows\n{now}\nand showed\n{then}"
        assert not any(output.get("name") == "stderr" for output in cell.get("outputs", ())), now


@each
def test_a_tutorial_says_what_it_assumes_and_what_it_leads_to(path):
    title = notebooks.source_of(path).cells[0].source
    assert title.startswith(f"# {int(path.name[:2])}. ")
    assert "**Assumes:**" in title
    assert "**Afterwards**" in title


@each
def test_it_ends_with_three_to_five_exercises(path):
    headings = re.findall(r"^##+ .*", prose(notebooks.source_of(path)), re.MULTILINE)
    exercises = [heading for heading in headings if heading.startswith("### Exercise ")]
    assert 3 <= len(exercises) <= 5
    assert headings[-len(exercises) - 1 :] == ["## Exercises", *exercises]


@each
def test_every_exercise_shows_a_wrong_attempt_with_its_mistake_and_a_right_one(path):
    notebook = notebooks.committed(path)
    attempts, solutions = tagged(notebook, "attempt"), tagged(notebook, "solution")
    exercises = prose(notebook).count("### Exercise ")
    assert len(attempts) == len(solutions) == exercises
    assert all(text.startswith("wrong: ") and GENERIC not in text for text in attempts), attempts
    assert all(text.startswith("correct: ") for text in solutions), solutions


@each
def test_solutions_are_folded_away(path):
    for cell in notebooks.committed(path).cells:
        if "solution" in cell.metadata.get("tags", ()):
            assert cell.metadata["jupyter"] == {"source_hidden": True, "outputs_hidden": True}


@each
def test_a_notebook_opens_with_the_kernel_that_everybody_has(path):
    notebook = notebooks.committed(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


@each
def test_a_notebook_is_small_and_tells_nothing_of_the_machine_it_was_made_on(path):
    file = path.with_suffix(".ipynb")
    assert file.stat().st_size <= MOST_BYTES
    assert not re.search(r"/(?:tmp|home|root|Users|usr|work)/", file.read_text(encoding="utf-8"))


@each
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)\)", prose(notebooks.source_of(path))):
        assert (path.parent / target).exists(), target


@each
def test_a_tutorial_leads_to_the_one_before_and_to_the_one_after(path):
    last, place = notebooks.source_of(path).cells[-1].source, notebooks.SOURCES.index(path)
    before, after = notebooks.SOURCES[max(place - 1, 0) : place], notebooks.SOURCES[place + 1 : place + 2]
    for word, neighbours in (("Previous", before), ("Next", after)):
        found = re.findall(rf"^{word}: \[.+\]\((.+)\.ipynb\)\.$", last, re.MULTILINE)
        assert found == [neighbour.stem for neighbour in neighbours]


def test_the_list_of_tutorials_has_each():
    listed = re.findall(r"^\| \d+ \| \[.*\]\((.*)\) \|", (notebooks.FOLDER / "README.md").read_text(), re.MULTILINE)
    assert listed == [f"{path.stem}.ipynb" for path in notebooks.SOURCES]


# The machinery ---------------------------------------------------------------------------------------


def written(folder, text):
    path = folder / "01-made-up.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_changed_source_is_out_of_step_and_a_missing_notebook_too(tmp_path):
    path = written(tmp_path, "# %%\n1 + 1\n")
    assert not notebooks.in_step(path)
    notebooks.write(path)
    assert notebooks.in_step(path)
    assert notebooks.texts(notebooks.committed(path)) == ["2"]
    written(tmp_path, "# %%\n1 + 2\n")
    assert not notebooks.in_step(path)


def test_a_cell_that_fails_is_an_error(tmp_path):
    with pytest.raises(CellExecutionError, match="no such thing"):
        notebooks.executed(written(tmp_path, '# %%\nraise ValueError("no such thing")\n'))


def test_a_cell_that_takes_too_long_is_an_error(tmp_path):
    with pytest.raises(CellTimeoutError):
        notebooks.executed(written(tmp_path, "# %%\nwhile True:\n    pass\n"), seconds=1)


def test_two_makings_give_the_same_file(tmp_path):
    path = written(tmp_path, "# %% [markdown]\n# Text.\n\n# %%\nprint(1)\n")
    notebooks.write(path)
    first = path.with_suffix(".ipynb").read_bytes()
    notebooks.write(path)
    assert path.with_suffix(".ipynb").read_bytes() == first


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("loss 1.0000001", "loss 1", True),
        ("off by 4e-12", "off by 7e-13", True),
        ("x = -1.5", "x = 1.5", False),
        ("slope 3", "slope  3\n", True),
        ("a 1", "b 1", False),
        ("1 2", "1", False),
        ("1,800,000 steps", "1,800,100 steps", True),
        ("agree: all 2 agree, exactly\nnote", "agree: all 2 agree; the worst is w, 0.3 times the bound\nnote", True),
        ("agree: all 2 agree, exactly", "differ: all 2 agree, exactly", False),
    ],
)
def test_texts_are_the_same_but_for_the_last_digits_of_numbers(one, other, same):
    assert notebooks.same_text(one, other) is same

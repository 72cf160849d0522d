import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest

from gradlab import cli
from tests import command_page

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
CELL = re.compile(r"^```\{code-cell\} ipython3\n(.*?)^```", re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PRINTED = re.compile(r"^```python\n(.*?)^```\n\n?(?:^```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)


def _name(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_cell_prints_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(page), module_relative=False, optionflags=doctest.REPORT_NDIFF)
    assert results.failed == 0


@pytest.mark.parametrize("page", [page for page in PAGES if CONSOLE.search(page.read_text())], ids=_name)
def test_every_command_prints_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for cell in CONSOLE.findall(page.read_text(encoding="utf-8")):
        command, _, expected = cell.partition("\n")
        program, *arguments = shlex.split(command.removeprefix("$ "))
        assert program == "gradlab"
        cli.main(arguments)
        assert capsys.readouterr().out.strip() == expected.strip()


SCRIPTS = [page for page in PAGES if any(">>>" not in cell for cell in PYTHON.findall(page.read_text()))]


@pytest.mark.parametrize("page", SCRIPTS, ids=_name)
def test_the_programs_on_a_page_run_one_after_the_other_and_print_what_it_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "page"}
    for cell, printed in PRINTED.findall(page.read_text(encoding="utf-8")):
        exec(compile(cell, f"<{page.name}>", "exec"), scope)  # noqa: S102 - the project's own documentation
        assert capsys.readouterr().out.strip() == printed.strip()


NOTEBOOKS = [page for page in PAGES if CELL.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", NOTEBOOKS, ids=_name)
def test_the_cells_of_a_page_that_is_a_notebook_run_one_after_the_other(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "page"}
    for cell in CELL.findall(page.read_text(encoding="utf-8")):
        exec(compile(cell, str(page), "exec"), scope)  # noqa: S102 - the project's own documentation


@pytest.mark.parametrize("page", ["README.md", "docs/tour.md"])
def test_the_readme_and_the_tour_show_every_verb(page):
    shown = (ROOT / page).read_text(encoding="utf-8")
    for verb in ("as_function", "derive", "estimate", "backward", "compare", "descend", "report", "grade"):
        assert f"gl.{verb}(" in shown


def test_the_readme_is_one_page():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 160


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="argparse writes `-o, --output FILE` in another way since 3.13")
def test_the_page_of_commands_is_what_the_commands_say():
    assert command_page.PAGE.read_text(encoding="utf-8") == command_page.page()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target

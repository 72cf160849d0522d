"""The page of training mistakes, docs/reference/training-mistakes.md, built from the corpus of the tests.

``python -m tests.mistakes_page`` writes it anew, from the root of the repository.
"""

from __future__ import annotations

from pathlib import Path

from gradlab.grading.code.mistakes.records import SAYS, named
from tests.grading.code.mistakes.corpus import stored

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "training-mistakes.md"

_OPENING = """# Training mistakes

The mistakes that gradlab names in code, with what the student reads and a program that makes them.
An arrow stands at the line that is pointed at.
This page is generated from the programs in `tests/grading/code/mistakes/corpus`; a test fails while it is out of date.
`python -m tests.mistakes_page` writes it anew.

A name is certain if the program returns, in every call, what that mistake leads to, or if PyTorch's message shows it.
Where several lead to the same numbers the text decides.
If it does not, the teacher sees all of them in `grade.candidates`, and the student none.
`credit=` gives part of the points by these names.

"""


def page() -> str:
    """Return the page as it has to be."""
    programs = [source.rstrip() for source in stored("wrong")]
    lines: list[str] = []
    for name in SAYS:
        mark = f"# <- {name}\n"
        shown = next((source for source in programs if mark in f"{source}\n"), None)
        lines += [f"## {name[0].upper()}{name[1:]}", "", named(name).says, ""]
        if shown is not None:
            lines += [
                "```python",
                *(line.split("  # <- ")[0] + "  # <-" * ("# <- " in line) for line in shown.splitlines()),
                "```",
                "",
            ]
    return _OPENING + "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

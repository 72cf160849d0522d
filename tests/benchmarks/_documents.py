"""The documents whose writing is measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

FORMATS = ("md", "html", "pdf", "tex", "docx", "ipynb")


def loaded() -> None:
    """Import what writing needs: its seconds are not those of the writing."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure
    import PIL.PngImagePlugin
    import pypandoc
    import sympy
    import torch
    import typst

    import gradlab.plots
    import gradlab.reports

    used = matplotlib, pypandoc, sympy, torch, typst, PIL, gradlab
    assert all(used)


def rollercoaster():  # type: ignore[no-untyped-def]  # a Report, whose import is measured elsewhere
    """Return the report of the demonstration's fit."""
    from gradlab import GradientDescent, compare, demo, derive, descend, report
    from gradlab.commands.scripts import load
    from gradlab.sources import at_point

    with TemporaryDirectory() as folder:
        program = Path(folder) / "rollercoaster.py"
        program.write_text(demo.PROGRAM)
        function, start = at_point(load(f"{program}:loss"), list(demo.START))
    run = descend(function, start, rule=GradientDescent(demo.RATE), steps=demo.STEPS)
    return report(derive(function), compare(function, start), run)


FUNCTIONS = (
    "{a}*x**{n} + y",
    "x**{n}*sin({a}*y)",
    "exp(-x**2/{a})*cos(y)",
    "log({a} + x**2 + y**2)",
    "sqrt({a} + x**2)*y**{n}",
    "x*y/({a} + x**2)",
    "tanh({a}*x)*y - y**{n}",
    "(x - {a})**2 + {n}*(y + 1)**2",
    "abs(x) + {a}*y**{n}",
    "x**{n}*exp(y/{a}) + sin(x*y)",
)


def lesson(count: int) -> Iterator[str]:
    """Yield the lines of a lesson with *count* functions."""
    yield 'title = "A course"'
    for place in range(count):
        source = FUNCTIONS[place % 10].format(a=2 + place // 10, n=2 + place % 3)
        yield f'[[function]]\nname = "f{place}"\nsource = "{source}"\nat = {{ x = 1.5, y = 0.5 }}'

"""The tutorials: a `.py` in jupytext's percent form is the source, the `.ipynb` beside it is made from it and executed.

`python -m tests.notebooks` makes those anew that are out of step with their source; `--all` makes every one, and names
or numbers make those: `python -m tests.notebooks 3 rollercoaster`. `make tutorials` does the first.
"""

from __future__ import annotations

import math
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tutorials"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]-*.py"))

CELL_SECONDS = 60
"""No cell may take longer, on the slowest machine; on a quiet core the slowest takes a few seconds."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}

_NUMBER = re.compile(r"[-−+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?")

_ROUNDING = re.compile(r"(, exactly|; the worst is .*|: [^:]* apart, .* times the bound .*)$", re.MULTILINE)
"""What a comparison says of the last digits: another processor may round other ones."""

_UNSET = ("trusted", "execution")
"""What a front end adds to a cell, and no reader needs."""


def source_of(path):
    """Return the notebook that a source stands for: without outputs, its cells named by their place."""
    return _tidied(jupytext.read(path), path)


def committed(path):
    """Return the notebook that lies beside a source, as it was written."""
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


def executed(path, seconds=CELL_SECONDS):
    """Return the notebook of a source with its outputs; raises CellExecutionError or CellTimeoutError."""
    notebook = source_of(path)
    with tempfile.TemporaryDirectory() as folder:  # what a cell saves is left nowhere
        # Sockets in the file system need no ports, which two kernels that start at once may both take for free.
        transport = "ipc" if os.name == "posix" else "tcp"
        connection = os.path.join(folder, "kernel.json")
        kernel = AsyncKernelManager(kernel_name=KERNEL["name"], transport=transport, connection_file=connection)
        client = NotebookClient(
            notebook,
            km=kernel,
            timeout=seconds,
            resources={"metadata": {"path": folder}},
            record_timing=False,
            coalesce_streams=True,  # how often a stream is flushed is chance
        )
        client.execute(cleanup_kc=True, env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": folder})
    return _tidied(notebook, path)


def cells_of(notebook):
    """Return what a pair must agree in: the kind, the tags and the text of each cell."""
    return [(cell.cell_type, dict(cell.metadata), cell.source) for cell in notebook.cells]


def texts(notebook):
    """Return per cell what it printed and showed, as plain text."""
    return ["\n".join(map(_text, cell.get("outputs", []))) for cell in notebook.cells]


def same_text(one, other):
    """Whether two texts say the same: word by word, and numbers to three digits or to 1e-6.

    The last digits of a number belong to the machine that computed it, and so does what is said of them.
    """
    one, other = _ROUNDING.sub("", one), _ROUNDING.sub("", other)
    mine, theirs = _NUMBER.findall(one), _NUMBER.findall(other)
    return _words(one) == _words(other) and all(map(_near, mine, theirs))


def _words(text):
    return " ".join(_NUMBER.sub("#", text).split())


def _near(one, other):
    first, second = (float(text.replace("−", "-").replace(",", "")) for text in (one, other))
    return math.isclose(first, second, rel_tol=1e-3, abs_tol=1e-6)


def _text(output):
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain", "")


def _tidied(notebook, path):
    """Leave nothing in a notebook that differs from one making to the next."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{path.name[:2]}-{place:03}"
        for key in _UNSET:
            cell.metadata.pop(key, None)
    return notebook


def write(path):
    """Execute a source and write the notebook beside it."""
    nbformat.write(executed(path), path.with_suffix(".ipynb"))


def in_step(path):
    """Whether the notebook beside a source has its cells."""
    return path.with_suffix(".ipynb").exists() and cells_of(committed(path)) == cells_of(source_of(path))


def _asked(words):
    if words == ["--all"]:
        return SOURCES
    if not words:
        return [path for path in SOURCES if not in_step(path)]
    return [path for path in SOURCES if any(word in path.stem or word.zfill(2) == path.stem[:2] for word in words)]


def main(words):
    for path in _asked(words):
        started = time.perf_counter()
        write(path)
        size = path.with_suffix(".ipynb").stat().st_size
        print(f"{path.stem}: {time.perf_counter() - started:.1f} s, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])

"""One submission in its own process: limits, confinement, the driver, and one frame with what it came to."""

from __future__ import annotations

import gc
import io
import json
import math
import os
import random
import sys
from collections.abc import Iterable
from typing import Any

from . import confinement, frames
from .telling import failure

BROKEN = 70
"""The exit code of a process that could not be confined; nothing of the submission has run in it."""

_MOST_DESCRIPTORS = 4096


def run(
    order: dict[str, Any], descriptors: list[int], drivers: dict[str, Any], confinement_of: tuple[int | None, bytes]
) -> None:
    """Run the task on the first descriptor and end this process.

    descriptors: the task, its inputs as a file in memory, where the result goes, and where prints go.
    """
    rules, program = confinement_of
    _only(descriptors if rules is None else (*descriptors, rules))
    task_from, inputs_from, result_to, prints_to = descriptors
    task = json.loads(_read(task_from))
    inputs = _mapped(inputs_from, task["inputs"]) if task["inputs"] else {}
    _seeded(task["seed"])
    _reading_nothing()
    _printing_to(prints_to)
    confinement.limited(*order["mapped"], memory=order["memory"], cpu_seconds=order["cpu_seconds"])
    if rules is not None:
        confinement.restrict_files(rules)
        os.close(rules)
    confinement.restrict_calls(program)
    gc.enable()
    frame = _framed(drivers[task["driver"]], task, inputs)
    _written(result_to, frame)
    _flushed()
    os._exit(0)


def _only(kept: Iterable[int]) -> None:
    """Close every descriptor but *kept* and the standard ones, the control socket first of all."""
    first = 3
    for number in sorted({*kept}):
        os.closerange(first, number)
        first = number + 1
    os.closerange(first, _MOST_DESCRIPTORS)


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _mapped(descriptor: int, layout: list[Any]) -> dict[str, Any]:
    """Return the inputs as views of memory that the grader looks at afterwards, so that a change is seen."""
    import mmap

    import numpy as np

    memory = mmap.mmap(descriptor, 0, mmap.MAP_SHARED)
    os.close(descriptor)
    inputs: dict[str, Any] = {}
    for name, dtype, shape, place in layout:
        count = math.prod(shape)
        flat = np.frombuffer(memory, np.dtype(dtype), count, place) if count else np.empty(0, dtype)
        inputs[name] = flat.reshape(shape)
    return inputs


def _seeded(seed: int) -> None:
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - it is what submissions draw from
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.default_generator.manual_seed(seed)  # manual_seed looks for accelerators, too, for milliseconds


def _reading_nothing() -> None:
    """Put a standard input of its own in the place of the server's: who shares an open file sees its flags."""
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)


def _printing_to(descriptor: int) -> None:
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", errors="replace", line_buffering=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", errors="replace", line_buffering=True)


def _framed(driver: Any, task: dict[str, Any], inputs: dict[str, Any]) -> bytes:
    source = task["source"]
    try:
        outputs, notes = driver.run(source, task["arguments"], inputs)
        return frames.packed({"ended": "returned", "told": notes}, outputs)
    except BaseException as error:  # a submission may raise anything, SystemExit and KeyboardInterrupt too
        ended, told = failure(error)
        return frames.packed({"ended": ended, "told": told}, {})


def _written(descriptor: int, frame: bytes) -> None:
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.close(descriptor)


def _flushed() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a submission may have put anything there
            continue

"""One's own code, in this very process: nothing is taken from it, and it works on every system.

It is for a student's own work and a teacher's model solutions; it can hang, and is interrupted as anything else.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
import time
from collections.abc import Generator
from importlib import import_module
from typing import Any

from gradlab.isolation.inside.frames import DTYPES
from gradlab.isolation.inside.telling import failure
from gradlab.isolation.records import Level, Outcome, Status, Task

_STATUSES = {"raised": Status.RAISED, "syntax": Status.SYNTAX, "memory": Status.MEMORY}


class _Printed(io.StringIO):
    """The first characters of what is printed; whoever prints cannot close it."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, text: str) -> int:
        super().write(text[: max(self._most - self.tell(), 0)])
        return len(text)

    def close(self) -> None:
        pass


def run(task: Task) -> Outcome:
    """Return what trusted code comes to."""
    import numpy as np

    driver = import_module(f"gradlab.isolation.drivers.{task.driver}")
    inputs = {name: np.array(array) for name, array in task.inputs.items()}
    printed = _Printed(task.limits.printed)
    wall, cpu = time.perf_counter(), time.process_time()
    told: dict[str, Any] = {"level": Level.NONE}
    try:
        with _seeded(task.seed), contextlib.redirect_stdout(printed):
            outputs, notes = driver.run(task.source, dict(task.arguments), inputs)
        odd = [name for name, array in outputs.items() if array.dtype.name not in DTYPES]
        if odd:
            raise TypeError(f"{odd[0]} has dtype {outputs[odd[0]].dtype}, which is no number that can be compared")
        told |= {"status": Status.RETURNED, "outputs": outputs, "notes": notes}
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        ended, about = failure(error)
        told |= {"status": _STATUSES[ended], "error": about["error"], "line": about["line"], "notes": about}
    return Outcome(
        **told,
        mutated=tuple(name for name, array in task.inputs.items() if inputs[name].tobytes() != array.tobytes()),
        printed=printed.getvalue(),
        cpu_seconds=time.process_time() - cpu,
        wall_seconds=time.perf_counter() - wall,
    )


@contextlib.contextmanager
def _seeded(seed: int) -> Generator[None]:
    """Seed the generators, and leave them afterwards as they were."""
    import numpy as np

    kept, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - what submissions draw from
    torch = sys.modules.get("torch")
    with torch.random.fork_rng(devices=[]) if torch is not None else contextlib.nullcontext():
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - as above
        if torch is not None:
            torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(kept)
            np.random.set_state(numpys)  # noqa: NPY002 - as above

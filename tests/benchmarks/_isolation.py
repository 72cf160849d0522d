"""What it costs to run a submission isolated: CPU time of grader, server and process, and how many a second."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable

from gradlab.grading import CodeExercise
from gradlab.grading.code.running import Submission
from gradlab.isolation import Limits, Sandbox, Task

NUMPY = """
import numpy as np

def gradient(w, X, y):
    return 2 / len(y) * X.T @ (X @ w - y)
"""

TORCH = """
import torch

def gradient(w, X, y):
    w = torch.tensor(w, requires_grad=True)
    loss = ((torch.from_numpy(X) @ w - torch.from_numpy(y)) ** 2).mean()
    loss.backward()
    return w.grad.numpy()
"""

ON_TENSORS = """
import torch

def gradient(w, X, y):
    w = w.clone().requires_grad_()
    loss = ((X @ w - y) ** 2).mean()
    loss.backward()
    return w.grad
"""

GRADED = {"numpy": NUMPY, "torch": ON_TENSORS}
"""By library, what an exercise in it is given; its inputs are arrays of that library."""
CALLS = 6
LOSS = "1/n*sum((X w - y)^2)"
OPTIONS = {"variables": ["w", "X", "y"], "shapes": {"w": "d", "X": ("n", "d"), "y": "n"}}


def tasks(source: str, library: str, count: int) -> Iterable[Task]:
    """Return *count* tasks of one submission with small inputs."""
    import numpy as np

    generator = np.random.default_rng(0)
    inputs = {"w": generator.normal(size=3), "X": generator.normal(size=(20, 3)), "y": generator.normal(size=20)}
    return (Task(source, "function", {"entry": "gradient"}, inputs, library, limits=Limits()) for _ in range(count))


def cost(source: str, library: str, count: int) -> tuple[float, float]:
    """Return seconds of CPU for one submission, all processes together, and submissions a second by two workers.

    The CPU time is that of the grader, of forking, and of the process, less what the submission computes for itself.
    """
    with Sandbox(workers=2) as sandbox:
        list(sandbox.run_many(tasks(source, library, 4)))
        begun = time.perf_counter()
        assert all(outcome.outputs for outcome in sandbox.run_many(tasks(source, library, count)))
        rate = count / (time.perf_counter() - begun)
    with Sandbox() as sandbox:
        list(sandbox.run_many(tasks(source, library, 2)))
        before = time.process_time()
        outcomes = list(sandbox.run_many(tasks(source, library, count)))
        grader = (time.process_time() - before) / count
    others = statistics.median(outcome.cpu_seconds + outcome.forking_seconds for outcome in outcomes)
    return grader + others - _own(source), rate


def graded(library: str, count: int = 100) -> float:
    """Return seconds of CPU for grading one submission of `CALLS` calls, everything included, all processes together.

    Everything: reading the program, drawing inputs, running it, the exact gradients, and the grade.
    """
    source, exercise = GRADED[library], CodeExercise(LOSS, **OPTIONS, library=library)
    with Sandbox() as sandbox:
        for _ in range(3):
            assert exercise.check(source, sandbox=sandbox).verdict == "correct"
        before, others = time.process_time(), []
        for _ in range(count):
            submission = Submission(exercise, source)
            (outcome,) = sandbox.run_many([submission.task])
            assert submission.grade(outcome).verdict == "correct"
            others.append(outcome.cpu_seconds + outcome.forking_seconds)
        return (time.process_time() - before) / count + statistics.median(others)


def _own(source: str) -> float:
    """Return the CPU time that the submission takes by itself, its source compiled and its inputs there."""
    import numpy as np

    (task,) = tasks(source, "numpy", 1)
    times: list[float] = []
    for _ in range(21):
        begun = time.process_time()
        names: dict[str, object] = {}
        exec(compile(source, "submission.py", "exec"), names)  # noqa: S102 - it stands above
        np.asarray(names["gradient"](*task.inputs.values()))  # pyright: ignore[reportCallIssue]
        times.append(time.process_time() - begun)
    return statistics.median(times)

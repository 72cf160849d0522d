"""A worker answers, and is begun anew where an answer takes too long or its process ends."""

from __future__ import annotations

import pytest

from gradlab.lab import workers
from gradlab.lab.models import MODELS

PARABOLA = MODELS[0].name


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_the_next_question_answered(monkeypatch):
    worker = workers.Worker("warm")
    try:
        assert worker.ask("movable", "x^2", PARABOLA).found.labels == ("x",)
        monkeypatch.setitem(workers.LIMITS, "derivation", 0.05)
        late = worker.ask("derivation", "+".join(["x*y*sin(x)"] * 40), PARABOLA)
        assert "takes longer than 0.05 s" in late.problem
        assert worker.ask("movable", "x + y", PARABOLA).found.labels == ("x", "y")
        worker._process.kill()
        worker._process.join()
        assert worker.ask("movable", "x", PARABOLA).found.labels == ("x",)
    finally:
        worker.stop()

"""A worker answers, and is begun anew where an answer takes too long or its process ends."""

from __future__ import annotations

from threading import Event, Thread
from time import monotonic

import pytest

from gradlab.lab import answering, workers
from gradlab.lab.models import MODELS

PARABOLA = MODELS[0].name


@pytest.mark.slow
def test_a_worker_outlives_what_no_control_can_send_and_says_when_it_is_slow(monkeypatch):
    worker = workers.Worker("first")
    said: list[str] = []
    try:
        assert worker.ask("movable", "x^2", PARABOLA, slow=lambda: said.append("starting")).found.labels == ("x",)
        assert said == ["starting"]
        process = worker._process
        for sent in (5, None, ["x"], {"x": 1}):
            assert worker.ask("movable", sent, PARABOLA).problem
        assert worker.ask("limit", "x^2", PARABOLA, (object,)).found is None
        assert worker.ask("movable", "x^2", PARABOLA, slow=lambda: said.append("again")).found.labels == ("x",)
        assert worker._process is process
        assert said == ["starting"]
    finally:
        worker.stop()


@pytest.mark.slow
def test_a_worker_that_is_closed_keeps_nobody_waiting():
    worker = workers.Worker("first")
    assert worker.ask("movable", "x^2", PARABOLA).found.labels == ("x",)
    answers: list[answering.Answer] = []
    waiting = Thread(
        target=lambda: answers.append(worker.ask("derivation", "+".join(["x*y*sin(x)"] * 90), PARABOLA, slow=busy.set))
    )
    busy = Event()
    waiting.start()
    assert busy.wait(20)
    begun = monotonic()
    worker.close()
    waiting.join(20)
    assert monotonic() - begun < workers.LIMITS["derivation"] / 2
    assert answers[0].found is None
    assert worker.ask("movable", "x^2", PARABOLA).found is None


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_the_next_question_answered(monkeypatch):
    worker = workers.Worker("first")
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

"""An answer that takes too long is ended, and the next question is answered."""

from __future__ import annotations

import pytest

from gradlab.lab import answering, workers
from gradlab.lab.models import MODELS

FIRST = MODELS[0].name


@pytest.fixture
def worker():
    made = workers.Worker("movable")  # warm without loading anything: the question lacks its arguments, and says so
    yield made
    made.stop()


@pytest.mark.slow
def test_what_takes_too_long_is_ended_and_the_next_is_answered(worker, monkeypatch):
    monkeypatch.setitem(workers.LIMITS, "derivation", 0.001)
    late = worker.ask("derivation", "x*sin(x^2)*exp(x)*log(x)", FIRST)
    assert late.found is None
    assert "takes longer than 0.001 s and was ended" in late.problem
    assert worker.ask("movable", "x^2", FIRST).found == answering.movable("x^2", FIRST)


@pytest.mark.slow
def test_a_worker_that_dies_is_begun_anew(worker):
    assert worker.ask("movable", "x^2", FIRST).found.labels == ("x",)
    worker._process.kill()
    worker._process.join()
    assert worker.ask("movable", "x + y", FIRST).found.labels == ("x", "y")


def test_every_question_of_the_page_has_a_limit():
    asked = set(answering.QUESTIONS) - {"warm", "warm gradients"}
    assert set(workers.LIMITS) == asked

"""Mutants of valid formulas and files are taken or refused, in seconds and little memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.attacks.mutants import KINDS


def tried(kinds, count, seed):
    command = [sys.executable, "-m", "tests.attacks.mutants", kinds, str(count), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def a_few():
    return tried("all", 60, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutant_is_taken_or_refused(kind, a_few):
    found = a_few[kind]
    assert found["failing"] == []
    assert found["taken"] > 5
    assert found.get("refused", 0) > (3 if kind != "answers" else -1)  # an answer that cannot be read has a grade


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_mutants_more(kind, seed):
    found = tried(kind, 5_000, 100 + seed)[kind]
    assert found["failing"] == []
    assert found["peak"] < 1000, "MiB"

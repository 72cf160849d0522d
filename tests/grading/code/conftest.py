"""One sandbox for all programs: torch is loaded once."""

from __future__ import annotations

import pytest

from gradlab.isolation import Sandbox, available


@pytest.fixture(scope="package")
def sandbox():
    # Where nothing isolates, these programs are the tests' own and may run all the same.
    with Sandbox(available()) as made:
        yield made

"""Parameters of which some run always and the rest with ``-m slow``, so that the whole run stays short."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], every: int, *, single: bool = True) -> list[Any]:
    """Return *cases* as parameters: one of *every* runs always.  single: each case is one argument."""
    return [
        pytest.param(
            *((case,) if single else case),
            id=case if single and isinstance(case, str) else None,
            marks=() if number % every == 0 else pytest.mark.slow,
        )
        for number, case in enumerate(cases)
    ]

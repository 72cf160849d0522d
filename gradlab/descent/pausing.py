"""Where a run ended, written down and read back: words for JSON, and arrays beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradlab.descent.running import Pause

if TYPE_CHECKING:
    from gradlab.graph.point import Array


LAST = 2**53
"""Steps that can be counted as floating-point numbers."""


def in_words(pause: Pause) -> tuple[dict[str, Any] | None, dict[str, Array]]:
    """Return *pause* as words, and arrays by name; None where the rule remembers what is no number and no array."""
    arrays: dict[str, Array] = {"pause x": pause.x}
    if pause.before is not None:
        arrays["pause before"] = pause.before
    state: list[Any] = []
    for place, part in enumerate(pause.state):
        if hasattr(part, "shape"):
            arrays[f"pause state {place}"] = part
            state.append("array")
        elif isinstance(part, (bool, int, float)):
            state.append(part)
        else:
            return None, {}
    try:
        # Infinities are numbers that a condition may remember; JSON proper knows none.
        numbers = json.dumps({"state": state, "memories": pause.memories})
    except (TypeError, ValueError):
        return None, {}
    dtype = None if pause.dtype is None else str(pause.dtype).removeprefix("torch.")
    return {"step": pause.step, "place": list(pause.place), "numbers": numbers, "dtype": dtype}, arrays


def from_words(words: Mapping[str, Any] | None, arrays: Mapping[str, Array], size: int) -> Pause | None:
    """Return the pause that `in_words` wrote down, at a point of *size* numbers; raises ValueError for any other."""
    import numpy as np

    if words is None:
        return None
    numbers = json.loads(words["numbers"])
    state = tuple(
        arrays[f"pause state {place}"] if part == "array" else part for place, part in enumerate(numbers["state"])
    )
    epoch, batch = map(int, words["place"])
    memories = tuple(map(_tuples, numbers["memories"]))
    dtype = _dtype(words["dtype"])
    x, before = arrays["pause x"], arrays.get("pause before")
    if any(array is not None and array.shape != (size,) for array in (x, before)):
        raise ValueError(f"it paused at a point of shape {x.shape}, and its variables have {size} numbers")
    if not np.isfinite(x).all() or not 0 <= int(words["step"]) <= LAST:
        raise ValueError(f"it paused after {words['step']!r} steps at {x!r}, where no run goes on")
    return Pause(int(words["step"]), x, state, (epoch, batch), memories, before, dtype)


def _tuples(part: Any) -> Any:
    return tuple(map(_tuples, part)) if isinstance(part, list) else part


def _dtype(name: str | None) -> Any:
    if name is None:
        return None
    import torch

    found = getattr(torch, str(name), None)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"{name!r} is no dtype")
    return found

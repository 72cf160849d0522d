"""Why a loss is no number: what can be said of it once it has happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradlab.errors import GradlabError
from gradlab.graph import Function
from gradlab.graph.domain import first_not_finite
from gradlab.graph.point import detached


def cause_of(function: Function, values: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return the likely cause of a loss that is not finite at *values*, as ``": log(x) is not a number …"``, or "".

    given: the data among the values, of which any may hold what is not finite.
    """
    import numpy as np

    arrays = {name: np.asarray(detached(value), dtype=np.float64) for name, value in values.items()}
    for name in given:
        odd = np.argwhere(~np.isfinite(arrays[name]))
        if len(odd):
            place = "".join(f"[{index}]" for index in odd[0])
            return f": the data hold {name}{place} = {arrays[name][tuple(odd[0])]}"
    if function.output is None or not all(np.isfinite(array).all() for array in arrays.values()):
        return ""
    try:
        everything = {**function.data, **arrays}
        found = first_not_finite([function.formula], everything, function.sizes(arrays), list(function.variables))
    except (GradlabError, ArithmeticError, ValueError):
        return ""
    return f": {found}" if found and len(found) < 300 else ""

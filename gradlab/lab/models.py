"""What can be picked in the lab: a formula, a start, a rate that shows something, and data where it has some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gradlab.errors import GradlabError

EXAMPLES = 60
"""Examples of the made data: enough for batches of 1 to differ from batches of 60, few enough to be instant."""


class LabError(GradlabError):
    """What the lab does not do; the message says what to write instead."""


@dataclass(frozen=True, eq=False)
class Model:
    """One entry of the list.

    text: the formula.  about: what to look at.  start: the values of its variables, one number each.
    data: the names of arrays that are not differentiated, all with as many examples; () if there are none.
    """

    name: str
    text: str
    about: str
    rate: float
    start: Mapping[str, float] = field(default_factory=dict)
    data: tuple[str, ...] = ()


MODELS: tuple[Model, ...] = (
    Model("A parabola: x²", "x^2", "The rate decides: 0.1 converges, 0.9 zigzags, 1.1 diverges.", 0.1, {"x": 3.0}),
    Model("A slope: x² + y", "x^2 + y", "There is no minimum: along y it falls for ever.", 0.1, {"x": 3.0, "y": 1.0}),
    Model("A product: x sin(x²)", "x*sin(x^2)", "Product rule and chain rule; many valleys.", 0.02, {"x": 1.6}),
    Model("A long bowl", "x^2 + 10y^2", "Two curvatures: one rate has to do for both.", 0.09, {"x": 4.0, "y": 1.0}),
    Model(
        "Rosenbrock's valley",
        "(1 - x)^2 + 100(y - x^2)^2",
        "A bent valley with a flat floor.",
        0.001,
        {"x": -1.2, "y": 1.0},
    ),
    Model("A kink: |x|", "abs(x)", "At 0 there is no gradient. Move the start there and compare.", 0.3, {"x": 2.0}),
    Model("A saddle", "x^2 - y^2", "Start on the ridge y = 0, then beside it.", 0.1, {"x": 3.0, "y": 0.0}),
    Model(
        "A fit: the rollercoaster",
        "1/n sum_i (a t_i^2 + b t_i + c - v_i)^2",
        "Twenty measured speeds and a parabola; curvatures from 0.26 to 56,499.",
        1e-5,
        {"a": 0.0, "b": 0.0, "c": 0.0},
        ("t", "v"),
    ),
    Model(
        "A line through points",
        "1/n sum_i (a x_i + b - y_i)^2",
        "Small batches are quick and noisy: see where the path ends.",
        0.1,
        {"a": -1.0, "b": 3.0},
        ("x", "y"),
    ),
    Model(
        "Logistic regression",
        "1/n sum_i (log(1 + exp(a x_i + b)) - k_i (a x_i + b))",
        "Two classes on a line, by mini-batches.",
        0.5,
        {"a": -1.0, "b": 2.0},
        ("x", "k"),
    ),
)
"""The list, in the order in which it is shown."""

FIRST = MODELS[1]
"""The one that the page begins with: of two numbers, so that its picture is a contour with a path."""


def named(name: str) -> Model:
    """Return the model of that name; raises LabError, with the names there are."""
    for model in MODELS:
        if model.name == name:
            return model
    raise LabError(f"no function {name!r} in the list; there are {', '.join(model.name for model in MODELS)}")


@cache
def arrays(model: Model) -> Mapping[str, Any]:
    """Return the data of a model by name, shape (examples,) each; {} if it has none.

    >>> {name: array.shape for name, array in arrays(named("Logistic regression")).items()}
    {'x': (60,), 'k': (60,)}
    """
    import numpy as np

    from gradlab import data

    if not model.data:
        return {}
    if "t" in model.data:
        ride = data.load("rollercoaster")
        return {"t": np.array(ride["time"]), "v": np.array(ride["speed"])}
    # The generator is seeded: the lab shows every student the same points.
    random = np.random.default_rng(7)
    x = np.linspace(-2, 2, EXAMPLES)
    noise = random.normal(size=EXAMPLES)
    return {"x": x, "k": (x + 0.8 * noise > 0) * 1.0} if "k" in model.data else {"x": x, "y": 1.5 * x + 0.5 + noise}

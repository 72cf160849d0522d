"""How near ten descent steps come to a published table."""

from __future__ import annotations

from gradlab import data
from gradlab.descent import GradientDescent, descend
from tests.benchmarks import Figure

WHY = """
Ten steps of the fit of a rollercoaster's speed, beside the table of a published course.
"""

LOSS, PARAMETER = 2e-6, 1.1e-4
"""The table's own rounding: relative for the losses, absolute for the parameters."""


def measure() -> Figure:
    """Return the largest deviation from the table, in units of its rounding."""
    import numpy as np

    ride, table = data.load("rollercoaster"), data.load("rollercoaster_published")
    t, speed = np.array(ride["time"]), np.array(ride["speed"])

    def loss(params):  # type: ignore[no-untyped-def]  # as a student writes it
        a, b, c = params
        return ((a * t**2 + b * t + c - speed) ** 2).mean()

    start = {"params": [-0.57139085, -0.11943031, -1.26767105]}
    run = descend(loss, start, rule=GradientDescent(1e-5), steps=10)
    rows = len(table["loss"])
    losses = np.abs(np.array(run.losses[:rows]) / np.array(table["loss"]) - 1).max()
    ours = np.array([point["params"] for point in run.points])[:rows]
    parameters = np.abs(ours - np.array([table[name] for name in "abc"]).T).max()
    return Figure(
        "a published table of ten descent steps",
        max(losses / LOSS, parameters / PARAMETER),
        1.0,
        f"largest deviation / the table's rounding: losses {losses:.2g} relative (of {LOSS:g}), "
        f"parameters {parameters:.2g} absolute (of {PARAMETER:g})",
    )

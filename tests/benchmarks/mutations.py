"""How many steps with one mistake the prover takes for right."""

from __future__ import annotations

from collections import Counter

from gradlab.sources import as_function, at_point
from gradlab.symbolic import reference
from gradlab.symbolic.proof import Evidence
from tests.benchmarks import Counts, Figure
from tests.models import MODELS
from tests.symbolic.test_mutations import SCALARS, judged, steps_of

WHY = """
One mistake in one step at a time, in the example of each rule, in {functions} functions of numbers and in the models of the tests; of the wrong steps of the functions one in {of_functions} is tried here and of the models one in {of_models}, and `pytest -m slow tests/symbolic/test_mutations.py` tries all of the models.
What is neither refuted nor taken for right is left open, and says so.
"""

OF_FUNCTIONS, OF_MODELS = 4, 40
"""Of so many wrong steps one is tried."""


def measure() -> Figure:
    """Return how many wrong steps are taken for right."""
    examples = [
        step
        for group in reference.groups()
        for example in group.examples.values()
        for step in steps_of(reference._function(example))
    ]
    functions = [step for text in SCALARS for step in steps_of(as_function(text))]
    models = [step for model in MODELS for step in steps_of(at_point(model.source, model.at)[0])]
    found = {
        "the rules": judged(dict.fromkeys(examples)),
        "functions of numbers": judged(functions, OF_FUNCTIONS),
        "models": judged(models, OF_MODELS),
    }
    fooled = sum(len(taken) for _, taken in found.values())
    total = sum(evidence.total() for evidence, _ in found.values())
    return Figure(
        "wrong steps that are taken for right",
        fooled,
        0,
        f"of {total:,} steps with one mistake",
        counts=Counts(
            "wrong steps",
            ("refuted", "left open", "taken for right"),
            {name: _row(evidence, len(taken)) for name, (evidence, taken) in found.items()},
        ),
        values={"functions": len(SCALARS), "of_functions": OF_FUNCTIONS, "of_models": OF_MODELS},
    )


def _row(evidence: Counter[Evidence], taken: int) -> tuple[int, int, int]:
    refuted = evidence[Evidence.REFUTED]
    return refuted, evidence.total() - refuted - taken, taken

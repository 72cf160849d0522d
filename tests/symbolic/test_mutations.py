"""Thousands of steps with one mistake each: the prover must not take any of them for right."""

from collections import Counter
from functools import cache

import pytest

from gradlab.graph.rules import RULES
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive, reference, rule_examples
from gradlab.symbolic.proof import Evidence
from gradlab.symbolic.steps import walk
from tests.models import MODELS
from tests.sampling import sampled
from tests.symbolic.mutants import is_wrong, mutants_of

PROVED = (Evidence.EXACT, Evidence.CERTIFIED, Evidence.SAMPLED)

EXAMPLES = {name: example for group in reference.groups() for name, example in group.examples.items()}

SCALARS = [
    "x^2 sin(3 x + 1)",
    "exp(-x^2/2)/sqrt(2 pi)",
    "log(1 + exp(-x y))",
    "(x^2 - y^2)/(x^2 + y^2)",
    "sqrt(x^2 + y^2) atan2(y, x)",
    "x^y + y^x",
    "x^x^x",
    "2^(x y)/3",
    "tan(x)^3 - cos(2 x) cosh(x)",
    "asin(5 x)",
    "acosh(x + 3) atanh(x/100)",
    "log(log(log(x)))",
    "acos(x - 500)",
    "sqrt(x - 1.5) sqrt(2 - x)",
    "sqrt(1 - x^2 - y^2 - z^2)",
    "abs(x - 12) abs(x + 12)",
    "relu(x - 30) x + relu(relu(x))",
    "where(x > 3, where(x < 4, x, 2 x), x^2)",
    "where(x > 0, log(x), sin(x)) y",
    "clamp(x^2, -1, 5) sign(x)",
    "max(x^2 + 1, y) min(x, min(y, z))",
    "floor(x) x + mod(x, 3)",
    "x y z/(x + y + z)",
    "(a x + b)/(c x + d)",
    "(x + 1)^7 (x - 1)^(-3)",
    "cbrt(x)^2 + x^(2/3)",
    "erf(x) exp(x^2)",
    "lgamma(x) digamma(x)",
    "sigmoid(x) (1 - sigmoid(x)) + softplus(y)",
    "gelu(x) silu(x)/tanh(x)",
    "hypot(x, y)^3",
    "sin(cos(tan(x)))",
]
"""Also functions with few points where they are defined, and pieces that are far away."""


@cache
def steps_of(source):
    """Return the different steps of a derivation."""
    return list({(step.rule, step.before, step.after): step for step in walk(derive(source).steps)}.values())


def judged(steps, every=1):
    """Return how many mutants of *steps* each kind of evidence has, and those that are taken for right."""
    evidence, fooled = Counter(), []
    for number, mutant in enumerate(mutant for step in steps for mutant in mutants_of(step)):
        if number % every == 0 and is_wrong(mutant):
            evidence[mutant.step.evidence] += 1
            if mutant.step.evidence in PROVED:
                fooled.append(f"{mutant.fault}: {mutant.step.text()}")
    return evidence, fooled


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("group", reference.groups(), ids=lambda group: group.title)
def test_no_mistake_in_an_example_of_a_rule_is_taken_for_right(group, every):
    steps = [step for example in group.examples.values() for step in steps_of(reference._function(example))]
    evidence, fooled = judged(dict.fromkeys(steps), every)
    assert fooled == []
    assert evidence[Evidence.REFUTED] >= 0.98 * evidence.total()
    # 149 rules have an example: all in all far more than 1,000 mistakes.
    assert evidence.total() * every >= 12 * len(group.examples)


@pytest.mark.parametrize("text", sampled(SCALARS, 2))
def test_no_mistake_in_a_function_of_numbers_is_taken_for_right(text):
    evidence, fooled = judged(steps_of(as_function(text)), every=4)
    assert fooled == []
    assert evidence[Evidence.REFUTED] >= 0.98 * evidence.total() > 10


@pytest.mark.slow
def test_no_mistake_in_a_model_is_taken_for_right():
    steps = [step for model in MODELS for step in steps_of(at_point(model.source, model.at)[0])]
    evidence, fooled = judged(steps, every=40)
    assert fooled == []
    assert evidence[Evidence.REFUTED] >= 0.98 * evidence.total() > 500


@pytest.mark.slow
def test_no_mistake_at_all_in_a_model_is_taken_for_right():
    steps = [step for model in MODELS for step in steps_of(at_point(model.source, model.at)[0])]
    evidence, fooled = judged(steps)
    assert fooled == []
    assert evidence[Evidence.REFUTED] >= 0.98 * evidence.total() > 20_000


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_steps_of_every_example_are_proved_for_all_numbers(name):
    for step in steps_of(reference._function(EXAMPLES[name])):
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()


@pytest.mark.parametrize("text", SCALARS)
def test_the_steps_of_functions_with_few_points_are_proved(text):
    for step in steps_of(as_function(text)):
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()


def test_every_rule_that_makes_steps_is_attacked():
    assert set(EXAMPLES) | set(rule_examples.NO_STEP) == set(RULES)

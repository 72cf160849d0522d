"""Which mistake a submission makes: the one whose numbers it returns, at the line where its text shows it.

Mistakes that come to the same numbers in every call are told apart by the text; where it does not decide, they are
for the teacher, and not certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradlab.grading.code.cases import Case
from gradlab.grading.code.judging import Expected
from gradlab.grading.code.mistakes import lines
from gradlab.grading.code.mistakes.landmarks import Landmarks
from gradlab.grading.code.mistakes.records import Mistake, named
from gradlab.grading.code.mistakes.variations import Variation, of_gradients, of_loops, pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradlab.grading.code.running import Submission
    from gradlab.isolation import Outcome

    Array = NDArray[Any]

SLACK = 1e6
"""How many times what a right program may be off by one with a mistake may be: it goes another way."""


def explained(submission: Submission, outcome: Outcome, right: list[Expected]) -> tuple[Mistake, ...]:
    """Return the mistakes that a wrong submission makes, the certain ones first."""
    marks = Landmarks.of(submission.source.text, submission.exercise.entry)
    kind = submission.exercise.kind.name
    if kind == "autograd function":
        return _of_backward_pass(submission, outcome, right, marks)
    cases = submission.cases
    make = of_gradients if kind == "function" else of_loops
    singles = [(name, each) for name, each in make(submission.exercise.reference, cases[-1])]
    fitting = [name for name, each in singles if _fits(submission, each, outcome, right)]
    fitting = list(dict.fromkeys(fitting))
    if fitting:
        return _told([(name,) for name in fitting], marks)
    both = [names for names, each in pairs(singles) if _fits(submission, each, outcome, right)]
    if both:
        return _told(list(dict.fromkeys(both)), marks)
    return tuple(named(name, line) for name, line in lines.seen(marks) if name not in TOLD_BY_TEXT)


TOLD_BY_TEXT = frozenset({"zeroed before the step", "update before backward", "broadcasting", "graph cut"})
"""Mistakes whose numbers other ways lead to as well: named if the text shows them, too."""


def _told(explanations: Sequence[tuple[str, ...]], marks: Landmarks) -> tuple[Mistake, ...]:
    """Return the mistakes of the one explanation that the text leaves as certain; if it leaves more, all, as not."""
    in_text = {name for name, _ in lines.seen(marks)}
    left = [names for names in explanations if not (TOLD_BY_TEXT - in_text) & {*names}]
    shown = [names for names in left if {*names} & in_text]
    likeliest = shown if len(shown) == 1 else left
    if len(likeliest) == 1:
        return tuple(named(name, lines.line_of(name, marks), certain=True) for name in likeliest[0])
    names = dict.fromkeys(name for each in left or explanations for name in each)
    return tuple(named(name, lines.line_of(name, marks)) for name in names)


def _fits(submission: Submission, variation: Variation, outcome: Outcome, right: list[Expected]) -> bool:
    """Return whether the submission returned in every call what this mistake comes to."""
    import numpy as np

    told = False
    reference = submission.exercise.reference
    gradient = submission.exercise.kind.name == "function"
    for number, (case, expected) in enumerate(zip(submission.cases, right, strict=True)):
        if not expected.decides:
            continue
        exact = Case({name: np.asarray(a, dtype=np.float64) for name, a in case.inputs.items()}, case.rate, case.steps)
        wrong = variation.gradient(reference, exact, exact.inputs) if gradient else variation.run(reference, exact)
        for name, value in wrong.items():
            returned = outcome.outputs.get(f"{number}/{name}")
            if returned is None or returned.shape != np.shape(value):
                return False
            with np.errstate(all="ignore"):
                near = np.abs(returned - value) <= SLACK * expected.allowed[name] + 1e-9 * np.abs(value)
            if not near.all():
                return False
            told = told or expected.apart(name, value) > SLACK
    return told


def _of_backward_pass(
    submission: Submission, outcome: Outcome, right: list[Expected], marks: Landmarks
) -> tuple[Mistake, ...]:
    """Return the mistakes of a backward pass: the incoming gradient, the value, a sign or a factor."""
    import numpy as np

    reference, names = submission.exercise.reference, submission.exercise.parameters

    def fits(wrong: Any) -> bool:
        for number, case in enumerate(submission.cases):
            inputs = {name: np.asarray(a, dtype=np.float64) for name, a in case.inputs.items() if name != "above"}
            for name in names:
                returned = outcome.outputs.get(f"{number}/{name}")
                value = wrong(inputs, np.asarray(case.inputs["above"], dtype=np.float64), name, right[number])
                if returned is None or value is None or returned.shape != np.shape(value):
                    return False
                if not np.allclose(returned, value, rtol=1e-9, atol=1e-12):
                    return False
        return True

    found: list[str] = []
    if fits(lambda inputs, above, name, _: reference.products(inputs, np.ones_like(above))[name]):
        found.append("incoming gradient left out")
    if fits(lambda inputs, above, name, _: above * reference.function(**inputs)):
        found.append("the value instead of its derivative")
    if len(names) > 1 and fits(lambda inputs, above, name, each: each.values[names[names.index(name) - 1]]):
        found.append("gradients swapped")
    for name, factor in (("wrong sign", -1.0), ("factor 2 missing", 0.5), ("factor 2 too many", 2.0)):
        if fits(lambda inputs, above, parameter, each, factor=factor: factor * each.values[parameter]):
            found.append(name)
    line = marks.returns[-1] if marks.returns else None
    return tuple(named(name, line, certain=len(found) == 1) for name in found)

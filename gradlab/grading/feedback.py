"""What to tell a student: which step went wrong, what rule belongs there; never the answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gradlab.graph import printing
from gradlab.graph.nodes import topological
from gradlab.graph.rules import Rule

if TYPE_CHECKING:
    from gradlab.grading.malrules import Situation
    from gradlab.grading.marking import Grade
    from gradlab.grading.mistakes import WrongAnswer


def advice(grade: Grade, *, latex: bool = False) -> str:
    """Return the feedback on an answer, one line for each thing to say."""
    if grade.error:
        return grade.error
    if grade.verdict == "correct":
        return "Right."
    if grade.verdict == "undecided":
        return "This could not be decided; a person will look at it."
    lines = [_sentence(fault) for fault in grade.faults]
    if grade.confusion is not None:
        return "\n".join([*lines, _sentence(grade.confusion[1])])
    if lines and not grade.trees:
        return "\n".join(lines)
    found = [told for told in _told(grade) if told is not None]
    for told in found:
        lines += [line for line in _about(told, latex=latex) if line not in lines]
    if not lines:
        lines.append("This is not right." if len(grade.certificates) < 2 else _which(grade))
        # Where all explanations agree on the step, it can be shown though its mistake has no one name.
        steps = {
            m.step.expression: m.step for d in grade.diagnoses for w in d.likely for m in w.mistakes if not m.whole
        }
        if len(steps) == 1:
            lines.append(_step(next(iter(steps.values())), latex=latex))
    return "\n".join(lines)


def _told(grade: Grade) -> list[WrongAnswer | None]:
    diagnoses = (grade.diagnosis,) if grade.diagnosis.explanations else grade.diagnoses
    return [diagnosis.told for diagnosis in diagnoses]


def _about(told: WrongAnswer, *, latex: bool) -> list[str]:
    lines: list[str] = []
    for mistake in told.mistakes:
        everywhere = " It is so at every step of this kind." if mistake.everywhere else ""
        lines.append(_sentence(mistake.rule.says) + everywhere)
        if not mistake.whole and (shown := _step(mistake.step, latex=latex)):
            lines.append(shown)
    return lines


def _which(grade: Grade) -> str:
    wrong = [
        part.label
        for part, certificate in zip(grade.exercise.question.parts, grade.certificates, strict=False)
        if certificate.different
    ]
    if grade.exercise.question.form == "set":
        missing = sum(certificate.values[0] == "a solution" for certificate in grade.certificates)
        extra = sum(certificate.values[0] == "no solution" for certificate in grade.certificates)
        said = [f"{missing} missing"] * bool(missing)
        said += [f"{extra} of these {'is' if extra == 1 else 'are'} no critical point"] * bool(extra)
        return _not_level(grade) or f"Not right: {', '.join(said)}."
    return f"Not right: {', '.join(wrong)}."


def _not_level(grade: Grade) -> str | None:
    """Return what the slope is at the one number that was answered, None where there are more or it is level."""
    from gradlab.symbolic import derive

    reading, question = grade.reading, grade.exercise.question
    if reading is None or reading.entries is not None or question.columns != 1 or grade.trees:
        return None
    (name,) = question.coordinates
    slope = float(derive(question.function, name).gradient[name]({name: reading.function()()}))
    if not math.isfinite(slope):
        return None
    several = f" {len(question.parts)} such places are asked for." if len(question.parts) > 1 else ""
    return f"At {name} = {reading.text()} the slope is {slope:.6g}, not 0.{several}"


def _step(step: Situation, *, latex: bool) -> str:
    """Return the left side of a step and the rule that belongs there; the step's result may be the answer."""
    if step.expression.axes:
        return ""
    left = step.scope.derivative(step.expression)
    shown = f"${printing.latex(left)}$" if latex else printing.text(left)
    return f"Look at this step: {shown}, by the {_spoken(step.rule)}: {_formula(step, latex=latex)}."


def _spoken(rule: str) -> str:
    """Return the name of a rule within a sentence: the sum rule, but the constant rule."""
    return rule if "rule" in rule else f"{rule} rule"


def _formula(step: Situation, *, latex: bool) -> str:
    formula = step.right.because or step.right.rule.formula
    chained = bool(step.right.because) and "chain" in step.rule
    if not latex:
        return formula + (f", times du/d{printing.text(step.scope.wrt)}" if chained else "")
    from gradlab.symbolic.reference import formula_in_latex

    written = formula_in_latex(Rule(step.rule, formula)) or formula
    below = printing.latex(step.scope.wrt)
    return written + (rf", times $\frac{{\mathrm{{d}}u}}{{\mathrm{{d}}{below}}}$" if chained else "")


def hints(grade: Grade) -> tuple[str, ...]:
    """Return help in order: the teacher's hints, then the rules that are needed, the step, and its beginning."""
    found = list(grade.exercise.hints)
    told = next((told for told in _told(grade) if told is not None), None)
    if told is None:
        return tuple(found)
    if told.mistakes[0].whole:
        return tuple(found)
    step = told.mistakes[0].step
    found.append(f"one step is done by the {_spoken(step.rule)}")
    left = step.scope.derivative(step.expression)
    found.append(f"the step is {printing.text(left)} = …")
    after = step.right.after
    # With derivatives left open it is a beginning, not an answer.
    if any(type(part).__name__ == "Derivative" for part in topological([after])):
        found.append(f"it begins {printing.text(left)} = {printing.text(after)}")
    return tuple(found)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")

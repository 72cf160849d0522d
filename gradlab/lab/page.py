"""The answers as HTML. Whatever came from outside goes through `escape`, so that nothing typed becomes markup."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from math import log10
from typing import TYPE_CHECKING

from gradlab.lab.answering import Answer

if TYPE_CHECKING:
    from gradlab.lab.comparing import Verdicts
    from gradlab.lab.deriving import Shown, Unfolding
    from gradlab.lab.descending import Asked, Descent

SLOW = 0.5
"""Seconds from which on the page says how long something took."""

VERDICTS = {
    "agree": ("good", "✓"),
    "differ": ("bad", "✗"),
    "kink": ("open", "∧"),
    "unstable": ("open", "≈"),
    "undecided": ("open", "?"),
}
"""The class and the sign of each verdict: colour is never the only difference."""

_GOOD, _BAD = ("converging", "minimum", "converged"), ("diverging", "not finite", "overflow")


HEAD = (
    '<header class="lab-head"><h1>gradlab <span>lab</span></h1>'
    "<p>One function: its gradient derived, checked three ways, and descended.</p></header>"
)
"""What stands above everything else."""


def first(asked: Asked, found: Descent, limit: float | None) -> str:
    """Return what covers the page until it can answer: the descent that it begins with."""
    shown = section("Descent", rate(asked.rate, Answer(limit), asked.rule) + descent(found), name="first-descent")
    waiting = '<p class="lab-waiting" role="status">The controls are being loaded …</p>'
    return f'<div id="lab-first"><div>{HEAD}<aside>{waiting}</aside><main>{shown}</main></div></div>'


def tex(formula: str, *, block: bool = False) -> str:
    """Return mathematics for the page, which sets it; LaTeX of gradlab's own printer only.

    >>> tex("x < 2")
    '<marimo-tex class="arithmatex">||(x &lt; 2||)</marimo-tex>'
    """
    opened, closed = ("||[", "||]") if block else ("||(", "||)")
    return f'<marimo-tex class="arithmatex">{opened}{escape(formula)}{closed}</marimo-tex>'


def trouble(problem: str) -> str:
    """Return what went wrong as it is written, caret and all.

    >>> trouble("'<' here")
    '<div class="lab-trouble" role="alert"><pre>&#x27;&lt;&#x27; here</pre></div>'
    """
    return f'<div class="lab-trouble" role="alert"><pre>{escape(problem)}</pre></div>'


def took(answer: Answer) -> str:
    """Return how long it took, where that was long enough to be felt."""
    if answer.seconds < SLOW:
        return ""
    return f'<p class="lab-took">This took {answer.seconds:.1f} s.</p>'


def section(title: str, body: str, *, name: str = "") -> str:
    """Return a section of the page."""
    name = name or title.lower().replace(" ", "-")
    return f'<section class="lab-section" id="lab-{name}" aria-label="{title}"><h2>{title}</h2>{body}</section>'


def working(title: str, before: str) -> str:
    """Return a section of the page while a new one is worked out: what it showed *before* stays in sight."""
    said = '<p class="lab-busy" role="status">Working …</p>'
    return f'<div class="lab-working" aria-busy="true">{said}{before or section(title, "")}</div>'


def stable(value: float, limit: Answer) -> str:
    """Return what belongs to the slider of the rate: its value, and from which one on plain descent diverges.

    >>> stable(0.05, Answer(0.1))
    '<p class="lab-stable"><b>0.05</b>, stable below 2/λ<sub>max</sub> = 0.1</p>'
    """
    if limit.problem:
        said = "its limit takes too long to be worked out"
    elif limit.found is None:
        said = "no curvature limits it here"
    else:
        said = f"stable below 2/λ<sub>max</sub> = {limit.found:.3g}"
    return f'<p class="lab-stable"><b>{value:.3g}</b>, {said}</p>'


def formulas(found: Unfolding) -> str:
    """Return the function and its gradient, with where it holds and how it was read."""
    parts = [f'<div class="lab-formulas">{tex(found.function, block=True)}{tex(found.gradient, block=True)}</div>']
    if found.domain:
        parts.append(f'<p class="lab-note">Holds for {" and ".join(map(tex, found.domain))}.</p>')
    parts += [f'<p class="lab-note">{escape(note)}.</p>' for note in found.notes]
    return "".join(parts)


def unfolded(found: Unfolding, count: int) -> str:
    """Return the first *count* lines of a derivation; the last of them is marked."""
    rows = [_line(line, number, newest=number == count) for number, line in enumerate(found.lines[:count], 1)]
    left = len(found.lines) - count
    more = f"{left} more line{'s' if left != 1 else ''}" if left > 0 else "The derivation is complete."
    return f'<ol class="lab-lines">{"".join(rows)}</ol><p class="lab-note" aria-live="polite">{more}</p>'


def _line(line: Shown, number: int, *, newest: bool) -> str:
    title = f'<div class="lab-by">{escape(line.title)}</div>' if line.title else ""
    name, _, formula = line.rule.partition(":")
    said = f"<b>{escape(name)}</b>{f'<small>{escape(formula.strip())}</small>' if formula else ''}"
    return (
        f'<li class="lab-line{" lab-newest" if newest else ""}">{title}'
        f'<div class="lab-row"><span class="lab-number">{number}</span>'
        f'<span class="lab-equation" style="padding-left:{min(line.level, 8) * 0.6:.1f}em" tabindex="0">'
        f"{tex(f'{line.left} = {line.right}')}</span>"
        f'<span class="lab-rule">{said}<em class="lab-evidence" title="how surely this line is known">'
        f"{escape(line.evidence)}</em></span></div></li>"
    )


def verdicts(found: Verdicts) -> str:
    """Return the table of the three gradients, and the verdict in words."""
    kind, sign = VERDICTS.get(found.verdict, ("open", "?"))
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in found.head)
    rows = "".join(_row(cells) for cells in found.rows)
    return (
        f'<p class="lab-verdict lab-{kind}" role="status"><b>{sign} {escape(found.verdict)}</b> '
        f"{escape(found.reason)}</p>"
        f'<div class="lab-scroll" tabindex="0" role="region" aria-label="table of the gradients">'
        '<table class="lab-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(cells: tuple[str, ...]) -> str:
    *numbers, verdict = cells
    kind, sign = VERDICTS.get(verdict.strip("* "), ("open", "?"))
    told = "".join(f"<td>{escape(cell)}</td>" for cell in numbers[1:])
    return (
        f'<tr><th scope="row">{escape(numbers[0])}</th>{told}<td class="lab-{kind}">{sign} {escape(verdict)}</td></tr>'
    )


def descent(found: Descent) -> str:
    """Return the picture of a run, what it came to, and the diagnosis."""
    kind = "good" if found.label in _GOOD else "bad" if found.label in _BAD else "open"
    picture = b64encode(found.picture).decode()
    ends = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{first:.4g} → {last:.5g}</dd></div>" for label, first, last in found.ends
    )
    return (
        f'<p class="lab-verdict lab-{kind}" role="status"><b>{escape(found.label)}</b> {escape(found.diagnosis)}.</p>'
        f'<img class="lab-picture" src="data:image/png;base64,{picture}" alt="{escape(found.alternative)}">'
        f'<dl class="lab-ends">{ends}<div><dt>loss</dt>'
        f"<dd>{found.losses[0]:.4g} → {found.losses[1]:.5g}</dd></div></dl>"
    )


def rate(value: float, limit: Answer, rule: str) -> str:
    """Return where the rate stands beside the largest stable one; "" where there is none.

    >>> "above" in rate(0.2, Answer(0.1), "gradient descent")
    True
    """
    if limit.found is None:
        return ""
    side = "above" if value > limit.found else "below"
    kind = "bad" if value > limit.found and rule == "gradient descent" else "good"
    place = min(max((log10(value / limit.found) + 3) / 6, 0.0), 1.0)
    return (
        f'<p class="lab-rate"><span class="lab-scale" aria-hidden="true"><i class="lab-limit"></i>'
        f'<i class="lab-here lab-{kind}" style="left:{100 * place:.1f}%"></i></span>'
        f"<b>{value:.3g}</b> is {side} <b>{limit.found:.3g}</b> = 2/λ<sub>max</sub>, from which plain gradient descent "
        "diverges on the parabola at the start.</p>"
    )

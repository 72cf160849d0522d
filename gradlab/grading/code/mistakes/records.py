"""A mistake in a program, and the words for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    name: what teachers see.  says: what the student reads.  line: where, from 1, if that is known.
    certain: shown by what the program does, and not only seen in its text.
    """

    name: str
    says: str
    line: int | None = None
    certain: bool = False


SAYS: Mapping[str, str] = {
    "gradient not zeroed": (
        "the gradients of earlier steps are still in .grad, and backward() adds to them; set them to zero "
        "once in each step"
    ),
    "zeroed before the step": (
        "the gradient is set to zero between backward() and the update, so that the update does nothing; zero "
        "it after the update, or before backward()"
    ),
    "ascent": ("the parameters move along the gradient, and the loss grows; the step is minus rate times gradient"),
    "update before backward": (
        "the update comes before backward(), and uses the gradient of the step before; call backward() first"
    ),
    "in-place on a leaf": (
        "a parameter that requires a gradient is changed in place while PyTorch records; put the update into "
        "`with torch.no_grad():`"
    ),
    "graph cut": (
        "the way from the parameters to the loss is cut, so that nothing flows back; .item(), .data, "
        ".detach() and torch.tensor(…) make a new value without history"
    ),
    "rate applied twice": "the learning rate is in the update twice",
    "divided by n again": ("the gradient is divided by the number of examples although the loss is a mean already"),
    "loss computed once": (
        "the loss is computed once, outside of the loop, so that each step uses the gradient of the start; "
        "compute it anew in each step"
    ),
    "sum instead of mean": (
        "the gradient is n times as large as it should be: the loss is a mean over the examples, not a sum"
    ),
    "parameter left out": "one of the parameters is never changed; each of them needs its own update",
    "forward under no_grad": (
        "the loss is computed under torch.no_grad(), where nothing is recorded to flow back; only the update "
        "belongs there"
    ),
    "broadcasting": (
        "shapes (n,) and (n, 1) were subtracted, which makes an n by n matrix of all differences; bring both "
        "to one shape"
    ),
    "one step too few": "one step is missing; range(steps) counts from 0 to steps - 1",
    "one step too many": "there is one step too many; range(steps) counts from 0 to steps - 1",
    "one step only": "only one step is taken: the function returns inside of its loop; return after it",
    "never updated": (
        "the parameters come back as they went in: no update reaches them; return what was updated, and call "
        "the update in each step"
    ),
    "gradient not asked for": (
        "no tensor in the loss requires a gradient, so that there is nothing to compute; call w.requires_grad_() "
        "before the loss"
    ),
    "too few gradients": (
        "backward returns fewer gradients than forward has inputs; return one for each, in order, and None for "
        "those that need none"
    ),
    "nothing saved": (
        "backward reads what forward has not kept; call ctx.save_for_backward(…) in forward, with each tensor "
        "that backward needs"
    ),
    "gradients swapped": "the gradient of one parameter is used for another",
    "gradient of another parameter": ("two parameters are moved by the same gradient; each of them has its own"),
    "factor 2 missing": ("the gradient is half as large as it should be: the derivative of a square has a factor of 2"),
    "factor 2 too many": "the gradient is twice as large as it should be",
    "wrong sign": "the gradient has the wrong sign",
    "updated one after the other": (
        "a parameter is updated before the gradient of the next one is computed; compute all gradients first"
    ),
    "incoming gradient left out": "backward does not multiply by the gradient that it is given",
    "the value instead of its derivative": ("what is returned is the value of the function, not its derivative"),
    "gradient not read": (
        "there is no gradient yet where .grad is read: call backward() first; a new tensor, as in w = w - "
        "rate * w.grad, is no leaf and has none"
    ),
}
"""What students read of each mistake."""


def named(name: str, line: int | None = None, *, certain: bool = False) -> Mistake:
    """Return the mistake of a name, with its sentence."""
    return Mistake(name, f"{SAYS[name][0].upper()}{SAYS[name][1:]}.", line, certain)

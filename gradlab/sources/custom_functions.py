"""Operations with a backward pass of their own: ``torch.autograd.Function``.

Their ``forward`` is read as mathematics, so that gradlab derives what their ``backward`` claims.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from gradlab.sources.traced import Traced


class _Context:
    """Stands for the ``ctx`` of a forward pass: takes what is kept there, for a backward pass that never comes."""

    def _take(self, *kept: Any) -> None:
        return None

    save_for_backward = save_for_forward = mark_dirty = mark_non_differentiable = set_materialize_grads = _take


@contextmanager
def applied_as_written() -> Generator[None]:
    """Let ``apply`` on stand-ins be ``forward``: torch turns gradients off for it, and that would read as detach."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    owner = torch.autograd.Function
    # Code often keeps `square = Square.apply`, which is bound to the apply of torch's own class for good. Before torch
    # 2.14 that one calls the next in line, and there it is met; since then it is C code, which `is_apply` knows.
    below = owner if is_applied_by_c() else owner.__mro__[1]
    kept = below.__dict__.get("apply")

    def apply(cls: Any, *arguments: Any, **named: Any) -> Any:
        if not any(isinstance(argument, Traced) for argument in (*arguments, *named.values())):
            return (super(below, cls).apply if kept is None else kept.__get__(None, cls))(*arguments, **named)
        context = () if cls.setup_context is not owner.setup_context else (_Context(),)
        watching = sys.getprofile()
        sys.setprofile(None)  # what it calls its values inside is not what the writer calls them
        try:
            return cls.forward(*context, *arguments, **named)
        finally:
            sys.setprofile(watching)

    below.apply = classmethod(apply)
    try:
        yield
    finally:
        if kept is None:
            del below.apply
        else:
            below.apply = kept


def is_applied_by_c() -> bool:
    """Return whether torch's own ``apply`` is C code, as it is since 2.14."""
    torch = sys.modules.get("torch")
    return torch is not None and not isinstance(torch.autograd.Function.__dict__["apply"], classmethod)


def is_apply(called: Any) -> bool:
    """Return whether what C calls is ``apply`` of an operation with a backward pass of its own."""
    owner = getattr(called, "__self__", None)
    if called.__name__ != "apply" or not isinstance(owner, type):
        return False
    return issubclass(owner, sys.modules["torch"].autograd.Function)

"""Whose code is running, on which line, and what it calls a value."""

from __future__ import annotations

import inspect
import linecache
import os
import sys
import types
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NoReturn

from gradlab.errors import DomainError, GradlabError, ShapeError, TraceError, UnknownShape

_LIBRARIES = (os.path.dirname(os.path.dirname(__file__)), os.path.dirname(os.__file__))
"""Frames of gradlab and of Python itself are not the writer's: their names and lines say nothing to a reader."""


def caller() -> types.FrameType | None:
    """Return the frame that called the function that calls this."""
    frame = inspect.currentframe()
    return frame.f_back.f_back if frame and frame.f_back else None


def name_of(value: Any) -> str | None:
    """Return the name under which the writer's code holds *value*, or None."""
    frame = caller()
    while frame is not None:
        if is_writers(frame.f_code.co_filename):
            for scope in (frame.f_locals, frame.f_globals):
                for name, held in scope.items():
                    if held is value and name.isidentifier() and not name.startswith("_"):
                        return name
        frame = frame.f_back
    return None


def is_writers(filename: str) -> bool:
    """Return whether code from *filename* is the writer's: not a library's, not Python's own."""
    return not (filename.startswith((*_LIBRARIES, "<frozen", "<__array")) or "site-packages" in filename)


def at_line(error: BaseException) -> str:
    """Return the line of the writer's code in which *error* was raised, as an addition to its message."""
    trace = error.__traceback__
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_writers(code.co_filename):
            found = _line(code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def with_line(error: GradlabError) -> GradlabError:
    """Return *error* with the line of the writer's code at the end of its message, if it does not say one."""
    line = at_line(error)
    if line and "\n  line " not in str(error) and type(error) in (TraceError, UnknownShape, ShapeError, DomainError):
        return type(error)(f"{error}{line}").with_traceback(error.__traceback__)
    return error


def _line(filename: str, number: int) -> str:
    line = linecache.getline(filename, number).strip()
    return f"\n  line {number}: {line}" if line else f"\n  line {number}"


def here() -> str:
    """Return the line of the writer's code that is running."""
    frame = caller()
    while frame is not None and not is_writers(frame.f_code.co_filename):
        frame = frame.f_back
    return _line(frame.f_code.co_filename, frame.f_lineno) if frame is not None else ""


REFUSALS: ContextVar[list[TraceError] | None] = ContextVar("REFUSALS", default=None)
"""What was refused while a function is read: its own ``except`` must not hide a refusal."""


def refuse(what: str, instead: str) -> NoReturn:
    """Raise TraceError: what cannot be read, on which line, and what to write instead."""
    refusal = TraceError(f"{what} cannot be read as mathematics; {instead}{here()}")
    refused = REFUSALS.get()
    if refused is not None:
        refused.append(refusal)
    raise refusal


def is_module(value: Any) -> bool:
    """Return whether *value* is a module of torch; does not load torch for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def calling_module() -> Any:
    """Return the innermost module of torch whose method is running, or None."""
    frame = caller()
    while frame is not None:
        own = frame.f_locals.get("self")
        if is_module(own):
            return own
        frame = frame.f_back
    return None


def unpacked_count(frame: types.FrameType | None) -> int | None:
    """Return how many names ``a, b, c = value`` unpacks to, if that is what *frame* is doing.

    The writer's code says the length there, so that it need not be said again.
    """
    import dis

    if frame is None:
        return None
    code = frame.f_code.co_code
    at = frame.f_lasti
    return code[at + 1] if dis.opname[code[at]] == "UNPACK_SEQUENCE" else None


def assigned_name() -> str | None:
    """Return the name that the writer's code is about to give to the result of its call: ``t`` in ``t = f()``."""
    import dis

    frame = caller()
    while frame is not None and not is_writers(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return None
    following = (step for step in dis.get_instructions(frame.f_code) if step.offset > frame.f_lasti)
    step = next(following, None)
    if step is None or not step.opname.startswith("STORE_"):
        return None
    name = step.argval[0] if isinstance(step.argval, tuple) else step.argval
    return name if isinstance(name, str) and not name.startswith("_") else None


def parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that a caller must give; raises TypeError where all of them have none."""
    call: Any = function
    try:
        signature = inspect.signature(call.forward if is_module(call) else call)
    except (TypeError, ValueError) as error:
        name = getattr(function, "__name__", "f")
        raise TypeError(f"cannot see the parameters of {name}; write lambda x: {name}(x) in its place") from error
    names = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY):
            continue
        if parameter.default is parameter.empty:
            names.append(parameter.name)
    starred = [str(each) for each in signature.parameters.values() if each.kind is each.VAR_POSITIONAL]
    if starred and not names:
        name = getattr(function, "__name__", "f")
        raise TypeError(f"the arguments {starred[0]} of {name} have no names; write lambda x, y: {name}(x, y) instead")
    return names

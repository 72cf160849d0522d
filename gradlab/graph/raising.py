"""What the writer's own code raises, told with the point and the line."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlab.errors import CodeError, GradlabError

if TYPE_CHECKING:
    from gradlab.graph.function import Function


def raised(f: Function, error: Exception, at: Any) -> CodeError:
    """Return what to raise where the code of *f* raises *error* at a point."""
    return CodeError(f"{f.signature} raises {spoken(error)} at {at!r}{_line(error, f)}", error)


@contextmanager
def telling(f: Function, at: Any) -> Generator[None]:
    """Tell of what the code of *f* raises inside; what ends a program, such as SystemExit, goes on as it is."""
    try:
        yield
    except GradlabError:
        raise
    except Exception as error:
        raise raised(f, error, at) from error


def spoken(error: Exception) -> str:
    """Return an exception in words: what it is and what it says."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _line(error: Exception, f: Function) -> str:
    """Return where in the writer's own file the error came up; "" where that is not known."""
    own = getattr(getattr(f.code, "__code__", None), "co_filename", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""

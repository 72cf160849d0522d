"""Where answers are graded: processes on this machine, or on those of a Dask cluster; joblib hands them out."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gradlab.courses import alone, work
from gradlab.courses.results import Result
from gradlab.errors import CourseError

if TYPE_CHECKING:
    from collections.abc import Generator

ENGINES = ("processes", "dask")

CHUNK = 64
"""Answers that a process is given at once."""

ABANDONED = 30.0
"""Seconds without any worker after which a cluster is given up; one whose worker ended has another sooner."""


@contextmanager
def workers(engine: str, count: int | None, scheduler: str | None) -> Generator[Any]:
    """Give joblib's `Parallel` for an engine.

    Raises CourseError where the cluster is not there, or goes away.
    """
    try:
        import joblib
    except ImportError:
        raise CourseError('a course needs joblib: pip install "gradlab[course]"') from None
    options: dict[str, Any] = {"return_as": "generator_unordered", "pre_dispatch": "3 * n_jobs"}
    if engine == "processes":
        try:  # each thread waits for a process of its own, which it replaces where it ends
            yield joblib.Parallel(n_jobs=count or os.cpu_count() or 1, backend="threading", **options)
        finally:
            alone.close()
        return
    with (
        _client(str(scheduler)) as client,
        joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=ABANDONED),
    ):
        try:
            yield joblib.Parallel(n_jobs=count or -1, **options)
        except Exception as error:
            # A client that its watch has closed raises whatever comes of having no scheduler.
            if not _is_of_cluster(error) and client.status != "closed":
                raise
            raise CourseError(
                f"the cluster at {scheduler} has no workers, or is gone ({type(error).__name__}); "
                "what was graded is kept: start the command again when it is back"
            ) from error


@contextmanager
def _client(scheduler: str) -> Generator[Any]:
    """Give a connection to a scheduler, which is closed when its workers are gone: nothing would end otherwise."""
    try:
        from distributed import Client
    except ImportError:
        raise CourseError('the engine dask needs distributed: pip install "gradlab[course]"') from None
    try:
        client: Any = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise CourseError(f"no scheduler answers at {scheduler}: {error}") from error
    done = threading.Event()
    threading.Thread(target=_watch, args=(client, done), daemon=True).start()
    try:
        yield client
    finally:
        done.set()
        client.close()


def _watch(client: Any, done: threading.Event) -> None:
    missing, step = 0.0, 2.0
    while not done.wait(step):
        try:
            missing = 0.0 if client.nthreads() else missing + step
        except Exception:  # the scheduler is gone, which the client finds out by itself
            missing += step
        if missing >= ABANDONED:
            client.close(timeout=1)
            return


def _is_of_cluster(error: Exception) -> bool:
    """Return whether an error says that workers or the scheduler are gone, by names: their package may not be there."""
    kinds = {"TimeoutError", "CommClosedError", "CancelledError", "FutureCancelledError", "KilledWorker"}
    return any(kind.__name__ in kinds for kind in type(error).__mro__)


def results(job: work.Job, items: Sequence[tuple[str, str, str]], parallel: Any) -> Iterator[Result]:
    """Yield the result of each item as it is there."""
    from joblib import delayed

    size = max(1, min(CHUNK, len(items) // 8))
    jobs = (delayed(alone.run)(replace(job, items=items[place : place + size])) for place in range(0, len(items), size))
    for found in parallel(jobs) if items else ():
        yield from found

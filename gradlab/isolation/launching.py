"""Starts the fork servers, all of them from one thread that lives as long as this process.

What bubblewrap starts dies with its parent, and to Linux that is the thread that started it (prctl(2),
PR_SET_PDEATHSIG): a server started by a worker of a pool would be killed as soon as that pool has done its work.
"""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from concurrent.futures import Future
from functools import cache
from typing import Any


def started(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process as `subprocess.Popen` does; it raises what that raises.

    >>> started(["true"]).wait()
    0
    """
    future: Future[subprocess.Popen[bytes]] = Future()
    _orders().put((future, command, options))
    return future.result()


@cache
def _orders() -> queue.SimpleQueue[Any]:
    orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_serve, args=(orders,), name="gradlab starts servers", daemon=True).start()
    return orders


def _serve(orders: queue.SimpleQueue[Any]) -> None:
    while True:
        future, command, options = orders.get()
        try:
            future.set_result(subprocess.Popen(command, **options))
        except BaseException as error:  # it is the caller's, whatever it is
            future.set_exception(error)


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=_orders.cache_clear)

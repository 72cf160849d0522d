"""A Dask cluster on this machine, for tests and benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time


class cluster:
    """A scheduler and workers as processes of their own, on loopback."""

    def __init__(self, workers, *, threads=1):
        self.workers, self.threads, self.processes = workers, threads, []

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        address = f"tcp://127.0.0.1:{port}"
        scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        worker = ["worker", address, "--nthreads", str(self.threads), "--no-dashboard", "--host", "127.0.0.1"]
        for words in (scheduler, *([worker] * self.workers)):
            command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
            self.processes.append(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            )
            time.sleep(1.5 if words is scheduler else 0)
        return address

    def __exit__(self, *_):
        self.kill("workers")
        self.kill("scheduler")

    def kill(self, which):
        """Kill all workers with what watches over them, or the scheduler."""
        for process in self.processes[1:] if which == "workers" else self.processes[:1]:
            if process.poll() is not None:
                continue
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

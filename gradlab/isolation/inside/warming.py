"""What the fork server loads before it forks, so that no submission waits for it."""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
import tempfile
import types
from collections.abc import Sequence
from typing import Any

_STANDARD = """
    abc array bisect cmath collections collections.abc contextlib copy csv dataclasses datetime decimal enum fractions
    functools heapq io itertools json linecache math mmap operator os random re statistics string struct sys textwrap
    time traceback tokenize types typing warnings
""".split()  # noqa: SIM905 - as words
"""Modules that submissions import, and those that Python itself imports to tell of an error."""


def load(library: str, drivers: Sequence[str]) -> dict[str, Any]:
    """Import what submissions need, and return the drivers by name."""
    for name in _STANDARD:
        importlib.import_module(name)
    tempfile.tempdir = "/tmp"  # or it would look for a folder to write to, and there is none
    _warm(library)
    loaded = {name: importlib.import_module(f"drivers.{name}") for name in drivers}
    sys.meta_path.insert(0, Known())
    return loaded


class Known:
    """Finds no module itself, and says of one that is not there what is."""

    def __init__(self) -> None:
        self.names: set[str] = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names

    def find_spec(self, name: str, *_: Any) -> None:
        if name.partition(".")[0] not in self.names:
            there = " and ".join(library for library in ("numpy", "torch") if library in self.names)
            raise ModuleNotFoundError(f"No module named {name!r} here; there are {there} and the standard library")


def _warm(library: str) -> None:
    if library == "torch":
        _warm_torch()
    _warm_numpy()


def _warm_numpy() -> None:
    import numpy as np

    matrix = np.eye(3) + np.ones((3, 3))
    np.linalg.solve(matrix, matrix @ np.einsum("ij,j->i", matrix, np.ones(3)))
    np.array2string(np.fft.fft(matrix))
    np.random.default_rng(0).normal(size=3)


def _warm_torch() -> None:
    import torch

    _without_remote_modules()
    torch.set_num_threads(1)  # threads of the server would be missing in what it forks
    if torch.get_num_interop_threads() != 1:  # it may be set once only
        torch.set_num_interop_threads(1)

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, *above: Any) -> Any:
            (x,) = ctx.saved_tensors
            return above[0] * 2 * x

    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    # The first step of an optimizer imports torch._dynamo, which takes most of a second.
    for optimizer in (torch.optim.SGD(model.parameters(), lr=0.1), torch.optim.Adam(model.parameters(), lr=0.1)):
        inputs = torch.ones(2, 3, requires_grad=True)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(Square.apply(model(inputs)), torch.zeros(2, 1))
        loss.backward()
        optimizer.step()
    (gradient,) = torch.autograd.grad(Square.apply(torch.ones((), requires_grad=True)), [inputs], allow_unused=True)
    assert gradient is None
    for x, y in torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2), torch.ones(4)), 2):
        str(x.double() @ torch.ones(2, dtype=torch.float64) - y)
    torch.manual_seed(0)


def _without_remote_modules() -> None:
    """Keep torch from writing a module for work on other machines to a file when it is loaded, as 2.8 does."""
    name = "torch.distributed.nn.jit.instantiator"
    stand_in = types.ModuleType(name)
    stand_in.__dict__["instantiate_non_scriptable_remote_module_template"] = lambda: None
    sys.modules[name] = stand_in


def freeze() -> None:
    """Make this process cheap to fork: no garbage collection over what is loaded, and few, large pages."""
    gc.collect()
    gc.freeze()
    gc.disable()  # a submission enables it again
    _on_large_pages()


def _on_large_pages() -> None:
    """Ask for pages of 2 MiB where memory is not that of a file: a fork copies an entry for each page.

    With torch loaded it halves the time of a fork. A kernel that cannot do it refuses, and nothing else changes.
    """
    libc = ctypes.CDLL(None)
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        regions = [line.split() for line in file]
    for region in regions:
        if region[1].startswith("rw") and (len(region) == 5 or region[5] == "[heap]"):
            start, end = (int(edge, 16) for edge in region[0].split("-"))
            start, end = -(-start // _LARGE) * _LARGE, end // _LARGE * _LARGE
            for advice in (_HUGE_PAGES, _COLLAPSE) if end > start else ():
                libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), advice)


_LARGE = 1 << 21
_HUGE_PAGES, _COLLAPSE = 14, 25

"""Modules that draw or show progress, without anything behind them: notebooks import them, and nobody looks here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

BLANK = ("matplotlib", "seaborn", "plotly", "IPython", "ipywidgets", "google", "tqdm")

_PARTS = {"plot": 1, "hist": 3}
"""How many things come back where it is not two, as in ``figure, axes = plt.subplots()``."""


class Nothing:
    """Whatever is asked of it gives nothing again."""

    def __init__(self, name: str = "") -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(name)

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def __getitem__(self, _: Any) -> Any:
        return self

    def __setitem__(self, *_: Any) -> None:
        """Keep nothing."""

    def __iter__(self) -> Iterator[Any]:
        return iter([self] * _PARTS.get(self._name, 2))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        """Let every exception through."""


class Bar(Nothing):
    """A bar of progress: the values that it is put around."""

    def __init__(self, values: Any = (), *_: Any, **__: Any) -> None:
        super().__init__()
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


class Blank(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__.partition(".")[0] == "tqdm":
            return {"tqdm": Bar, "trange": lambda *ends, **_: Bar(range(*ends))}.get(name, Nothing(name))
        return Nothing(name)


class Pictures(MetaPathFinder, Loader):
    """Finds those modules; `forget` takes them away again."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Return where a module is found: here, or not."""
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in BLANK else None

    def create_module(self, spec: ModuleSpec) -> Any:
        """Return a module without content."""
        return Blank(spec.name)

    def exec_module(self, module: Any) -> None:
        """Run nothing."""

    def forget(self) -> None:
        """Leave the process as it was."""
        sys.meta_path.remove(self)
        for name in [name for name, module in sys.modules.items() if isinstance(module, Blank)]:
            del sys.modules[name]

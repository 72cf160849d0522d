"""What torch computed: every tensor of its graph with its value, the node that made it, and the gradient it received.

Below autograd each operation receives the very tensors that hold torch's graph, also inside composite functions such
as ``cross_entropy`` and modules. Whatever is used is therefore seen there once, with its ``grad_fn`` and its value
at that time, before anything overwrites it. The graph itself is then walked from the output by ``next_functions``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from gradlab.graph.point import Array

Key = tuple[Any, int]
"""A node of torch's graph, and which of its results."""

Seen = dict[Key, "Array"]
"""The value of each result that a later operation used."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One tensor of torch's graph.

    name: what torch calls the node that made it: "MulBackward0", "AccumulateGrad" for a leaf.
    value: in float64; None where no operation used it as it is.
    inputs: places of the tensors that it was computed from, in torch's order.
    leaf: the variable that it is, or "".
    """

    key: Key
    name: str
    value: Array | None
    inputs: tuple[int, ...]
    leaf: str = ""


@dataclass(frozen=True, eq=False)
class Tape:
    """Torch's graph, inputs before what is computed from them; the output comes last.

    gradients: what each node received, filled when ``backward()`` runs.
    """

    entries: tuple[Entry, ...]
    gradients: dict[Any, Sequence[Array | None]] = field(default_factory=dict)

    def gradient(self, entry: Entry) -> Array | None:
        """Return the gradient that torch gave to a tensor, None where it had none to give."""
        node, place = entry.key
        received = self.gradients.get(node)
        return None if received is None else received[place]

    @property
    def outline(self) -> list[tuple[Any, ...]]:
        """What two runs of the same code have in common."""
        return [(e.name, e.inputs, e.leaf, None if e.value is None else e.value.shape) for e in self.entries]


@contextmanager
def watching() -> Generator[Seen]:
    """Note every tensor of torch's graph that is used inside."""
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    seen: Seen = {}

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
        ) -> Any:
            for used in tree_leaves((args, kwargs)):
                note(seen, used)
            return func(*args, **(kwargs or {}))

    with Watch():
        yield seen


def note(seen: Seen, tensor: Any) -> None:
    """Remember the value of a tensor that belongs to torch's graph."""
    import torch

    if isinstance(tensor, torch.Tensor) and tensor.grad_fn is not None:
        key = (tensor.grad_fn, tensor.output_nr)
        if key not in seen:
            seen[key] = as_array(tensor)


def as_array(tensor: Tensor) -> Array:
    """Return the numbers of a tensor in float64, as a copy."""
    return tensor.detach().double().numpy(force=True).copy()


def taped(output: Tensor, leaves: Mapping[str, Tensor], seen: Seen) -> Tape:
    """Return torch's graph behind *output*; *leaves* tells which tensor is which variable."""
    import torch

    names = {id(leaf): name for name, leaf in leaves.items()}
    note(seen, output)
    first = (output.grad_fn, output.output_nr) if output.grad_fn is not None else None
    if first is None:
        first = (torch.autograd.graph.get_gradient_edge(output).node, 0) if output.requires_grad else None
    places: dict[Key, int] = {}
    entries: list[Entry] = []
    waiting: list[tuple[Key, bool]] = [] if first is None else [(first, False)]
    while waiting:
        key, below_done = waiting.pop()
        if key in places:
            continue
        node, _ = key
        below = [following for following in node.next_functions if following[0] is not None]
        if not below_done:
            waiting.append((key, True))
            waiting += [(following, False) for following in reversed(below) if following not in places]
            continue
        places[key] = len(entries)
        leaf = getattr(node, "variable", None)
        name = "" if leaf is None else names.get(id(leaf), "")
        value = seen.get(key) if leaf is None else as_array(leaf)
        entries.append(Entry(key, type(node).__name__, value, tuple(places[following] for following in below), name))
    return Tape(tuple(entries))


@contextmanager
def listening(tape: Tape, leaves: Mapping[str, Tensor]) -> Generator[None]:
    """Note on the *tape* what each node receives while ``backward()`` runs inside."""

    def hook(node: Any) -> Callable[[Sequence[Any]], None]:
        def received(gradients: Sequence[Any]) -> None:
            tape.gradients[node] = [None if gradient is None else as_array(gradient) for gradient in gradients]

        return received

    inner = {entry.key[0] for entry in tape.entries if not hasattr(entry.key[0], "variable")}
    handles = [node.register_prehook(hook(node)) for node in inner]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    for entry in tape.entries:
        gradient = leaves[entry.leaf].grad if entry.leaf else None
        if gradient is not None:
            tape.gradients[entry.key[0]] = [as_array(gradient)]

"""Modules of torch: their parameters are variables of the function that uses them, at the values that they have.

While a function is read the modules hold stand-ins, afterwards what they held before. When their code is run,
they are given the values of a point for the time of the call, their buffers as copies.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradlab.errors import TraceError
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.point import as_array
from gradlab.sources.attention import ATTENTION_LAYERS
from gradlab.sources.frames import is_module, is_writers, parameters
from gradlab.sources.rebinding import Rebinding, names_used
from gradlab.sources.recurrent import RECURRENT
from gradlab.sources.traced import Traced

if TYPE_CHECKING:
    from gradlab.graph.point import Array
    from gradlab.graph.sizes import Axes
    from gradlab.sources.tracing import Trace

    Module = Any


@dataclass(frozen=True, eq=False)
class Networks:
    """The modules that a source uses.

    source: the function, or the one module itself.
    modules: in the order found; holder: a module that has all of them, and calls the source.
    parameters: the tensors to differentiate with respect to, by the name of their variable.
    fixed: buffers, and parameters that need no gradient, by name.
    inner: what `holder` calls each of them.
    layers: the name of each submodule, by its id.
    """

    source: Any = None
    modules: tuple[Module, ...] = ()
    holder: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    inner: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[int, str] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Array]:
        """The present values of the parameters, which a point need not give."""
        return {name: as_array(name, tensor) for name, tensor in self.parameters.items()}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters."""
        return {name: tuple(tensor.shape) for name, tensor in self.parameters.items()}

    def code(self, variables: Sequence[str], data: Mapping[str, Any]) -> Callable[..., Any]:
        """Return the writer's code as a function of the *variables*, parameters among them, all in one dtype."""
        import torch

        order = parameters(self.source)

        def code(*values: Any) -> Any:
            given = {**data, **dict(zip(variables, values, strict=True))}
            floating = [v.dtype for v in values if isinstance(v, torch.Tensor) and v.is_floating_point()]
            dtype = floating[0] if floating else torch.float64
            put = {self.inner[name]: _tensor(given[name], dtype) for name in self.parameters}
            # Copies: batch normalisation in training mode writes into its buffers.
            put |= {self.inner[name]: _tensor(tensor.detach(), dtype).clone() for name, tensor in self.fixed.items()}
            arguments = tuple(_tensor(given[name], dtype) for name in order)
            return torch.func.functional_call(self.holder, put, arguments)

        return code

    @contextmanager
    def standing_in(self, trace: Trace, axes: Mapping[str, Axes], data: Mapping[str, Any]) -> Generator[None]:
        """Let the modules hold stand-ins: variables of these *axes*, or data; what they held is put back."""
        stand_ins: dict[int, Any] = {}
        for name, tensor in self.parameters.items():
            node = Variable(name, axes[name]) if name in axes else trace.lift(data[name], name)
            stand_ins[id(tensor)] = trace.wrap(node)
        for name, tensor in self.fixed.items():
            stand_ins[id(tensor)] = _stand_in(trace, name, tensor)
        trace.layers.update(self.layers)
        rebinding = Rebinding(trace)
        submodules = list(dict.fromkeys(part for module in self.modules for part in module.modules()))
        kept = [(vars(part), [(held, held.copy()) for held in _holdings(part)]) for part in submodules]
        try:
            for part in submodules:
                for held in (part._parameters, part._buffers):
                    held.update({key: stand_ins[id(value)] for key, value in held.items() if id(value) in stand_ins})
                _rebind(part, rebinding)
                vars(part)["forward"] = _noted(part, _forward(part, trace), trace)
            yield
        finally:
            for _, holdings in kept:
                for held, before in holdings:
                    held.clear()
                    held.update(before)

    def name_layers(self, trace: Trace, output: Node) -> None:
        """Give the outputs of layers that the writer did not name the names of their layers; forget unused data."""
        for node, path, linear in trace.layer_outputs:
            for name in _layer_names(path, linear):
                if name not in trace.taken:
                    trace.name_value(node, name)
                    break
        used = {node.name for node in topological([output]) if isinstance(node, Variable)}
        for name in self.fixed:
            if name in trace.data and name not in used:
                del trace.data[name], trace.data_axes[name]


def _holdings(part: Module) -> list[dict[str, Any]]:
    # Its attributes too: forward() may keep what it computed, and that would be a stand-in.
    return [vars(part), part._parameters, part._buffers, part._modules]


def _tensor(value: Any, dtype: Any) -> Any:
    import torch

    tensor = value if isinstance(value, torch.Tensor) else torch.as_tensor(value)
    return tensor.to("cpu", dtype) if tensor.is_floating_point() else tensor.cpu()


def _stand_in(trace: Trace, name: str, tensor: Any) -> Any:
    """Return bound data for a buffer; a copy for masks and for counters, which only the module itself reads."""
    import torch

    if tensor.dtype == torch.bool or (tensor.ndim == 0 and not tensor.is_floating_point()):
        return tensor.detach().clone()
    return trace.wrap(trace.lift(tensor, name))


def _rebind(part: Module, rebinding: Rebinding) -> None:
    """Let the writer's own methods see stand-ins for the arrays that they find in their globals."""
    import torch

    for cls in reversed(type(part).__mro__):
        if not issubclass(cls, torch.nn.Module) or cls is torch.nn.Module:
            continue
        for key, function in vars(cls).items():
            own = isinstance(function, types.FunctionType) and is_writers(function.__code__.co_filename)
            if own and not key.startswith("__"):
                vars(part)[key] = types.MethodType(rebinding.function(function), part)


def _forward(part: Module, trace: Trace) -> Callable[..., Any]:
    of_torch = type(part).__module__.startswith("torch.nn.")
    own = {**RECURRENT, **ATTENTION_LAYERS}.get(type(part).__name__) if of_torch else None
    return part.forward if own is None else functools.partial(own, trace, part)


def _noted(part: Module, forward: Callable[..., Any], trace: Trace) -> Callable[..., Any]:
    """Return *forward* with a note of what it returned, so that the layer can give it a name."""
    path = trace.layers.get(id(part), "")
    linear = getattr(part, "weight", None) is not None

    def noted(*arguments: Any, **options: Any) -> Any:
        result = forward(*arguments, **options)
        if isinstance(result, Traced) and path:
            trace.layer_outputs.append((result.node, path, linear))
        return result

    return noted


def _layer_names(path: str, linear: bool) -> Iterator[str]:
    """Return what the output of the layer at *path* may be called: fc1; for numbered layers Z0, H1."""
    *above, last = path.split(".")
    letter = "Z" if linear else "H"
    short = last if last.isidentifier() else f"{letter}{last}"
    long = "_".join([short, *above]) if last.isidentifier() else "_".join([letter, *above, last])
    yield from (short, long)
    yield from (f"{long}_{number}" for number in range(2, 1000))


# Finding the modules ---------------------------------------------------------------------------------


NO_NETWORKS = Networks()


def find(source: Any) -> Networks:
    """Return the modules that *source* is or uses: closed over, in its globals, in its defaults, in lists of these."""
    if "torch" not in sys.modules or not callable(source):
        return NO_NETWORKS
    found: dict[int, tuple[str, Module]] = {}
    for name, module in _modules_in(source, "", set(), 0):
        found.setdefault(id(module), (name, module))
    inside = {
        id(part) for _, module in found.values() for path, part in module.named_modules(remove_duplicate=False) if path
    }
    outermost = [(name, module) for key, (name, module) in found.items() if key not in inside]
    return _networks(source, outermost) if outermost else NO_NETWORKS


def _networks(source: Any, found: Sequence[tuple[str, Module]]) -> Networks:
    modules = tuple(module for _, module in found)
    wanted = set(parameters(source))
    spoken = [name or type(module).__name__ for name, module in found]
    clash = any(key in wanted for module in modules for key, _ in module.named_parameters())
    several = sum(bool(module.state_dict()) for module in modules) > 1
    prefixes = [f"{name}." if clash or several else "" for name in _distinct(spoken)]
    trainable: dict[str, Any] = {}
    fixed: dict[str, Any] = {}
    inner: dict[str, str] = {}
    known: set[int] = set()
    for place, (module, prefix) in enumerate(zip(modules, prefixes, strict=True)):
        for held in (module.named_parameters(), module.named_buffers()):
            for key, tensor in held:
                if id(tensor) in known:
                    continue
                _check(key, tensor)
                known.add(id(tensor))
                inner[prefix + key] = f"{place}.{key}"
                (trainable if tensor.requires_grad else fixed)[prefix + key] = tensor
    layers = {
        id(part): prefix + path if path else prefix.rstrip(".") or name
        for name, module, prefix in zip(spoken, modules, prefixes, strict=True)
        for path, part in module.named_modules()
        if path or module is not source
    }
    return Networks(source, modules, _holder(modules, source), trainable, fixed, inner, layers)


def _check(key: str, tensor: Any) -> None:
    import torch

    if torch.nn.parameter.is_lazy(tensor):
        raise TraceError(f"the parameter {key} has no shape yet; call the module once on data before it is read")


def _distinct(names: Sequence[str]) -> list[str]:
    taken: list[str] = []
    for name in names:
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name}{number}"
        taken.append(free)
    return taken


def _holder(modules: Sequence[Module], source: Any) -> Any:
    import torch

    class Holder(torch.nn.Module):
        """All modules of a function as one, so that torch can exchange their parameters during a call."""

        def forward(self, *arguments: Any) -> Any:
            return source(*arguments)

    holder = Holder()
    for place, module in enumerate(modules):
        holder.add_module(str(place), module)
    return holder


DEEPEST = 3
"""How many objects inside one another are looked into for modules."""

LONGEST = 1_000
"""Entries up to which a list or a mapping is looked into: longer ones are data."""


def _modules_in(value: Any, name: str, seen: set[int], depth: int) -> Iterator[tuple[str, Module]]:
    if id(value) in seen or depth > DEEPEST:
        return
    seen.add(id(value))
    if is_module(value):
        yield name, value
    elif isinstance(value, types.FunctionType):
        if is_writers(value.__code__.co_filename):
            for key, held in _held_by(value):
                yield from _modules_in(held, key, seen, depth if isinstance(held, types.FunctionType) else depth + 1)
    elif isinstance(value, types.MethodType):
        yield from _modules_in(value.__func__, name, seen, depth)
        yield from _modules_in(value.__self__, name, seen, depth)
    elif isinstance(value, functools.partial):
        for key, held in (("", value.func), *(("", part) for part in value.args), *value.keywords.items()):
            yield from _modules_in(held, key, seen, depth)
    elif isinstance(value, (list, tuple, dict)) and len(value) > LONGEST:
        return
    elif isinstance(value, (list, tuple)):
        for place, held in enumerate(value):
            yield from _modules_in(held, f"{name}{place}", seen, depth + 1)
    elif isinstance(value, dict):
        for key, held in list(value.items()):
            yield from _modules_in(held, str(key), seen, depth + 1)
    elif _is_writers_object(value):
        for key, held in list(vars(value).items()):
            yield from _modules_in(held, key, seen, depth + 1)


def _held_by(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Return what a function can reach by name: its globals, the names it closes over, its defaults."""
    for key in names_used(function.__code__):
        if key in function.__globals__:
            yield key, function.__globals__[key]
    for key, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield key, cell.cell_contents
        except ValueError:  # a cell that is still empty
            continue
    optional = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    yield from zip(optional[len(optional) - len(defaults) :], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()


def _is_writers_object(value: Any) -> bool:
    """Return whether *value* is an instance of a class that the writer made, which may hold modules."""
    if isinstance(value, (type, types.ModuleType)) or not hasattr(value, "__dict__"):
        return False
    module = sys.modules.get(type(value).__module__)
    return module is not None and is_writers(getattr(module, "__file__", None) or "")

"""Stand-ins: what a function is given in place of numbers and arrays while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from gradlab.errors import TraceError
from gradlab.graph import evaluation
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node, topological
from gradlab.graph.operations import ABS
from gradlab.sources.builder import Builder
from gradlab.sources.frames import caller, refuse, unpacked_count
from gradlab.sources.sizing import sizes_in

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


class Traced:
    """A stand-in for a number or an array: it records instead of computing.

    Answers the operators of Python, the protocols of NumPy and torch, and the methods of their arrays.
    """

    __slots__ = ("node", "trace")
    __array_priority__ = 1000

    def __init__(self, node: Node, trace: Trace) -> None:
        self.node = node
        self.trace = trace
        trace.check_gradients()

    def _new(self, node: Node) -> Traced:
        return Traced(node, self.trace)

    def _binary(self, operation: Callable[[Builder, Node, Node], Node], other: Any, swapped: bool = False) -> Any:
        try:
            second = self.trace.lift(other)
        except TraceError:
            if isinstance(other, (str, bytes, dict, set, type(None))):
                return NotImplemented
            raise
        pair = (second, self.node) if swapped else (self.node, second)
        return self._new(operation(self.trace.builder, *pair))

    def __add__(self, other: Any) -> Any:
        return self._binary(Builder.add, other)

    def __radd__(self, other: Any) -> Any:
        # sum([...]) starts from 0, which nobody wrote.
        if isinstance(other, int) and other == 0:
            return self
        return self._binary(Builder.add, other, swapped=True)

    def __sub__(self, other: Any) -> Any:
        return self._binary(Builder.subtract, other)

    def __rsub__(self, other: Any) -> Any:
        return self._binary(Builder.subtract, other, swapped=True)

    def __mul__(self, other: Any) -> Any:
        return self._binary(Builder.multiply, other)

    def __rmul__(self, other: Any) -> Any:
        return self._binary(Builder.multiply, other, swapped=True)

    def __truediv__(self, other: Any) -> Any:
        return self._binary(Builder.divide, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary(Builder.divide, other, swapped=True)

    def __floordiv__(self, other: Any) -> int:
        return self._counted(other, lambda first, second: first // second)

    def __mod__(self, other: Any) -> int:
        return self._counted(other, lambda first, second: first % second)

    def _counted(self, other: Any, operation: Callable[[int, int], int]) -> int:
        """Return what whole numbers are taken for: the sizes that reshapes want, ``x.shape[1] // heads``."""
        if any(isinstance(part, Variable) for part in topological([self.node])):
            refuse("// or % of values", "write np.floor(x / y); it has no derivative at whole numbers")
        return operation(self.__index__(), other.__index__())

    def __pow__(self, other: Any) -> Any:
        return self._binary(Builder.power, other)

    def __rpow__(self, other: Any) -> Any:
        return self._binary(Builder.power, other, swapped=True)

    def __matmul__(self, other: Any) -> Any:
        return self._binary(Builder.matmul, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._binary(Builder.matmul, other, swapped=True)

    def __xor__(self, other: Any) -> NoReturn:
        refuse("^ in Python code", "write ** for a power; ^ is one only in text")

    def _in_place(self, operation: Callable[[Builder, Node, Node], Node], other: Any) -> Any:
        # A number is replaced; an array would change under every other name that it has.
        if self.node.rank:
            refuse("changing an array in place (+=, *= and the like)", "write x = x + y")
        return self._binary(operation, other)

    def __iadd__(self, other: Any) -> Any:
        return self._in_place(Builder.add, other)

    def __isub__(self, other: Any) -> Any:
        return self._in_place(Builder.subtract, other)

    def __imul__(self, other: Any) -> Any:
        return self._in_place(Builder.multiply, other)

    def __itruediv__(self, other: Any) -> Any:
        return self._in_place(Builder.divide, other)

    def __ipow__(self, other: Any) -> Any:
        return self._in_place(Builder.power, other)

    def __neg__(self) -> Traced:
        return self._new(self.trace.builder.negative(self.node))

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return self._new(self.trace.builder.apply(ABS, self.node))

    def __getitem__(self, key: Any) -> Traced:
        return self._new(self.trace.builder.index(self.node, key))

    def __iter__(self) -> Iterator[Traced]:
        if self.node.rank == 0:
            count = unpacked_count(caller())
            self.trace.builder.need_axes(self.node, (count if count else "n",))
            refuse("going through a single number", "give its shape: shapes={…: (3,)}")
        count = unpacked_count(caller())
        size = self.node.axes[0]
        builder = self.trace.builder
        if count and builder.sizes.number(size) is None and isinstance(builder.sizes.root(size), str):
            builder.sizes.numbers[str(builder.sizes.root(size))] = count
        return iter([self[place] for place in range(builder.sizes.pin(size))])

    def __len__(self) -> int:
        if self.node.rank == 0:
            self.trace.builder.need_axes(self.node, ("n",))
            raise TypeError("a single number has no length")
        return self.trace.builder.sizes.pin(self.node.axes[0])

    def __index__(self) -> int:
        known = not any(isinstance(part, Variable) for part in topological([self.node]))
        if known and self._known().is_integer():
            return int(self._known())
        refuse("using a traced value as a whole number", "positions and counts must be plain numbers")

    def __int__(self) -> int:
        return self.__index__()

    def __float__(self) -> float:
        refuse(
            "float(…) of a traced value, as math's functions or .item() need it,",
            "write it with NumPy or torch (np.exp, torch.exp), or do without a formula: as_function(f, opaque=True)",
        )

    def __bool__(self) -> bool:
        _refuse_comparison()

    def __lt__(self, other: Any) -> bool:
        _refuse_comparison()

    __le__ = __gt__ = __ge__ = __lt__

    def __eq__(self, other: object) -> bool:
        """Compare sizes, by their numbers; anything else is a decision that depends on the values."""
        if other is self:
            return True
        if not isinstance(other, (int, float, Traced)):
            return NotImplemented
        return self._known() == (other._known() if isinstance(other, Traced) else other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def _known(self) -> float:
        """Return the number that this is whatever the variables are, such as a size; refuse for all else."""
        parts = topological([self.node])
        if self.node.axes or any(isinstance(part, Variable) for part in parts):
            _refuse_comparison()
        table = self.trace.builder.sizes
        symbols = {size for part in parts for size in sizes_in(part)}
        (value,) = evaluation.with_numpy([self.node], {}, {size: table.pin(size) for size in symbols})
        return float(value)

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse(
            "assigning to entries of an array",
            "build the array from its parts: torch.stack([…]) or np.stack([…])",
        )

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        refuse("turning a traced value into a NumPy array", "use it as it is, or np.stack([…]) to join values")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        from gradlab.sources import calls

        self.trace.libraries.add("numpy")
        return calls.numpy_ufunc(self.trace, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, kinds: Any, arguments: Any, options: Any) -> Any:
        from gradlab.sources import calls

        self.trace.libraries.add("numpy")
        return calls.numpy_function(self.trace, function, arguments, options)

    @classmethod
    def __torch_function__(cls, function: Any, kinds: Any, arguments: Any = (), options: Any = None) -> Any:
        from gradlab.sources import calls

        trace = _trace_in((*arguments, *(options or {}).values()))
        trace.libraries.add("torch")
        return calls.torch_function(trace, function, arguments, options or {})

    def __getattr__(self, name: str) -> Any:
        from gradlab.sources import calls

        return calls.attribute(self, name)

    def __repr__(self) -> str:
        return f"<a traced value: {self.node!r}>"

    def __hash__(self) -> int:
        return id(self)


def _refuse_comparison() -> NoReturn:
    refuse(
        "a decision that depends on the values (if, while, max(), <, >)",
        "write np.maximum, torch.maximum, torch.relu or abs, or do without a formula: as_function(f, opaque=True)",
    )


def _trace_in(values: Sequence[Any]) -> Trace:
    for value in values:
        if isinstance(value, Traced):
            return value.trace
        if isinstance(value, (list, tuple)):
            for entry in value:
                if isinstance(entry, Traced):
                    return entry.trace
    raise TraceError("a torch function was called without a traced value")

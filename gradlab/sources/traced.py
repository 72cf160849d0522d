"""Stand-ins: what a function is given in place of numbers and arrays while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from gradlab.errors import TraceError
from gradlab.graph.kinds import Variable
from gradlab.graph.nodes import Node
from gradlab.graph.operations import (
    ABS,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    NOT_EQUAL,
    OPERATIONS,
    Operation,
)
from gradlab.sources.builder import Builder
from gradlab.sources.frames import caller, refuse, unpacked_count
from gradlab.sources.memory import Memory, View, put

if TYPE_CHECKING:
    from gradlab.sources.tracing import Trace


class Traced:
    """A stand-in for a number or an array: it records instead of computing.

    Answers the operators of Python, the protocols of NumPy and torch, and the methods of their arrays.
    It shows a `Memory`, whole or through views, so that what is written in place is seen under every name.
    """

    __slots__ = ("_memory", "_seen", "_shown", "_views", "trace")
    __array_priority__ = 1000

    def __init__(self, node: Node, trace: Trace, memory: Memory | None = None, views: tuple[View, ...] = ()) -> None:
        self.trace: Trace = trace
        self._memory = memory if memory is not None else Memory(node)
        self._views = views
        self._shown = node
        self._seen = self._memory.changes

    @property
    def node(self) -> Node:
        """What this is now."""
        memory = self._memory
        if memory.source is None and self._seen == memory.changes:
            return self._shown
        memory.check()
        if self._seen == memory.changes:
            return self._shown
        node = memory.node
        for view in self._views:
            node = view.take(node)
        entry = any(view.entry for view in self._views)
        if entry and node is not self._shown and not self.trace.as_torch("reading an entry after it was changed"):
            self._memory, self._views = Memory(self._shown), ()  # NumPy hands out a number of its own
        else:
            self._shown = node
        self._seen = self._memory.changes
        return self._shown

    def _new(self, node: Node) -> Traced:
        return self.trace.wrap(node)

    def seen_through(self, view: View) -> Traced:
        """Return what *view* shows of this, in the same memory."""
        view = self.trace.viewed(view)
        return self.trace.counted(Traced(view.take(self.node), self.trace, self._memory, (*self._views, view)))

    @property
    def is_uncertain(self) -> bool:
        """Whether a write elsewhere may have changed this, so that it cannot be read."""
        return self._memory.is_uncertain

    def perhaps_copied(self, node: Node) -> Traced:
        """Return *node*, which NumPy or torch may keep in this memory, or in one of its own."""
        made = self.trace.wrap(node)
        made._memory = Memory(made._shown, source=self._memory)
        return made

    def boxed(self) -> Traced:
        """Return this, as an array even where it has no axes."""
        self._memory.boxed = True
        return self

    def write(self, value: Node) -> None:
        """Change this in place, under every name that it has."""
        before, memory = self.node, self._memory
        builder = self.trace.builder
        if memory.owner:
            name = memory.owner.rpartition(" ")[2]
            refuse(
                f"changing {memory.owner} in place, which changes the caller's array,",
                f"write {name} = {name} + …, or change a copy: {name}.clone() in torch, {name}.copy() in NumPy",
            )
        value = builder.fitted(value, before.axes, f"cannot write into shape {builder.sizes.shape_text(before)}")
        value = self.trace.written(before, value)
        if any(view.cut for view in self._views):
            # What it was cut from changes its entries and keeps its derivative: nobody may read that any more.
            self._memory = memory = Memory(before, source=memory)
            self._views = ()
        memory.write(put(builder, self._views, memory.node, value))
        self._shown, self._seen = value, memory.changes

    def _binary(self, operation: Callable[[Builder, Node, Node], Node], other: Any, swapped: bool = False) -> Any:
        result = self._combined(operation, other, swapped)
        return result if result is NotImplemented else self._new(result)

    def _combined(self, operation: Callable[[Builder, Node, Node], Node], other: Any, swapped: bool = False) -> Any:
        try:
            second = self.trace.lift(other)
        except TraceError:
            if isinstance(other, (str, bytes, dict, set, type(None))):
                return NotImplemented
            raise
        first = self.node
        if operation is Builder.add and self.trace.is_truth(first) and self.trace.is_truth(second):
            refuse("adding truth values, which is `or` in NumPy and torch,", "write 1.0 * (x > 0) to count them")
        pair = (second, first) if swapped else (first, second)
        return operation(self.trace.builder, *pair)

    def __add__(self, other: Any) -> Any:
        return self._binary(Builder.add, other)

    def __radd__(self, other: Any) -> Any:
        # sum([...]) starts from 0, which nobody wrote.
        if isinstance(other, int) and other == 0:
            return self._new(self.node)
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
        if not self.trace.is_size(self.node):
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

    def __invert__(self) -> Traced:
        return self._logical("bitwise_not")

    def __and__(self, other: Any) -> Traced:
        return self._logical("bitwise_and", other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Traced:
        return self._logical("bitwise_or", other)

    __ror__ = __or__

    def _logical(self, name: str, *others: Any) -> Traced:
        from gradlab.sources.conditions import CONDITIONS

        return self._new(CONDITIONS[name](self.trace, self, *others))

    def __xor__(self, other: Any) -> NoReturn:
        refuse("^ in Python code", "write ** for a power; ^ is one only in text")

    def _in_place(self, operation: Callable[[Builder, Node, Node], Node], other: Any) -> Any:
        result = self._combined(operation, other)
        if result is NotImplemented or (self._is_number() and not self.trace.as_torch("changing a number in place")):
            return result if result is NotImplemented else self._new(result)
        self.refuse_overlap(other)
        self.write(result)
        return self

    def refuse_overlap(self, other: Any) -> None:
        """Refuse to change an array by an entry of its own: torch reads it again after it has overwritten it."""
        shares = isinstance(other, Traced) and other._memory is self._memory and other.node.rank < self.node.rank
        if shares and self.trace.as_torch("changing an array by an entry of its own"):
            refuse("changing an array by an entry of its own, which torch overwrites on the way,", "write y[0].clone()")

    def _is_number(self) -> bool:
        """Return whether NumPy and Python would have a number here, which nothing can change, and no array."""
        if self._views:
            return not self.node.rank and any(view.entry for view in self._views)
        return not self.node.rank and not self._memory.boxed

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

    def __imatmul__(self, other: Any) -> Any:
        # torch has no such method: Python then writes x = x @ y.
        if self.trace.as_torch("@= on an array"):
            return self @ other
        return self._in_place(Builder.matmul, other)

    def __neg__(self) -> Traced:
        return self._new(self.trace.builder.negative(self.node))

    def __pos__(self) -> Traced:
        return self.perhaps_copied(self.node)

    def __abs__(self) -> Traced:
        return self._new(self.trace.builder.apply(ABS, self.node))

    def __getitem__(self, key: Any) -> Traced:
        from gradlab.sources import selections

        if selections.has_positions(key):  # a copy
            return self._new(selections.indexed(self.trace, self.node, key))
        builder = self.trace.builder
        plain = plain_key(key)
        if plain is None:
            return self._new(builder.index(self.node, key))
        entry = all(isinstance(part, int) for part in plain) and len(plain) == self.node.rank
        return self.seen_through(View(lambda node: builder.index(node, plain), plain, entry))

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
        from gradlab.sources import counting

        if counting.known_positions(self.trace, self.node) is not None:
            raise TypeError("only whole-number arrays of one entry can be converted to an index")  # as NumPy's arrays
        node = self.node
        if self.trace.is_known(node) and not node.rank and (value := self.trace.plain_value(node)).is_integer():
            return int(value)
        if isinstance(node, Variable) and not node.rank:
            refuse(
                f"{node.name}, which is differentiated, as a position or a count",
                f"bind it: as_function(f, data={{{node.name!r}: 2}})",
            )
        refuse(
            "using a traced value as a whole number",
            "write plain numbers for positions and counts, and fill an array it is put into with 0.0, not with 0",
        )

    def __int__(self) -> int:
        return self.__index__()

    def __float__(self) -> float:
        if self.trace.is_known(self.node) and not self.node.rank:
            return self.trace.plain_value(self.node)
        refuse(
            "float(…) of a traced value, as a library calls it here,",
            "write it with NumPy or torch (np.exp, torch.exp), or do without a formula: as_function(f, opaque=True)",
        )

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:  # Python rounds halves to even, as NumPy and torch do
            return self._new(self.trace.builder.apply(OPERATIONS["round"], self.node))
        refuse("round(…) to some digits", "write np.round(x * 100) / 100; it has no derivative but 0")

    def __format__(self, specification: str) -> str:
        """Return something to print: what is printed does not change the value of a function."""
        return repr(self)

    # Decisions -------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return self.trace.decide(self.node)

    def _compared(self, operation: Operation, other: Any) -> Any:
        try:
            second = self.trace.lift(other)
        except TraceError:
            if isinstance(other, (str, bytes, dict, set, type(None))):
                return NotImplemented
            raise
        node = self.trace.builder.apply(operation, self.node, second)
        # Sizes are compared as numbers: a shape is a tuple, whose == wants True or False.
        return self.trace.decide(node) if self.trace.is_size(node) else self._new(node)

    def __gt__(self, other: Any) -> Any:
        return self._compared(GREATER, other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(GREATER_EQUAL, other)

    def __lt__(self, other: Any) -> Any:
        return self._compared(LESS, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(LESS_EQUAL, other)

    def __eq__(self, other: object) -> Any:
        return self._compared(EQUAL, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(NOT_EQUAL, other)

    def __setitem__(self, key: Any, value: Any) -> None:
        if plain_key(key) is None:
            refuse(
                "assigning to entries chosen by an array",
                "write np.where(mask, new, x) or torch.where(mask, new, x), or assign at whole numbers and slices",
            )
        builder = self.trace.builder
        changed = builder.replace(self.node, plain_key(key), self.trace.lift(value))
        if changed is not self.node:  # x[0] += 1 wrote the entry already
            self.write(changed)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        from gradlab.sources import counting

        # np.eye(3)[y] takes y for an array: whole numbers that are data may be one.
        numbers = counting.known_positions(self.trace, self.node)
        if numbers is not None:
            return numbers if dtype is None else numbers.astype(dtype)
        if self.trace.is_known(self.node):
            return self.trace.known_array(self.node).astype(dtype or float)
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


def plain_key(key: Any) -> tuple[Any, ...] | None:
    """Return an index of whole numbers, slices, ``...`` and None as a tuple of them; None for any other."""
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if part is None or part is Ellipsis:
            parts.append(part)
        elif isinstance(part, slice):
            bounds = (part.start, part.stop, part.step)
            parts.append(slice(*(None if bound is None else bound.__index__() for bound in bounds)))
        elif hasattr(part, "__index__") and not isinstance(part, bool) and not getattr(part, "ndim", 0):
            parts.append(part.__index__())
        else:
            return None
    return tuple(parts)


def _trace_in(values: Sequence[Any]) -> Trace:
    for value in values:
        if isinstance(value, Traced):
            return value.trace
        if isinstance(value, (list, tuple)):
            for entry in value:
                if isinstance(entry, Traced):
                    return entry.trace
    raise TraceError("a torch function was called without a traced value")

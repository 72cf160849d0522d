"""What is known about one elementwise operation, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps
from types import ModuleType
from typing import Any

from gradlab.graph import rules
from gradlab.graph.nodes import Node
from gradlab.graph.rules import Rule
from gradlab.graph.writing import Printer, Shown

Partials = Callable[[ModuleType, Sequence[Node], Node], Sequence[Node]]
"""(the module `algebra`, the operands, the output) -> one local derivative for each operand."""

LETTERS = "uvw"
"""What the operands are called in formulas and domains, in their order."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One elementwise operation.

    rule: its differentiation rule, with the condition under which it is differentiable.
    sympy, numpy, torch, ball: the function itself, each given the module and the inputs.
    partials: its local derivatives as nodes.
    switches: expressions at whose zeros the operation may have a kink or a jump.
    domain: where it is a real number; empty if everywhere.
    number: the exponent, the slope or the bound that makes it one of a family.
    write: how it is printed; a call of its name if not given.
    flow: (algebra, operands, delta) -> what each operand receives, where that is not delta times the local derivative;
        None for an operand that nothing flows to.
    truth: whether its value is 1 for true and 0 for false.
    roundings: units of 2^-53 by which NumPy's value may be off, relative to the value, or to *scale* if given.
    scale: the function of NumPy's module and the inputs that the rounding error is proportional to, where the value
        may be much smaller than what it is computed from.
    """

    name: str
    arity: int
    rule: Rule
    sympy: Callable[..., Any]
    numpy: Callable[..., Any]
    torch: Callable[..., Any]
    ball: Callable[..., Any]
    partials: Partials
    switches: Callable[[ModuleType, Sequence[Node]], Sequence[Node]] | None = None
    domain: str = ""
    number: Fraction | None = None
    write: Callable[[Printer, Sequence[Shown], bool], Shown] | None = None
    flow: Callable[[ModuleType, Sequence[Node], Node], Sequence[Node | None]] | None = None
    truth: bool = False
    roundings: int = 4
    scale: Callable[..., Any] | None = None

    def __repr__(self) -> str:
        return f"Operation({self.name})"


OPERATIONS: dict[str, Operation] = {}


def add(
    name: str,
    rule: str,
    formula: str,
    partials: Partials,
    *,
    domain: str = "",
    where: str | None = None,
    **rest: Any,
) -> Operation:
    """Register an operation and state its rule; the functions default to those of the same name in each module.

    domain: where it is a real number.  where: where it is differentiable; all over its domain if not given.
    """
    functions: dict[str, Any] = {
        "sympy": lambda sp, *u: getattr(sp, name)(*u),
        "numpy": lambda np, *u: getattr(np, name)(*u),
        "torch": lambda torch, *u: getattr(torch, name)(*u),
        "ball": lambda flint, u: getattr(u, name)(),
    }
    stated = rules.rule(rule, formula, domain if where is None else where)
    arity = rest.pop("arity", 1)
    operation = Operation(name, arity, stated, partials=partials, domain=domain, **{**functions, **rest})
    OPERATIONS[name] = operation
    return operation


def family(make: Callable[[Fraction], Operation]) -> Callable[[Fraction], Operation]:
    """Return *make* such that it gives one and the same operation for the same number."""
    made: dict[Fraction, Operation] = {}

    @wraps(make)
    def member(number: Fraction) -> Operation:
        operation = made.get(number)
        return operation if operation is not None else made.setdefault(number, make(number))

    return member


def write(operation: Operation, printer: Printer, operands: Sequence[Shown], elementwise: bool) -> Shown:
    """Return *operation* as written on *operands*."""
    if operation.write is not None:
        return operation.write(printer, operands, elementwise)
    return printer.call(operation.name, operands)

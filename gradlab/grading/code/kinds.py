"""What a submission is to be: a gradient, an autograd function, one training step or a whole loop.

A kind says how its right outcome is computed from the derived gradient. It does so with a `Shaken` evaluation as
well, so that the same code tells how far rounding may take an honest program: see `gradlab.grading.code.judging`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradlab.errors import ExerciseError, NotScalarError
from gradlab.grading.code.cases import Case
from gradlab.graph import Function
from gradlab.graph.precision import DOUBLE
from gradlab.symbolic import derive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Arrays = Mapping[str, Array]
    Change = Callable[[Array], Array]

HALF = 2.0**-10
"""How far single precision may be off, as a part of the largest number, and still have half of its digits."""

MOST = 2.0**-18
"""The same where submissions compute in single precision themselves: well within what is allowed them."""

LARGEST_TRIED = 4.0
"""The largest number that an autograd function is given: beyond it 1 - tanh(x)^2 has few digits left."""

ABOVE = "above"
"""The gradient that a backward pass is given, among the inputs of a case."""


@dataclass(eq=False)
class Reference:
    """The function with its derived gradient.  parameters: the variables that it is differentiated by."""

    function: Function
    parameters: tuple[str, ...]

    @cached_property
    def _compiled(self) -> Any:
        return derive(self.function, self.parameters).compile("numpy")

    def gradient(self, inputs: Arrays) -> dict[str, Array]:
        """Return the partial derivatives by name."""
        import numpy as np

        with np.errstate(all="ignore"):  # where it is not finite, a case does not decide
            _, partials = self._compiled(**inputs)
        return {name: np.asarray(partials[name], dtype=np.float64) for name in self.parameters}

    @cached_property
    def _single(self) -> Callable[..., Any]:
        """The same without a change to double precision."""
        names: dict[str, Any] = {}
        text = derive(self.function, self.parameters).source("numpy")
        exec(text, names)  # noqa: S102 - written by gradlab, which makes identifiers of all names: see test_programs
        return names[defined(text)]

    def sound(self, inputs: Arrays, bits: int) -> bool:
        """Return whether half of the digits are enough to compute value and gradient as they are written.

        bits: of the numbers that submissions compute with. With parameters twice as large it is to hold, too: other
        ways of writing the same lose their digits a little sooner.

        Where a probability rounds to one in single precision, a program that takes log(1 - p) is not far from doing so
        in double precision, and its author has made no mistake that the exercise is about.
        """
        farther = {name: 2 * array if name in self.parameters else array for name, array in inputs.items()}
        return self._near_single(inputs, HALF if bits == DOUBLE else MOST) and self._near_single(farther, HALF)

    def _near_single(self, inputs: Arrays, part: float) -> bool:
        import numpy as np

        single = {name: np.asarray(array, dtype=np.float32)[()] for name, array in inputs.items()}
        with np.errstate(all="ignore"):
            value, partials = self._single(**single)
        exact = self.gradient({name: np.asarray(array, dtype=np.float64) for name, array in single.items()})
        return bool(np.isfinite(value)) and all(_near(partials[name], exact[name], part) for name in self.parameters)

    @cached_property
    def _products(self) -> dict[str, Function]:
        return {name: self.function.vjp(name) for name in self.parameters}

    def products(self, inputs: Arrays, above: Array) -> dict[str, Array]:
        """Return the value, and *above* times the Jacobian by each parameter."""
        import numpy as np

        found = {"value": np.asarray(self.function(**inputs), dtype=np.float64)}
        for name, product in self._products.items():
            (extra,) = set(product.variables) - set(inputs)
            found[name] = np.asarray(product(**inputs, **{extra: above}), dtype=np.float64)
        return found


def defined(text: str) -> str:
    r"""Return the name of the function that generated source defines last, after its helpers.

    >>> defined("def sigmoid(u):\n    ...\n\ndef f_and_gradient(x):\n    ...")
    'f_and_gradient'
    """
    return re.findall(r"^def (\w+)\(", text, re.MULTILINE)[-1]


def _near(single: Any, exact: Array, part: float) -> bool:
    import numpy as np

    largest = float(np.max(np.abs(exact), initial=0.0))
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(single - exact) <= part * largest)) and bool(np.isfinite(largest))


@dataclass(frozen=True)
class Kind:
    """One sort of code.

    name: in exercises.  entry: what it is called unless the exercise says otherwise.
    call: how it is called, for the prompt; outputs: what comes back besides the parameters.
    """

    name: str
    entry: str
    asks: str
    run: Callable[[Reference, Case, Change], dict[str, Array]]
    extra: tuple[str, ...] = ()

    def arguments(self, function: Function) -> tuple[str, ...]:
        """Return the names of the arguments, in order."""
        return (*function.variables, *self.extra)


def _gradient(reference: Reference, case: Case, change: Change) -> dict[str, Array]:
    return reference.gradient({name: change(array) for name, array in case.inputs.items()})


def _loop(reference: Reference, case: Case, change: Change) -> dict[str, Array]:
    state = dict(case.inputs)
    for _ in range(case.steps):
        partials = reference.gradient({name: change(array) for name, array in state.items()})
        state |= {name: change(state[name] - case.rate * partial) for name, partial in partials.items()}
    return {name: state[name] for name in reference.parameters}


def _products(reference: Reference, case: Case, change: Change) -> dict[str, Array]:
    inputs = {name: change(array) for name, array in case.inputs.items() if name != ABOVE}
    return reference.products(inputs, change(case.inputs[ABOVE]))


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("function", "gradient", "returns the gradient", _gradient),
        Kind("training step", "step", "returns the parameters after one step of gradient descent", _loop, ("rate",)),
        Kind(
            "training loop",
            "train",
            "returns the parameters after so many steps of gradient descent",
            _loop,
            ("rate", "steps"),
        ),
        Kind("autograd function", "Function", "is a torch.autograd.Function with forward and backward", _products),
    )
}


def keeps_digits(kind: Kind, reference: Reference, case: Case, bits: int = DOUBLE) -> bool:
    """Return whether an honest program keeps its digits on a case, from the first step to the last."""
    import numpy as np

    if kind.name == "autograd function":
        return all(float(np.max(np.abs(array), initial=0.0)) <= LARGEST_TRIED for array in case.inputs.values())
    if kind.name == "function":
        return reference.sound(case.inputs, bits)
    last = kind.run(reference, case, lambda array: array)
    return reference.sound(case.inputs, bits) and reference.sound({**case.inputs, **last}, bits)


def reference_of(kind: Kind, function: Function, parameters: Sequence[str]) -> Reference:
    """Return what submissions are held against; raises ExerciseError where there is nothing."""
    made = Reference(function, tuple(parameters))
    if kind.name != "autograd function" and function.output is not None and function.output.axes:
        raise NotScalarError(f"{function.signature} is an array; a gradient is that of one number")
    if function.output is None:
        raise ExerciseError(
            f"{function.signature} has no formula, so there is no gradient to grade by: {function.no_formula}"
        )
    return made

"""Fresh inputs for a submission: other sizes and numbers in every case, the same whenever it is graded again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlab.grading.domains import Domain
from gradlab.graph import Function

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Array = NDArray[Any]

LARGEST = 6
"""Sizes are drawn from 2 to this; unequal ones tell a matrix from its transpose."""

SCALES = (1.0, 1.0, 0.1, 2.0)
"""How large the numbers of each case are, in turn."""

HALVINGS = 6
"""How often the numbers of a case are drawn again, half as large, where the function loses its digits."""


@dataclass(frozen=True, eq=False)
class Case:
    """Inputs of one call: the function's variables by name, and the learning rate and number of steps where asked."""

    inputs: Mapping[str, Array]
    rate: float = 0.0
    steps: int = 0

    def shapes(self) -> str:
        """Return the shapes as text, `w (3,), X (5, 3), b a number`."""
        shown = {name: tuple(array.shape) or "a number" for name, array in self.inputs.items()}
        return ", ".join(f"{name} {shape}" for name, shape in shown.items())


def seed_of(secret: bytes, submission: str) -> int:
    """Return a seed that nobody knows without the *secret*, and that is the same for the same submission.

    HMAC (RFC 2104) with SHA-256.

    >>> seed_of(b"course", "def f(): ...") == seed_of(b"course", "def f(): ...") != seed_of(b"other", "def f(): ...")
    True
    """
    digest = hmac.new(secret, submission.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "little")


def drawn(
    function: Function,
    domain: Domain,
    seed: int,
    count: int,
    *,
    loop: bool = False,
    sound: Callable[[Case], bool] = lambda case: True,
) -> list[Case]:
    """Return *count* cases: the first small, the second of single rows and columns, the others of unequal sizes.

    sound: whether the function as it is written keeps its digits there. Where it does not, an honest program loses
    them too, and smaller numbers are drawn.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    cases: list[Case] = []
    for number in range(count):
        sizes = _sizes(function, generator, number)
        scale = SCALES[number % len(SCALES)]
        case = _case(function, domain, generator, sizes, scale, loop)
        for halving in range(1, HALVINGS + 1):
            if sound(case):
                break
            case = _case(function, domain, generator, sizes, scale / 2**halving, loop)
        cases.append(case)
    return cases


def _case(
    function: Function, domain: Domain, generator: Generator, sizes: Mapping[Any, int], scale: float, loop: bool
) -> Case:
    inputs = {
        name: _values(name, tuple(sizes.get(size, size) for size in axes), domain, generator, scale)
        for name, axes in function.variables.items()
    }
    rate = float(2.0 ** -generator.uniform(3, 7))
    return Case(inputs, rate, int(generator.integers(3, 8)) if loop else 1)


def _sizes(function: Function, generator: Generator, number: int) -> dict[Any, int]:
    symbols = dict.fromkeys(size for axes in function.variables.values() for size in axes if isinstance(size, str))
    if number == 1:
        return dict.fromkeys(symbols, 1)
    drawn = generator.permutation(range(2, max(LARGEST, len(symbols) + 2) + 1))[: len(symbols)]
    return {symbol: int(size) for symbol, size in zip(symbols, drawn, strict=True)}


def _values(name: str, shape: Sequence[Any], domain: Domain, generator: Generator, scale: float) -> Array:
    import numpy as np

    sizes = tuple(int(size) for size in shape)
    if name in domain.between:
        low, high = domain.between[name]
        if name in domain.whole:
            return np.asarray(generator.integers(int(low), int(high) + 1, sizes), dtype=np.float64)
        return np.asarray(generator.uniform(low, high, sizes))
    values = np.asarray(scale * generator.normal(size=sizes))
    if name in domain.positive:
        values = np.abs(values) + 0.1
    return np.round(values) if name in domain.whole else values

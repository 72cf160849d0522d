"""What is stochastic about stochastic descent: how far the gradient of a batch is from that of all examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from gradlab.descent.batches import Batches, batches_of, parts_of
from gradlab.descent.engines import Engine, prepare
from gradlab.descent.history import Layout
from gradlab.descent.posing import posed
from gradlab.descent.settings import count
from gradlab.graph.point import detached
from gradlab.misuse import explains_misuse

if TYPE_CHECKING:
    import numpy as np

    from gradlab.graph.point import Array

_SINGLES = 5000
"""Examples whose gradients are all computed one by one; of more, as many are drawn."""

_ALL = 2**62
"""A batch size that no data reach: all of them."""

_ROUNDING = 1e-6
"""How far, relative to the gradients of single examples, their mean may be from the gradient of all of them."""


@dataclass(frozen=True, eq=False)
class Noise:
    """The noise of batch gradients g_B of several sizes B around the gradient g of all n examples, at one point.

    sizes: the sizes B.  measured: the mean of |g_B - g|² over the batches drawn, shape (sizes,), in units of f² per
        unit² of the variables.  error: its standard error.
    predicted: variance / B · (n - B) / (n - 1), for B examples drawn out of n without putting any back.
    variance: the mean of |g_i - g|² over the examples i.  gradient: g, by variable.  count: n.
    """

    sizes: tuple[int, ...]
    measured: Array
    error: Array
    predicted: Array
    variance: float
    gradient: Mapping[str, Array]
    count: int

    @property
    def squared_norm(self) -> float:
        """|g|²."""
        return float(sum((part**2).sum() for part in self.gradient.values()))

    @property
    def scale(self) -> float:
        """The batch size at which noise and gradient are of equal size, variance / |g|²; infinite where g is zero.

        Smaller batches mostly follow the noise, larger ones say little that is new: S. McCandlish et al.,
        *An empirical model of large-batch training* (2018), equation 2.9.
        """
        return self.variance / self.squared_norm if self.squared_norm else float("inf")

    def __repr__(self) -> str:
        table = [["batch size", "E|g_B - g|²", "± error", "predicted", "noise / |g|"]]
        for size, measured, error, predicted in zip(self.sizes, self.measured, self.error, self.predicted, strict=True):
            ratio = (measured / self.squared_norm) ** 0.5 if self.squared_norm else float("inf")
            table.append([f"{size:,}", f"{measured:.4g}", f"{error:.2g}", f"{predicted:.4g}", f"{ratio:.3g}"])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
        return "\n".join(
            [
                f"noise of the gradient around that of all {self.count:,} examples, which is "
                f"{self.squared_norm**0.5:.4g} long",
                *(f"  {line}" for line in lines),
                f"noise and gradient are of equal size at a batch size of {self.scale:.3g}",
            ]
        )


@explains_misuse
def gradient_noise(
    f: Any,
    at: Any,
    batches: Any = None,
    *,
    sizes: Sequence[int] | None = None,
    draws: int = 200,
    seed: int = 0,
    engine: str = "auto",
) -> Noise:
    """Return how far gradients of batches of several sizes are from the gradient of all examples, at one point.

    f: a mean over examples, as for `gradlab.descend`.  at: the values of the variables that move.
    batches: the examples: arrays (X, y), `Batches`, or batches whose examples are put together again; those bound to
        *f* if not given.
    sizes: of the batches; powers of 2 up to the number of examples if not given.  draws: how many of each size.
    Raises ValueError where f is no mean over its examples, as a sum or a batch norm is none.

    >>> def loss(w, x):
    ...     return ((w - x) ** 2).mean()
    >>> noise = gradient_noise(loss, {"w": 0.0}, ([1.0, 2.0, 3.0, 4.0],), sizes=[1, 2, 4])
    >>> noise.variance, noise.predicted, float(noise.measured[2])
    (5.0, array([5.        , 1.66666667, 0.        ]), 0.0)
    """
    import numpy as np

    draws = count("gradient_noise", "draws", draws)
    whole = batches if batches is None or isinstance(batches, Batches) else _whole(batches)
    given = posed(f, at, whole, _ALL if whole is None else None)
    assert given.feed is not None
    source = given.feed.source
    assert isinstance(source, Batches)
    data = dict(zip(given.feed.names, source.arrays, strict=True))
    examples = _Examples(prepare(engine, replace(given, given=data)), data, source.count)
    chosen = _sizes(sizes, source.count)
    random = np.random.default_rng(seed)
    everyone = source.count <= _SINGLES
    places = np.arange(source.count) if everyone else random.choice(source.count, _SINGLES, replace=False)
    full = examples.gradient(np.arange(source.count))
    singles = np.stack([examples.gradient(np.array([place])) for place in places])
    if everyone:
        _check_mean(given.function.signature, singles, full)
    variance = float(((singles - full) ** 2).sum(axis=1).mean())
    found = [
        (variance, 0.0) if size == 1 and everyone else examples.spread(full, size, draws, random) for size in chosen
    ]
    left = np.array([(source.count - size) / max(source.count - 1, 1) / size for size in chosen])
    layout = Layout({name: array.shape for name, array in given.start.items()})
    measured, error = np.array(found).T
    return Noise(chosen, measured, error, variance * left, variance, layout.unpacked(full), source.count)


@dataclass(frozen=True, eq=False)
class _Examples:
    """Gradients on some of the examples."""

    engine: Engine
    data: Mapping[str, Any]
    count: int

    def gradient(self, places: Any) -> Array:
        """Return the gradient on the examples at these places."""
        self.engine.take({name: array[places] for name, array in self.data.items()})
        _, gradient = self.engine.evaluate(self.engine.start)
        return self.engine.stacked([gradient])[0]

    def spread(self, full: Array, size: int, draws: int, random: np.random.Generator) -> tuple[float, float]:
        """Return the mean of |g_B - g|² over batches of one size, and its standard error."""
        if size == self.count:
            return 0.0, 0.0
        drawn = (random.choice(self.count, size, replace=False) for _ in range(draws))
        squares = [float(((self.gradient(places) - full) ** 2).sum()) for places in drawn]
        return mean(squares), stdev(squares) / len(squares) ** 0.5 if len(squares) > 1 else float("inf")


def _whole(batches: Any) -> Batches:
    """Return the examples of all *batches* together."""
    import numpy as np

    given = batches_of(batches, None, 0)
    if isinstance(given, Batches):
        return given
    parts: list[Any] = []
    names: list[str] | None = None
    for batch in given:
        if isinstance(batch, Mapping):
            names = list(batch)
        parts.append([np.asarray(detached(part)) for part in (batch.values() if names else parts_of(batch))])
    if not parts:
        raise ValueError(f"batches={type(batches).__name__} is empty: there are no examples")
    arrays = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Batches(dict(zip(names, arrays, strict=True))) if names else Batches(*arrays)


def _sizes(sizes: Sequence[int] | None, examples: int) -> tuple[int, ...]:
    if sizes is None:
        return (*(2**power for power in range((examples - 1).bit_length())), examples)
    chosen = tuple(count("gradient_noise", "sizes", size) for size in sizes)
    too_large = [size for size in chosen if size > examples]
    if too_large or not chosen:
        raise ValueError(
            f"sizes={list(sizes)!r}, but there are {examples:,} examples; write sizes from 1 to {examples}"
        )
    return chosen


def _check_mean(signature: str, singles: Array, full: Array) -> None:
    import numpy as np

    lengths = np.sqrt((singles**2).sum(axis=1))
    apart = float(np.sqrt(((singles.mean(axis=0) - full) ** 2).sum()))
    if apart > _ROUNDING * float(lengths.mean()):
        raise ValueError(
            f"{signature} is no mean over its examples: the gradients of single examples have a mean that is "
            f"{apart:.3g} away from the gradient of all of them; write the loss as a mean, as in "
            "((X @ w - y)**2).mean()"
        )

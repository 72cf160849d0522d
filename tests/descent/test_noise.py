"""The noise of batch gradients, beside what statistics says of draws without replacement."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from gradlab.descent import Batches, gradient_noise
from gradlab.sources import as_function

RANDOM = np.random.default_rng(2)
X, Y = RANDOM.normal(size=(60, 3)), RANDOM.normal(size=60)
AT = {"w": [0.3, -0.2, 0.1], "b": 0.5}


def loss(w, b, X, y):
    return ((X @ w + b - y) ** 2).mean()


def gradients():
    """Return the gradient on each example, by hand."""
    error = X @ np.array(AT["w"]) + AT["b"] - Y
    return 2 * error[:, None] * np.column_stack([X, np.ones(60)])


@pytest.mark.parametrize("engine", ["exact", "torch", "compiled"])
def test_the_variance_is_that_of_the_gradients_of_single_examples(engine):
    each = gradients()
    noise = gradient_noise(loss, AT, (X, Y), sizes=[1, 60], engine=engine)
    assert noise.variance == pytest.approx(((each - each.mean(axis=0)) ** 2).sum(axis=1).mean(), rel=1e-12)
    assert np.append(noise.gradient["w"], noise.gradient["b"]) == pytest.approx(each.mean(axis=0), rel=1e-12)
    assert noise.measured.tolist() == pytest.approx([noise.variance, 0.0], rel=1e-12)
    assert noise.scale == pytest.approx(noise.variance / (each.mean(axis=0) ** 2).sum(), rel=1e-12)


def test_the_prediction_is_the_mean_over_all_batches_of_a_size():
    each = gradients()[:8]
    noise = gradient_noise(loss, AT, (X[:8], Y[:8]), sizes=[1, 3, 5, 8])
    for size, predicted in zip(noise.sizes, noise.predicted, strict=True):
        batches = [each[list(chosen)].mean(axis=0) for chosen in combinations(range(8), size)]
        exact = np.mean([((batch - each.mean(axis=0)) ** 2).sum() for batch in batches])
        assert predicted == pytest.approx(exact, rel=1e-12, abs=1e-30)


def test_what_is_measured_is_what_is_predicted_within_its_error():
    noise = gradient_noise(loss, AT, (X, Y), draws=400)
    assert noise.sizes == (1, 2, 4, 8, 16, 32, 60)
    inside = np.abs(noise.measured - noise.predicted) <= 4 * noise.error + 1e-12  # four standard errors
    assert inside.all()
    assert (noise.error[1:-1] > 0).all()
    assert (noise.error[1:-1] < 0.2 * noise.measured[1:-1]).all()


def test_many_examples_are_sampled():
    x = RANDOM.normal(size=20_000)
    noise = gradient_noise(lambda w, x: ((w - x) ** 2).mean(), {"w": 0.0}, (x,), sizes=[10], draws=50)
    assert noise.variance == pytest.approx(4 * x.var(), rel=0.1)


def test_examples_come_from_batches_a_loader_or_the_function_itself():
    direct = gradient_noise(loss, AT, (X, Y), sizes=[4], draws=10)
    loader = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 60, 16)]
    for same in (
        gradient_noise(loss, AT, Batches(X, Y, size=7), sizes=[4], draws=10),
        gradient_noise(loss, AT, loader, sizes=[4], draws=10),
        gradient_noise(loss, AT, [{"X": x, "y": y} for x, y in loader], sizes=[4], draws=10),
        gradient_noise(as_function(loss, data={"X": X, "y": Y}), AT, sizes=[4], draws=10),
    ):
        assert same.measured == pytest.approx(direct.measured, rel=1e-12)
        assert same.variance == pytest.approx(direct.variance, rel=1e-12)


def test_a_sum_is_no_mean_over_its_examples():
    def total(w, X, y):
        return ((X @ w - y) ** 2).sum()

    with pytest.raises(ValueError, match=r"total\(w, X, y\) is no mean over its examples.*write the loss as a mean"):
        gradient_noise(total, {"w": AT["w"]}, (X, Y))


@pytest.mark.parametrize(("sizes", "said"), [([61], "there are 60 examples"), ([], "60"), ([0], "less than 1")])
def test_sizes_that_cannot_be_are_refused(sizes, said):
    with pytest.raises(ValueError, match=said):
        gradient_noise(loss, AT, (X, Y), sizes=sizes)


def test_it_shows_itself_as_a_table():
    shown = repr(gradient_noise(loss, AT, (X, Y), sizes=[1, 8], draws=20)).splitlines()
    assert shown[0].startswith("noise of the gradient around that of all 60 examples")
    assert [line.split()[0] for line in shown[2:4]] == ["1", "8"]
    assert shown[-1].startswith("noise and gradient are of equal size at a batch size of ")

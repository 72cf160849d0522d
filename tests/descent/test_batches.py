"""Batches: what a step sees, in which order, from which source, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import Adam, Batches, GradientDescent, descend
from gradlab.errors import PointError
from gradlab.sources import as_function

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(53, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.3 + 0.1 * RANDOM.normal(size=53)
START = {"w": np.zeros(3), "b": 0.0}


def loss(w, b, X, y):
    return ((X @ w + b - y) ** 2).mean()


def by_hand(batches, epochs, rate):
    """Step through *batches* in NumPy; return the points and the losses."""
    w, b = np.zeros(3), 0.0
    points, losses = [], []
    for epoch in range(epochs):
        for x, y in batches(epoch):
            error = x @ w + b - y
            points.append([*w, b])
            losses.append((error**2).mean())
            w, b = w - rate * 2 * x.T @ error / len(y), b - rate * 2 * error.mean()
    return np.array([*points, [*w, b]]), np.array(losses)


@pytest.mark.parametrize("engine", ["exact", "torch", "compiled", "numeric"])
@pytest.mark.parametrize("size", [1, 8, 53])
def test_every_engine_steps_through_the_batches_of_the_seed(engine, size):
    batches = Batches(X, Y, size=size, seed=7)
    epochs = 1 if size == 1 else 3
    done = descend(loss, START, rule=GradientDescent(0.05), batches=batches, epochs=epochs, engine=engine, check=False)
    points, losses = by_hand(batches.epoch, epochs, 0.05)
    tolerance = 1e-7 if engine == "numeric" else 1e-12  # differences are known to about 1e-10 a step
    assert done.points.rows == pytest.approx(points, rel=tolerance)
    assert done.losses[:-1] == pytest.approx(losses, rel=tolerance)
    assert done.stopped.kind == "epochs"
    assert done.steps == epochs * batches.per_epoch


def test_arrays_with_a_size_and_a_seed_are_the_same_as_batches():
    options = {"rule": GradientDescent(0.05), "epochs": 2, "check": False}
    one = descend(loss, START, batches=(X, Y), batch_size=10, seed=4, **options)
    other = descend(loss, START, batches=Batches(X, Y, size=10, seed=4), **options)
    named = descend(loss, START, batches={"y": Y, "X": X}, batch_size=10, seed=4, **options)
    assert np.array_equal(one.points.rows, other.points.rows)
    assert np.array_equal(one.points.rows, named.points.rows)


def test_an_epoch_takes_every_example_once_and_another_one_in_another_order():
    batches = Batches(np.arange(10), size=3, seed=1)
    epochs = [np.concatenate([part for (part,) in batches.epoch(number)]).tolist() for number in range(3)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 3
    assert epochs[0] != epochs[1] != epochs[2]
    again = np.concatenate([part for (part,) in Batches(np.arange(10), size=3, seed=1).epoch(1)]).tolist()
    assert again == epochs[1], "an epoch depends on the seed and its number alone"
    assert [len(part) for (part,) in batches] == [3, 3, 3, 1]
    assert [len(part) for (part,) in Batches(np.arange(10), size=3, partial=False)] == [3, 3, 3]
    assert len(batches) == batches.per_epoch == 4


def test_a_data_loader_works_as_it_is():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x, y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
    loader = DataLoader(TensorDataset(x, y), batch_size=10)
    done = descend(loss, START, rule=GradientDescent(0.05), batches=loader, epochs=2, engine="torch")
    single = [(part.numpy().astype(float), label.numpy().astype(float)) for part, label in loader]
    points, losses = by_hand(lambda epoch: single, 2, 0.05)
    assert done.points.rows == pytest.approx(points, rel=1e-12)
    assert done.losses[:-1] == pytest.approx(losses, rel=1e-12)
    assert done.batch_of.tolist() == [0, 1, 2, 3, 4, 5] * 2 + [5]
    assert done.epoch_of.tolist() == [0] * 6 + [1] * 6 + [1]


@pytest.mark.parametrize("engine", ["auto", "torch", "compiled"])
def test_a_network_of_torch_is_trained_on_whole_numbers_as_labels(engine):
    import torch
    from torch.nn.functional import cross_entropy
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2)
    before = net.weight.detach().clone()
    x, labels = torch.tensor(X, dtype=torch.float32), torch.tensor(Y > 0.3).long()
    loader = DataLoader(TensorDataset(x, labels), batch_size=10)
    done = descend(lambda X, y: cross_entropy(net(X), y), {}, rule=Adam(0.1), batches=loader, epochs=20, engine=engine)
    assert list(done.variables) == ["weight", "bias"]
    assert done.epoch_losses[-1] < 0.4 * done.epoch_losses[0]
    assert torch.equal(net.weight, before), "the network itself is left alone"


def test_data_bound_to_the_function_are_cut_by_a_size():
    bound = as_function(loss, data={"X": X, "y": Y})
    cut = descend(bound, START, rule=GradientDescent(0.05), batch_size=10, seed=2, epochs=2, check=False)
    points, _ = by_hand(Batches(X, Y, size=10, seed=2).epoch, 2, 0.05)
    assert cut.points.rows == pytest.approx(points, rel=1e-12)
    text = as_function("(w*x - y)^2", data={"x": 2.0, "y": 3.0})
    with pytest.raises(ValueError, match=r"batch_size=4, but .* has no data"):
        descend(text, 1.0, batch_size=4)


def test_text_takes_batches_of_numbers():
    done = descend("(w*x - y)^2", {"w": 0.0}, batches=[(1.0, 2.0), (2.0, 1.0)], steps=4, check=False)
    assert done.losses[:2].tolist() == pytest.approx([4.0, (0.4 * 2 - 1) ** 2])


def test_the_gradients_are_compared_on_the_first_batch_in_what_moves():
    done = descend(loss, START, batches=(X, Y), batch_size=10, steps=2)
    assert done.comparison is not None
    assert set(done.comparison.gradients["symbolic"].partials) == {"w", "b"}


def test_the_last_point_is_measured_on_the_last_batch_again():
    done = descend(loss, START, rule=GradientDescent(0.05), batches=Batches(X, Y, size=20, shuffle=False), epochs=1)
    w, b = done.points[-1]["w"], done.points[-1]["b"]
    assert done.losses[-1] == pytest.approx(loss(w, b, X[40:], Y[40:]), rel=1e-12)
    assert done.epoch_losses == pytest.approx([done.losses[:3].mean()])


def test_steps_go_through_as_many_epochs_as_they_need():
    done = descend(loss, START, rule=GradientDescent(0.01), batches=Batches(X, Y, size=20), steps=8, check=False)
    assert done.epoch_of.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert done.stopped == "took all 8 steps"
    none = descend(loss, START, batches=Batches(X, Y, size=20), steps=0, check=False)
    assert none.batch_of.tolist() == [0]


def test_one_pass_over_a_generator_is_enough_for_one_epoch():
    done = descend(loss, START, batches=((X[i : i + 10], Y[i : i + 10]) for i in range(0, 50, 10)), epochs=1)
    assert done.steps == 5


# What is refused --------------------------------------------------------------------------------------


class Empty:
    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("batches", "options", "error", "said"),
    [
        ([], {}, ValueError, "batches=list is empty: there is no batch to step by"),
        (Empty(), {}, ValueError, "batches=Empty is empty"),
        (
            ((X, Y) for _ in range(3)),
            {"steps": 10},
            ValueError,
            "ran out after 3 batches.*can be gone through only once",
        ),
        (iter([(X, Y)]), {"epochs": 2}, ValueError, r"epochs=2.*only once; write .*Batches\(X, y, size=32\)"),
        (3, {}, TypeError, "batches=3 cannot be gone through"),
        ((X, Y, Y), {}, PointError, "a batch of 3 parts, but loss.* has 2 data variables: X, y"),
        ((X, Y[:5]), {}, ValueError, r"shapes \(53, 3\), \(5,\) do not have as many examples"),
        ((X[:0], Y[:0]), {}, ValueError, "there are no examples"),
        ((X, Y), {"batch_size": 0}, ValueError, "size=0 is less than 1"),
        ((X, Y), {"batch_size": 2.5}, TypeError, "size=2.5 is not a whole number"),
        ((X, Y), {"batch_size": 8, "seed": -1}, ValueError, "seed=-1 is no seed"),
        ([(X, Y)], {"batch_size": 8}, ValueError, "batch_size=8 is for arrays"),
        (Batches(X, Y, size=4), {"batch_size": 8}, ValueError, r"write Batches\(…, size=8\)"),
        ({"X": X, "z": Y}, {}, PointError, "batches give z; the variables of loss are w, b, X, y"),
        ((X, Y), {"epochs": 0}, ValueError, "epochs=0"),
        ((X, ["a"] * 53), {}, TypeError, "no array of numbers"),
    ],
)
def test_batches_that_do_not_fit_are_refused_with_what_was_read(batches, options, error, said):
    with pytest.raises(error, match=said):
        descend(loss, START, batches=batches, **{"steps": 2, **options})


def test_a_batch_that_does_not_fit_later_on_is_named():
    with pytest.raises(ValueError, match="a batch of 1 parts for the data variables X, y"):
        descend(loss, START, batches=[(X, Y), (X,)], steps=3, check=False)


def test_epochs_without_batches_are_told_what_to_write():
    with pytest.raises(ValueError, match=r"epochs=3 without batches; write batches=\(X, y\) with batch_size=32"):
        descend("x^2", 1.0, epochs=3)


def test_a_start_that_gives_the_data_too_is_told_so():
    with pytest.raises(PointError, match="X is given by the start and by the batches"):
        descend(loss, {**START, "X": X}, batches={"X": X, "y": Y})


@pytest.mark.parametrize("engine", ["exact", "torch"])
def test_data_that_are_no_numbers_are_named_as_the_cause(engine):
    spoilt = Y.copy()
    spoilt[33] = np.nan
    batches = [(X[i : i + 10], spoilt[i : i + 10]) for i in range(0, 50, 10)]
    done = descend(loss, START, rule=GradientDescent(0.01), batches=batches, steps=20, engine=engine, check=False)
    assert done.steps == 2
    assert done.stopped.kind == "not finite"
    assert "step 3 led to w = [" in done.stopped
    assert "where the loss on batch 3 of epoch 0 is nan: the data hold y[3] = nan" in done.stopped
    assert "before it, after step 2: w = [" in done.stopped

import numpy as np
import pytest
import torch

from gradlab.errors import NoFormulaError
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.sources.linear_oracle import check_with_torch, check_with_unit_arrays, drawn

TORCH = {
    "cat": (lambda A, B: torch.cat([A, B], dim=1), (2, 3), (2, 4)),
    "cat of three, from the end": (lambda A, B: torch.cat((A, B, A), -1), (2, 3), (2, 4)),
    "cat of first axes": (lambda A, B: torch.cat([A, B]), (2, 3), (4, 3)),
    "cat of vectors": (lambda a, b: torch.cat([a, b**2]), (2,), (1,)),
    "cat with itself": (lambda a: torch.cat([a, 2 * a]), (3,)),
    "cat in the middle": (lambda A, B: torch.concat([A, B], dim=1), (2, 3, 2), (2, 1, 2)),
    "hstack": (lambda A, B: torch.hstack([A, B]), (2, 3), (2, 4)),
    "hstack of vectors": (lambda a, b: torch.hstack([a, b]), (2,), (3,)),
    "vstack": (lambda A, b: torch.vstack([A, b]), (2, 3), (3,)),
    "column_stack": (lambda a, B: torch.column_stack([a, B]), (3,), (3, 2)),
    "split": (lambda x: torch.split(x, 2)[0] * x.split(2)[1] + torch.split(x, [1, 2, 2])[1], (5,)),
    "split along an axis": (lambda X: X.split([1, 3], dim=1)[1] ** 2, (2, 4)),
    "chunk": (lambda X: torch.chunk(X, 3, dim=1)[2] * X.chunk(3, 1)[0], (2, 6)),
    "uneven chunks": (lambda x: torch.chunk(x, 3)[2], (7,)),
    "tensor_split": (lambda x: torch.tensor_split(x, 3)[1] ** 2, (7,)),
    "unbind": (lambda X: X.unbind(1)[2] * X.unbind()[0][1], (2, 3)),
    "unpacked": (lambda X: (lambda q, k: q * k)(*X.chunk(2, dim=-1)), (2, 4)),
    "reshape": (lambda X: X.reshape(4, 3), (2, 6)),
    "flattened": (lambda X: X.reshape(-1), (2, 3)),
    "view with the batch": (lambda X: X.view(X.shape[0], -1), (2, 3, 4)),
    "view with the batch, by size": (lambda X: X.view(X.size(0), -1), (2, 3, 4)),
    "view with a product of sizes": (lambda X: X.view(X.shape[0] * X.shape[1], X.shape[2]), (2, 3, 4)),
    "view of a list": (lambda X: X.view([3, 2]), (2, 3)),
    "heads": (lambda X: X.view(X.shape[0], X.shape[1], 2, X.shape[2] // 2).transpose(1, 2), (3, 3, 4)),
    "heads back": (lambda X: X.transpose(1, 2).reshape(2, 3, -1), (2, 2, 3, 2)),
    "images from rows": (lambda X: X.view(-1, 1, 2, 3), (4, 6)),
    "added and merged": (lambda X: X.reshape(2, 1, 12), (2, 3, 4)),
    "both ends stay": (lambda X: X.reshape(2, -1, 2), (2, 3, 4, 2)),
    "all regrouped": (lambda X: X.reshape(8, 3), (4, 6)),
    "only ones": (lambda X: X.reshape(1, 2, 1, 3)[0] * X.reshape(2, 1, -1), (2, 3)),
    "view_as": (lambda X, Y: X.view_as(Y) * Y, (2, 6), (4, 3)),
    "flatten": (lambda X: torch.flatten(X, 1), (2, 3, 4)),
    "flatten between": (lambda X: X.flatten(1, 2), (2, 3, 4, 2)),
    "flatten of a vector": (lambda x: x.flatten(), (3,)),
    "unflatten": (lambda X: X.unflatten(1, (3, 2)) ** 2, (2, 6)),
    "unflatten with the rest": (lambda X: X.unflatten(-1, (2, -1)), (2, 6)),
    "expand": (lambda X: X.expand(-1, 4) ** 2, (3, 1)),
    "expand a row": (lambda x: x.expand(2, 3), (3,)),
    "expand_as": (lambda x, Y: x.expand_as(Y) * Y, (1, 3), (2, 3)),
    "broadcast_to": (lambda x: torch.broadcast_to(x, (2, 3)), (3,)),
    "broadcast_tensors": (lambda x, Y: torch.broadcast_tensors(x, Y)[0] * Y, (3,), (2, 3)),
    "tile": (lambda X: torch.tile(X, (2, 3)), (2, 2)),
    "tile with a new axis": (lambda x: x.tile(2, 2), (3,)),
    "tile of the last axis": (lambda X: torch.tile(X, (3,)), (2, 2)),
    "repeat": (lambda X: X.repeat(2, 1, 3), (2, 3)),
    "repeat of a vector": (lambda x: x.repeat(4, 1), (3,)),
    "repeat_interleave": (lambda X: X.repeat_interleave(3, dim=1), (2, 2)),
    "repeat_interleave of all": (lambda X: torch.repeat_interleave(X, 2), (2, 2)),
    "swapaxes": (lambda X: X.swapaxes(0, 2), (2, 3, 4)),
    "movedim": (lambda X: torch.movedim(X, 0, -1), (2, 3, 4)),
    "moveaxis of several": (lambda X: torch.moveaxis(X, (0, 1), (2, 0)), (2, 3, 4)),
    "flip": (lambda X: torch.flip(X, [0]) * X.flip(0, 1), (2, 3)),
    "fliplr": (lambda X: torch.fliplr(X) * torch.flipud(X), (2, 3)),
    "roll": (lambda X: torch.roll(X, 1, 0) * torch.roll(X, (2, -1), (0, 1)), (3, 4)),
    "roll of all": (lambda X: torch.roll(X, 2), (2, 3)),
    "pad": (lambda X: torch.nn.functional.pad(X, (1, 2)), (2, 3)),
    "pad two axes": (lambda X: torch.nn.functional.pad(X, (1, 0, 2, 1)) ** 2, (2, 3)),
    "pad with a value": (lambda X: torch.nn.functional.pad(X, (0, 1), value=1.5) ** 2, (2, 3)),
    "pad cuts off": (lambda X: torch.nn.functional.pad(X, (-1, 2)) ** 2, (2, 3)),
    "pad by reflection": (lambda X: torch.nn.functional.pad(X, (2, 1), mode="reflect") ** 2, (2, 4)),
    "pad by replication": (lambda X: torch.nn.functional.pad(X, (2, 1), mode="replicate") ** 2, (2, 4)),
    "pad round": (lambda X: torch.nn.functional.pad(X, (2, 1), mode="circular") ** 2, (2, 4)),
}


@pytest.mark.parametrize("case", TORCH)
def test_torchs_shapes(case):
    code, *shapes = TORCH[case]
    check_with_torch(code, *(drawn(shape, seed) for seed, shape in enumerate(shapes)))


NUMPY = {
    "concatenate": (lambda A, B: np.concatenate([A, B], axis=1), (2, 3), (2, 4)),
    "hstack": (lambda A, B: np.hstack((A, B)), (2, 3), (2, 4)),
    "vstack": (lambda a, B: np.vstack([a, B]), (3,), (2, 3)),
    "column_stack": (lambda a, b: np.column_stack([a, b]), (3,), (3,)),
    "append": (lambda a, B: np.append(a, B), (3,), (2, 2)),
    "append along an axis": (lambda A, B: np.append(A, B, axis=0), (1, 2), (2, 2)),
    "split": (lambda x: np.split(x, 3)[1], (6,)),
    "split at places": (lambda X: np.split(X, [1, 3], axis=1)[1], (2, 5)),
    "array_split": (lambda x: np.array_split(x, 3)[0], (7,)),
    "reshape": (lambda X: np.reshape(X, (3, -1)), (2, 6)),
    "ravel": (lambda X: X.ravel(), (2, 3)),
    "swapaxes": (lambda X: np.swapaxes(X, 0, -1), (2, 3, 4)),
    "moveaxis": (lambda X: np.moveaxis(X, -1, 0), (2, 3, 4)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (2, 3)), (3,)),
    "tile": (lambda X: np.tile(X, 2), (2, 3)),
    "repeat": (lambda X: np.repeat(X, 2), (2, 3)),
    "repeat along an axis": (lambda X: np.repeat(X, 2, axis=0), (2, 3)),
    "repeat, the method": (lambda X: X.repeat(2, axis=1), (2, 3)),
    "flip": (lambda X: np.flip(X), (2, 3)),
    "flip along an axis": (lambda X: np.flip(X, axis=1), (2, 3)),
    "roll": (lambda X: np.roll(X, 1), (2, 3)),
    "roll along an axis": (lambda X: np.roll(X, -1, axis=1), (2, 3)),
    "pad": (lambda X: np.pad(X, 1), (2, 3)),
    "pad one side": (lambda X: np.pad(X, ((0, 1), (2, 0))), (2, 3)),
    "pad with a value": (lambda X: np.pad(X, 1, constant_values=2.5), (2, 3)),
    "pad by reflection": (lambda x: np.pad(x, (2, 1), mode="reflect"), (4,)),
    "pad symmetrically": (lambda x: np.pad(x, (2, 4), mode="symmetric"), (4,)),
    "pad with the edge": (lambda X: np.pad(X, 2, mode="edge"), (2, 3)),
    "pad round": (lambda X: np.pad(X, (1, 2), mode="wrap"), (2, 3)),
}


@pytest.mark.parametrize("case", NUMPY)
def test_numpys_shapes(case):
    code, *shapes = NUMPY[case]
    check_with_unit_arrays(code, *(drawn(shape, seed) for seed, shape in enumerate(shapes)))


# Sizes that stay symbols -----------------------------------------------------------------------------

SYMBOLS = {
    "the batch": (lambda X: (X.view(X.shape[0], -1) ** 2).sum(), (2, 3, 4), ("n", 3, 4)),
    "the batch as -1": (lambda X: (X.view(-1, 12) ** 2).sum(), (2, 3, 4), ("n", 3, 4)),
    "images from rows": (lambda X: (X.view(-1, 3, 4) ** 2).sum(), (2, 12), ("n", 12)),
    "first axes merged": (lambda X: (X.reshape(-1, X.shape[-1]) ** 2).sum(), (2, 3, 4), (2, 3, "n")),
    "heads": (lambda X: (X.view(*X.shape[:2], 2, -1) ** 2).sum(), (2, 3, 4), ("n", "m", 4)),
    "flattened": (lambda X: (X.flatten(1) ** 2).sum(), (2, 3, 4), ("n", 3, 4)),
    "joined": (lambda X: (torch.cat([X, X], 1) ** 2).sum(), (2, 3), ("n", 3)),
    "tiled": (lambda X: (torch.tile(X, (1, 2)) ** 2).sum(), (2, 3), ("n", 3)),
    "padded": (lambda X: (torch.nn.functional.pad(X, (1, 1)) ** 2).sum(), (2, 3), ("n", 3)),
    "a number as written": (lambda X: (X.reshape(2, 12) ** 2).sum(), (2, 3, 4), (2, 3, 4)),
    "nothing changed": (lambda X: (X.reshape(X.shape) ** 2).sum(), (2, 3), ("n", "m")),
}


@pytest.mark.parametrize("case", SYMBOLS)
def test_sizes_that_are_neither_split_nor_merged_stay_symbols(case):
    code, shape, axes = SYMBOLS[case]
    function, _ = at_point(code, {"X": drawn(shape)})
    assert function.variables["X"] == axes
    other = drawn([5 if isinstance(size, str) else size for size in axes])
    assert function(other) == pytest.approx(float(code(torch.tensor(other))), rel=1e-12)


def test_a_batch_of_unknown_size_is_reshaped_without_a_point():
    function = as_function(lambda X: (X.view(-1, 3, 2, 2) ** 2).sum(), shapes={"X": ("n", 12)})
    assert derive(function).text().endswith("∂f/∂X = 2 X")


# What is refused -------------------------------------------------------------------------------------

REFUSED = {
    "impossible": (
        lambda X: X.reshape(4, 2).sum(),
        (2, 3),
        r"cannot reshape \(2, 3\) to \(4, 2\): 6 entries are not 8",
    ),
    "no multiple": (lambda X: X.reshape(4, -1).sum(), (2, 3), r"to \(4, -1\): 6 entries are no multiple of 4"),
    "two unknown sizes": (lambda X: X.reshape(-1, -1).sum(), (2, 3), "only one size may be -1"),
    "Fortran's order": (lambda X: X.reshape(3, 2, order="F").sum(), (2, 3), "order 'F'.*transpose first"),
    "flattened columns": (lambda X: X.flatten("F").sum(), (2, 3), "order 'F'.*transpose first"),
    "cat of other rows": (
        lambda X: torch.cat([X, X.T], 1).sum(),
        (2, 3),
        r"concatenate of shapes \(2, 3\) and \(3, 2\) along axis 1: 2 is not 3",
    ),
    "cat of other ranks": (lambda X: torch.cat([X, X[0]]).sum(), (2, 3), "the numbers of axes differ"),
    "cat of numbers": (lambda X: torch.cat([X.sum(), X.sum()]).sum(), (2, 3), "use stack"),
    "cat along no axis": (lambda X: torch.cat([X, X], 2).sum(), (2, 3), "has no axis 2"),
    "concatenate of all": (lambda X: np.concatenate([X, X], axis=None).sum(), (2, 3), "axis=None"),
    "repeat, of two meanings": (lambda x: x.repeat(2).sum(), (3,), "write torch.tile or np.repeat"),
    "split into unequal parts": (lambda x: np.split(x, 2)[0].sum(), (3,), "3 entries into 2 parts of one size"),
    "expand of a long axis": (lambda X: X.expand(2, 4).sum(), (2, 3), "3 is not 4"),
    "unknown padding": (lambda X: np.pad(X, 1, mode="linear_ramp").sum(), (2, 3), "mode 'linear_ramp'"),
    "reflection too wide": (lambda x: np.pad(x, 3, mode="reflect").sum(), (3,), "needs more than 3 entries"),
    "turned by 90 degrees": (lambda X: np.rot90(X).sum(), (2, 3), "numpy.rot90"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    code, shape, message = REFUSED[case]
    function, _ = at_point(code, {code.__code__.co_varnames[0]: drawn(shape)})
    with pytest.raises(NoFormulaError, match=message):
        derive(function)


def test_sizes_are_whole_numbers_under_integer_division():
    def halves(x):
        h = x.shape[0] // 2
        return (x[:h] * x[h:]).sum() * (x.shape[0] % 4)

    function, point = at_point(halves, {"x": drawn((6,))})
    assert function(point) == pytest.approx(2 * (point["x"][:3] * point["x"][3:]).sum())


def test_names_given_before_a_slice_stay():
    def loss(X, W):
        Z = X @ W
        H = torch.tanh(Z)
        return (H[:, 1:] ** 2).sum()

    function, _ = at_point(loss, {"X": drawn((3, 4)), "W": drawn((4, 5))})
    text = derive(function).text()
    assert "Z = X W\n" in text
    assert "∂loss/∂W = X^T δ_Z" in text

import numpy as np
import pytest
import torch.nn.functional as F

from gradlab.errors import NoFormulaError
from gradlab.sources import at_point
from gradlab.symbolic import derive
from tests.sources.linear_oracle import check_with_torch, check_with_unit_arrays, drawn

CONVOLUTIONS = {
    "conv1d": (lambda X, W: F.conv1d(X, W), (2, 3, 7), (4, 3, 3)),
    "conv1d, all sizes equal": (lambda X, W: F.conv1d(X, W), (3, 3, 3), (3, 3, 3)),
    "conv1d, with everything": (
        lambda X, W, b: F.conv1d(X, W, b, stride=2, padding=2, dilation=2),
        (2, 3, 8),
        (4, 3, 3),
        (4,),
    ),
    "conv1d of one signal": (lambda X, W, b: F.conv1d(X, W, b), (3, 7), (2, 3, 4), (2,)),
    "conv1d, same": (lambda X, W: F.conv1d(X, W, padding="same", dilation=2), (2, 1, 7), (2, 1, 4)),
    "conv1d, valid": (lambda X, W: F.conv1d(X, W, padding="valid"), (2, 1, 7), (2, 1, 4)),
    "conv1d, stride that leaves a rest": (lambda X, W: F.conv1d(X, W, stride=3), (1, 1, 9), (1, 1, 2)),
    "conv2d": (lambda X, W, b: F.conv2d(X, W, b), (2, 3, 5, 4), (4, 3, 2, 3), (4,)),
    "conv2d, all sizes equal": (lambda X, W: F.conv2d(X, W, padding=1), (3, 3, 3, 3), (3, 3, 3, 3)),
    "conv2d, with everything": (
        lambda X, W, b: F.conv2d(X, W, b, (2, 1), (1, 2), (1, 2)),
        (2, 2, 6, 5),
        (3, 2, 3, 2),
        (3,),
    ),
    "conv2d of one image": (lambda X, W: F.conv2d(X, W, padding="same"), (2, 4, 5), (3, 2, 3, 2)),
    "conv2d in groups": (lambda X, W, b: F.conv2d(X, W, b, groups=2), (2, 4, 4, 3), (6, 2, 2, 2), (6,)),
    "conv2d by depth": (lambda X, W: F.conv2d(X, W, groups=3, padding=1), (1, 3, 3, 4), (3, 1, 3, 3)),
    "conv3d": (lambda X, W: F.conv3d(X, W, stride=(1, 2, 1)), (1, 2, 3, 4, 3), (2, 2, 2, 2, 3)),
    "conv_transpose1d": (lambda X, W, b: F.conv_transpose1d(X, W, b, 2, 1, 1), (2, 3, 4), (3, 2, 3), (2,)),
    "conv_transpose1d, more padding": (
        lambda X, W: F.conv_transpose1d(X, W, stride=2, output_padding=1, dilation=2),
        (2, 3, 4),
        (3, 2, 3),
    ),
    "conv_transpose2d": (
        lambda X, W: F.conv_transpose2d(X, W, stride=(2, 1), padding=(0, 1), dilation=(1, 2)),
        (2, 2, 3, 4),
        (2, 3, 2, 3),
    ),
    "unfold": (lambda X: F.unfold(X, (2, 3), dilation=(1, 2), padding=1, stride=2), (2, 2, 4, 6)),
    "unfold of a tensor": (lambda X: X.unfold(0, 2, 1).unfold(1, 3, 2), (3, 6)),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_torchs_convolutions(case):
    code, *shapes = CONVOLUTIONS[case]
    check_with_torch(code, *(drawn(shape, seed) for seed, shape in enumerate(shapes)))


POOLING = {
    "avg_pool1d": (lambda X: F.avg_pool1d(X, 3), (2, 3, 7)),
    "avg_pool1d that overlaps": (lambda X: F.avg_pool1d(X, 3, 1), (2, 3, 7)),
    "avg_pool2d": (lambda X: F.avg_pool2d(X, 2), (2, 3, 4, 6)),
    "avg_pool2d with gaps": (lambda X: F.avg_pool2d(X, (1, 2), stride=(2, 3)), (1, 2, 5, 8)),
    "avg_pool2d, padded": (lambda X: F.avg_pool2d(X, 3, stride=2, padding=1), (1, 2, 5, 4)),
    "avg_pool2d, padding not counted": (
        lambda X: F.avg_pool2d(X, 3, stride=1, padding=1, count_include_pad=False),
        (2, 2, 3, 4),
    ),
    "avg_pool2d with a divisor": (lambda X: F.avg_pool2d(X, 2, divisor_override=3), (1, 2, 4, 4)),
    "avg_pool3d": (lambda X: F.avg_pool3d(X, 2), (1, 1, 2, 4, 4)),
    "adaptive_avg_pool2d to one": (lambda X: F.adaptive_avg_pool2d(X, 1), (2, 3, 4, 5)),
    "adaptive_avg_pool2d": (lambda X: F.adaptive_avg_pool2d(X, (2, None)), (2, 3, 4, 5)),
    "adaptive_avg_pool1d": (lambda X: F.adaptive_avg_pool1d(X, 2), (2, 3, 6)),
    "the mean of each channel": (lambda X: X.mean((2, 3)), (2, 3, 4, 5)),
    "max_pool1d": (lambda X: F.max_pool1d(X, 3), (2, 2, 7)),
    "max_pool1d that overlaps": (lambda X: F.max_pool1d(X, 3, stride=2, padding=1), (2, 2, 7)),
    "max_pool1d, dilated": (lambda X: F.max_pool1d(X, 2, stride=1, dilation=3), (2, 2, 7)),
    "max_pool1d, dilated and padded": (lambda X: F.max_pool1d(X, 3, stride=1, padding=1, dilation=2), (1, 2, 7)),
    "max_pool2d": (lambda X: F.max_pool2d(X, 2), (2, 2, 4, 6)),
    "max_pool2d of one image": (lambda X: F.max_pool2d(X, (3, 2), stride=1), (2, 4, 4)),
    "max_pool2d, padded": (lambda X: F.max_pool2d(X, 3, 2, 1), (2, 2, 5, 6)),
}


@pytest.mark.parametrize("case", POOLING)
def test_torchs_pooling(case):
    code, *shapes = POOLING[case]
    check_with_torch(code, *(drawn(shape, seed) for seed, shape in enumerate(shapes)))


@pytest.mark.parametrize("case", [case for case in POOLING if case.startswith("max")])
def test_of_equal_entries_the_first_one_is_the_largest(case):
    code, shape = POOLING[case]
    check_with_torch(code, np.random.default_rng(0).integers(0, 2, shape).astype(float))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("function", ["convolve", "correlate"])
@pytest.mark.parametrize("lengths", [(5, 3), (6, 4), (5, 4), (3, 5), (4, 7), (4, 4), (1, 3), (3, 1)], ids=str)
def test_numpys_convolutions(function, mode, lengths):
    if function == "convolve":
        check_with_unit_arrays(lambda a, v: np.convolve(a, v, mode), *map(drawn, lengths))
    else:
        check_with_unit_arrays(lambda a, v: np.correlate(a, v, mode=mode), *map(drawn, lengths))


def test_batch_and_channels_stay_symbols():
    function, _ = at_point(
        lambda X, W, b: F.conv2d(X, W, b).sum(), {"X": drawn((2, 3, 4, 5)), "W": drawn((4, 3, 2, 2)), "b": drawn((4,))}
    )
    assert function.variables == {"X": ("k", "m", 4, 5), "W": ("n", "m", 2, 2), "b": ("n",)}


REFUSED = {
    "other channels": (
        lambda X, W: F.conv2d(X, W).sum(),
        (1, 3, 4, 4),
        (2, 2, 3, 3),
        r"conv2d of shape \(1, 3, 4, 4\) with weights of shape \(2, 2, 3, 3\): channels: 3 is not 2",
    ),
    "a window larger than the input": (
        lambda X, W: F.conv1d(X, W).sum(),
        (1, 2, 3),
        (2, 2, 4),
        r"conv1d of shape \(1, 2, 3\): a window of 4 entries does not fit into 3",
    ),
    "too few axes": (lambda X, W: F.conv2d(X, W).sum(), (4, 4), (1, 1, 2, 2), "the input has axes"),
    "groups that do not divide": (lambda X, W: F.conv1d(X, W, groups=2).sum(), (1, 3, 4), (2, 1, 2), "3 channels in 2"),
    "a bias for other channels": (lambda X, W: F.conv1d(X, W, W[0, 0]).sum(), (1, 1, 4), (2, 1, 3), "3 is not 2"),
    "no such mode": (lambda a, v: np.convolve(a, v, "some").sum(), (4,), (2,), "choose full, same or valid"),
    "pooling rounded up": (lambda X, W: F.avg_pool1d(X, 2, ceil_mode=True).sum(), (1, 1, 5), (1,), "ceil_mode"),
    "pooling of a vector": (lambda X, W: F.max_pool2d(X, 2).sum(), (5,), (1,), "2 spatial axes"),
    "padding by more than half": (lambda X, W: F.max_pool1d(X, 2, padding=2).sum(), (1, 1, 5), (1,), "at most half"),
    "pooled to sizes that do not divide": (
        lambda X, W: F.adaptive_avg_pool1d(X, 2).sum(),
        (1, 1, 5),
        (1,),
        "choose sizes that divide",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case):
    code, first, second, message = REFUSED[case]
    names = code.__code__.co_varnames[:2]
    function, _ = at_point(code, dict(zip(names, (drawn(first), drawn(second)), strict=True)))
    with pytest.raises(NoFormulaError, match=message):
        derive(function)

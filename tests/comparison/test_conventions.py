import pytest
import torch

from gradlab.comparison import Verdict, compare

t = torch.arange(20.0)
speed = 0.75 * (t - 9.5) ** 2 + 1


def single_precision_loss(params):
    a, b, c = params
    return ((a * t**2 + b * t + c - speed) ** 2).mean()


def test_code_with_float32_tensors_is_judged_in_float32():
    comparison = compare(single_precision_loss, [0.1, 0.2, 0.3])
    assert comparison.gradients["autodiff"].precision == 24
    assert comparison.verdict is Verdict.AGREE
    assert any("float32" in note for note in comparison.notes)


def test_a_wrong_gradient_of_float32_code_still_differs():
    right = compare(single_precision_loss, [0.1, 0.2, 0.3]).gradients["symbolic"].partials["params"]
    assert compare(single_precision_loss, [0.1, 0.2, 0.3], claimed=right * 1.001).verdict is Verdict.DIFFER


def test_kinks_that_cancel_are_no_mismatch():
    comparison = compare("relu(x) - relu(-x)", 0)
    assert comparison.verdict is Verdict.KINK
    assert "relu(x) has a kink where x = 0" in comparison.reason


@pytest.mark.parametrize(("claimed", "verdict"), [(1, Verdict.KINK), (0, Verdict.KINK), (2, Verdict.DIFFER)])
def test_a_claim_where_kinks_cancel_is_measured(claimed, verdict):
    assert compare("relu(x) - relu(-x)", 0, claimed=claimed).verdict is verdict


def test_a_kink_elsewhere_excuses_no_other_component():
    comparison = compare("x + 0*relu(y)", {"x": 1, "y": 0}, claimed={"x": -1})
    assert comparison.verdict is Verdict.DIFFER

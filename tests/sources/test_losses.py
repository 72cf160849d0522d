import inspect

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.comparison import Verdict, compare
from gradlab.errors import ShapeError, TraceError
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.sources.torch_gradients import assert_torch_agrees

drawn = np.random.default_rng(3)
AT = {
    "x": drawn.normal(size=4),
    "t": drawn.normal(size=4),
    "X": drawn.normal(size=(4, 3)),
    "Y": drawn.normal(size=(4, 3)),
    "S": drawn.normal(size=(3, 3)),  # rows and columns alike: a transposition would not raise
}
labels = torch.tensor([0, 2, 1, 2])
partly = torch.tensor([0, -100, 1, 2])
square_labels = torch.tensor([2, 0, 1])
signs = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64)
hits = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
shares = torch.softmax(torch.tensor(AT["Y"]), 1)
some = torch.tensor([[0.0, 0.4, 0.6]] * 4, dtype=torch.float64)
by_class = torch.tensor([0.2, 1.5, 0.7], dtype=torch.float64)


def nll(X, **options):
    return F.nll_loss(torch.log_softmax(X, 1), labels, **options)


LOSSES = {
    "mse, broadcast": lambda X, x: ((X.T - x) ** 2).mean() + F.l1_loss(X[:, 0], x),
    "huber": lambda x, t: F.huber_loss(3 * x, t),
    "huber, delta": lambda x, t: F.huber_loss(x, t, delta=0.3),
    "smooth l1": lambda x, t: F.smooth_l1_loss(3 * x, t),
    "smooth l1, beta": lambda x, t: F.smooth_l1_loss(x, t, beta=0.3, reduction="sum"),
    "smooth l1, no beta": lambda x, t: F.smooth_l1_loss(x, t, beta=0.0),
    "weighted bce": lambda x: F.binary_cross_entropy_with_logits(
        x, hits, pos_weight=torch.tensor(2.0, dtype=torch.float64)
    ),
    "kl": lambda X: F.kl_div(torch.log_softmax(X, 1), shares, reduction="batchmean"),
    "kl of zeros": lambda X: F.kl_div(torch.log_softmax(X, 1), some, reduction="sum"),
    "kl of logarithms": lambda X, Y: F.kl_div(torch.log_softmax(X, 1), torch.log_softmax(Y, 1), log_target=True),
    "kl of two": lambda X, Y: F.kl_div(torch.log_softmax(X, 1), torch.softmax(Y, 1)),
    "hinge embedding": lambda x: F.hinge_embedding_loss(x, signs),
    "margin ranking": lambda x, t: F.margin_ranking_loss(x, t, signs, margin=0.4),
    "soft margin": lambda x: F.soft_margin_loss(x, signs),
    "poisson": lambda x: F.poisson_nll_loss(x, hits),
    "poisson, rate": lambda x: F.poisson_nll_loss(x**2, hits, log_input=False),
    "gaussian": lambda x, t: F.gaussian_nll_loss(x, hits, t**2 + 0.1),
    "gaussian, full": lambda x, t: F.gaussian_nll_loss(x, hits, t**2 + 0.1, full=True, reduction="sum"),
    "cosine": lambda X, Y: F.cosine_similarity(X, Y).sum(),
    "cosine of a row": lambda X, S: F.cosine_similarity(X, S[0], dim=-1).sum(),
    "cosine embedding": lambda X, Y: F.cosine_embedding_loss(X, Y, signs, margin=0.1),
    "triplet": lambda X, Y: F.triplet_margin_loss(X, Y, X @ X.T @ Y),
    "triplet, swapped": lambda X, Y: F.triplet_margin_loss(X, Y, X + 1, swap=True, margin=2.0),
    "distance": lambda X, Y: F.pairwise_distance(X, Y).sum(),
    "distance of order 1": lambda X, Y: F.pairwise_distance(X, Y, p=1).sum(),
    "normalized": lambda X, Y: (F.normalize(X) * Y).sum(),
    "normalized, square": lambda S: (F.normalize(S, dim=0) @ S).sum(),
    "normalized, order 1": lambda X, Y: (F.normalize(X, p=1, dim=0) * Y).sum(),
    "all distances": lambda X, Y: torch.cdist(X, Y[:3]).sum(),
    "nll": nll,
    "nll, weights": lambda X: nll(X, weight=by_class),
    "nll, weights, sum": lambda X: nll(X, weight=by_class, reduction="sum"),
    "nll, ignored": lambda X: nll(X, ignore_index=2),
    "nll, partly": lambda X: F.nll_loss(torch.log_softmax(X, 1), partly),
    "nll, square": lambda S: F.nll_loss(torch.log_softmax(S, 1), square_labels),
    "entropy, weights": lambda X: F.cross_entropy(X, labels, weight=by_class),
    "entropy, ignored": lambda X: F.cross_entropy(X, labels, ignore_index=2),
    "entropy, partly": lambda X: F.cross_entropy(X, partly, label_smoothing=0.2),
    "entropy, smoothed": lambda X: F.cross_entropy(X, labels, label_smoothing=0.1),
    "entropy, all options": lambda X: F.cross_entropy(X, labels, by_class, ignore_index=0, label_smoothing=0.1),
    "entropy, all, sum": lambda X: F.cross_entropy(
        X, labels, weight=by_class, ignore_index=0, label_smoothing=0.1, reduction="sum"
    ),
    "entropy of shares": lambda X: F.cross_entropy(X, shares, weight=by_class, label_smoothing=0.3),
    "entropy of one row": lambda x: F.cross_entropy(x, torch.tensor(2), label_smoothing=0.1),
    "margins": lambda X: F.multi_margin_loss(X, labels),
    "squared margins": lambda X: F.multi_margin_loss(X, labels, p=2, margin=0.5),
}


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_torchs(name):
    code = LOSSES[name]
    names = [key for key in inspect.signature(code).parameters if key in AT]
    assert_torch_agrees(code, {key: AT[key] for key in names})


FAR = {
    "bce": lambda x: F.binary_cross_entropy_with_logits(x, hits, pos_weight=torch.tensor(2.0, dtype=torch.float64)),
    "nll": lambda x: F.nll_loss(torch.log_softmax(x, 0), torch.tensor(1)),
    "entropy": lambda x: F.cross_entropy(x, torch.tensor(1), label_smoothing=0.1),
}


@pytest.mark.parametrize("name", FAR)
def test_losses_of_logits_stay_right_far_out(name):
    assert_torch_agrees(FAR[name], {"x": [40.0, -800.0, 1e4, 0.0]})


def test_at_a_margin_there_is_a_kink():
    # PyTorch counts the slope there up to 2.13, and does not since.
    def ranked(x):
        return F.margin_ranking_loss(x, 0 * x, signs, margin=1.0)

    assert compare(ranked, at={"x": [1.0, -1.0, -1.0, 1.0]}).verdict is Verdict.KINK
    assert_torch_agrees(ranked, {"x": [0.9, -1.1, -0.9, 1.1]})


def test_similarity_of_a_vector_of_zeros_is_0_with_a_slope():
    def similarity(x):
        return F.cosine_similarity(x, torch.ones(2, dtype=torch.float64), dim=0)

    gradient = derive(as_function(similarity, shapes={"x": (2,)})).at([0.0, 0.0])
    assert gradient.value == 0
    np.testing.assert_allclose(gradient.partials["x"], 1e8 / np.sqrt(2))


def test_gradients_read_as_in_a_textbook():
    def partials(code, **shapes):
        return {name: f.text() for name, f in derive(as_function(code, shapes=shapes)).gradient.items()}

    assert partials(lambda x, y: F.huber_loss(x, y), x=("n",), y=("n",))["x"] == "1/n clamp(x_i - y_i, -1, 1)"
    hinge = partials(lambda w, x: torch.clamp(1 - w @ x, min=0), w=("n",), x=("n",))
    assert hinge["w"] == "-[1 - sum_j w_j x_j ≥ 0] x_i"
    rate = partials(lambda x, y: F.poisson_nll_loss(x, y), x=("n",), y=("n",))
    assert rate["x"] == "1/n (exp(x_i) - y_i)"


REFUSED = {
    "a weight": lambda x: F.binary_cross_entropy(torch.sigmoid(x), hits, weight=hits),
    "a weight of logits": lambda x: F.binary_cross_entropy_with_logits(x, hits, weight=hits),
    "the old reduction": lambda x: F.l1_loss(x, hits, size_average=False),
    "no such reduction": lambda x: F.huber_loss(x, hits, reduction="total"),
    "a traced delta": lambda x: F.huber_loss(x, hits, delta=x[0]),
    "a negative delta": lambda x: F.huber_loss(x, hits, delta=-1.0),
    "Stirling": lambda x: F.poisson_nll_loss(x, hits, full=True),
    "order 3": lambda x: F.normalize(x, p=3, dim=0).sum(),
    "margins of order 3": lambda x: F.multi_margin_loss(x, torch.tensor(1), p=3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_options_that_are_not_read_are_refused(name):
    assert isinstance(as_function(REFUSED[name], shapes={"x": (4,)}).no_formula, TraceError)


def test_a_class_for_each_row():
    reason = as_function(lambda X: F.nll_loss(X, labels), shapes={"X": (5, 3)}).no_formula
    assert isinstance(reason, ShapeError)

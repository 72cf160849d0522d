"""What people write in torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.sources.corpus.program import Program, point, positive_definite, uniform

PROGRAMS: list[Program] = []
LABELS = torch.tensor([0, 2, 1, 1, 0])
SIGNS = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0], dtype=torch.float64)
TOKENS = torch.tensor([[0, 3, 1], [2, 2, 5]])
KEEP = torch.tensor([[1.0, 0.0, 1.0, 1.0]] * 5, dtype=torch.float64)
CAUSAL = torch.tril(torch.ones(5, 5, dtype=torch.bool))


def add(name: str, source: Any, refused: str = "", **shapes: Any) -> None:
    PROGRAMS.append(Program(f"torch: {name}", source, point(shapes), refused))


# Sums, means, products -----------------------------------------------------------------------------

add("sum of squares", lambda x: (x**2).sum(), x=(4,))
add("pow method", lambda x: x.pow(3).mean(), x=(4,))
add("square and sum over an axis", lambda X: torch.square(X).sum(dim=1).mean(), X=(5, 3))
add("mean of rows", lambda X: (X.mean(0) ** 2).sum(), X=(5, 3))
add("keepdim", lambda X: ((X - X.mean(dim=1, keepdim=True)) ** 2).sum(), X=(5, 3))
add("dot", lambda x, y: torch.dot(x, y) ** 2, x=(4,), y=(4,))
add("outer", lambda x, y: torch.outer(x, y).pow(2).sum(), x=(4,), y=(3,))
add("matrix times vector", lambda A, x: (A @ x).exp().sum(), A=(4, 3), x=(3,))
add("mv and mm", lambda A, B, x: torch.mv(torch.mm(A, B), x).sum(), A=(4, 3), B=(3, 2), x=(2,))
add("bmm", lambda A, B: torch.bmm(A, B).pow(2).sum(), A=(2, 4, 3), B=(2, 3, 2))
add("einsum of a batch", lambda A, B: torch.einsum("bij,bjk->bik", A, B).sum(), A=(2, 4, 3), B=(2, 3, 2))
add("bilinear form", lambda x, A, y: torch.einsum("i,ij,j->", x, A, y), x=(4,), A=(4, 3), y=(3,))
add("trace", lambda A, X, B: torch.trace(A @ X @ B), A=(4, 3), X=(3, 5), B=(5, 4))
add("quadratic form", lambda x, A: x @ A @ x, x=(4,), A=(4, 4))
add("prod", lambda x: torch.prod(x), x=(4,))
add("variance", lambda X: X.var(dim=0).sum(), X=(5, 3))
add("biased standard deviation", lambda X: X.std(dim=1, unbiased=False).sum(), X=(5, 3))
add("transposed product", lambda A, B: (A.T @ B).sum(), A=(4, 3), B=(4, 2))
add("diagonal", lambda A: torch.diagonal(A).pow(2).sum(), A=(4, 4))
add("diag of a vector", lambda A, v: (A @ torch.diag(v)).pow(2).sum(), A=(4, 3), v=(3,))

# Regression ------------------------------------------------------------------------------------------


def quadratic_fit(params: Any, t: Any, y: Any) -> Any:
    a, b, c = params
    preds = a * (t**2) + (b * t) + c
    return ((preds - y) ** 2).mean()


def ridge(X: Any, w: Any, y: Any) -> Any:
    residual = X @ w - y
    return residual.dot(residual) / len(y) + 0.1 * w.pow(2).sum()


def lasso(X: Any, w: Any, y: Any) -> Any:
    return F.mse_loss(X @ w, y) + 0.05 * torch.abs(w).sum()


def logistic(X: Any, w: Any, b: Any) -> Any:
    z = X @ w + b
    y = (SIGNS + 1) / 2
    return F.binary_cross_entropy_with_logits(z, y)


def logistic_by_hand(X: Any, w: Any, b: Any, y: Any) -> Any:
    p = torch.sigmoid(X @ w + b)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def softmax_regression(X: Any, W: Any, b: Any) -> Any:
    return F.cross_entropy(X @ W + b, LABELS)


def softmax_by_range(X: Any, W: Any) -> Any:
    logp = torch.log_softmax(X @ W, dim=1)
    return -logp[range(5), LABELS].mean()


def softmax_by_gather(X: Any, W: Any) -> Any:
    logp = F.log_softmax(X @ W, dim=-1)
    return -logp.gather(1, LABELS[:, None]).mean()


def softmax_one_hot(X: Any, W: Any) -> Any:
    Y = F.one_hot(LABELS, 3)
    return -(Y * torch.log_softmax(X @ W, dim=1)).sum(dim=1).mean()


add("quadratic fit", quadratic_fit, params=(3,), t=(6,), y=(6,))
add("least squares", lambda X, w, y: ((X @ w - y) ** 2).sum(), X=(5, 3), w=(3,), y=(5,))
add("ridge", ridge, X=(5, 3), w=(3,), y=(5,))
add("lasso", lasso, X=(5, 3), w=(3,), y=(5,))
add("logistic regression", logistic, X=(5, 3), w=(3,), b=())
add("logistic regression by hand", logistic_by_hand, X=(5, 3), w=(3,), b=(), y=uniform(5))
add("log1p of exp", lambda X, w: torch.log1p(torch.exp(-SIGNS * (X @ w))).mean(), X=(5, 3), w=(3,))
add("softmax regression", softmax_regression, X=(5, 4), W=(4, 3), b=(3,))
add("softmax regression by range", softmax_by_range, X=(5, 4), W=(4, 3))
add("softmax regression by gather", softmax_by_gather, X=(5, 4), W=(4, 3))
add("softmax regression, one-hot", softmax_one_hot, X=(5, 4), W=(4, 3))
add("hinge", lambda X, w: torch.clamp(1 - SIGNS * (X @ w), min=0).mean(), X=(5, 3), w=(3,))
add("squared hinge", lambda X, w: F.relu(1 - SIGNS * (X @ w)).pow(2).sum(), X=(5, 3), w=(3,))
add("huber", lambda x, y: F.huber_loss(x, y, delta=0.7), x=(5,), y=(5,))
add("smooth l1", lambda x, y: F.smooth_l1_loss(x, y), x=(5,), y=(5,))
add("l1", lambda x, y: F.l1_loss(x, y), x=(5,), y=(5,))
add("kl", lambda a, b: F.kl_div(a.log_softmax(1), b.softmax(1), reduction="batchmean"), a=(5, 3), b=(5, 3))
add("nll", lambda Z: F.nll_loss(F.log_softmax(Z, dim=1), LABELS), Z=(5, 3))
add("entropy", lambda z: -(z.softmax(0) * z.log_softmax(0)).sum(), z=(4,))
add("poisson", lambda X, w: F.poisson_nll_loss(X @ w, torch.tensor([1.0, 0, 2, 4, 1])), X=(5, 3), w=(3,))
add("cosine similarity", lambda x, y: F.cosine_similarity(x, y, dim=0), x=(4,), y=(4,))
add("cosine similarity of rows", lambda X, Y: F.cosine_similarity(X, Y).mean(), X=(5, 3), Y=(5, 3))
add("normalize", lambda X, Y: (F.normalize(X, dim=1) * Y).sum(), X=(5, 3), Y=(5, 3))
add("norm", lambda x: x.norm(), x=(4,))
add("linalg norm of rows", lambda X: torch.linalg.norm(X, dim=1).sum(), X=(5, 3))
add("l1 norm", lambda x: torch.linalg.vector_norm(x, ord=1), x=(4,))
add("focal loss", lambda z: (-((1 - z.sigmoid()) ** 2) * F.logsigmoid(z)).mean(), z=(5,))
add("label smoothing", lambda Z: F.cross_entropy(Z, LABELS, label_smoothing=0.1), Z=(5, 3))
add(
    "triplet",
    lambda a, p, n: F.relu((a - p).norm(dim=1) - (a - n).norm(dim=1) + 1).mean(),
    a=(4, 3),
    p=(4, 3),
    n=(4, 3),
)

# Networks --------------------------------------------------------------------------------------------


def tanh_network(X: Any, W1: Any, b1: Any, w2: Any, b2: Any, y: Any) -> Any:
    Z = X @ W1 + b1
    H = torch.tanh(Z)
    return F.mse_loss(H @ w2 + b2, y)


def deep(X: Any, W1: Any, W2: Any, W3: Any) -> Any:
    h = X
    for W in (W1, W2, W3):
        h = F.softplus(h @ W)
    return h.mean()


def activated(activation: Any) -> Any:
    def network(X: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        H = activation(X @ W1 + b1)
        return F.cross_entropy(H @ W2 + b2, LABELS)

    return network


add("tanh network", tanh_network, X=(5, 3), W1=(3, 4), b1=(4,), w2=(4,), b2=(), y=(5,))
add("tanh network, equal sizes", tanh_network, X=(3, 3), W1=(3, 3), b1=(3,), w2=(3,), b2=(), y=(3,))
add("deep softplus network", deep, X=(5, 3), W1=(3, 4), W2=(4, 4), W3=(4, 2))
for activation in (
    F.relu,
    F.gelu,
    F.softplus,
    F.leaky_relu,
    F.elu,
    F.silu,
    F.mish,
    F.selu,
    F.hardtanh,
    F.softsign,
    torch.sigmoid,
):
    network = activated(activation)
    add(f"{activation.__name__} network", network, X=(5, 4), W1=(4, 6), b1=(6,), W2=(6, 3), b2=(3,))
add("tanh gelu", lambda x: F.gelu(x, approximate="tanh").sum(), x=(5,))
add("residual", lambda X, W: (X + torch.relu(X @ W)).pow(2).mean(), X=(5, 3), W=(3, 3))
add("dropout with a mask", lambda X, W: ((X @ W) * KEEP / 0.75).pow(2).sum(), X=(5, 3), W=(3, 4))
add("gated", lambda X, A, B: (torch.sigmoid(X @ A) * torch.tanh(X @ B)).sum(), X=(5, 3), A=(3, 4), B=(3, 4))
add("weight decay", lambda W: 0.5e-2 * sum((p**2).sum() for p in W), W=(3, 4))
add("autoencoder", lambda X, E, D: F.mse_loss(torch.sigmoid(X @ E) @ D, X), X=(5, 4), E=(4, 2), D=(2, 4))
add("variational kl", lambda m, s: -0.5 * torch.sum(1 + s - m.pow(2) - s.exp()), m=(4,), s=(4,))

# Normalisation ---------------------------------------------------------------------------------------


def layer_norm_by_hand(X: Any, gain: Any, bias: Any, Y: Any) -> Any:
    mean = X.mean(-1, keepdim=True)
    var = X.var(-1, unbiased=False, keepdim=True)
    return (((X - mean) / torch.sqrt(var + 1e-5) * gain + bias) * Y).sum()


def rms_norm(X: Any, gain: Any, Y: Any) -> Any:
    return (X * torch.rsqrt(X.pow(2).mean(-1, keepdim=True) + 1e-6) * gain * Y).sum()


def batch_norm_by_hand(X: Any, gain: Any, bias: Any, Y: Any) -> Any:
    mean, var = X.mean(0), X.var(0, correction=0)
    return (((X - mean) / (var + 1e-5).sqrt() * gain + bias) * Y).sum()


add("layer norm", lambda X, g, b, Y: (F.layer_norm(X, (4,), g, b) * Y).sum(), X=(5, 4), g=(4,), b=(4,), Y=(5, 4))
add("layer norm by hand", layer_norm_by_hand, X=(5, 4), gain=(4,), bias=(4,), Y=(5, 4))
add("rms norm", rms_norm, X=(5, 4), gain=(4,), Y=(5, 4))
add(
    "batch norm",
    lambda X, g, b, Y: (F.batch_norm(X, None, None, g, b, True) * Y).sum(),
    X=(5, 4),
    g=(4,),
    b=(4,),
    Y=(5, 4),
)
add("batch norm by hand", batch_norm_by_hand, X=(5, 4), gain=(4,), bias=(4,), Y=(5, 4))
add("group norm", lambda X, Y: (F.group_norm(X, 2) * Y).sum(), refused="not in the table", X=(3, 4, 2), Y=(3, 4, 2))
add("standardised columns", lambda X, w: (((X - X.mean(0)) / X.std(0)) @ w).pow(2).mean(), X=(5, 3), w=(3,))

# Attention -------------------------------------------------------------------------------------------


def attention(X: Any, Wq: Any, Wk: Any, Wv: Any) -> Any:
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    A = torch.softmax(Q @ K.T / K.shape[-1] ** 0.5, dim=-1)
    return (A @ V).pow(2).sum()


def causal(Q: Any, K: Any, V: Any) -> Any:
    scores = (Q @ K.T / Q.size(-1) ** 0.5).masked_fill(~CAUSAL, float("-inf"))
    return (torch.softmax(scores, dim=-1) @ V).pow(2).sum()


def multi_head(X: Any, W: Any, Wo: Any) -> Any:
    n, d = X.shape
    heads = (X @ W).view(n, 3, 2, d // 2).permute(1, 2, 0, 3)
    Q, K, V = heads[0], heads[1], heads[2]
    A = torch.softmax(Q @ K.transpose(-2, -1) / (d // 2) ** 0.5, dim=-1)
    return ((A @ V).transpose(0, 1).reshape(n, d) @ Wo).pow(2).mean()


add("attention", attention, X=(5, 4), Wq=(4, 3), Wk=(4, 3), Wv=(4, 2))
add("attention, equal sizes", attention, X=(3, 3), Wq=(3, 3), Wk=(3, 3), Wv=(3, 3))
add(
    "scaled dot product attention",
    lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V).pow(2).sum(),
    Q=(2, 5, 4),
    K=(2, 6, 4),
    V=(2, 6, 3),
)
add(
    "causal attention",
    lambda Q, K, V: F.scaled_dot_product_attention(Q, K, V, is_causal=True).pow(2).sum(),
    Q=(5, 4),
    K=(5, 4),
    V=(5, 4),
)
add("causal attention by hand", causal, Q=(5, 4), K=(5, 4), V=(5, 4))
add("multi-head attention by hand", multi_head, X=(5, 4), W=(4, 12), Wo=(4, 4))

# Embeddings, selections ------------------------------------------------------------------------------

add("embedding", lambda E, w: (F.embedding(TOKENS, E).mean(1) @ w).pow(2).sum(), E=(6, 4), w=(4,))
add("indexed embedding", lambda E: E[TOKENS].pow(2).sum(), E=(6, 4))
add("max over an axis", lambda X: X.max(dim=1).values.sum(), X=(5, 3))
add("maximum of all", lambda X: X.max(), X=(5, 3))
add("amax", lambda X: X.amax(dim=0).pow(2).sum(), X=(5, 3))
add("k-means", lambda X, C: torch.cdist(X, C).pow(2).min(dim=1).values.mean(), X=(6, 3), C=(2, 3))
add("k-means by broadcasting", lambda X, C: ((X[:, None] - C) ** 2).sum(-1).min(1)[0].sum(), X=(6, 3), C=(2, 3))
add("where", lambda x: torch.where(x > 0, x, 0.1 * x).sum(), x=(6,))
add("clamp", lambda x: x.clamp(-0.5, 0.5).pow(2).sum(), x=(6,))
add("cumsum", lambda x: torch.cumsum(x, dim=0).pow(2).sum(), x=(5,))
add("boolean mask", lambda x: x[torch.tensor([True, False, True, True])].pow(2).sum(), x=(4,))
add("masked sum", lambda X: (X * (KEEP > 0.5)).sum(), X=(5, 4))
add("cat", lambda x, y: torch.cat([x, y]).pow(2).sum(), x=(3,), y=(2,))
add("stack", lambda x: torch.stack([x[0] * x[1], x[1] ** 2, x.sum()]).prod(), x=(2,))
add("flip", lambda x, y: (x.flip(0) * y).sum(), x=(4,), y=(4,))
add(
    "matrix factorisation",
    lambda U, V, R: ((R - U @ V.T)[R > 0] ** 2).sum(),
    refused="a mask of a variable",
    U=(4, 2),
    V=(3, 2),
    R=(4, 3),
)
add("matrix factorisation, masked", lambda U, V, R: (KEEP * (R - U @ V.T) ** 2).sum(), U=(5, 2), V=(4, 2), R=(5, 4))

# Convolution, pooling --------------------------------------------------------------------------------


def convolutional(X: Any, W: Any, b: Any, V: Any) -> Any:
    H = F.relu(F.conv2d(X, W, b, padding=1))
    P = F.avg_pool2d(H, 2)
    return F.cross_entropy(P.flatten(1) @ V, torch.tensor([0, 1]))


add("conv1d", lambda x, w: F.conv1d(x, w).pow(2).sum(), x=(2, 3, 7), w=(4, 3, 3))
add(
    "conv1d, stride and padding",
    lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1).pow(2).sum(),
    x=(2, 3, 7),
    w=(4, 3, 3),
    b=(4,),
)
add("conv2d", lambda x, w: F.conv2d(x, w).pow(2).sum(), x=(2, 1, 5, 4), w=(2, 1, 3, 2))
add("convolutional network", convolutional, X=(2, 1, 4, 4), W=(2, 1, 3, 3), b=(2,), V=(8, 2))
add("max pooling", lambda x: F.max_pool2d(x, 2).pow(2).sum(), x=(1, 2, 4, 4))
add("average pooling", lambda x: F.avg_pool1d(x, 2).pow(2).sum(), x=(2, 2, 6))
add("pad", lambda x: F.pad(x, (1, 2)).cumsum(0).sum(), x=(4,))

# Recurrent -------------------------------------------------------------------------------------------


def recurrent(X: Any, W: Any, U: Any, b: Any) -> Any:
    h = torch.zeros(4, dtype=torch.float64)
    for x in X:
        h = torch.tanh(x @ W + h @ U + b)
    return h.pow(2).sum()


def lstm_cell(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
    i, f, g, o = (x @ W + h @ U + b).chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return (torch.sigmoid(o) * torch.tanh(c)).sum()


add("recurrent network", recurrent, X=(3, 2), W=(2, 4), U=(4, 4), b=(4,))
add("lstm cell", lstm_cell, x=(3,), h=(2,), c=(2,), W=(3, 8), U=(2, 8), b=(8,))

# Linear algebra --------------------------------------------------------------------------------------


def gaussian(mu: Any, S: Any, y: Any) -> Any:
    L = torch.linalg.cholesky(S)
    z = torch.linalg.solve_triangular(L, (y - mu)[:, None], upper=False)
    return 0.5 * z.pow(2).sum() + torch.log(torch.diagonal(L)).sum()


add("log det", lambda A: torch.logdet(A), A=positive_definite(4))
add("slogdet", lambda A: torch.linalg.slogdet(A)[1], A=(4, 4))
add("det", lambda A: torch.det(A), A=(3, 3))
add("inverse", lambda A, B: torch.trace(torch.inverse(A) @ B), A=positive_definite(3), B=(3, 3))
add("solve", lambda A, b: torch.linalg.solve(A, b).pow(2).sum(), A=positive_definite(4), b=(4,))
add("gaussian likelihood by cholesky", gaussian, mu=(3,), S=positive_definite(3), y=(3,))
add("mahalanobis", lambda x, S: x @ torch.linalg.solve(S, x), x=(3,), S=positive_definite(3))

# Control flow, detach, in place ------------------------------------------------------------------------


def branch(x: Any) -> Any:
    if x.sum() > 0:
        return (x**2).sum()
    return -x.sum()


def reassigned(x: Any) -> Any:
    y = x * 2
    y += 1
    y = y * x
    return y.sum()


def filled(x: Any) -> Any:
    out = torch.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i] ** (i + 1)
    return out.sum()


def assigned(X: Any) -> Any:
    Y = X.clone()
    Y[:, 0] = X[:, 1] ** 2
    return (Y * X).sum()


def without_gradient(x: Any) -> Any:
    with torch.no_grad():
        scale = x.norm()
    return (x / scale).sum()


def counted(x: Any) -> Any:
    total = 0
    while total < 2:
        total = total + x[0] ** 2 + 0.5
    return total * x[1]


add("branch", branch, x=uniform(4))
add("in place on a temporary", reassigned, x=(4,))
add("filled in a loop", filled, x=(4,))
add("slice assignment", assigned, X=(4, 3))
add("no_grad", without_gradient, x=(4,))
add("detach", lambda x: (x * x.detach()).sum(), x=(4,))
add("while", counted, x=(2,))
add("straight-through", lambda x: (x + (torch.round(x) - x).detach()).pow(2).sum(), x=(4,))
add("item", lambda x: x.sum() * x[0].item(), x=(4,))
add("builtin max", lambda x: max(x[0], x[1]) ** 2, x=(2,))
add("sum of a list", lambda x: sum([x[i] * x[i + 1] for i in range(3)]), x=(4,))


# Modules ---------------------------------------------------------------------------------------------


def _seeded(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return module.double()


MLP = _seeded(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)))
NORMED = _seeded(nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 3)))


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(3, 4)
        self.out = nn.Linear(4, 3, bias=False)
        self.scale = nn.Parameter(torch.tensor(0.7))

    def forward(self, X: Any) -> Any:
        return self.scale * self.out(torch.relu(self.hidden(X)))


CLASSIFIER = _seeded(Classifier())

add("sequential", lambda X, y: F.mse_loss(MLP(X).squeeze(1), y), X=(5, 3), y=(5,))
add("normalised sequential", lambda X: F.cross_entropy(NORMED(X), LABELS), X=(5, 3))
add("module of one's own", lambda X: nn.CrossEntropyLoss()(CLASSIFIER(X), LABELS), X=(5, 3))

"""Right programs in many styles, wrong ones, and training code with its mistake by name and line."""

from __future__ import annotations

from gradlab.grading import CodeExercise
from gradlab.grading.domains import Domain

SHAPES = {"w": "d", "X": ("n", "d"), "y": "n"}
LEAST_SQUARES = {"function": "1/n*sum((X w - y)^2)", "variables": ["w", "X", "y"], "shapes": SHAPES}
LINE = {
    "function": "1/n*sum((a*x + b - y)^2)",
    "variables": ["a", "b", "x", "y"],
    "shapes": {"x": "n", "y": "n"},
    "wrt": ["a", "b"],
}
LOGISTIC = {
    "function": "-1/n*sum(y*log(sigmoid(X w + b)) + (1 - y)*log(1 - sigmoid(X w + b)))",
    "variables": ["w", "b", "X", "y"],
    "shapes": SHAPES,
    "wrt": ["w", "b"],
    "domain": Domain("real", whole=("y",), between={"y": (0, 1)}),
}


def exercise(of, kind="function", **options):
    return CodeExercise(
        of["function"], kind, **{key: value for key, value in of.items() if key != "function"}, **options
    )


RIGHT_LEAST_SQUARES = [
    f"import numpy as np\ndef gradient(w, X, y):\n{body}"
    for body in (
        "    return 2 / len(y) * X.T @ (X @ w - y)",
        "    return -2 * X.T @ (y - X @ w) / len(y)",
        "    return 2 * (X.T @ X @ w - X.T @ y) / len(y)",
        "    return 2 * np.mean((X @ w - y)[:, None] * X, axis=0)",
        "    return 2 / y.size * np.einsum('ij,i->j', X, X @ w - y)",
        "    return 2 * np.dot(X @ w - y, X) / X.shape[0]",
        "    return (2 / len(y) * (X @ w - y) @ X).tolist()",
        "    return (2 / len(y) * (X @ w - y) @ X,)",
        "    return {'w': 2 / len(y) * (X @ w - y) @ X}",
        "    r = X @ w - y\n    return (r @ r) / len(y), 2 / len(y) * r @ X",
        "    r = X.dot(w)\n    r -= y\n    r *= 2\n    return X.T.dot(r) / len(r)",
        "    y = y.copy()\n    y -= X @ w\n    return -2 * y @ X / len(y)",
        "    g = np.zeros_like(w)\n    for i in range(len(y)):\n"
        "        g += 2 * (X[i] @ w - y[i]) * X[i] / len(y)\n    return g",
        "    n, d = X.shape\n    g = [0.0] * d\n    for j in range(d):\n        for i in range(n):\n"
        "            p = sum(X[i, k] * w[k] for k in range(d))\n            g[j] += 2 * (p - y[i]) * X[i, j] / n\n"
        "    return np.array(g)",
        "    X, y = np.flip(X, 0), np.flip(y)\n    return 2 * X.T @ (X @ w - y) / len(y)",
        "    return np.array([2 * np.mean((X @ w - y) * X[:, j]) for j in range(len(w))])",
        "    A = X.T @ X\n    b = X.T @ y\n    return (A @ w - b) * (2 / X.shape[0])",
        "    return np.sum([2 * (x @ w - t) * x for x, t in zip(X, y)], axis=0) / len(y)",
        "    print('working')\n    return 2 * X.T @ (X @ w - y) / len(y)",
        "    def residual():\n        return X @ w - y\n    return 2 / len(y) * X.T @ residual()",
        "    return np.gradient(np.zeros(2)) is None or 2 / len(y) * X.T @ (X @ w - y)",
        "    X = np.hstack([X, np.zeros((len(y), 1))])\n    w = np.append(w, 0.0)\n"
        "    return (2 / len(y) * X.T @ (X @ w - y))[:-1]",
        "    return np.real(2 / len(y) * X.T @ (X @ w - y).astype(complex))",
        "    return 2 / len(y) * np.tensordot(X, X @ w - y, axes=(0, 0))",
    )
]

RIGHT_TORCH = [
    f"import torch\nimport torch.nn.functional as F\ndef gradient(w, X, y):\n{body}"
    for body in (
        "    w = w.clone().requires_grad_()\n    ((X @ w - y)**2).mean().backward()\n    return w.grad",
        "    w = w.detach().requires_grad_(True)\n    return torch.autograd.grad(F.mse_loss(X @ w, y), w)",
        "    return torch.func.grad(lambda v: ((X @ v - y)**2).mean())(w)",
        "    return 2 / len(y) * X.T @ (X @ w - y)",
        "    return 2 * torch.einsum('ij,i->j', X, X @ w - y) / X.size(0)",
        "    with torch.no_grad():\n        return 2 * torch.mv(X.t(), torch.mv(X, w) - y) / y.numel()",
        "    r = X @ w - y\n    return (2 * r[:, None] * X).mean(dim=0)",
        "    return (2 / len(y) * X.T @ (X @ w - y)).numpy()",
    )
]

RIGHT_LOGISTIC = [
    f"import numpy as np\ndef gradient(w, b, X, y):\n{body}"
    for body in (
        "    d = (1 / (1 + np.exp(-(X @ w + b))) - y) / len(y)\n    return X.T @ d, d.sum()",
        "    d = 1 / (1 + np.exp(-(X @ w + b))) - y\n    return np.mean(d[:, None] * X, axis=0), np.mean(d)",
        "    z = X @ w + b\n    p = np.where(z > 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))\n"
        "    return {'b': (p - y).mean(), 'w': X.T @ (p - y) / y.shape[0]}",
        "    p = 0.5 * (1 + np.tanh((X @ w + b) / 2))\n    return [X.T @ (p - y) / len(y), np.mean(p - y)]",
    )
]

RIGHT_STEPS = [
    f"def step(a, b, x, y, rate):\n{body}"
    for body in (
        "    r = a * x + b - y\n    return a - rate * 2 * (r * x).mean(), b - rate * 2 * r.mean()",
        "    r = 2 * (a * x + b - y) / len(y)\n    return {'a': a - rate * (r @ x), 'b': b - rate * r.sum()}",
        "    n = len(x)\n    da = sum(2 * (a * x[i] + b - y[i]) * x[i] for i in range(n)) / n\n"
        "    db = sum(2 * (a * x[i] + b - y[i]) for i in range(n)) / n\n    return a - rate * da, b - rate * db",
    )
]

RIGHT_LOOPS = [
    f"import torch\nfrom torch import nn\n{body}"
    for body in (
        """
def train(w, X, y, rate, steps):
    for _ in range(steps):
        loss = ((X @ w - y)**2).mean()
        loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
            w.grad.zero_()
    return w
""",
        """
def train(w, X, y, rate, steps):
    for _ in range(steps):
        w.grad = None
        ((X @ w - y)**2).mean().backward()
        w.data -= rate * w.grad
    return w.detach()
""",
        """
def train(w, X, y, rate, steps):
    opt = torch.optim.SGD([w], lr=rate)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = nn.functional.mse_loss(X @ w, y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return w, losses
""",
        """
def train(w, X, y, rate, steps):
    opt = torch.optim.SGD([w], lr=rate)
    while steps > 0:
        nn.MSELoss()(X @ w, y).backward()
        opt.step()
        opt.zero_grad(set_to_none=True)
        steps -= 1
""",
        """
def train(w, X, y, rate, steps):
    w = w.detach()
    for _ in range(steps):
        w = w.requires_grad_()
        (g,) = torch.autograd.grad(((X @ w - y)**2).mean(), w)
        w = (w - rate * g).detach()
    return w
""",
        """
class Model(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.w = nn.Parameter(w.detach().clone())
    def forward(self, X):
        return X @ self.w

def train(w, X, y, rate, steps):
    model = Model(w)
    opt = torch.optim.SGD(model.parameters(), lr=rate)
    for epoch in range(steps):
        pred = model(X)
        loss = nn.functional.mse_loss(pred, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            validation = nn.functional.mse_loss(model(X), y).item()
    return model.w.detach()
""",
        """
@torch.no_grad()
def update(w, rate):
    w -= rate * w.grad
    w.grad.zero_()

def train(w, X, y, rate, steps):
    for i in range(steps):
        loss = ((X @ w - y)**2).mean()
        loss.backward()
        update(w, rate)
    return w
""",
        """
from torch.utils.data import DataLoader, TensorDataset
def train(w, X, y, rate, steps):
    dl = DataLoader(TensorDataset(X, y), batch_size=len(y))
    for epoch in range(steps):
        for xb, yb in dl:
            loss = ((xb @ w - yb)**2).mean()
            loss.backward()
            with torch.no_grad():
                w -= w.grad * rate
                w.grad = None
    return w
""",
        """
def train(w, X, y, rate, steps):
    w = w.detach()
    for i in range(steps):
        w = w - rate * 2 * X.T @ (X @ w - y) / len(y)
    return w
""",
        """
def train(w, X, y, rate, steps):
    for i in range(steps):
        for part in range(2):  # gradients are gathered on purpose
            loss = ((X @ w - y)**2).mean() / 2
            loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
            w.grad.zero_()
    return w
""",
    )
]

RIGHT_BACKWARD = [
    f"import torch\nclass Function(torch.autograd.Function):\n{body}"
    for body in (
        """    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s
    @staticmethod
    def backward(ctx, above):
        x, s = ctx.saved_tensors
        return above * (s + x * s * (1 - s))
""",
        """    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x / (1 + torch.exp(-x))
    @staticmethod
    def backward(ctx, above):
        (x,) = ctx.saved_tensors
        e = torch.exp(-x)
        return above * (1 + e + x * e) / (1 + e)**2
""",
    )
]
SWISH = {"function": "x*sigmoid(x)", "variables": ["x"], "shapes": {"x": "n"}}


WRONG_LEAST_SQUARES = [
    f"import numpy as np\ndef gradient(w, X, y):\n{body}"
    for body in (
        "    return X.T @ (X @ w - y) / len(y)",
        "    return 2 * X.T @ (X @ w - y)",
        "    return 2 / len(y) * X.T @ (y - X @ w)",
        "    return 2 / len(y)**2 * X.T @ (X @ w - y)",
        "    return 2 / len(w) * X.T @ (X @ w - y)",
        "    return (1 + 1e-6) * 2 / len(y) * X.T @ (X @ w - y)",
        "    return (1 + 1e-9) * 2 / len(y) * X.T @ (X @ w - y)",
        "    return 2 / len(y) * X.T @ (X @ w - y) + 1e-9",
        "    return 2 / len(y) * X.T @ (X @ w - y).astype(np.float32)",
        "    return 2 / len(y) * X.T @ (X @ w)",
        "    return 2 / len(y) * X.T @ (X @ w - y.mean())",
        "    return 2 / len(y) * X.T @ (X @ w + y)",
        "    return 2 / len(y) * X.T @ np.abs(X @ w - y)",
        "    return 2 / len(y) * X.T @ np.sign(X @ w - y)",
        "    return 2 / len(y) * X.T @ (X @ w - y)**2",
        "    return np.mean(2 * (X @ w - y)) * X.mean(axis=0)",
        "    return 2 / len(y) * X.sum(axis=0) * (X @ w - y).sum()",
        "    return w",
        "    return np.zeros_like(w)",
        "    return np.full_like(w, np.nan)",
        "    return np.full_like(w, np.inf)",
        "    return 2 * X.T @ (X @ w - y) if len(y) == 1 else w",
        "    return 2 / len(y) * X.T @ (X @ w - y) if X.shape[0] != X.shape[1] + 1 else w",
        "    return 2 / len(y) * X.T @ (X @ w - y) if w.size < 3 else w * 0",
        "    return (2 / len(y) * X.T @ (X @ w - y))[::-1]",
        "    return (2 / len(y) * X.T @ (X @ w - y))[:, None]",
        "    return (2 / len(y) * X.T @ (X @ w - y)).sum()",
        "    return np.sort(2 / len(y) * X.T @ (X @ w - y))",
        "    return np.linalg.lstsq(X, y, rcond=None)[0]",
        "    return 2 / len(y) * X.T @ (X @ w[::-1] - y)",
        "    return 2 / len(y) * X[:len(w)].T @ (X[:len(w)] @ w - y[:len(w)])",
        "    e = 1e-6\n    f = lambda v: np.mean((X @ v - y)**2)\n"
        "    return np.array([(f(w + e * d) - f(w)) / e for d in np.eye(len(w))])",
        "    return np.random.normal(size=w.shape)",
        "    y -= X @ w\n    return -2 / len(y) * X.T @ y",
        "    X[:] = 0\n    return w * 0",
        "    return None",
        "    return 'correct'",
        "    return 2 / len(y) * X.T @ (X @ w - y) * 1j",
        "    return [2 / len(y) * X.T @ (X @ w - y), w]  # value and gradient the wrong way round",
        "    raise ValueError('no')",
        "    return undefined",
        "    return X @ y",
        "    return open('/etc/passwd').read()",
        "    import os; os._exit(0)",
        "    import sys; sys.exit()",
        "    return np.round(2 / len(y) * X.T @ (X @ w - y), 8)",
        "    return np.clip(2 / len(y) * X.T @ (X @ w - y), -1, 1)",
        "    return 2 / len(y) * X.T @ (X @ w - y) * (1 if np.random.default_rng().random() < 0.5 else 1.01)",
        "    return type('Always', (), {'__eq__': lambda s, o: True})()",
        "    return np.array([type('Always', (), {'__eq__': lambda s, o: True})()] * len(w))",
    )
] + [
    "def gradient(w, X, y)\n    return w",
    "def grad(w, X, y):\n    return w",
    "gradient = 3",
    "",
    "1/0",
    "def gradient(w, X):\n    return w",
    "{",
]


def _loop(*body, before="", head="for _ in range(steps):"):
    lines = [f"    {line}" for line in before.splitlines()]
    return "\n".join(
        ["import torch", "def train(w, X, y, rate, steps):", *lines, f"    {head}"]
        + [f"        {b}" for b in body]
        + ["    return w.detach()"]
    )


LOSS = "loss = ((X @ w - y)**2).mean()"
UPDATE = ("with torch.no_grad():", "    w -= rate * w.grad")

TRAINING = [
    # name, line, program
    ("gradient not zeroed", 5, _loop(LOSS, "loss.backward()", *UPDATE)),
    ("gradient not zeroed", 5, _loop(LOSS, "loss.backward()", "w.data.sub_(rate * w.grad)")),
    (
        "gradient not zeroed",
        6,
        _loop(LOSS, "loss.backward()", "opt.step()", before="opt = torch.optim.SGD([w], lr=rate)"),
    ),
    ("zeroed before the step", 6, _loop(LOSS, "loss.backward()", "w.grad.zero_()", *UPDATE)),
    (
        "zeroed before the step",
        7,
        _loop(LOSS, "loss.backward()", "opt.zero_grad()", "opt.step()", before="opt = torch.optim.SGD([w], lr=rate)"),
    ),
    (
        "ascent",
        7,
        _loop(LOSS, "loss.backward()", "with torch.no_grad():", "    w += rate * w.grad", "    w.grad.zero_()"),
    ),
    (
        "ascent",
        7,
        _loop(LOSS, "loss.backward()", "with torch.no_grad():", "    w.copy_(w + rate * w.grad)", "w.grad = None"),
    ),
    (
        "update before backward",
        7,
        _loop(LOSS, *UPDATE, "    w.grad.zero_()", "loss.backward()", before="w.grad = torch.zeros_like(w)"),
    ),
    ("update before backward", 6, _loop(LOSS, *UPDATE, "loss.backward()")),
    ("in-place on a leaf", 6, _loop(LOSS, "loss.backward()", "w -= rate * w.grad", "w.grad.zero_()")),
    ("in-place on a leaf", 6, _loop(LOSS, "loss.backward()", "w.sub_(rate * w.grad)")),
    ("graph cut", 4, _loop("p = (X @ w).detach()", "loss = ((p - y)**2).mean()", "loss.backward()", *UPDATE)),
    (
        "graph cut",
        4,
        _loop("p = torch.tensor((X @ w).tolist())", "loss = ((p - y)**2).mean()", "loss.backward()", *UPDATE),
    ),
    ("graph cut", 4, _loop("p = X @ w.data", "loss = ((p - y)**2).mean()", "loss.backward()", *UPDATE)),
    (
        "rate applied twice",
        7,
        _loop(LOSS, "loss.backward()", "with torch.no_grad():", "    w -= rate * (rate * w.grad)", "w.grad = None"),
    ),
    (
        "divided by n again",
        4,
        _loop("loss = ((X @ w - y)**2).mean() / len(y)", "loss.backward()", *UPDATE, "w.grad = None"),
    ),
    (
        "loss computed once",
        3,
        _loop("w.grad = None", "loss.backward(retain_graph=True)", "w.data -= rate * w.grad", before=LOSS),
    ),
    ("loss computed once", 3, _loop("w.grad = None", "loss.backward()", *UPDATE, before=LOSS)),
    ("sum instead of mean", 4, _loop("loss = ((X @ w - y)**2).sum()", "loss.backward()", *UPDATE, "w.grad = None")),
    (
        "sum instead of mean",
        4,
        _loop(
            "loss = torch.nn.functional.mse_loss(X @ w, y, reduction='sum')",
            "loss.backward()",
            *UPDATE,
            "w.grad = None",
        ),
    ),
    ("forward under no_grad", 4, _loop("with torch.no_grad():", f"    {LOSS}", "loss.backward()", *UPDATE)),
    ("broadcasting", 4, _loop("loss = ((X @ w - y[:, None])**2).mean()", "loss.backward()", *UPDATE, "w.grad = None")),
    (
        "broadcasting",
        4,
        _loop("p = (X @ w).unsqueeze(1)", "loss = ((p - y)**2).mean()", "loss.backward()", *UPDATE, "w.grad = None"),
    ),
    ("one step too few", 3, _loop(LOSS, "loss.backward()", *UPDATE, "w.grad = None", head="for _ in range(1, steps):")),
    (
        "one step too many",
        3,
        _loop(LOSS, "loss.backward()", *UPDATE, "w.grad = None", head="for _ in range(steps + 1):"),
    ),
    ("factor 2 missing", 4, _loop("loss = ((X @ w - y)**2).mean() / 2", "loss.backward()", *UPDATE, "w.grad = None")),
]
"""Loops over least squares in torch."""


def _step(*body):
    return "\n".join(["def step(a, b, x, y, rate):", *(f"    {line}" for line in body)])


RESIDUAL = "r = a * x + b - y"
STEPS = [
    ("ascent", 3, _step(RESIDUAL, "return a + rate * 2 * (r * x).mean(), b + rate * 2 * r.mean()")),
    ("sum instead of mean", 3, _step(RESIDUAL, "return a - rate * 2 * (r * x).sum(), b - rate * 2 * r.sum()")),
    ("parameter left out", 3, _step(RESIDUAL, "return a - rate * 2 * (r * x).mean(), b")),
    ("parameter left out", 3, _step(RESIDUAL, "return a, b - rate * 2 * r.mean()")),
    ("gradients swapped", 3, _step(RESIDUAL, "return a - rate * 2 * r.mean(), b - rate * 2 * (r * x).mean()")),
    (
        "rate applied twice",
        3,
        _step(RESIDUAL, "return a - rate * rate * 2 * (r * x).mean(), b - rate**2 * 2 * r.mean()"),
    ),
    ("factor 2 missing", 3, _step(RESIDUAL, "return a - rate * (r * x).mean(), b - rate * r.mean()")),
    (
        "divided by n again",
        3,
        _step(RESIDUAL, "return a - rate * 2 * (r * x).mean() / len(x), b - rate * 2 * r.mean() / len(x)"),
    ),
    (
        "updated one after the other",
        2,
        _step(
            "a = a - rate * 2 * ((a * x + b - y) * x).mean()",
            "b = b - rate * 2 * (a * x + b - y).mean()",
            "return a, b",
        ),
    ),
    (
        "broadcasting",
        2,
        _step("r = a * x[:, None] + b - y", "return a - rate * 2 * (r * x[:, None]).mean(), b - rate * 2 * r.mean()"),
    ),
]
"""Steps of a line's fit in NumPy."""


TWICE = [
    (
        {"ascent", "one step too few"},
        _loop(
            LOSS,
            "loss.backward()",
            "with torch.no_grad():",
            "    w += rate * w.grad",
            "w.grad = None",
            head="for i in range(1, steps):",
        ),
    ),
    (
        {"gradient not zeroed", "sum instead of mean"},
        _loop("loss = ((X @ w - y)**2).sum()", "loss.backward()", *UPDATE),
    ),
    (
        {"gradient not zeroed", "one step too many"},
        _loop(LOSS, "loss.backward()", *UPDATE, head="for i in range(steps + 1):"),
    ),
    (
        {"broadcasting", "gradient not zeroed"},
        _loop("loss = ((X @ w - y[:, None])**2).mean()", "loss.backward()", *UPDATE),
    ),
]
"""Two mistakes at once."""


UNKNOWN = [
    _loop("loss = ((X @ w - y)**4).mean()", "loss.backward()", *UPDATE, "w.grad = None"),
    _loop("loss = (X @ w - y).abs().mean()", "loss.backward()", *UPDATE, "w.grad = None"),
    _loop(LOSS, "loss.backward()", "with torch.no_grad():", "    w -= rate * w.grad.sign()", "w.grad = None"),
    _loop("loss = ((X @ w - y)**2).mean() + w.square().sum()", "loss.backward()", *UPDATE, "w.grad = None"),
    _loop("loss = ((X @ w + y)**2).mean()", "loss.backward()", *UPDATE, "w.grad = None"),
    _loop(LOSS, "loss.backward()", "with torch.no_grad():", "    w -= 0.01 * w.grad", "w.grad = None"),
    _loop(LOSS, "loss.backward()", "with torch.no_grad():", "    w *= 1 - rate", "w.grad = None"),
    _loop("loss = ((X @ w - y)**2).max()", "loss.backward()", *UPDATE, "w.grad = None"),
]
"""Mistakes that have no name: none is to be given with certainty."""

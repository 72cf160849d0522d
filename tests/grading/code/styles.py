"""Right programs as students hand them in, and wrong ones of several kinds; beside those of `programs`."""

from __future__ import annotations

from gradlab.grading.domains import Domain
from tests.grading.code.programs import LEAST_SQUARES, LINE, LOGISTIC, SWISH, exercise

G = "2 / len(y) * X.T @ (X @ w - y)"
NUMPY = exercise(LEAST_SQUARES)
TORCH = exercise(LEAST_SQUARES, library="torch")
BY_HAND = exercise(LEAST_SQUARES, library="torch", manual=True)
BOTH = exercise(LOGISTIC)
LOOP = exercise(LOGISTIC, "training loop")
STEP = exercise(LINE, "training step")
SINGLE = exercise(LEAST_SQUARES, float32=True)
PLANE = exercise({"function": "3*x + 5*y", "variables": ["x", "y"], "wrt": ["x", "y"]})
NET = {
    "function": "1/n*sum((tanh(X V) w - y)^2)",
    "variables": ["V", "w", "X", "y"],
    "shapes": {"V": ("d", "h"), "w": "h", "X": ("n", "d"), "y": "n"},
    "wrt": ["V", "w"],
}
PRODUCT = exercise(
    {
        "function": "X W",
        "variables": ["X", "W"],
        "shapes": {"X": ("n", "d"), "W": ("d", "k")},
        "wrt": ["X", "W"],
    },
    "autograd function",
    entry="MatMul",
)
RIDGE = exercise(
    {
        "function": "1/n*sum((X w - y)^2) + l*sum(w^2)",
        "variables": ["w", "X", "y", "l"],
        "shapes": LEAST_SQUARES["shapes"],
        "domain": Domain("real", positive=("l",)),
    }
)


def numpy(*bodies, head="def gradient(w, X, y):", first="import numpy as np"):
    return [f"{first}\n{head}\n    {body}" for body in bodies]


def logistic(*returned):
    head = "import numpy as np\ndef gradient(w, b, X, y):\n    p = 1 / (1 + np.exp(-(X @ w + b)))\n"
    return [f"{head}    gw, gb, c = X.T @ (p - y) / len(y), np.mean(p - y), 1.0\n    return {it}" for it in returned]


def loop(*returned):
    head = """import numpy as np
def train(w, b, X, y, rate, steps):
    losses = []
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(X @ w + b)))
        w, b = w - rate * X.T @ (p - y) / len(y), b - rate * np.mean(p - y)
        losses.append(np.mean((p - y)**2))
"""
    return [f"{head}    return {it}" for it in returned]


def swish(forward="x * torch.sigmoid(x)", backward="above * (s + x * s * (1 - s))"):
    return f"""import torch
class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return {forward}
    @staticmethod
    def backward(ctx, above):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return {backward}
"""


def product(backward):
    return f"""import torch
class MatMul(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X, W):
        ctx.save_for_backward(X, W)
        return X @ W
    @staticmethod
    def backward(ctx, above):
        X, W = ctx.saved_tensors
        {backward}
"""


def net(V="X.T @ (np.outer(r, w) * (1 - h**2))", w="h.T @ r"):
    return f"""import numpy as np
def gradient(V, w, X, y):
    h = np.tanh(X @ V)
    r = 2 / len(y) * (h @ w - y)
    return {V}, {w}
"""


_ANYWHERE = "        w, X, y = a\n        return 2 / len(y) * X.T @ (X @ w - y)"

RIGHT_STYLES = [
    *(
        (NUMPY, source)
        for source in [
            *numpy(
                f"return [np.mean((X @ w - y)**2), {G}]",
                f"return np.mean((X @ w - y)**2), {{'w': {G}}}",
                f"return {G}, np.mean((X @ w - y)**2)",
                f"return {{'dw': {G}}}",
                f"return {{'loss': 1.0, 'grad_w': {G}}}",
                f"return list({G})",
                f"return tuple({G})",
                f"X = np.asfortranarray(X)\n    return {G}",
                f"w[:] = w * 1.0\n    return {G}",
                f"X *= 2\n    X /= 2\n    return {G}",
                f"return np.ma.array({G})",
                "w, y = w.reshape(-1, 1), y.reshape(-1, 1)\n    return (2 / len(y) * X.T @ (X @ w - y)).ravel()",
                "h = 1e-20\n    return np.array([np.mean((X @ (w + 1j * h * e) - y)**2).imag / h"
                " for e in np.eye(len(w))])",
            ),
            *numpy(f"return {G}", head="def gradient(X, y, w):"),
            *numpy(f"return {G}", head="def gradient(*, y, X, w):"),
            *numpy(f"return {G}", head="def gradient(y, X, w, verbose=False, **more):"),
            *numpy(f"w, X, y = k['w'], k['X'], k['y']\n    return {G}", head="def gradient(**k):"),
            *numpy(f"w, X, y = a\n    return {G}", head="def gradient(*a):"),
            *numpy(
                f"w, X, y = weights, data, target\n    return {G}", head="def gradient(weights, data, target, k=1):"
            ),
            f"\ufeffdef gradient(w, X, y):\n    return {G}",
            f"def gradient(w, X, y):\r\n    return {G}\r\n",
            f"gradient = lambda w, X, y: {G}",
            f"class Model:\n    def __call__(self, *a):\n{_ANYWHERE}\ngradient = Model()",
            f"class Model:\n    def grad(self, *a):\n{_ANYWHERE}\ngradient = Model().grad",
            f"import functools\ndef g(k, w, X, y):\n    return {G}\ngradient = functools.partial(g, 1)",
            f"import functools\ndef timed(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n"
            f"        return f(*a, **k)\n    return inner\n@timed\ndef gradient(w, X, y):\n    return {G}",
            "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Data:\n"
            f"    n: int\ndef gradient(w, X, y):\n    return {G}",
            "from typing import NamedTuple\nimport numpy as np\nclass Result(NamedTuple):\n    w: np.ndarray\n"
            f"def gradient(w, X, y):\n    return Result({G})",
            "import inspect\ndef gradient(w, X, y):\n    assert 'inspect' in inspect.getsource(gradient)\n"
            f"    return {G}",
            "import numpy as np\nimport matplotlib.pyplot as plt\nfrom IPython.display import HTML\n"
            "figure, axes = plt.subplots(1, 2)\nfor ax in axes.flat:\n    ax.plot([1], [2])\n"
            "(line,) = plt.plot([1], [2], 'r-', label='loss')\ncounts, bins, _ = plt.hist([1])\n"
            "with plt.style.context('ggplot'):\n    plt.show()\ndisplay(HTML('done'))\n"
            f"def gradient(w, X, y):\n    return {G}",
            "from tqdm.auto import tqdm, trange\nimport numpy as np\ndef gradient(w, X, y):\n    g = np.zeros(len(w))\n"
            "    for i in tqdm(range(len(y)), desc='rows'):\n        g += 2 / len(y) * (X[i] @ w - y[i]) * X[i]\n"
            "    return sum(g for _ in trange(1))",
        ]
    ),
    *(
        (PLANE, source)
        for source in (
            "def gradient(x, y):\n    return 3, 5",
            "import numpy as np\ndef gradient(x, y):\n    return np.array([3.0, 5.0])",
            "def gradient(x, y):\n    return 3 * x + 5 * y, (3.0, 5.0)",
            "def gradient(x, y):\n    return {'dx': 3.0, 'dy': 5.0}",
        )
    ),
    *((SINGLE, f"def gradient(w, X, y):\n    return ({G}).tolist()") for _ in range(1)),
    *(
        (BOTH, source)
        for source in logistic(
            "c, (gw, gb)",
            "c, [gw, gb]",
            "c, {'w': gw, 'b': gb}",
            "{'dw': gw, 'db': gb}",
            "(gw, gb), c",
            "{'dw': gw, 'db': gb}, c",
            "gw, float(gb)",
            "c, gw, gb",
            "gw.tolist(), gb",
        )
    ),
    *(
        (LOOP, source)
        for source in loop(
            "w, b",
            "w, b, losses",
            "(w, b), losses",
            "{'w': w, 'b': b}, losses",
            "losses, w, b",
            "losses, (w, b)",
            "{'w': w, 'b': b, 'losses': losses}",
            "[w, b]",
        )
    ),
    *((exercise(NET, float32=each), net()) for each in (False, True)),
    (exercise(NET), net(V="X.T @ (np.outer(r, w) / np.cosh(X @ V)**2)")),
    (RIDGE, "def gradient(w, X, y, l):\n    return 2 / len(y) * X.T @ (X @ w - y) + 2 * l * w"),
    *(
        (TORCH, f"import torch\nfrom torch import nn\ndef gradient(w, X, y):\n{body}")
        for body in (
            "    w.requires_grad_()\n    ((X @ w - y)**2).mean().backward()\n    return w.grad",
            "    w = nn.Parameter(w)\n    nn.MSELoss()(X @ w, y).backward()\n    return w.grad",
            "    return torch.func.jacrev(lambda v: nn.functional.mse_loss(X @ v, y))(w)",
            "    each = torch.func.grad(lambda v, x, t: (x @ v - t)**2)\n"
            "    return torch.func.vmap(each, (None, 0, 0))(w, X, y).mean(0)",
            "    layer = nn.Linear(X.shape[1], 1, bias=False).double()\n    with torch.no_grad():\n"
            "        layer.weight.copy_(w[None])\n    nn.functional.mse_loss(layer(X).squeeze(1), y).backward()\n"
            "    return layer.weight.grad[0]",
            f"    return list({G})",
            "    X, y, w = X.numpy(), y.numpy(), w.numpy()\n    return torch.from_numpy(" + G + ")",
        )
    ),
    *(
        (BY_HAND, f"import torch\n{source}")
        for source in (
            f"class Net:\n    def backward(self, w, X, y):\n        return {G}\n"
            "def gradient(w, X, y):\n    return Net().backward(w, X, y)",
            f"def backward(w, X, y):\n    return {G}\ndef gradient(w, X, y):\n    return backward(w, X, y)",
            "class Unit:\n    def __init__(self, func):\n        self.func = func\n"
            f"def gradient(w, X, y):\n    return Unit(lambda: {G}).func()",
        )
    ),
    *(
        (exercise(SWISH, "autograd function"), source)
        for source in (
            swish(),
            swish(backward="(above * s * (1 + x * (1 - s)),)"),
            swish(forward="x / (1 + (-x).exp())"),
            "import torch\nclass Function(torch.autograd.Function):\n    @staticmethod\n    def forward(x):\n"
            "        return x * torch.sigmoid(x)\n    @staticmethod\n    def setup_context(ctx, inputs, output):\n"
            "        ctx.save_for_backward(*inputs)\n    @staticmethod\n    def backward(ctx, above):\n"
            "        (x,) = ctx.saved_tensors\n        s = torch.sigmoid(x)\n"
            "        return above * s * (1 + x * (1 - s))",
        )
    ),
    (PRODUCT, product("return above @ W.T, X.T @ above")),
    (
        PRODUCT,
        product(
            "needed = ctx.needs_input_grad\n"
            "        return above @ W.T if needed[0] else None, X.T @ above if needed[1] else None"
        ),
    ),
]

WRONG_STYLES = [
    *(
        (NUMPY, source)
        for source in [
            *numpy(
                f"return [{G}, w]",
                f"return np.mean((X @ w - y)**2), {{'w': w, 'dw': {G}}}",
                f"return {{'v': {G}}}",
                f"return {G}, {G}, {G}",
                f"yield {G}",
                f"return np.array({G}, dtype=object)",
                f"return np.matrix({G})",
                f"return np.float32({G})",
                f"return np.longdouble(2) * {G}",
                "return np.mean((X @ w - y)**2)",
                "return lambda: w",
                "return gradient",
                "return {}",
                "return ()",
                "return (w,) * 5",
                "return 2 / len(y) * X.T @ (X @ w - y) * (1 - 1e-11)",
                "return 2 / len(y) * X.T @ (X @ (w + 1e-10) - y)",
                "return 2 / len(y) * X.T @ (X @ w - y) + 1e-12",
                "return 2 / max(len(y), 2) * X.T @ (X @ w - y)",
                "return 2 / (len(y) - 1 or 1) * X.T @ (X @ w - y)",
                "h = 1e-5\n    f = lambda v: np.mean((X @ v - y)**2)\n"
                "    return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])",
            ),
            *numpy(f"return {G}", head="async def gradient(w, X, y):"),
            *numpy(f"return {G}", head="def gradient(X, y, v):"),
            *numpy(f"return {G}", head="def gradient(w, X, y, rate):"),
            *numpy(f"return {G}", head="class gradient:\n  def of(w, X, y):"),
        ]
    ),
    *(
        (PLANE, source)
        for source in (
            "def gradient(x, y):\n    return 5, 3",
            "def gradient(x, y):\n    return 3 * x + 5 * y",
            "import numpy as np\ndef gradient(x, y):\n    return np.array([[3.0, 5.0]])",
            "def gradient(y, x):\n    return 3, 5 if x > 0 else 5.001",
        )
    ),
    *(
        (BOTH, source)
        for source in logistic(
            "gb, gw",
            "c, (gb, gw)",
            "{'w': gb, 'b': gw}",
            "gw, -gb",
            "c, gw",
            "gw",
            "gw * len(y), gb",
            "gw, gb * 2",
            "gw, np.array([gb])",
            "{'dw': gw}",
            "gw, c",
            "X.T @ (p - y + 1e-9) / len(y), gb",
            "X.T @ ((p - y) * p * (1 - p)) / len(y), gb",
        )
    ),
    *(
        (LOOP, source)
        for source in loop("w, b + 1e-9", "b, w", "w + 0 * rate, 0 * b", "losses", "w, b, losses, p", "w", "w, losses")
    ),
    *(
        (exercise(NET), net(**wrong))
        for wrong in (
            {"V": "X.T @ np.outer(r, w)"},
            {"V": "X.T @ (np.outer(r, w) * (1 - h))"},
            {"V": "X.T @ (np.outer(r, w) * (1 - np.tanh(h)**2))"},
            {"V": "(X.T @ (np.outer(r, w) * (1 - h**2))).T"},
            {"V": "X.T @ (np.outer(r, w) * h**2)"},
            {"V": "-X.T @ (np.outer(r, w) * (1 - h**2))"},
            {"V": "X.T @ (r[:, None] * (1 - h**2))"},
            {"V": "V"},
            {"w": "h.T @ r / 2"},
            {"w": "h.T @ (h @ w - y)"},
            {"w": "h.T @ np.sign(r)"},
            {"w": "h.T @ r * (1 + 1e-9)"},
            {"w": "(h * r[:, None]).mean(0)"},
            {"w": "w * 0"},
        )
    ),
    *(
        (exercise(NET, float32=True), net(**wrong))
        for wrong in ({"w": "h.T @ r * 1.001"}, {"V": "X.T @ np.outer(r, w)"})
    ),
    *(
        (RIDGE, f"def gradient(w, X, y, l):\n    return 2 / len(y) * X.T @ (X @ w - y) {more}")
        for more in ("", "+ l * w", "+ 2 * l * w / len(y)", "- 2 * l * w", "+ 2 * l", "+ 2 * w", "+ 2 * l * abs(w)")
    ),
    *(
        (TORCH, f"import torch\ndef gradient(w, X, y):\n    {body}")
        for body in (
            "((X @ w - y)**2).mean().backward()\n    return w.grad",
            "w.requires_grad_()\n    ((X @ w - y)**2).sum().backward()\n    return w.grad",
            "w.requires_grad_()\n    for _ in range(2):\n        ((X @ w - y)**2).mean().backward()\n    return w.grad",
            "w.requires_grad_()\n    (X @ w - y).abs().mean().backward()\n    return w.grad",
            "w = w.clone().requires_grad_()\n    w.data += 1e-6\n    ((X @ w - y)**2).mean().backward()\n"
            "    return w.grad",
            "return (2 / len(y) * X.T @ (X @ w - y)).float()",
            "w.mul_(1.5)\n    return 2 / len(y) * X.T @ (X @ w - y)",
        )
    ),
    *(
        (BY_HAND, f"import torch\ndef gradient(w, X, y):\n    {body}")
        for body in (
            "w = w.clone().requires_grad_()\n    ((X @ w - y)**2).mean().backward()\n    return w.grad",
            "return torch.func.grad(lambda v: ((X @ v - y)**2).mean())(w)",
            "return torch.autograd.functional.jacobian(lambda v: ((X @ v - y)**2).mean(), w)",
            "def backward():\n        ((X @ w.clone().requires_grad_() - y)**2).mean().backward()\n"
            "    backward()\n    return w.grad",
        )
    ),
    *(
        (exercise(SWISH, "autograd function"), source)
        for source in (
            swish(backward="s + x * s * (1 - s)"),
            swish(backward="above * s"),
            swish(backward="above * (s + x * s * (1 + s))"),
            swish(backward="above * (s + s * (1 - s))"),
            swish(backward="above.sum() * (s + x * s * (1 - s))"),
            swish(backward="-above * (s + x * s * (1 - s))"),
            swish(backward="(above * (s + x * s * (1 - s))).sum()"),
            swish(backward="None"),
            swish(forward="2 * x * torch.sigmoid(x)"),
            swish(forward="x * torch.sigmoid(x) + 1e-9"),
            swish(forward="(x * torch.sigmoid(x))[:, None]", backward="above[:, 0] * (s + x * s * (1 - s))"),
            swish().replace("Function(torch", "Other(torch"),
            swish().replace("(torch.autograd.Function)", ""),
        )
    ),
    *(
        (PRODUCT, product(backward))
        for backward in (
            "return X.T @ above, above @ W.T",
            "return above @ W.T",
            "return above @ W.T, None",
            "return above @ W.T, X.T @ torch.ones_like(above)",
            "return above @ W.T, 2 * X.T @ above",
            "return torch.ones_like(above) @ W.T, X.T @ above",
        )
    ),
    *(
        (STEP, f"def step(a, b, x, y, rate):\n    r = a * x + b - y\n    {body}")
        for body in (
            "return a - rate * (r * x).mean(), b - rate * 2 * r.mean()",
            "return 2 * (r * x).mean(), 2 * r.mean()",
            "return a - rate * 2 * (r * x).mean(), b - rate * 2 * r.sum()",
            "return a - 2 * (r * x).mean(), b - 2 * r.mean()",
            "return b - rate * 2 * r.mean(), a - rate * 2 * (r * x).mean()",
            "a -= rate * 2 * (r * x).mean()\n    b -= rate * 2 * r.mean()",
            "return a - rate * 2 * (abs(r) * x).mean(), b - rate * 2 * r.mean()",
        )
    ),
]

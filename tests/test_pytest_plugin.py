import subprocess
import sys

pytest_plugins = ["pytester"]

SUITE = """
import torch

def square(x):
    return (x**2).sum()

def test_right(assert_gradient):
    assert_gradient(square, [1.0, 2.0], [2.0, 4.0])

def test_wrong(assert_gradient):
    assert_gradient(square, [1.0, 2.0], [2.0, -4.0])

def test_agree(assert_gradients_agree):
    assert_gradients_agree(square, [1.0, 2.0])

def test_kink(assert_gradients_agree):
    assert_gradients_agree("abs(x)", 0)

class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, above):
        return ctx.saved_tensors[0] * above

def test_function(gradcheck):
    gradcheck(torch.sin, torch.ones(2, dtype=torch.float64, requires_grad=True))

def test_wrong_function(gradcheck):
    gradcheck(Wrong.apply, torch.ones(2, dtype=torch.float64, requires_grad=True))
"""


def plugin_options():
    """Return what loads the plugin in an environment whose installation does not announce it yet."""
    from importlib.metadata import entry_points

    announced = any(entry.value == "gradlab.pytest_plugin" for entry in entry_points(group="pytest11"))
    return [] if announced else ["-p", "gradlab.pytest_plugin"]


def test_failures_in_a_suite_read_like_numpy_s(pytester):
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *plugin_options())
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(
        [
            "*GradientNotConfirmed: gradient of square(x) not confirmed at x = [[]1, 2]",
            "*Mismatched components: 1 / 2 (50%)",
            "*Worst: x[[]1], 8 apart, * times the bound *",
            "* ACTUAL (claimed):   -4.0",
            "* DESIRED (symbolic): 4.0",
        ]
    )
    result.stdout.fnmatch_lines(["*Components at a kink: 1 / 1 (100%)"])
    result.stdout.fnmatch_lines(["*the backward pass of Wrong is not confirmed"])


def test_the_fixtures_are_listed_with_what_they_do(pytester):
    pytester.makepyfile("def test_nothing(): pass")
    listed = pytester.runpytest_inprocess("--fixtures", *plugin_options()).stdout.str()
    for name in ("assert_gradient ", "assert_gradients_agree ", "gradcheck "):
        assert name in listed


def test_loading_the_plugin_loads_no_library():
    code = (
        "import sys, gradlab.pytest_plugin; "
        "print([name for name in ('torch', 'sympy', 'numpy', 'matplotlib', 'flint') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

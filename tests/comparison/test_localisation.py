import inspect

import torch

from gradlab.comparison import Verdict, compare
from gradlab.comparison.localisation import source_line
from gradlab.sources import as_function


class Squared(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, delta):
        (x,) = ctx.saved_tensors
        return delta * x


def loss(w):
    z = torch.sin(w)
    s = Squared.apply(z)
    return s.sum()


def test_the_operation_that_passes_a_wrong_delta_is_named_with_its_line():
    comparison = compare(loss, [1.0, 2.0])
    assert comparison.verdict is Verdict.DIFFER
    assert "from s (SquaredBackward), whose own delta agrees" in comparison.cause
    line = inspect.getsourcelines(Squared.backward)[1]
    assert f"Squared.backward is at line {line}" in comparison.cause
    assert comparison.cause in repr(comparison)


def test_a_named_value_is_found_where_it_is_named():
    table = compare(loss, [1.0, 2.0]).gradients["autodiff"].table()
    start = inspect.getsourcelines(loss)[1]
    assert source_line(as_function(loss), table["z"]) == f"Line {start + 1}: z = torch.sin(w)"


def test_an_operation_without_a_name_is_found_by_its_call():
    def code(w):
        return (2 * torch.sin(w)).sum()

    table = compare(code, [1.0, 2.0]).gradients["autodiff"].table()
    row = next(row for row in table.rows if row.node == "SinBackward0")
    assert source_line(as_function(code), row).endswith("return (2 * torch.sin(w)).sum()")


def test_text_has_no_lines():
    table = compare("sin(x)", 1.0).gradients["autodiff"].table()
    assert source_line(as_function("sin(x)"), table.rows[-1]) == ""


def test_code_whose_source_is_nowhere_has_no_lines():
    function = as_function(eval("lambda w: (2 * torch.sin(w)).sum()"), shapes={"w": (2,)})  # noqa: S307 - as at a prompt
    table = compare(function, [1.0, 2.0]).gradients["autodiff"].table()
    assert source_line(function, table.rows[-1]) == ""


def chained(w):
    a = torch.sin(w)
    b = torch.sin(a)
    return torch.cos(b).sum()


def test_of_two_calls_each_value_has_its_own_line():
    table = compare(chained, [1.0, 2.0]).gradients["autodiff"].table()
    start = inspect.getsourcelines(chained)[1]
    assert source_line(as_function(chained), table["a"]) == f"Line {start + 1}: a = torch.sin(w)"
    assert source_line(as_function(chained), table["b"]) == f"Line {start + 2}: b = torch.sin(a)"


def test_another_call_on_another_line_is_not_taken_for_the_operation():
    table = compare(chained, [1.0, 2.0]).gradients["autodiff"].table()
    row = next(row for row in table.rows if row.node == "CosBackward0")
    assert source_line(as_function(chained), row).endswith("return torch.cos(b).sum()")


class Sin(torch.nn.Module):
    def forward(self, x):
        return torch.sin(x)


def test_a_module_that_is_called_like_an_operation_is_no_backward_pass():
    def code(w):
        return Sin()(w).sum()

    table = compare(code, [1.0, 2.0]).gradients["autodiff"].table()
    row = next(row for row in table.rows if row.node == "SinBackward0")
    assert source_line(as_function(code), row).endswith("return Sin()(w).sum()")

"""Writing into arrays: seen under every name and view of them, or refused."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gradlab.autodiff import backward
from gradlab.comparison import compare
from gradlab.errors import GradlabError
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.sources.oracle import POINTS, check, reason

TORCH = {}
NUMPY = {}
REFUSED = {}


def listed(group, **extra):
    def enter(function):
        group[function.__name__.replace("_", " ").strip()] = (function, *extra.values()) if extra else function
        return function

    return enter


# Names and views -----------------------------------------------------------------------------------


@listed(TORCH)
def two_names(x):
    y = x * 1
    z = y
    y += 1
    return torch.sum(z * y)


@listed(TORCH)
def a_view_sees_a_later_write(x):
    y = x * 2
    part = y[1:]
    y[1] = 7.0
    return torch.sum(part * x[:2])


@listed(TORCH)
def a_write_through_a_view(x):
    y = x * 2
    part = y[1:]
    part += x[0]
    return torch.sum(y**2)


@listed(TORCH)
def a_write_through_a_view_of_a_view(x):
    y = x * 2
    part = y[1:]
    part[1:].mul_(x[0])
    return torch.sum(y**2) + torch.sum(part**3)


@listed(TORCH)
def a_write_through_a_transpose(x):
    y = torch.outer(x, x) * 1
    turned = y.T
    turned[0, 1] = x[2]
    turned[1:][0] = x
    return torch.sum(y**3) + y[1, 0]


@listed(TORCH)
def a_write_through_view_and_squeeze(x):
    y = (x * 2)[:, None] * 1
    y.view(1, 3)[0, 1] = x[0]
    y.squeeze(1)[2] = x[1]
    return torch.sum(y**2)


@listed(TORCH)
def an_entry_is_a_view(x):
    y = x * 2
    first = y[0]
    y[0] = torch.sin(x[1])
    return first * y.sum()


@listed(TORCH)
def an_entry_changed_in_place(x):
    y = x * 2
    first = y[0]
    first += x[1]
    return torch.sum(y**2)


@listed(TORCH)
def copies_keep_what_they_are(x):
    y = x * 2
    cloned, added = y.clone(), y + 0
    y[0] = 0
    return torch.sum(cloned * added * y + cloned)


@listed(TORCH)
def a_list_of_views(x):
    y = x * 1
    for part in [y[i : i + 1] for i in range(3)]:
        part *= x[0]
    return torch.sum(y**2)


@listed(TORCH)
def a_helper_that_writes(x):
    def triple(y):
        y *= 3

    y = x * 1
    triple(y)
    return torch.sum(y**2)


@listed(TORCH)
def swapped_entries(x):
    y = x * 1
    y[0], y[1] = y[1].clone(), y[0].clone()
    return torch.sum(y * x) + y[0]


# Operations ------------------------------------------------------------------------------------------


@listed(TORCH)
def methods_in_place(x):
    y = x * 2
    y.add_(x, alpha=3).sub_(1).div_(x[0] + 3)
    z = x * 1
    z.zero_()
    z += y
    z[1:].fill_(x[2])
    z[:2].copy_(x[1:])
    return torch.sum(z**2)


@listed(TORCH)
def activations_in_place(x):
    y, z, w = x - 0.5, x + 0.25, x * 1
    F.relu(y, inplace=True)
    z.relu_()
    torch.exp_(w)
    return torch.sum(y * x + z * w)


@listed(TORCH)
def powers_and_products_in_place(x):
    y = x * 1
    z = y
    y **= 2
    A = torch.outer(x, x)
    B = A
    A @= A
    return torch.sum(z) + torch.sum(B) * torch.sum(A)


@listed(TORCH)
def a_running_sum(x):
    y = x * 1
    for i in range(1, 3):
        y[i] += y[i - 1]
    return torch.sum(y**2)


@listed(TORCH)
def a_total_with_two_names(x):
    total = torch.zeros(())
    other = total
    for i in range(3):
        total += x[i] ** 2
    return torch.sin(other)


@listed(TORCH)
def places_counted_from_the_end(x):
    y = torch.outer(x, x) * 1
    column = y[:, 0]
    column += x
    column[2] = y[-2, -2]
    return torch.sum(torch.sin(y)) + torch.sum(column**2) + torch.sum(x[1:])


@listed(TORCH)
def slices_with_steps(x):
    y = x * 1
    y[::2] -= x[:2]
    y[-1] = x[0]
    return torch.sum(y**2) + y[2]


# Arrays that are filled -------------------------------------------------------------------------------


@listed(TORCH)
def a_filled_vector(x):
    out = torch.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2
    return out.sum() + out[0] * out[2]


@listed(TORCH)
def a_filled_matrix(x):
    out = torch.empty(2, 2)
    for i in range(2):
        for j in range(2):
            out[i, j] = x[i] * x[j + 1]
    columns = torch.zeros(3, 2, dtype=x.dtype, device=x.device)
    for j in range(2):
        columns[:, j] = x * (j + 1)
    return (columns @ out @ out).sum()


@listed(TORCH)
def a_recurrence(x):
    h = torch.zeros(4)
    for k in range(1, 4):
        h[k] = torch.tanh(h[k - 1] + x[k - 1])
    return h.sum()


@listed(TORCH)
def local_tensors(x):
    w = torch.tensor([1.0, 2.0, 4.0])
    w[0] = x[1]
    v = torch.full((3,), 2.0)
    v[1] = x[0]
    s = torch.zeros(x.shape[0]) + torch.ones_like(x)
    return torch.sum(w * v * s * torch.linspace(0, 1, 3)) + x @ torch.eye(x.shape[0]) @ x


@listed(NUMPY)
def a_filled_array(x):
    out = np.zeros(x.shape[0])
    for i in range(len(x)):
        out[i] = x[i] ** 2
    return np.sum(out**2)


@listed(NUMPY)
def arrays_of_other_shapes(x):
    out = np.zeros((len(x), 2))
    out[:, 0] = x
    out[:, 1] = x**2
    all_of_it = np.zeros(x.shape)
    all_of_it[...] = x
    all_of_it[1:] *= 2
    rows = np.zeros((2, 3))
    rows[:] = x
    rows[1] *= x[0]
    return np.sum(out**3) + np.sum(all_of_it**3) + np.sum(rows**2)


@listed(NUMPY)
def an_entry_is_a_number(x):
    y = x * 2
    first, second = y[0], y[1]
    y[0] = x[1]
    second += x[2]
    return np.sin(first) * y.sum() + second


@listed(NUMPY)
def an_entry_of_an_array_made_here(x):
    y = np.zeros(3)
    first = y[0]
    first += x[1]
    y[1] = x[0]
    return first * np.sum(np.exp(y))


@listed(NUMPY)
def an_entry_of_a_matrix(x):
    y = np.outer(x, x)
    entry, row = y[0, 1], y[0]
    y[0, 1] = 3.0
    return entry * np.sum(x) + np.sum(row**2)


@listed(NUMPY)
def arrays_without_axes(x):
    total = np.zeros(())
    other = total
    total += x[0]
    y = x * 1
    zero_d = y[..., 0]
    y[0] = x[1] ** 2
    return other * zero_d * np.sum(x)


@listed(NUMPY)
def a_running_total(x):
    total = x[0]
    for i in range(1, 3):
        total += np.exp(x[i])
    return total * x[0]


@listed(NUMPY)
def into_an_array(x):
    y = x * 1
    np.add(y, x, out=y)
    y[1:] += y[:-1]
    z = np.array(x)
    z.fill(x[1])
    z[0] = 5.0
    return np.sum(y**2 * z)


@listed(NUMPY)
def arrays_of_entries(x):
    state = np.array([1.0, 0.0])
    for i in range(3):
        state = state + 0.1 * np.array([state[1], -x[i] * state[0]])
    matrix = np.array([[x[0], 1], [0, x[1]]])
    return np.sum(matrix @ state) + np.sum(np.asarray(x) ** 2)


@listed(NUMPY)
def a_reversed_view(x):
    y = x * 1
    y[::-1][0] = x[0] ** 2
    return np.sum(y**2)


@listed(NUMPY)
def an_import_inside(x):
    import numpy as np

    out = np.zeros(3)
    out[0] = x[1]
    return np.sum(out * x)


@listed(NUMPY)
def elimination(x):
    A = np.zeros((2, 2))
    A[0, 0], A[0, 1], A[1, 0], A[1, 1] = 2 + x[0] ** 2, x[1], x[2], 3.0
    b = np.array([1.0, 2.0])
    factor = A[1, 0] / A[0, 0]
    A[1] -= factor * A[0]
    b[1] -= factor * b[0]
    s = np.zeros(2)
    s[1] = b[1] / A[1, 1]
    s[0] = (b[0] - A[0, 1] * s[1]) / A[0, 0]
    return np.sum(s)


@listed(NUMPY)
def euler(x):
    y = np.zeros(6)
    y[0] = x[0]
    for k in range(5):
        y[k + 1] = y[k] + 0.1 * (x[1] - x[2] * y[k])
    return y[-1] ** 2 + np.mean(y)


@pytest.mark.parametrize("name", TORCH)
def test_torch_code_that_writes_has_the_value_and_the_gradient_of_autograd(name):
    for point in POINTS:
        check(TORCH[name], point, torch_code=True)


@pytest.mark.parametrize("name", NUMPY)
def test_numpy_code_that_writes_has_the_value_and_the_slopes_of_the_code(name):
    for point in POINTS:
        check(NUMPY[name], point, torch_code=False)


# What is refused -----------------------------------------------------------------------------------------

outside = np.array([1.0, 2.0, 3.0])
tensor = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)


@listed(REFUSED, words="changing the argument x in place")
def an_argument(x):
    x[0] = 1.0
    return np.sum(x)


@listed(REFUSED, words="write x = x + …")
def an_argument_under_another_name(x):
    y = x
    y += 1
    return torch.sum(x * y)


@listed(REFUSED, words="changing the argument x in place")
def a_view_of_an_argument(x):
    x.T[1:] *= 2
    return np.sum(x)


@listed(REFUSED, words="changing the array outside in place")
def an_array_from_outside(x):
    outside[0] = x[0]
    return np.sum(outside * x)


@listed(REFUSED, words="changing the array tensor in place")
def a_tensor_from_outside(x):
    tensor.mul_(2)
    return torch.sum(tensor * x)


@listed(REFUSED, words="may share its memory")
def a_reshape_that_may_be_a_copy(x):
    y = x * 2
    column = y.reshape(3, 1)
    y[0] = 5
    return torch.sum(column)


@listed(REFUSED, words="may share its memory")
def the_source_of_a_reshape_that_was_written(x):
    y = x * 2
    y.reshape(3, 1)[0] = 5
    return torch.sum(y)


@listed(REFUSED, words="may share its memory")
def a_diagonal_by_einsum(x):
    y = torch.outer(x, x) * 1
    diagonal = torch.einsum("ii->i", y)
    y[0, 0] = 0
    return torch.sum(diagonal)


@listed(REFUSED, words="one thing in NumPy and another in torch")
def an_entry_in_code_of_no_library(x):
    y = x * 2
    first = y[0]
    y[0] = x[1]
    return first * y.sum()


@listed(REFUSED, words="never wrote")
def entries_without_a_value(x):
    y = np.empty(3)
    y[0] = x[0]
    return np.sum(y)


@listed(REFUSED, words="(3,) a value of shape (2, 3)")
def a_result_that_does_not_fit(x):
    y = x * 1
    y += np.zeros((2, 3))
    return np.sum(y)


@listed(REFUSED, words="entries [:, :] of shape (2, 3) a value of shape (2,)")
def a_value_that_does_not_fit(x):
    A = np.zeros((2, 3))
    A[:] = x[:2]
    return np.sum(A)


@listed(REFUSED, words="np.where")
def entries_where_something_holds(x):
    y = x * 1
    y[y < 0] = 0
    return np.sum(y)


@listed(REFUSED, words="whole number")
def an_array_of_whole_numbers(x):
    y = np.array([1, 2, 3])
    y[0] = x[0]
    return np.sum(y)


@listed(REFUSED, words="y[0].clone()")
def an_array_times_an_entry_of_its_own(x):
    y = x * 2
    y *= y[0]
    return torch.sum(y)


@listed(REFUSED, words="y[0].clone()")
def an_array_plus_an_entry_of_its_own(x):
    y = x * 2
    y[1:].add_(y[1])
    return torch.sum(y)


@listed(REFUSED, words="torch.add into a given array")
def out_in_torch(x):
    y = x * 1
    torch.add(x, x, out=y)
    return torch.sum(y)


@listed(REFUSED, words="keeps its shape")
def a_transpose_in_place(x):
    y = torch.outer(x, x)
    y.t_()
    return torch.sum(y * y)


@pytest.mark.parametrize("name", REFUSED)
def test_a_write_that_cannot_be_told_is_refused(name):
    code, words = REFUSED[name]
    said = reason(code)
    assert words in said
    assert "write" in said or "use" in said or "value of shape" in said


def test_numbers_are_replaced_not_changed():
    def summed(x):
        total = x
        total *= 2
        total += x
        return total

    assert derive(summed).at(0.5).partials["x"] == 3


def test_a_filled_array_reads_as_its_entries():
    def filled(x):
        out = np.zeros(2)
        out[0] = x[0] ** 2
        out[1] = out[0] * x[1]
        return out.sum()

    function = as_function(filled, shapes={"x": (2,)})
    assert function.text(form="index").startswith("sum_i out_i")
    assert "x_0²" in str(derive(function))


def test_an_assignment_is_written_as_cases():
    def assigned(x):
        y = x * 2
        y[1:] = x[:-1]
        return np.sum(y**2)

    derivation = derive(as_function(assigned, shapes={"x": (4,)}))
    assert "y_i = (x_{i-1} if 1≤i≤3 else 2 x_i)" in str(derivation)
    assert r"y_{i} &= \begin{cases} x_{i-1} & \text{if } 1 \le i \le 3 \\ 2 x_{i} & \text{else} \end{cases}" in (
        derivation.latex()
    )


def test_the_size_of_a_filled_array_stays_a_symbol():
    def shifted(x):
        out = np.zeros(x.shape[0])
        out += x
        return np.sum(out**2)

    assert as_function(shifted, shapes={"x": ("n",)}).variables == {"x": ("n",)}


def test_torch_refusing_a_write_is_said_in_plain_words():
    def overwritten(x):
        y = x.exp()
        y += 1
        return torch.sum(y)

    comparison = compare(overwritten, [1.0, 2.0])
    assert comparison.verdict == "agree"
    assert any("in place" in note and "write y = y + 1" in note for note in comparison.notes)
    with pytest.raises(GradlabError, match="overwrote a value"):
        backward(overwritten, [1.0, 2.0])


def test_tensors_that_the_code_makes_have_the_precision_of_its_arguments():
    def buffered(x):
        out = torch.zeros(3)
        out[0] = x[1] / 3
        return torch.sum(out * x)

    comparison = compare(buffered, POINTS[0])
    assert comparison.verdict == "agree"
    assert comparison.gradients["autodiff"].precision == 53
    assert torch.get_default_dtype() == torch.float32

"""gradcheck on right and wrong backward passes of torch.autograd.Function, and on functions that do not keep still."""

import re

import numpy as np
import pytest
import torch

from gradlab.errors import GradientNotConfirmed
from gradlab.testing import gradcheck


def drawn(*shape, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()


def function(forward, backward):
    """Return the apply of a torch.autograd.Function; backward(x, above, *outputs)."""

    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(context, *above):
            (x,) = context.saved_tensors
            return backward(x, *above)

    return Custom.apply


def opaque(forward):
    """Return the same function in a form that cannot be read: its numbers go through NumPy."""
    return lambda x: torch.from_numpy(np.array(forward(x.detach().clone()).numpy()))


RIGHT = function(lambda x: x**3, lambda x, above: 3 * x**2 * above)
HIDDEN = function(opaque(lambda x: x**3), lambda x, above: 3 * x**2 * above)


@pytest.mark.parametrize("func", [RIGHT, HIDDEN], ids=["read", "called"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_right_backward_is_confirmed(func, dtype):
    assert gradcheck(func, drawn(4, dtype=dtype)) is True


def spoilt(how, place):
    def backward(x, above):
        found = 3 * x**2 * above
        found[place] = how(found[place])
        return found

    return backward


SPOILT = {
    "sign": lambda value: -value,
    "thousandth": lambda value: value * (1 + 1e-3),
    "millionth": lambda value: value * (1 + 1e-6),
    "zero": lambda value: 0 * value,
}


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("hides", [False, True], ids=["read", "called"])
def test_one_wrong_entry_is_named(how, hides):
    forward = opaque(lambda x: x**3) if hides else lambda x: x**3
    with pytest.raises(GradientNotConfirmed) as caught:
        gradcheck(function(forward, spoilt(SPOILT[how], 2)), drawn(4))
    said = str(caught.value)
    assert said.startswith(
        "the backward pass of Custom is not confirmed\nMismatched components of the Jacobian: 1 / 16 "
    )
    assert "Worst: ∂output[2]/∂x[2], " in said
    assert re.search(r" ACTUAL \(backward\): +\S+\n DESIRED \((symbolic|numeric)\): \S+", said)


def test_one_wrong_entry_of_500_is_named():
    def backward(x, above):
        found = 3 * x**2 * above
        found[317] *= -1
        return found

    func = function(lambda x: (x**3).sum(), backward)
    with pytest.raises(GradientNotConfirmed, match=r"1 / 500 \(0.2%\)\nWorst: ∂output/∂x\[317\]"):
        gradcheck(func, drawn(500))


@pytest.mark.parametrize("hides", [False, True], ids=["read", "called"])
def test_a_wrong_backward_in_float32_is_found(hides):
    forward = opaque(lambda x: x**3) if hides else lambda x: x**3
    func = function(forward, lambda x, above: 3.01 * x**2 * above)
    with pytest.raises(GradientNotConfirmed, match="Mismatched components of the Jacobian: 4 / 16"):
        gradcheck(func, drawn(4, dtype=torch.float32))


def test_the_cause_is_named():
    func = function(lambda x: (x**2).sum(), lambda x, above: x * above)
    with pytest.raises(GradientNotConfirmed, match=r"Cause: backward is .*half|Cause: backward is .*factor 2"):
        gradcheck(func, drawn(3))


def test_false_comes_back_where_it_is_asked_for():
    assert gradcheck(function(lambda x: x**2, lambda x, above: x * above), drawn(3), raise_exception=False) is False


# Several inputs and outputs -------------------------------------------------------------------------


class Pair(torch.autograd.Function):
    factor = 2

    @staticmethod
    def forward(context, x, y):
        context.save_for_backward(x, y)
        return x**2 * y, torch.sin(x) @ y

    @classmethod
    def backward(cls, context, above, beside):
        x, y = context.saved_tensors
        return cls.factor * x * y * above + beside * torch.cos(x) * y, x**2 * above + beside * torch.sin(x)


class WrongPair(Pair):
    @staticmethod
    def backward(context, above, beside):
        x, y = context.saved_tensors
        return 2 * x * y * above + beside * torch.cos(x) * y, x**2 * above - beside * torch.sin(x)


def test_several_outputs_and_inputs_are_checked_entry_by_entry():
    assert gradcheck(Pair.apply, (drawn(3), drawn(3, seed=1)))
    with pytest.raises(GradientNotConfirmed, match=r"3 / 24 .*\nWorst: ∂output1/∂y\[\d\]"):
        gradcheck(WrongPair.apply, (drawn(3), drawn(3, seed=1)))


def test_what_requires_no_gradient_is_left_alone():
    fixed = drawn(3, seed=1).detach()
    assert gradcheck(Pair.apply, (drawn(3), fixed))
    assert gradcheck(WrongPair.apply, (drawn(3), fixed))


def test_a_tensor_given_twice_is_differentiated_once():
    x = drawn(3)
    assert gradcheck(lambda a, b: a * b, (x, x))
    assert gradcheck(lambda x: x, x)


def test_a_function_that_is_called_is_called_once_a_point_for_all_entries():
    calls = []

    def counted(x):
        calls.append(x)
        return x**3

    func = function(opaque(counted), lambda x, above: 3 * x**2 * above)
    assert gradcheck(func, drawn(1))
    alone = len(calls)
    calls.clear()
    assert gradcheck(func, drawn(4))
    assert len(calls) < 6 * alone  # four inputs; sixteen times as many if each entry had its own


def test_modules_and_batches_are_taken():
    assert gradcheck(torch.nn.Sequential(torch.nn.Linear(3, 2).double(), torch.nn.Tanh()), drawn(3))
    assert gradcheck(torch.nn.BatchNorm1d(2).double(), drawn(3, 2))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_short_numbers_are_judged_by_themselves(dtype):
    x = torch.tensor([0.5, 1.0, 2.0], dtype=dtype, requires_grad=True)
    assert gradcheck(RIGHT, x)
    with pytest.raises(GradientNotConfirmed, match="3 / 9"):
        gradcheck(function(lambda x: x**3, lambda x, above: 3.2 * x**2 * above), x)


def test_arguments_that_are_no_tensors_pass_through():
    assert gradcheck(lambda x, power: x**power, (drawn(3), 3))


def test_matrices_and_non_contiguous_inputs_keep_their_strides():
    x = drawn(4, 6)[:, ::2].detach().t().requires_grad_()
    seen = set()

    def product(x):
        seen.add(x.stride() if type(x) is torch.Tensor else None)
        return torch.from_numpy((x.detach() ** 2).numpy()) if not x.requires_grad else x**2

    assert not x.is_contiguous()
    assert gradcheck(lambda x: x.t() @ x, x)
    assert gradcheck(HIDDEN, x)
    gradcheck(product, x)
    assert seen <= {x.stride(), None}


def test_a_forward_that_ignores_strides_is_found():
    def forward(x):
        return torch.as_strided(x, (x.numel(),), (1,)) ** 2  # reads memory in its own order

    func = function(forward, lambda x, above: (2 * torch.as_strided(x, (x.numel(),), (1,)) * above).reshape(x.shape))
    assert gradcheck(func, drawn(2, 3))
    with pytest.raises(GradientNotConfirmed, match="Mismatched"):
        gradcheck(func, drawn(3, 2).detach().t().requires_grad_())


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_inputs_without_entries_pass_through(shape):
    assert gradcheck(lambda x: x**2, drawn(*shape))
    assert gradcheck(lambda x, y: y**2 + x.sum(), (drawn(*shape), drawn(2)))


def test_a_backward_that_raises_on_no_entries_is_found():
    func = function(lambda x: x**2, lambda x, above: above * x.max())
    with pytest.raises(GradientNotConfirmed, match="the backward pass of Custom raises"):
        gradcheck(func, drawn(0))


# The backward pass itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backward",
    [
        lambda x, above: 2 * x,
        lambda x, above: 2 * x * above.abs(),
        lambda x, above: 2 * x * above / above.abs().max().clamp(min=1),
    ],
    ids=["ignores what it is given", "takes its size", "clips it"],
)
def test_a_backward_that_is_not_linear_is_found(backward):
    func = function(lambda x: (x**2).sum(), backward)
    with pytest.raises(GradientNotConfirmed, match="is not linear in the gradient that it is given"):
        gradcheck(func, drawn(3))


def test_a_backward_that_answers_differently_is_found_and_may_be_allowed():
    generator = torch.Generator().manual_seed(0)

    def noisy(x, above):
        return 2 * x * above + 1e-13 * above * torch.rand(x.shape, generator=generator, dtype=x.dtype)

    func = function(lambda x: x**2, noisy)
    with pytest.raises(GradientNotConfirmed, match=r"answers differently to the same gradient.*nondet_tol"):
        gradcheck(func, drawn(3))


def test_a_backward_that_changes_what_it_is_given_is_found():
    func = function(lambda x: x**2, lambda x, above: above.mul_(2 * x))
    with pytest.raises(GradientNotConfirmed, match="changes the gradient that it is given, in place"):
        gradcheck(func, drawn(3))


def test_a_backward_that_changes_its_input_is_found():
    def backward(x, above):
        found = 2 * x * above
        x.detach().numpy()[0] = 7
        return found

    with pytest.raises(
        GradientNotConfirmed, match=r"the backward pass of Custom changes its argument in place: inputs\[0\]"
    ):
        gradcheck(function(lambda x: (x**2).sum(), backward), drawn(3))


def test_a_gradient_of_another_shape_is_named():
    func = function(lambda x: x**2, lambda x, above: (2 * x * above)[:2])
    with pytest.raises(GradientNotConfirmed, match=r"the backward pass of Custom raises RuntimeError: .*shape"):
        gradcheck(func, drawn(3))


def test_an_output_that_is_not_used():
    class Careless(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.set_materialize_grads(False)
            return x * 2

        @staticmethod
        def backward(context, above):
            return above * 2

    class Inventive(Careless):
        @staticmethod
        def backward(context, above):
            return torch.ones(3, dtype=torch.float64) if above is None else above * 2

    with pytest.raises(GradientNotConfirmed, match="raises TypeError where output 0 is not used"):
        gradcheck(Careless.apply, drawn(3))
    with pytest.raises(GradientNotConfirmed, match="returns 1 for x where output 0 is not used"):
        gradcheck(Inventive.apply, drawn(3))
    assert gradcheck(Careless.apply, drawn(3), check_undefined_grad=False)


def test_forward_mode_is_checked_where_it_is_asked_for():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return 2 * x, x**2

        @staticmethod
        def setup_context(context, inputs, output):
            context.save_for_backward(inputs[0])
            context.save_for_forward(inputs[0])

        @staticmethod
        def backward(context, above, beside):
            return 2 * above + 2 * context.saved_tensors[0] * beside

        @staticmethod
        def jvp(context, moved):
            return 2 * moved, 3 * context.saved_tensors[0] * moved

    assert gradcheck(Twice.apply, drawn(3))
    with pytest.raises(GradientNotConfirmed, match=r"the forward mode of Twice is not confirmed\n.*: 3 / 18"):
        gradcheck(Twice.apply, drawn(3), check_forward_ad=True)
    assert gradcheck(torch.sin, drawn(2, 2), check_forward_ad=True)
    with pytest.raises(GradientNotConfirmed, match="the forward mode of Custom raises"):
        gradcheck(RIGHT, drawn(3), check_forward_ad=True)


def test_a_detached_output_has_the_gradient_zero_and_that_is_wrong():
    with pytest.raises(GradientNotConfirmed, match="Mismatched components of the Jacobian: 2 / 4"):
        gradcheck(lambda x: x.detach() ** 2, drawn(2))


# The function itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "func",
    [
        lambda x: torch.nn.functional.dropout(x, 0.5),
        lambda x: torch.nn.functional.dropout(x, 0.1),
        lambda x: x + 1e-9 * torch.randn(x.shape, dtype=x.dtype),
    ],
    ids=["dropout", "rare dropout", "noise"],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_function_that_draws_is_named(func, seed):
    torch.manual_seed(seed)
    with pytest.raises(GradientNotConfirmed, match=r"answers differently to the same arguments: output 0\[\d+\] was "):
        gradcheck(func, drawn(8))


def test_a_function_that_seeds_itself_is_taken():
    def seeded(x):
        torch.manual_seed(3)
        return torch.nn.functional.dropout(x, 0.5) * 2

    assert gradcheck(seeded, drawn(4))


def test_a_function_that_keeps_a_state_is_named():
    calls = []

    def counting(x):
        calls.append(1)
        return x * len(calls)

    with pytest.raises(GradientNotConfirmed, match=r"answers differently .* was .*, then "):
        gradcheck(counting, drawn(2))


def test_a_function_that_changes_its_input_is_named():
    def careless(x):
        x.detach().mul_(2)
        return x**2

    with pytest.raises(
        GradientNotConfirmed, match=r"careless changes its argument in place: inputs\[0\]\[0\] was .* after"
    ):
        gradcheck(careless, drawn(2))


@pytest.mark.parametrize(
    ("func", "said"),
    [
        (lambda x: x.argmax(), "returns int64, of which there is no gradient"),
        (lambda x: x > 0, "returns bool, of which there is no gradient"),
        (lambda x: 3, r"returns 3 \(int\) as output 0; return a tensor"),
        (lambda x: x.sum().item(), r"\(float\) as output 0; return a tensor"),
        (lambda x: None, r"returns None \(NoneType\)"),
        (lambda x: torch.complex(x, x), "output 0 of func is complex128"),
    ],
)
def test_what_has_no_gradient_is_named(func, said):
    with pytest.raises(GradientNotConfirmed, match=said):
        gradcheck(func, drawn(2))


def test_whole_numbers_beside_an_output_are_left_alone():
    assert gradcheck(lambda x: torch.max(x, dim=0), drawn(3))


def test_a_shape_that_changes_with_the_values_is_named_with_the_point():
    func = function(opaque(lambda x: x[x > 0.2499999] ** 2), lambda x, above: 2 * x * above)
    x = torch.tensor([0.25, 1.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradientNotConfirmed, match=r"has shape \(2,\) at the point, but \(1,\) at x = \["):
        gradcheck(func, x)


def test_a_function_that_raises_for_some_steps_is_still_measured():
    def steep(x):
        if float(x.detach().min()) < 0:
            raise RuntimeError("negative")
        return torch.sqrt(x)

    func = function(opaque(steep), lambda x, above: above / (2 * torch.sqrt(x)))
    assert gradcheck(func, torch.tensor([1e-6, 1.0], dtype=torch.float64, requires_grad=True))


def test_a_function_that_raises_for_all_steps_is_undecided_with_the_point_that_showed_it():
    centre = drawn(2)

    def brittle(x):
        if not torch.equal(x.detach(), centre.detach()):
            raise RuntimeError("out of order")
        return x**2

    func = function(opaque(brittle), lambda x, above: 2 * x * above)
    with pytest.raises(
        GradientNotConfirmed, match=r"(?s)Undecided.*Custom raises RuntimeError at x = \[.*out of order"
    ):
        gradcheck(func, centre)


def test_no_value_at_the_point_is_undecided():
    with pytest.raises(GradientNotConfirmed, match="Undecided components of the Jacobian"):
        gradcheck(torch.log, torch.tensor([-1.0, 2.0], dtype=torch.float64, requires_grad=True))


def test_a_kink_is_accepted_only_where_it_is_allowed():
    x = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(GradientNotConfirmed, match=r"at a kink: 1 / 4 .*\n ∂output\[0\]/∂x\[0\]: kink"):
        gradcheck(torch.relu, x)
    assert gradcheck(torch.relu, x, kinks=True)
    outside = function(torch.relu, lambda x, above: above * torch.where(x >= 0, 1.5, 0.0))
    with pytest.raises(GradientNotConfirmed, match="Mismatched"):
        gradcheck(outside, x, kinks=True)


def test_a_wrong_backward_where_two_ways_join_smoothly_is_found():
    def huber(x):
        return torch.where(torch.abs(x) <= 1, x**2 / 2, torch.abs(x) - 0.5)

    x = torch.tensor([1.0, -3.0], dtype=torch.float64, requires_grad=True)
    assert gradcheck(function(huber, lambda x, above: above * x.clamp(-1, 1)), x)
    with pytest.raises(GradientNotConfirmed, match="Mismatched components of the Jacobian: 2 / 4"):
        gradcheck(function(huber, lambda x, above: -above * x.clamp(-1, 1)), x)


# Options --------------------------------------------------------------------------------------------


def test_the_arguments_of_torch_s_check_are_taken():
    import inspect

    theirs = set(inspect.signature(torch.autograd.gradcheck).parameters)
    assert theirs <= set(inspect.signature(gradcheck).parameters)


def test_tolerances_are_said_to_be_unused():
    with pytest.warns(UserWarning, match="eps, atol not used"):
        assert gradcheck(torch.sin, drawn(1), eps=1e-6, atol=1e-4)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"fast_mode": True}, "one direction is not a check"),
        ({"check_batched_grad": True}, "vmap"),
        ({"masked": True}, "sparse"),
        ({"check_backward_ad": False}, "nothing to check"),
    ],
)
def test_what_is_not_done_is_refused_by_name(option, said):
    with pytest.raises(ValueError, match=said):
        gradcheck(torch.sin, drawn(1), **option)


def test_inputs_that_cannot_be_differentiated_are_refused_by_name():
    with pytest.raises(ValueError, match=r"inputs\[0\] is complex128"):
        gradcheck(torch.sin, torch.zeros(2, dtype=torch.complex128, requires_grad=True))
    with pytest.raises(ValueError, match=r"inputs\[1\] is sparse_coo; give it dense"):
        gradcheck(lambda a, x: x.to_dense() * a, (drawn(2), torch.eye(2).to_sparse().requires_grad_()))
    with pytest.raises(ValueError, match="no argument of sin requires a gradient"):
        gradcheck(torch.sin, torch.zeros(2))

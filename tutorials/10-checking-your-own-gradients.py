# ---
# jupyter:
#   jupytext:
#     custom_cell_magics: grade
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10. Checking your own gradients
#
# **Assumes:** [tutorial 3](03-finite-differences.ipynb) for finite differences, and [tutorial 5](05-the-chain-rule-and-backpropagation.ipynb) for the chain rule and for $\delta$.
#
# **Afterwards** you can write a backward pass of your own, test it so that a mistake cannot hide, and say what a gradient is worth at a kink and in float32.

# %%
# %load_ext gradlab.notebook
import matplotlib.pyplot as plt
import numpy as np
import torch

import gradlab as gl
from gradlab.errors import GradientNotConfirmed
from gradlab.grading import CodeExercise
from gradlab.testing import assert_gradient, assert_gradients_agree, gradcheck

# %% [markdown]
# ## A gradient is a claim
#
# Somebody needs the gradient of a mean square and writes it down.


# %%
def loss(w):
    return ((w - 1) ** 2).mean()


def gradient(w):
    return 2 * (w - 1)


# %% [markdown]
# *Right or wrong? At one point, decide before you look.*

# %%
w = np.array([3.0, 0.0, 2.0])
try:
    assert_gradient(loss, w, gradient)
except GradientNotConfirmed as error:
    print(error)

# %% [markdown]
# Read it line by line: how many components, which is worst, what was claimed, what is right, and why.
# The mean was forgotten.


# %%
def gradient(w):
    return 2 / len(w) * (w - 1)


assert_gradient(loss, w, gradient)

# %% [markdown]
# `assert_gradient` belongs into a test.
# pytest has it as a fixture as soon as gradlab is installed:
#
# ```python
# def test_loss(assert_gradient):
#     assert_gradient(loss, w, gradient)
# ```
#
# ## Where to check
#
# A test at one point sees one point.
# This gradient has a sign wrong.
# *At which points does it pass all the same?*


# %%
def wrong(x):
    return 3 * x**2 + 2 * x  # of x³ - x²


for x in [1.0, -2.0, 0.5, 0.0]:
    try:
        assert_gradient("x^3 - x^2", x, wrong)
        print(f"{x:5}: passes")
    except GradientNotConfirmed:
        print(f"{x:5}: fails")

# %% [markdown]
# At 0 both terms vanish, and with them the mistake.
# So test at numbers drawn at random, never at 0 or 1, and give every component another number.
#
# ## How near is near enough?
#
# The usual test asks whether two numbers are within a **tolerance**, such as a thousandth.
# A tolerance knows nothing of the function.
# This backward pass is wrong by 5 percent, but the numbers are small.


# %%
class FaintSine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 1e-4 * torch.sin(x)

    @staticmethod
    def backward(ctx, delta):
        (x,) = ctx.saved_tensors
        return delta * 1e-4 * 0.95 * torch.cos(x)


x = torch.tensor([0.3, 1.0], dtype=torch.float64, requires_grad=True)
print("torch's gradcheck passes it:", torch.autograd.gradcheck(FaintSine.apply, x))

# %% [markdown]
# *Will gradlab's?*

# %%
try:
    gradcheck(FaintSine.apply, x)
except GradientNotConfirmed as error:
    print(error)

# %% [markdown]
# gradlab has no tolerance.
# It derives the formula from `forward`, reckons how much rounding can move an honest result, and asks whether the difference is larger than this **bound**.
# Here it is nine trillion times larger.
#
# Where there is no formula, finite differences take its place, with the bound of tutorial 3.
#
# ## A function of your own
#
# `torch.autograd.Function` is for operations that PyTorch does not have.
# You write two passes:
#
# - `forward` computes the value, and keeps what `backward` will need,
# - `backward` gets $\delta$, the slope of the loss with respect to the *output*, and returns the slope with respect to the *input*.
#
# By the chain rule, that is $\delta$ times the slope of the operation.
# For $x^3$ it is $\delta \cdot 3x^2$.
#
# *What is wrong here?*


# %%
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, delta):
        (x,) = ctx.saved_tensors
        return 3 * x**2


x = torch.tensor([1.0, -2.0], requires_grad=True)
Cube.apply(x).sum().backward()
print(x.grad, "and 3x² is", 3 * x.detach() ** 2)

# %% [markdown]
# The numbers look right.
# They are right as long as $\delta$ is 1, as it is for a plain sum.

# %%
try:
    gradcheck(Cube.apply, x)
except GradientNotConfirmed as error:
    print(error)

# %% [markdown]
# The link was there, and the chain was missing.
# In a network $\delta$ is hardly ever 1, and every weight below would get a wrong slope.


# %%
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, delta):
        (x,) = ctx.saved_tensors
        return delta * 3 * x**2


gradcheck(Cube.apply, x)

# %% [markdown]
# ## Kinks
#
# $|x|$ has no slope at 0: on the left it is $-1$, on the right 1.
# $\max(x, 0)$, which networks call **ReLU**, has a kink too.

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
xs = np.linspace(-2, 2, 401)
for ax, values, name in zip(
    axes, [np.abs(xs), np.maximum(xs, 0)], ["|x|", "max(x, 0)"], strict=True
):
    ax.plot(xs, values, color="#0072B2")
    ax.set_title(name, fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# *What do finite differences say of $|x|$ at 0, from both sides at once? And `backward()`?*

# %%
gl.compare("abs(x)", at=0)

# %% [markdown]
# Central differences meet in the middle, at 0, and know that this may be wrong by 1.
# PyTorch picks 0, too.
# Neither is *the* slope, since there is none: the verdict is *kink*, and not *agree*.
#
# Any number between the two slopes is called a **subgradient**, and descent can live with one.
# A test can say so:

# %%
try:
    assert_gradient("abs(x)", 0, 0.3)
except GradientNotConfirmed as error:
    print(error)
print()
print(assert_gradient("abs(x)", 0, 0.3, kinks=True).verdict)

# %% [markdown]
# *And 1.5?*

# %%
try:
    assert_gradient("abs(x)", 0, 1.5, kinks=True)
except GradientNotConfirmed as error:
    print(error)

# %% [markdown]
# ## Few digits: float32
#
# Networks are trained with **float32** numbers, which have about 7 digits.
# Finite differences lose half of them, as tutorial 3 found.
#
# *What does a test with a fixed tolerance make of a sine, which certainly is right?*

# %%
import warnings

x = torch.linspace(-2, 2, 5, requires_grad=True)
print(x.dtype)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says that it will likely fail
    print("torch's gradcheck:  ", torch.autograd.gradcheck(torch.sin, x, raise_exception=False))
print("gradlab's gradcheck:", gradcheck(torch.sin, x))

# %% [markdown]
# The first fails what is right, since it measures in float32.
# gradlab takes the formula, and grants the claim the rounding of float32 and no more.

# %%
w32 = np.array([1.5, 2.0, 3.0], dtype=np.float32)
assert_gradient(loss, w32, gradient(w32))

# %% [markdown]
# A mistake in the sixth digit is still a mistake:

# %%
try:
    assert_gradient(loss, w32, gradient(w32) * np.float32(1.00003))
except GradientNotConfirmed as error:
    print(error)

# %% [markdown]
# ## Right, and still no number
#
# $\log(1 + e^x)$ is close to $x$ for large $x$, and its slope is close to 1.
# *What does `backward()` return at $x = 800$?*

# %%
gl.compare("log(1 + exp(x))", at=800)

# %% [markdown]
# $e^{800}$ is larger than any number the machine has.
# The formula is right and the program is not: it is **unstable**, and gradlab says what to write instead.

# %%
assert_gradients_agree("softplus(x)", 800)

# %% [markdown]
# ## What you know now
#
# - A gradient is a claim; test it at random numbers, in every component.
# - A tolerance passes small mistakes and fails honest rounding; a bound does neither.
# - `backward` returns $\delta$ times the slope; try it with a $\delta$ that is not 1.
# - At a kink there is no gradient, but a range of subgradients.
# - A right formula can be an unstable program.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# The slope that the backward pass of $x\,\sigma(x)$ needs; networks call this function *swish*.

# %%
first = gl.Exercise("x sigmoid(x)")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# sigmoid(x) + x sigmoid(x)

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# sigmoid(x) + x sigmoid(x) (1 - sigmoid(x))

# %% [markdown]
# ### Exercise 2
# The slope of the stable form, $\mathrm{softplus}(2x)$.

# %%
second = gl.Exercise("softplus(2x)")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# sigmoid(2x)

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2 sigmoid(2x)

# %% [markdown]
# ### Exercise 3
# Write it: a `torch.autograd.Function` for $x^3$, with both passes.
# gradlab calls $\delta$ `above`: it comes from above.

# %%
third = CodeExercise("x^3", kind="autograd function")
print(third.template())

# %% tags=["attempt"]
answer = """
import torch

class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, above):
        (x,) = ctx.saved_tensors
        return 3 * x**2
"""
gl.grade(third, answer, trust=True)

# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
answer = """
import torch

class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, above):
        (x,) = ctx.saved_tensors
        return above * 3 * x**2
"""
gl.grade(third, answer, trust=True)

# %% [markdown]
# Previous: [9. Threes and sevens](09-threes-and-sevens.ipynb).
#
# Next: [writing reports](11-writing-reports.ipynb).

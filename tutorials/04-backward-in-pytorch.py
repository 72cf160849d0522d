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
# # 4. Gradients in PyTorch
#
# **Assumes:** [tutorial 2](02-partial-derivatives-and-the-gradient.ipynb), for what a gradient is. You need not have used PyTorch before.
#
# **Afterwards** you can get gradients from `requires_grad_`, `backward()` and `.grad`, say why `backward()` wants a single number, and avoid the mistakes that everybody makes once.

# %%
# %load_ext gradlab.notebook
import warnings
from textwrap import fill

import torch

import gradlab as gl

# %% [markdown]
# ## A number that remembers
#
# PyTorch computes with **tensors**: numbers, vectors and larger arrays.
# `requires_grad_()` tells a tensor that we shall ask for slopes with respect to it.

# %%
x = torch.tensor(3.0).requires_grad_()
y = x**2
y

# %% [markdown]
# The value is 9, as expected.
# But $y$ also remembers how it was made: `grad_fn=<PowBackward0>` says *by a power*.
#
# `backward()` goes back along that memory, from $y$ to $x$, and leaves the slope in `x.grad`.
# *Which number will it be?*

# %%
y.backward()
x.grad

# %% [markdown]
# The slope of $x^2$ at 3 is $2 \cdot 3 = 6$.
#
# What "going back" means is [tutorial 5](05-the-chain-rule-and-backpropagation.ipynb)'s subject.
# gradlab can show the way: each operation with its value, and on the way back the slope of the result with respect to it, called $\delta$.

# %%
gl.backward("x**2", at=3).table()

# %% [markdown]
# ## Once more, and the first trap
#
# Compute the same thing again, with the same $x$.
# *What is `x.grad` now?*

# %%
y = x**2
y.backward()
x.grad

# %% [markdown]
# 12?
# The slope is 6 still.
# PyTorch **adds** each new gradient to what is there already, and 6 + 6 is 12.
#
# That is useful when a gradient is collected in portions, and a trap otherwise.
# So a loop clears the gradient each time.

# %%
x.grad = None
y = x**2
y.backward()
x.grad

# %% [markdown]
# ## A vector
#
# Now $x$ holds three numbers, and the function squares each and adds the squares.
#
# *What does the next cell print: a number or a vector? Which?*

# %%
x = torch.tensor([3.0, 4.0, 10.0]).requires_grad_()
value = (x**2).sum()
value

# %% [markdown]
# One number: $9 + 16 + 100 = 125$.
# `sum()` makes a single number of the vector `x**2`, however long that is.
# Many people expect `[9, 16, 100]` here: that is `x**2`, before the sum.
#
# *And the gradient: a number or a vector?*

# %%
value.backward()
x.grad

# %% [markdown]
# A vector, since the value can change in three ways: through each entry of $x$.
#
# | | formula | at $[3, 4, 10]$ | shape |
# |---|---|---|---|
# | `x**2` | $x_i^2$ | $[9, 16, 100]$ | that of $x$ |
# | the value | $\sum_i x_i^2$ | $125$ | a number |
# | the gradient | $2 x_i$ | $[6, 8, 20]$ | that of $x$ |
#
# PyTorch says so, and the other two routes agree.


# %%
def squares(x):
    return (x**2).sum()


gl.compare(squares, at=[3, 4, 10])

# %% [markdown]
# ## Why it must be a single number
#
# *What happens if we forget the sum?*

# %%
x = torch.tensor([3.0, 4.0, 10.0]).requires_grad_()
try:
    (x**2).backward()
except RuntimeError as error:
    print(error)

# %% [markdown]
# A gradient answers *how does **the** value change?*
# Three values change in three ways each, which makes nine slopes: not a vector but a matrix, the **Jacobian**.
# One row for each value, one column for each entry of $x$.

# %%
torch.autograd.functional.jacobian(lambda x: x**2, x.detach())

# %% [markdown]
# Most of it is 0, since entry $i$ of `x**2` depends on entry $i$ of $x$ alone.
# In a formula that is a diagonal matrix:

# %%
gl.as_function(lambda x: x**2, shapes={"x": ("n",)}).jacobian("x")

# %% [markdown]
# Training does not need the nine slopes.
# It needs to know how one number changes, the **loss**, and so a loss ends in `sum()` or `mean()`.
# gradlab says it like this:

# %%
try:
    gl.backward(lambda x: x**2, at=[3.0, 4.0, 10.0])
except gl.GradlabError as error:
    print(fill(str(error), 80))

# %% [markdown]
# ## A function, and a value of it
#
# "The gradient" can mean two things, and it helps to keep them apart.
#
# The gradient as a **function** tells the slopes at *any* point.
# That is what `derive` finds:

# %%
gradient = gl.derive(squares).gradient["x"]
gradient

# %% [markdown]
# The gradient as a **value** is what comes out at *one* point.
# A function can be asked again, elsewhere:

# %%
print(gradient([3, 4, 10]))
print(gradient([1, 0, -1]))

# %% [markdown]
# `x.grad` is only a value.
# It belongs to the point at which `backward()` was called, and does not follow $x$.
#
# *What does this print?*

# %%
x = torch.tensor([3.0, 4.0, 10.0]).requires_grad_()
squares(x).backward()
with torch.no_grad():
    x[:] = torch.tensor([1.0, 0.0, -1.0])
print("x     ", x.detach())
print("x.grad", x.grad)

# %% [markdown]
# The old gradient, at the new point.
# In PyTorch, the gradient as a function is a function that you write, and that goes forward and back each time:


# %%
def gradient_by_torch(x):
    x = x.detach().requires_grad_()
    (found,) = torch.autograd.grad(squares(x), x)
    return found


print(gradient_by_torch(torch.tensor([3.0, 4.0, 10.0])))
print(gradient_by_torch(torch.tensor([1.0, 0.0, -1.0])))

# %% [markdown]
# ## Two more traps
#
# **Whole numbers have no slopes.**
# A tensor of integers cannot move a little.

# %%
try:
    torch.tensor([3, 4, 10]).requires_grad_()
except RuntimeError as error:
    print(error)

# %% [markdown]
# Write `3.0` in place of `3`.
#
# **The memory can be cut.**
# `torch.tensor([a, b])` copies two numbers into a new tensor, and the copies remember nothing.
# The value is right, so it is easily overlooked, until the gradient is missing.
#
# *What does the first line lack that the second one has?*


# %%
def cut(x):
    a, b = x
    return (torch.tensor([a, b]) ** 2).sum()


def joined(x):
    a, b = x
    return (torch.stack([a, b]) ** 2).sum()


x = torch.tensor([3.0, 4.0]).requires_grad_()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PyTorch does say something, once
    print("cut:   ", cut(x))
print("joined:", joined(x))

# %% [markdown]
# Without `grad_fn` there is no way back.
# gradlab finds such a place, names its line, and says what to write instead.

# %%
try:
    gl.derive(gl.as_function(cut, shapes={"x": (2,)}))
except gl.GradlabError as error:
    print(error)

# %% [markdown]
# ## Down in PyTorch
#
# Put together: forward, back, step, clear, and again.
# The step is taken under `torch.no_grad()`, since it is not to be remembered.

# %%
x = torch.tensor([3.0, 4.0, 10.0]).requires_grad_()
for _ in range(5):
    loss = squares(x)
    loss.backward()
    with torch.no_grad():
        x -= 0.1 * x.grad
    print(f"loss {loss.item():8.3f}   x", [round(entry, 3) for entry in x.tolist()])
    x.grad = None

# %% [markdown]
# gradlab's `descend` takes the same steps, after it has compared the gradient in three ways.

# %%
gl.descend(squares, [3, 4, 10], rule=gl.GradientDescent(rate=0.1), steps=5, engine="torch")

# %% [markdown]
# ## What you know now
#
# - `requires_grad_()` before, `backward()` at the end, `.grad` holds the gradient.
# - `backward()` starts from a single number; the gradient has the shape of $x$.
# - `.grad` is a value at one point, and new ones are added to it until you clear it.
# - Tensors of integers have no gradient, and copies forget where they came from.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# Somebody answered with what `(x**2).sum()` prints.

# %%
first = gl.Exercise("x^2 + y^2 + z^2", ask="value", at={"x": 3, "y": 4, "z": 10})
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 125

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [6, 8, 20]

# %% [markdown]
# ### Exercise 2
# The mean in place of the sum, for a vector of any length $n$.
# Write `x` for the whole vector.

# %%
second = gl.Exercise("1/n*sum(x^2)", ask="closed form", wrt="x", shapes={"x": "n"})
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 2 x

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2/n x

# %% [markdown]
# ### Exercise 3
# What should `x` be after one step?
# In the answer that is here somebody wrote `x -= x.grad`.

# %%
third = gl.Exercise("x^2 y", ask="step", at={"x": 3, "y": 2}, rate=0.1)
third

# %% language="grade" magic_args="third" tags=["attempt"]
# [-9, -7]

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [1.8, 1.1]

# %% [markdown]
# Previous: [3. Finite differences](03-finite-differences.ipynb).
#
# Next: [how `backward()` does it](05-the-chain-rule-and-backpropagation.ipynb).

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
# # 3. Finite differences
#
# **Assumes:** [tutorial 2](02-partial-derivatives-and-the-gradient.ipynb): the gradient is the vector of slopes, one for each variable.
#
# **Afterwards** you can measure the gradient of anything that you can call, say why the step must be neither large nor tiny, and say why nobody trains a network that way.

# %%
# %load_ext gradlab.notebook
import math

import numpy as np

import gradlab as gl
from gradlab import plots

# %% [markdown]
# ## The slow manual process
#
# Here are five measurements.
# We look for a line through them, with a slope $w$ and a height $b$.
# The **loss** says how badly a line fits: the mean of the squared distances.

# %%
x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
y = np.array([1.1, 2.9, 5.2, 6.8, 9.1])


def loss(w, b):
    return ((w * x + b - y) ** 2).mean()


print(loss(1.0, 0.0))

# %% [markdown]
# Imagine two knobs, $w$ and $b$, and a display that shows the loss.
# You know no rule for derivatives.
# What you can do is turn one knob a little, look, and turn it back.
#
# *Turning $w$ from 1 to 1.001 lowers the loss by about 0.016. What is the slope?*

# %%
nudge = 0.001
before = loss(1.0, 0.0)
slope_w = (loss(1.0 + nudge, 0.0) - before) / nudge
slope_b = (loss(1.0, 0.0 + nudge) - before) / nudge
print(f"{slope_w:.3f} and {slope_b:.3f}")

# %% [markdown]
# That is rise over run for each variable in turn: a **finite difference**.
# It needs no formula, only calls of the function.
# Now turn both knobs against their slopes, and begin again.

# %%
calls = 0


def measured(w, b):
    """Count how often the loss is looked at."""
    global calls
    calls += 1
    return loss(w, b)


w, b, rate = 1.0, 0.0, 0.05
for _ in range(200):
    before = measured(w, b)
    slope_w = (measured(w + nudge, b) - before) / nudge
    slope_b = (measured(w, b + nudge) - before) / nudge
    w, b = w - rate * slope_w, b - rate * slope_b
print(f"w = {w:.3f}, b = {b:.3f}, loss {loss(w, b):.4f} after {calls} calls")

# %% [markdown]
# It works.
# But each step took three calls: one for each knob, and one before.
#
# *How many calls does one step take, for a network with a million weights?*
#
# A million and one, each of them a pass through the whole network.
# gradlab counts the calls that it makes, so let us see for a thousand weights.
# The function is only to be called (`opaque`), as your display was.

# %%
weights = gl.as_function(lambda w: (w**2).sum(), shapes={"w": (1000,)}, opaque=True)
found = gl.estimate(weights, at=np.ones(1000), method="forward")
print(f"{int(found.evaluations['w'].sum())} points for {found['w'].size} partial derivatives")

# %% [markdown]
# Two points for each of them: gradlab spends the second on finding out how far off it may be.
# [Tutorial 5](05-the-chain-rule-and-backpropagation.ipynb) shows how one pass forward and one pass back give all of them at once.
#
# ## How far off?
#
# Take a function whose slope we know: $e^x$ is its own derivative, so at $x = 1$ the slope is $e = 2.71828\ldots$
#
# *A step ten times as small: how much smaller is the error?*


# %%
def forward(f, x, h):
    return (f(x + h) - f(x)) / h


for h in [0.1, 0.01, 0.001, 0.0001]:
    print(f"h = {h:<7} error {abs(forward(math.exp, 1, h) - math.e):.2e}")

# %% [markdown]
# Ten times smaller.
# The reason is the bend of the curve: over the run $h$ the slope itself changes by about $h f''$, and the secant sees half of it.
#
# $$\text{truncation error} \approx \frac{h}{2}\, |f''(x)|$$
#
# At $h = 0.0001$ that is $0.00005 \cdot 2.718 = 1.36 \cdot 10^{-4}$, as printed.
#
# So let us take a really small step.
# *What do you expect of $h = 10^{-12}$? Of $10^{-16}$?*

# %%
for exponent in [-6, -8, -10, -12, -14, -16]:
    slope = forward(math.exp, 1, 10.0**exponent)
    print(f"h = 1e{exponent:<4} slope {slope:.10f}  error {abs(slope - math.e):.2e}")

# %% [markdown]
# It got better, then worse, and in the end the slope is 0.
#
# ## Why smaller is not better
#
# A computer keeps about 16 digits of a number.
# $f(x + h)$ and $f(x)$ agree in most of them, and the subtraction throws these away.

# %%
print(f"{math.exp(1 + 1e-12):.16f}")
print(f"{math.exp(1):.16f}")
print("1 + 1e-16 == 1:", 1 + 1e-16 == 1)

# %% [markdown]
# The two agree in their first eleven digits; a few are left to tell them apart, and the last of these is rounded.
# Dividing by the tiny $h$ blows up this rounding.
# At $h = 10^{-16}$ nothing is left at all: $1 + h$ *is* 1 for the computer, and the rise is 0.
#
# $$\text{rounding error} \approx \frac{\varepsilon\, |f(x)|}{h}, \qquad \varepsilon \approx 10^{-16}$$
#
# So there are two errors: one grows with the step, the other one shrinks with it.
# The picture shows both at once; each axis goes by powers of ten.

# %%
ax = plots.step_sizes("exp(x)", 1)

# %% [markdown]
# Follow the orange dots from right to left: down with the truncation error, along the line $h$, and up again in the noise of rounding.
# The best forward step is near $10^{-8}$, and even there half of the digits are gone.
#
# The other colours are better ideas.
# Blue is the next one; green combines two of the blue ones, and pink goes through complex numbers, which needs a formula.
# The star is the slope that gradlab returns, with the bound on its error.
#
# ## Look to both sides
#
# Take the rise from $x - h$ to $x + h$, and divide by $2h$: a **central difference**.
# The bend to the left cancels the bend to the right.
#
# *A step ten times as small: how much smaller is the error now?*


# %%
def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


for h in [0.1, 0.01, 0.001, 0.0001]:
    print(f"h = {h:<7} error {abs(central(math.exp, 1, h) - math.e):.2e}")

# %% [markdown]
# A hundred times: the truncation error now goes with $h^2$.
# So a larger step will do, where rounding does less harm.
#
# For a parabola the cancelling is complete, whatever the step:
#
# $$\frac{(x + h)^2 - (x - h)^2}{2h} = \frac{4xh}{2h} = 2x.$$

# %%
[central(lambda x: x**2, 3, h) for h in [1, 0.5, 0.25]]

# %% [markdown]
# ## Let gradlab choose the step
#
# `estimate` knows these methods, chooses the step, and says how far off the result can be: its **bound**.
# The default, `"ladder"`, combines central differences at many steps.

# %%
print("method      step      error     bound")
for method in ["forward", "central", "ladder"]:
    found = gl.estimate("exp(x)", at=1, method=method)
    step, error, bound = found.steps["x"], abs(found["x"] - math.e), found.error["x"]
    print(f"{method:8}  {float(step):.1e}   {error:.0e}     {float(bound):.0e}")
    assert error <= bound

# %% [markdown]
# A bound is worth more than a small error: without it you would not know that the error is small.
#
# ## Half as many digits
#
# Networks compute with `float32` numbers, which keep about 7 digits.
# *Where is the best step then?*

# %%
ax = plots.step_sizes("exp(x)", np.float32(1))

# %% [markdown]
# Everything moved to the right: the best forward step is now between $10^{-4}$ and $10^{-3}$, and it gives three or four good digits.
# A step of $10^{-8}$, the best one before, changes nothing at all in `float32`:

# %%
one, tiny = np.float32(1), np.float32(1e-8)
print((np.exp(one + tiny) - np.exp(one)) / tiny)

# %% [markdown]
# ## Where a measurement lies
#
# The graph of $|x|$ has a corner at 0.
# *What does the central difference say there?*

# %%
central(abs, 0, 0.001)

# %% [markdown]
# A confident 0, for any step, though there is no slope.
# gradlab looks at both sides, and its bound spans them.

# %%
gl.estimate("abs(x)", at=0)

# %% [markdown]
# ## What finite differences are for
#
# They are slow and a little wrong.
# But they know nothing of rules, so they make an honest **check** of a gradient that was found in another way.
#
# Somebody derived the loss above by hand, and claims that $\partial\,\text{loss}/\partial w$ is the mean of $(w x + b - y)\, x$.
# *Is it?*

# %%
claim = {"w": ((1.0 * x + 0.0 - y) * x).mean(), "b": 2 * (1.0 * x + 0.0 - y).mean()}
gl.compare(loss, at={"w": 1.0, "b": 0.0}, claimed=claim)

# %% [markdown]
# The three routes agree, and the claim for $w$ is half of what they say: the 2 of the power rule was forgotten.
#
# ## What you know now
#
# - A finite difference is rise over run with a small, but not too small, step.
# - Too large a step sees the bend (truncation), too small a one sees the rounding.
# - Central differences are far better than forward ones, for at most twice the calls.
# - One gradient costs at least one call for each variable: good for checking, too slow for training.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# The answer that is here was measured with a run of 0.1.
# What do such slopes approach?

# %%
first = gl.Exercise("x^3", ask="value", at=2)
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 12.61

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 12

# %% [markdown]
# ### Exercise 2
# The total error of a forward difference is like $a h + b/h$: truncation and rounding.
# How fast does it change with the step $h$?
# The numbers $a$ and $b$ are held.
# Remember that $1/h$ is $h^{-1}$, and that the power rule holds for negative exponents, too.

# %%
second = gl.Exercise("a h + b/h", ask="partial", wrt="h")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# a + b/h^2

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# a - b/h^2

# %% [markdown]
# ### Exercise 3
# The best step is where this error is level.
# Take $a = 1$ and $b = 10^{-16}$, and compare with the picture of the orange dots.
# There are two such steps, one to the right and one to the left: write them as $[\ldots, \ldots]$.

# %%
third = gl.Exercise("h + 10^(-16)/h", ask="critical point")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# 10^(-16)

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [10^(-8), -10^(-8)]

# %% [markdown]
# ### Exercise 4
# The loss of the line, for one measurement.
# The answer that is here is the claim from above.

# %%
fourth = gl.Exercise("(w x + b - y)^2", ask="partial", wrt="w")
fourth

# %% language="grade" magic_args="fourth" tags=["attempt"]
# (w x + b - y) x

# %% language="grade" magic_args="fourth" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2(w x + b - y) x

# %% [markdown]
# Previous: [2. Partial derivatives and the gradient](02-partial-derivatives-and-the-gradient.ipynb).
#
# Next: [how PyTorch finds the same slopes](04-backward-in-pytorch.ipynb).

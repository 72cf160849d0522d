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
# # 6. Seven steps
#
# **Assumes:** [tutorial 4](04-backward-in-pytorch.ipynb), for `backward()` and `.grad`, and from school the parabola.
#
# **Afterwards** you can train a model from the first guess to the last step, reproduce a published run row by row, and say when a run is finished and when it is only stuck.
#
# The seven steps, and the rollercoaster that shows them, are an idea of the fastai course (Jeremy Howard and Sylvain Gugger, *Deep Learning for Coders with fastai and PyTorch*, chapter 4).

# %%
# %load_ext gradlab.notebook
from textwrap import fill

import numpy as np
import torch

import gradlab as gl
from gradlab import data, plots
from gradlab.grading import CodeExercise

# %% [markdown]
# ## The task
#
# A rollercoaster climbs a hill, gets slower, and is fast again on the other side.
# Its speed was taken at 20 times.
#
# The published example shows the run, but not its measurements.
# gradlab ships measurements that were worked out so that the run comes out as it was published.

# %%
ride = data.load("rollercoaster")
time = torch.tensor(ride["time"], dtype=torch.float64)
speed = torch.tensor(ride["speed"], dtype=torch.float64)
print(*map(round, ride["speed"]))

# %% [markdown]
# Falling, then rising: that looks like a parabola, $a t^2 + b t + c$.
# The three numbers $a$, $b$ and $c$ are the **parameters**.
# Training means to find good ones.


# %%
def f(t, params):
    a, b, c = params
    return a * (t**2) + b * t + c


# %% [markdown]
# ## Step 1: initialise
#
# Begin anywhere; most people take random numbers.
# We take those of the published example, and tell PyTorch that we shall ask for slopes.

# %%
start = [-0.57139085, -0.11943031, -1.26767105]
params = torch.tensor(start, dtype=torch.float64).requires_grad_()

# %% [markdown]
# ## Step 2: predict
#
# *With a negative $a$: which way does the first parabola open?*

# %%
preds = f(time, params)
preds[:5]

# %% [markdown]
# Downwards: these speeds fall and never come back.
#
# ## Step 3: loss
#
# How bad is that?
# Take the distances between prediction and measurement, square them, and take the mean.
# One number, as `backward()` wants it.


# %%
def mse(preds, targets):
    return ((preds - targets) ** 2).mean()


loss = mse(preds, speed)
loss

# %% [markdown]
# Is 15,463 much?
# Its square root is: the parabola is wrong by about 124, where the largest speed is 71.
#
# ## Step 4: gradient
#
# How would the loss change with each parameter?
#
# *Which sign do you expect for $a$? Should it grow or shrink?*

# %%
loss.backward()
params.grad

# %% [markdown]
# Negative: if $a$ grows, the loss falls.
# And it is by far the largest of the three.
#
# Before we walk on these numbers, let us see whether they are right.
# gradlab reads the same Python, and derives the formula.


# %%
def L(params):
    return mse(f(time, params), speed)


gl.derive(L)

# %% [markdown]
# There is the reason for the size: the slope for $a$ has $t^2$ in it, up to 361, that for $b$ only $t$, and that for $c$ neither.

# %%
gl.compare(L, at=start)

# %% [markdown]
# Three ways, one answer.
#
# ## Step 5: step
#
# Against the gradient, times a small learning rate.
# Then clear the gradient, or the next one will be added to it.

# %%
rate = 1e-5
with torch.no_grad():
    params -= rate * params.grad
params.grad = None
params.detach()

# %% [markdown]
# *Did it help?*

# %%
mse(f(time, params), speed)

# %% [markdown]
# From 15,463 to 3,487 in one step.
#
# ## Step 6: repeat
#
# Steps 2 to 5, again and again: that is the whole of training.
# We start anew, so that all rows are in one table, and put the published rows beside ours.

# %%
published = data.load("rollercoaster_published")
theirs = np.column_stack([published[name] for name in ("a", "b", "c", "loss")])

params = torch.tensor(start, dtype=torch.float64).requires_grad_()
rows = []
for _ in range(10):
    preds = f(time, params)  # 2
    loss = mse(preds, speed)  # 3
    loss.backward()  # 4
    rows.append([*params.tolist(), loss.item()])
    with torch.no_grad():
        params -= rate * params.grad  # 5
    params.grad = None


def line(row):
    return "{:8.4f} {:8.4f} {:8.4f} {:10.3f}".format(*row)


print("              ours                                published")
print("step" + "       a        b        c       loss   " * 2)
for step in range(10):
    print(f"{step:4} {line(rows[step])}   {line(theirs[step])}")

# %% [markdown]
# Row for row, but for a last digit here and there.
# The largest distances:

# %%
ours = np.array(rows)
print(f"loss, relative:       {np.max(np.abs(ours[:, 3] / theirs[:, 3] - 1)):.1e}")
print(f"parameters, absolute: {np.max(np.abs(ours[:, :3] - theirs[:, :3])):.1e}")

# %% [markdown]
# The published parameters were printed with four digits behind the point, and that is what is left.
#
# `descend` is the same loop, which keeps every step, so that we can look at it.

# %%
run = gl.descend(L, start, rule=gl.GradientDescent(rate=1e-5), steps=10)
axes = plots.fits(run, f, time, speed, steps=(0, 1, 2, 3), names=("time", "speed"))

# %% [markdown]
# ## Step 7: stop
#
# When?
# Some stop after a number of steps, some when the loss no longer falls.
# Look at the last rows of the table: 691.87, then 691.85.
#
# *Is the run finished? Is this the best parabola?*

# %%
ax = plots.fit(run, f, time, speed, names=("time", "speed"))

# %% [markdown]
# The loss stands almost still, but the fit is bad.
# A loss that no longer falls does **not** say that it is low.
# What does gradlab say of the run?

# %%
print(fill(run.diagnosis, 80))

# %% [markdown]
# So the run is not finished, it is stuck: in one direction it has arrived, and in another one it would need almost two million steps more.
# Two ideas come to mind.
#
# **A larger rate.**
# *What does $10^{-4}$ do, ten times as much?*

# %%
too_bold = gl.descend(L, start, rule=gl.GradientDescent(rate=1e-4), steps=10)
print(fill(too_bold.diagnosis, 80))

# %% [markdown]
# It leaps across the valley and up the other side, as $x^2$ did in tutorial 1 with a rate of 1.1.
# The limit is $3.54 \cdot 10^{-5}$, so there is no room for a rate that would be ten times as fast.
# Where it comes from, and what $\lambda_{max}$ is, is the subject of [tutorial 7](07-the-learning-rate.ipynb).
#
# **More steps.**
# A hundred thousand, with a rate close to the limit?
# The engine `"compiled"` is made for runs of that length.

# %%
patient = gl.descend(
    L, start, rule=gl.GradientDescent(rate=3e-5), steps=100_000, engine="compiled"
)
print(f"loss {patient.losses[-1]:.2f}")
ax = plots.losses(patient)

# %% [markdown]
# Better, and still far from good.
#
# ## The trick: inputs of size 1
#
# The trouble came from $t^2$, which is 361 where $t$ is 19, while the factor of $c$ is always 1.
# So give the model a time that runs from about $-1.6$ to 1.6: subtract the mean, and divide by the spread.
#
# *By how much will the limit of the rate grow?*

# %%
scaled = (time - time.mean()) / time.std()


def L_scaled(params):
    return mse(f(scaled, params), speed)


print(f"limit before: {gl.derive(L).curvature().largest_rate:.3g}")
print(f"limit now:    {gl.derive(L_scaled).curvature().largest_rate:.3g}")

# %% [markdown]
# More than ten thousand times.
# So a rate of 0.3 will do, and fifty steps.
# This time we say when to stop, too: where the gradient is shorter than 0.001.

# %%
rule, stop = gl.GradientDescent(rate=0.3), gl.FlatGradient(1e-3)
good = gl.descend(L_scaled, [0, 0, 0], rule=rule, steps=1000, stop=stop)
print(good.stopped)
names = ("scaled time", "speed")
axes = plots.fits(good, f, scaled, speed, steps=(0, 1, 5, -1), names=names)

# %% [markdown]
# That is the fit that the eye expected.
# *How low is the loss, and is there a lower one?*
# For a parabola the best one can be computed directly, by least squares.

# %%
best = np.polynomial.Polynomial.fit(scaled.numpy(), speed.numpy(), 2)
print(f"descent {good.losses[-1]:.6f}")
print(f"best    {np.mean((best(scaled.numpy()) - speed.numpy()) ** 2):.6f}")

# %% [markdown]
# ## What you know now
#
# 1. **Initialise** the parameters,
# 2. **predict**,
# 3. measure the **loss**,
# 4. find its **gradient** (and check it, once),
# 5. take a **step** against it,
# 6. **repeat** from 2,
# 7. **stop**, and look whether it is good: a loss that stands still may only be stuck.
#
# Every network is trained by these steps, whatever its size.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# The loss of one measurement $y$ at the time $t$, and the parameter $a$.

# %%
first = gl.Exercise("(a t^2 + b t + c - y)^2", ask="partial", wrt="a")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# (a t^2 + b t + c - y) t^2

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2(a t^2 + b t + c - y) t^2

# %% [markdown]
# ### Exercise 2
# Step 5 for a model with one parameter.
# The 3 inside matters.

# %%
second = gl.Exercise("(3a - 6)^2", ask="step", at=1, rate=0.1)
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 1.6

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2.8

# %% [markdown]
# ### Exercise 3
# In its steepest direction the rollercoaster's loss bends like $28250\, a^2$.
# A step multiplies $a$ by $1 - \text{rate} \cdot 56500$; descent is stable as long as that lies between $-1$ and 1.
# Where did the limit in the diagnosis come from?
# (gradlab calls the 56,500 an *eigenvalue*; with one parameter it is the second derivative.)

# %%
third = gl.Exercise("28250 a^2", ask="rate")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# 1/56500

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2/56500

# %% [markdown]
# ### Exercise 4
# Steps 2 to 6 as a program, in NumPy and without `backward()`, for a line through many inputs: the predictions are $X w$.
# It returns the parameters after so many steps.

# %%
fourth = CodeExercise(
    "1/n*sum((X w - y)^2)",
    kind="training loop",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
print(fourth.template())

# %% tags=["attempt"]
answer = """
def train(w, X, y, rate, steps):
    distances = X @ w - y
    for _ in range(steps):
        w = w - rate * 2 / len(y) * X.T @ distances
    return w
"""
gl.grade(fourth, answer, trust=True)

# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
answer = """
def train(w, X, y, rate, steps):
    for _ in range(steps):
        distances = X @ w - y
        w = w - rate * 2 / len(y) * X.T @ distances
    return w
"""
gl.grade(fourth, answer, trust=True)

# %% [markdown]
# Previous: [5. The chain rule and backpropagation](05-the-chain-rule-and-backpropagation.ipynb).
#
# Next: [what the learning rate does, and why](07-the-learning-rate.ipynb).

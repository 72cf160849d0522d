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
# # 8. Stochastic gradient descent
#
# **Assumes:** [tutorial 6](06-seven-steps.ipynb) for the loop, and [tutorial 7](07-the-learning-rate.ipynb) for what a rate does.
#
# **Afterwards** you can train on a few examples at a time, write `for x, y in dl`, say how noisy the gradient of a batch is, and choose a batch size for a reason.

# %%
# %load_ext gradlab.notebook
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch

import gradlab as gl
from gradlab import plots
from gradlab.grading import CodeExercise

# %% [markdown]
# ## A hundred measurements
#
# We make them ourselves, so that we know the truth: a line, $y = 2x - 1$, and noise.

# %%
random = np.random.default_rng(0)
x = random.uniform(-1, 1, 100)
y = 2 * x - 1 + random.normal(scale=0.3, size=100)


def line(x, w, b):
    return w * x + b


def L(w, b, x, y):
    return ((w * x + b - y) ** 2).mean()


L = gl.as_function(L, shapes={"w": (), "b": (), "x": "n", "y": "n"})
start = {"w": 0.0, "b": 0.0}
gl.derive(L, ["w", "b"])

# %% [markdown]
# Both partial derivatives are means over the $n$ examples.
# So a step looks at every example, and moves once.
# With a hundred examples that is nothing; with a hundred million it is a long look for one small step.
#
# ## What one example says
#
# Ask each example alone: which way would *you* go?
# These are a hundred gradients of a hundred losses, each of one example.

# %%
distance = 0 * x + 0 - y  # of the line w = 0, b = 0
votes = np.column_stack([2 * distance * x, 2 * distance])
votes[:4].round(2)

# %% [markdown]
# We wrote that formula by hand, so we check one of them.

# %%
claimed = {"w": votes[0, 0], "b": votes[0, 1]}
one = gl.compare(L, at=start | {"x": x[:1], "y": y[:1]}, wrt=["w", "b"], claimed=claimed)
print(one.verdict)

# %% [markdown]
# The formula is right, but the examples disagree with each other: the four above do not even agree on the sign for $w$.
# *What is the mean of all hundred votes?*

# %%
whole = gl.derive(L, ["w", "b"]).at(start | {"x": x, "y": y})
print("mean of the votes:", votes.mean(axis=0).round(6))
print("the gradient:     ", np.round([whole["w"], whole["b"]], 6))

# %% [markdown]
# The mean of the hundred gradients is the gradient of the mean: the sum rule.
#
# In the picture each dot is the gradient of one example, and the cross is their mean.

# %%
figure, ax = plt.subplots(figsize=(4.6, 4.0), layout="constrained")
ax.scatter(*votes.T, s=14, color="#0072B2", alpha=0.6, label="one example")
ax.scatter(*votes.mean(axis=0), s=120, marker="x", linewidths=3, color="#D55E00", label="mean")
ax.axhline(0, color="grey", linewidth=0.6)
ax.axvline(0, color="grey", linewidth=0.6)
ax.set_xlabel("∂L/∂w")
ax.set_ylabel("∂L/∂b")
legend = ax.legend(frameon=False)

# %% [markdown]
# One example drawn at random is wrong, but not on one side: on average it is right.
# To follow it anyway is called **stochastic gradient descent**, SGD.
# *Stochastic* means: by chance.
#
# ## One, ten, or all
#
# Three ways to spend ten rounds through the hundred examples (a round is called an **epoch**):
#
# - all at once: 10 steps,
# - ten at a time, a **mini-batch**: 100 steps,
# - one at a time: 1,000 steps.
#
# *All three look at 1,000 examples. Which comes farthest, and which goes straightest?*

# %%
runs = {}
for size in [100, 10, 1]:
    batches = gl.Batches(x, y, size=size, seed=0)
    rule = gl.GradientDescent(rate=0.1)
    runs[size] = gl.descend(L, start, rule=rule, batches=batches, epochs=10)

figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
for ax, (size, run) in zip(axes, runs.items(), strict=True):
    plots.contour(run, ax=ax)
    ax.set_title(f"batches of {size}: {run.steps:,} steps", fontsize=10)

# %% [markdown]
# All at once goes straight, and is not there after ten steps.
# One at a time is there soon, and then staggers around the place for good.
# Ten at a time is there too, and staggers less.

# %%
print("batch       w       b   loss of all")
for size, run in runs.items():
    w, b = run.points[-1].values()
    print(f"{size:5} {w:7.3f} {b:7.3f}   {L(w, b, x, y):.4f}")

# %% [markdown]
# The best line, by least squares, for comparison:

# %%
b, w = np.polynomial.Polynomial.fit(x, y, 1).convert().coef
print(f"      {w:7.3f} {b:7.3f}   {L(w, b, x, y):.4f}")

# %% [markdown]
# ## How large is the noise?
#
# A batch of $B$ examples is a mean of $B$ votes.
# From statistics: the square of its distance from the true mean is $B$ times as small as for one vote, and a little smaller still, since no example is drawn twice.
#
# *By which factor does the noise fall from batches of 1 to batches of 4? And to 16?*

# %%
noise = gl.gradient_noise(L, start, (x, y), sizes=[1, 4, 16, 64])
noise

# %% [markdown]
# The second column is the square of that distance, in the mean over batches that were drawn, and `± error` says how well the drawing tells it; `predicted` is the formula.
# The last column compares the length of the noise with the length of the gradient: to halve it, take four times the batch.
#
# And that is why larger and larger batches do not pay: four times the work, and only half the noise.
#
# ## Near the end
#
# At the start the votes agree by and large.
# *And at the best line?*

# %%
at_the_end = gl.gradient_noise(L, {"w": w, "b": b}, (x, y), sizes=[1, 4, 16, 64])
print(f"at the start the gradient is {np.sqrt(noise.squared_norm):.2f} long,")
print(
    f"at the best line {np.sqrt(abs(at_the_end.squared_norm)):.0e}, but one vote is still off by"
)
print(f"{np.sqrt(at_the_end.variance):.2f}")

# %% [markdown]
# There is nothing left to follow, and the votes go on contradicting each other.
# So SGD with a fixed rate never arrives.
# What does gradlab say of the run with batches of 1?

# %%
print(fill(runs[1].diagnosis, 80))

# %% [markdown]
# A **noise floor**: it does not come from the rate being too large for the valley, but from the votes.
# Two cures are named, smaller steps and larger batches.
# A third: begin with large steps, and shrink them on the way.
# Such a plan is called a **schedule**.

# %%
schedule = gl.Cosine(0.1, steps=1000)
batches = gl.Batches(x, y, size=1, seed=0)
calm = gl.descend(L, start, rule=gl.GradientDescent(schedule), batches=batches, epochs=10)


def loss_of_all(run):
    return [L(*run.points[i].values(), x, y) for i in range(0, run.steps + 1, 10)]


figure, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
steps = range(0, 1001, 10)
ax.plot(steps, loss_of_all(runs[1]), color="#D55E00", label="rate 0.1")
ax.plot(steps, loss_of_all(calm), "--", color="#0072B2", label="rate from 0.1 to 0")
ax.axhline(L(w, b, x, y), color="grey", linewidth=0.8, label="best line")
ax.set_ylim(0.06, 0.2)
ax.set_xlabel("step")
ax.set_ylabel("loss of all examples")
legend = ax.legend(frameon=False)

# %% [markdown]
# The schedule comes to rest.
#
# ## `for x, y in dl`
#
# PyTorch hands out batches by a `DataLoader`, which people call `dl`.
# It shuffles the examples anew in every epoch.
# The loop is that of the seven steps, with one line more.

# %%
dataset = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
torch.manual_seed(0)
dl = torch.utils.data.DataLoader(dataset, batch_size=10, shuffle=True)

params = torch.zeros(2, dtype=torch.float64, requires_grad=True)
for _ in range(10):
    for xb, yb in dl:
        loss = ((params[0] * xb + params[1] - yb) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            params -= 0.1 * params.grad
        params.grad = None
params.detach()

# %% [markdown]
# *Why must `loss` be a mean, and not a sum? What would a last batch of 3 examples do, if 103 were cut into tens?*
#
# With a mean, the length of a step does not depend on the number of examples in the batch.
# With a sum, a batch twice as large makes steps twice as long, and the rate would have to follow.
#
# gradlab takes the same `dl`, checks the gradient at the start by three routes, and keeps the path.

# %%
torch.manual_seed(0)
run = gl.descend(L, start, rule=gl.GradientDescent(rate=0.1), batches=dl, epochs=10)
print(run.stopped)
ours = np.array([*run.points[-1].values()])
print(f"farthest apart from the loop: {np.abs(ours - params.detach().numpy()).max():.0e}")

# %% [markdown]
# The mean loss of each epoch is what people look at while they train:

# %%
run.epoch_losses.round(3)

# %% [markdown]
# ## What you know now
#
# - The gradient is the mean of what the examples say, each for itself.
# - A mini-batch is a cheaper mean with noise; to halve the noise takes four times the batch.
# - With a fixed rate the path ends in a noise floor; smaller rates, larger batches, or a schedule lower it.
# - `for x, y in dl` goes through the batches of one epoch.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# The vote of one example on $w$, for a line through the origin.

# %%
first = gl.Exercise("(w x - y)^2", ask="partial", wrt="w")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 2(w x - y)

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2(w x - y) x

# %% [markdown]
# ### Exercise 2
# One step with a batch of two examples, whose losses are $(w - 1)^2$ and $(w - 5)^2$.
# Mind the mean, and the rate.

# %%
second = gl.Exercise("((w - 1)^2 + (w - 5)^2)/2", ask="step", at=1, rate=0.1)
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 5

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 1.4

# %% [markdown]
# ### Exercise 3
# The gradient of a batch in one formula.
# Write $X^T$ as `X^T`.

# %%
third = gl.Exercise(
    "1/n*sum((X w - y)^2)",
    ask="closed form",
    wrt="w",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
third

# %% language="grade" magic_args="third" tags=["attempt"]
# 2 X^T (X w - y)

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2/n X^T (X w - y)

# %% [markdown]
# ### Exercise 4
# The step for one batch, in PyTorch.

# %%
fourth = CodeExercise(
    "1/n*sum((X w - y)^2)",
    kind="training step",
    library="torch",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
print(fourth.template())

# %% tags=["attempt"]
answer = """
import torch

def step(w, X, y, rate):
    loss = ((X @ w - y) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        w -= rate * w.grad
    return w
"""
gl.grade(fourth, answer, trust=True)

# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
answer = """
import torch

def step(w, X, y, rate):
    loss = ((X @ w - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= rate * w.grad
    return w
"""
gl.grade(fourth, answer, trust=True)

# %% [markdown]
# Previous: [7. The learning rate](07-the-learning-rate.ipynb).
#
# Next: [a classifier of real digits](09-threes-and-sevens.ipynb).

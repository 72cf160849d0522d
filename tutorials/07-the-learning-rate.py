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
# # 7. The learning rate
#
# **Assumes:** [tutorial 2](02-partial-derivatives-and-the-gradient.ipynb) for the gradient, and [tutorial 6](06-seven-steps.ipynb) for the loop.
#
# **Afterwards** you can tell from a run whether its rate was too small, right, or too large, work out the limit beforehand, and say what to do when no rate is good.

# %%
# %load_ext gradlab.notebook
from textwrap import fill

import matplotlib.pyplot as plt

import gradlab as gl
from gradlab import plots

plt.rcParams["figure.dpi"] = 68  # many pictures: small ones

# %% [markdown]
# ## Four rates in one valley
#
# The valley is $f(x) = x^2$, and we start at $x = 1$.
#
# *One of these four rates is good. Which, and what will the others do?*

# %%
rates = [0.01, 0.4, 0.95, 1.05]
runs = [gl.descend("x^2", 1.0, rule=gl.GradientDescent(rate=rate), steps=15) for rate in rates]

figure, axes = plt.subplots(2, 2, figsize=(8, 5.6), layout="constrained")
for ax, run in zip(axes.flat, runs, strict=True):
    plots.curve(run, ax=ax, tangents=0)

# %% [markdown]
# Above each picture stands its name:
#
# - **too slow**: the right way, in tiny steps;
# - **minimum**: it has arrived, which is what we want;
# - **bouncing**: over to the other side in every step, and yet a little lower each time;
# - **diverging**: over to the other side, and higher each time.

# %%
for rate, run in zip(rates, runs, strict=True):
    print(fill(f"{rate}: {run.diagnosis}", 80), end="\n\n")

# %% [markdown]
# ## Why: one number
#
# The slope of $x^2$ is $2x$, so a step leads from $x$ to
#
# $$x - \text{rate} \cdot 2x = (1 - 2\,\text{rate})\, x.$$
#
# Every step multiplies $x$ by the same **factor**, $1 - 2\,\text{rate}$.
#
# *What is it for the four rates?*

# %%
for rate, run in zip(rates, runs, strict=True):
    x0, x1, x2 = run.points.of("x")[:3]
    print(f"rate {rate:<5} factor {1 - 2 * rate:6.2f}   seen {x1 / x0:6.2f}, {x2 / x1:6.2f}")

# %% [markdown]
# Now the four names are four places of the factor:
#
# | factor | what happens |
# |---|---|
# | a little below 1 | too slow |
# | near 0 | good |
# | between $-1$ and 0, close to $-1$ | bouncing |
# | below $-1$ | diverging |
#
# For another valley, $\frac{\lambda}{2} x^2$, the second derivative is $\lambda$ in place of 2.
# It says how fast the slope changes, and is called the **curvature**.
# The factor is $1 - \text{rate} \cdot \lambda$, and it stays above $-1$ as long as
#
# $$\text{rate} < \frac{2}{\lambda}.$$
#
# *Which rate brings the factor to 0, so that one step is enough?*

# %%
for curvature in [0.5, 2, 20]:
    valley = f"{curvature}/2*x^2"
    limit = gl.spectrum(valley, 1.0).largest_rate
    one_step = gl.descend(valley, 1.0, rule=gl.GradientDescent(rate=1 / curvature), steps=1)
    print(
        f"curvature {curvature:4}: limit {limit:4g}, with 1/λ to x = {one_step.points[-1]['x']}"
    )

# %% [markdown]
# ## Two directions, one rate
#
# Now a valley in two variables: it rises gently along $x$ and steeply along $y$.

# %%
bowl = "x^2/2 + 10y^2"
gl.derive(bowl)

# %% [markdown]
# The curvature is 1 along $x$ and 20 along $y$, but the rate is the same for both.
#
# *Which of them sets the limit, and which one makes us wait?*

# %%
start = {"x": 3, "y": 0.6}
gl.spectrum(bowl, start)

# %% [markdown]
# The matrix of second derivatives is called the **Hessian**, and the curvatures along its own directions are its **eigenvalues**.
# The largest one, 20, sets the limit: $2/20 = 0.1$.
# The smallest one makes us wait.

# %%
rates = [0.095, 0.102]
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, rate in zip(axes, rates, strict=True):
    run = gl.descend(bowl, start, rule=gl.GradientDescent(rate=rate), steps=25)
    plots.contour(run, ax=ax)

# %% [markdown]
# At 0.095 the path bounces across the valley and creeps along it; at 0.102 it leaves the valley, and creeps along it all the same.
# Across, the factor is $1 - 0.095 \cdot 20 = -0.9$; along, it is $1 - 0.095 \cdot 1 = 0.905$.
#
# In the next picture each direction has a line of its own, on a logarithmic axis: a constant factor is a straight line.
# Dashed is what the eigenvalue predicts; where it is right, it lies beneath the line.

# %%
run = gl.descend(bowl, start, rule=gl.GradientDescent(rate=0.05), steps=40)
ax = plots.directions(run)

# %% [markdown]
# *Why does one line fall away at once?*
#
# With the rate 0.05 the factor along $y$ is $1 - 0.05 \cdot 20 = 0$: there, one step is enough.
# Along $x$ it is 0.95, and it takes a while.
#
# ## When the axes are tilted
#
# The directions need not be those of the variables.

# %%
tilted = gl.as_function("x^2 + x y + y^2", name="tilted")
gl.spectrum(tilted, {"x": 1, "y": 2})

# %% [markdown]
# The valley runs along $x - y$, and is steep along $x + y$.
# Is it true that along such a direction a step only multiplies?
# Start on it, and look at the gradient:

# %%
for name, direction in [("x + y", (1, 1)), ("x - y", (1, -1)), ("x", (1, 0))]:
    slope = gl.derive(tilted).at({"x": direction[0], "y": direction[1]})
    print(f"along {name:5}  point {direction}  gradient ({slope['x']:g}, {slope['y']:g})")

# %% [markdown]
# On the first two, the gradient is 3 times and 1 times the point: those are the eigenvalues.
# On the third one it points elsewhere.
#
# ## Try them all
#
# In practice people also just try.
# `sweep_rates` runs many rates, and draws the loss at the end against the rate.
#
# *Where do you expect the wall?*

# %%
sweep = gl.sweep_rates(bowl, start, steps=60)
ax = sweep.plot()

# %%
print(fill(sweep.reason, 80))

# %% [markdown]
# Too small on the left, the wall at 0.1 on the right, and the best rate not far from the wall.
#
# ## When no rate is good
#
# The ratio of the largest to the smallest eigenvalue is called the **condition number**.
# Here is what it costs: the steps to come a thousand times closer, each time with the best fixed rate.

# %%
for steep in [1, 10, 100, 1000]:
    valley = f"x^2/2 + {steep}/2*y^2"
    best = gl.spectrum(valley, {"x": 1, "y": 1}).best_rate
    stop = gl.LossBelow(0.5e-6 * (1 + steep))
    rule = gl.GradientDescent(rate=best)
    run = gl.descend(valley, {"x": 1, "y": 1}, rule=rule, steps=10_000, stop=stop)
    print(f"condition number {steep:5}: {run.steps:5,} steps")

# %% [markdown]
# In a round bowl one step is enough; after that, ten times the condition number costs about ten times the steps.
#
# So if it is large, do not look for a better rate.
# Change the valley: inputs of size 1, as in tutorial 6, make it rounder.
# Or change the rule: **momentum** keeps a part of the last step, so that steps along the valley add up and steps across it cancel.

# %%
valley = "x^2/2 + 50y^2"
start = {"x": 3, "y": 0.3}
rules = {
    "gradient descent, rate 0.0198": gl.GradientDescent(rate=0.0198),
    "momentum 0.8, rate 0.03": gl.Momentum(rate=0.03, momentum=0.8),
}
runs = [gl.descend(valley, start, rule=rule, steps=80) for rule in rules.values()]
ax = plots.losses(*runs, labels=list(rules))

# %% [markdown]
# ## What you know now
#
# - A step multiplies the distance along each direction by $1 - \text{rate} \cdot \lambda$.
# - The largest eigenvalue sets the limit, $2/\lambda_{max}$; the smallest one sets the time.
# - Too slow, bouncing and diverging are three places of that factor.
# - A large condition number calls for other inputs or another rule, not for another rate.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# One step with a rate that is rather bold.

# %%
first = gl.Exercise("3x^2", ask="step", at=1, rate=0.3)
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 2.8

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# -0.8

# %% [markdown]
# ### Exercise 2
# The limit for the same valley.

# %%
second = gl.Exercise("3x^2", ask="rate")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 1/6

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 1/3

# %% [markdown]
# ### Exercise 3
# And with two directions.

# %%
third = gl.Exercise("2x^2 + 8y^2", ask="rate")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# 2/4

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2/16

# %% [markdown]
# ### Exercise 4
# The Hessian of a function whose valley is not the same everywhere, as `[[ , ], [ , ]]`.
# Derive by $x$ and then each result by $x$ and by $y$: that is the first row; the second row begins with $y$.

# %%
fourth = gl.Exercise("x^2 y", ask="hessian")
fourth

# %% language="grade" magic_args="fourth" tags=["attempt"]
# [[2, 2x], [2x, 0]]

# %% language="grade" magic_args="fourth" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [[2y, 2x], [2x, 0]]

# %% [markdown]
# Previous: [6. Seven steps](06-seven-steps.ipynb).
#
# Next: [a few examples at a time](08-stochastic-gradient-descent.ipynb).

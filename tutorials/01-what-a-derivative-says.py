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
# # 1. What a derivative says
#
# **Assumes:** you can read the graph of $x^2$ and you have run a line of Python before. No calculus yet.
#
# **Afterwards** you can say what a slope is, find the slope of $x^2$ anywhere, check it in three ways that do not know of each other, and use it to walk down to the lowest point.
#
# Run the cells in order with *Shift-Enter*.
# Where the text asks what you expect, decide before you run the cell.
# A wrong guess teaches more than a right one.

# %%
# %load_ext gradlab.notebook
import gradlab as gl
from gradlab import plots

# %% [markdown]
# ## A function
#
# A function takes a number and gives a number back.
# Ours squares it.

# %%
f = gl.as_function("x**2")
f

# %%
f(3)

# %% [markdown]
# ## Rise over run
#
# Walk along the graph from $x = 1$ to $x = 3$.
# You go 2 to the right: that is the **run**.
# You go from $f(1) = 1$ up to $f(3) = 9$: that is the **rise**.
# The slope of your walk is the rise divided by the run.
#
# *What do you expect?*

# %%
run = 3 - 1
rise = f(3) - f(1)
rise / run

# %% [markdown]
# On average you climbed 4 for each 1 to the right.
# But the graph bends: you climbed less at the beginning and more at the end.
# So what is the slope *at* $x = 1$?
#
# Take a shorter walk.
# The picture shows the line of each walk, a **secant**, and the line that they turn towards, the **tangent**.

# %%
ax = plots.secants(f, 1, steps=[2, 1, 0.1])

# %% [markdown]
# Let the run shrink further.
# *Which number do the slopes approach?*

# %%
for run in [1, 0.1, 0.01, 0.001, 0.0001]:
    rise = f(1 + run) - f(1)
    print(f"run {run:<8} slope {rise / run:.6f}")

# %% [markdown]
# They approach 2.
# That number is the **derivative** of $f$ at $x = 1$, written $f'(1) = 2$.
#
# > The derivative at a point is the number that rise over run approaches as the run shrinks to nothing.
#
# ## Why it is 2
#
# Call the run $h$.
# From $x$ to $x + h$ the square grows from $x^2$ to $(x + h)^2 = x^2 + 2xh + h^2$, so
#
# $$\frac{\text{rise}}{\text{run}} = \frac{(x + h)^2 - x^2}{h} = \frac{2xh + h^2}{h} = 2x + h.$$
#
# Look back at the printed slopes: each is $2 + h$.
# Now let $h$ shrink to nothing, and $2x$ is left.
# This holds for *every* $x$, so the derivative is a function too: $f'(x) = 2x$.
#
# gradlab finds it by a rule, and names the rule.

# %%
gl.derive(f)

# %% [markdown]
# ## Three ways that do not know of each other
#
# A formula is easily got wrong.
# You trust it when something that knows nothing of the formula gives the same number.
# gradlab has three ways to a slope:
#
# - **symbolic**: a formula by rules, as above;
# - **numeric**: rise over run, with a bound on how far off it can be ([tutorial 3](03-finite-differences.ipynb));
# - **autodiff**: PyTorch, the library that trains neural networks ([tutorial 4](04-backward-in-pytorch.ipynb)).
#
# *What should all three say at $x = 3$?*

# %%
gl.compare(f, at=3)

# %% [markdown]
# `± 1.5e-14` says how far off the measured slope may be; `1.5e-14` is how programs write $1.5 \cdot 10^{-14}$, a 15 that begins at the fourteenth place behind the point.
#
# ## What the number says
#
# The derivative has a sign and a size, and both mean something.
#
# | slope | the graph, read from left to right |
# |---|---|
# | positive | goes up |
# | negative | goes down |
# | zero | is level |
# | large, of either sign | is steep |

# %%
slope = gl.derive(f).gradient["x"]
print("   x    f(x)   f'(x)")
for x in [-1.5, -1, -0.5, 0, 0.5, 1, 1.5]:
    print(f"{x:4}  {f(x):6.2f}  {slope(x):6.2f}")

# %% [markdown]
# Left of 0 the parabola goes down, right of 0 it goes up, and at 0 it is level.
#
# The size is an exchange rate: *so much change of $f$ for each unit of change of $x$*.
# At $x = -1.5$ the slope is $-3$.
# Move 0.1 to the right, and $f$ should change by about $-3 \cdot 0.1 = -0.3$.
#
# *Exactly, or not quite?*

# %%
f(-1.4) - f(-1.5)

# %% [markdown]
# Not quite: on the way the slope itself changes from $-3$ to $-2.8$.
# The smaller the move, the better the rate holds.
#
# ## Down to the minimum, by hand
#
# Suppose you stand at $x = -1.5$ in fog and want to get to the lowest point.
# You cannot see it.
# All you know is the slope under your feet.
#
# It is $-3$: the graph goes *down* to the right.
# So go right, **against the sign of the slope**.
# How far?
# Take a tenth of the slope, so that steep ground gives long steps and level ground short ones.
#
# *Where does the first step lead?*

# %%
x = -1.5
x = x - 0.1 * slope(x)
x

# %% [markdown]
# You went from $-1.5$ to $-1.2$.
# The slope there is $-2.4$, so the next step is shorter.
# Run the next cell several times, and watch $x$.

# %%
x = x - 0.1 * slope(x)
print(f"x = {x:.4f}   f(x) = {f(x):.4f}   slope {slope(x):.4f}")

# %% [markdown]
# Doing this many times is **gradient descent**, and the tenth is its **learning rate**.
# `descend` does it for us.
# It compares the three ways first, and takes no step if they disagree.

# %%
descent = gl.descend(f, -1.5, rule=gl.GradientDescent(rate=0.1), steps=10)
descent

# %% [markdown]
# The first rows are your steps.
# The **loss** is the number that is to become small, here $f(x)$; the last column is the size of the slope.
# In the picture each step follows its tangent, and the steps shorten as the ground gets level.

# %%
ax = descent.plot()

# %% [markdown]
# Each step takes $x$ to $x - 0.1 \cdot 2x = 0.8\,x$.
# So after ten steps we should be at $-1.5 \cdot 0.8^{10}$.

# %%
print(descent.points[10]["x"], -1.5 * 0.8**10)

# %% [markdown]
# ## Too bold
#
# *What happens with a learning rate of 1.1?*
# Work out the first step before you look: from $-1.5$, slope $-3$.

# %%
ax = gl.descend(f, -1.5, rule=gl.GradientDescent(rate=1.1), steps=5).plot()

# %% [markdown]
# The first step leads to $-1.5 + 3.3 = 1.8$: over the minimum, and *higher* up the other side.
# Each step then leaps farther than the one before.
# A slope says which way is down, but not how far.
# Choosing the rate is a subject of its own, that of [tutorial 7](07-the-learning-rate.ipynb).
#
# ## Where there is no slope
#
# Not every function has a slope everywhere.
# The graph of $|x|$ has a corner at 0: coming from the left its slope is $-1$, from the right $+1$.
#
# *What can the three ways say there?*

# %%
gl.compare("abs(x)", at=0)

# %% [markdown]
# PyTorch says 0, a choice between $-1$ and $+1$.
# gradlab calls the place what it is, a **kink**, and gives the slope on both sides.
# (Any number between the two is called a *subgradient*; 0 is one of them.)
#
# ## What you know now
#
# - A slope is rise over run; the derivative is what it approaches as the run shrinks.
# - The derivative of $x^2$ is $2x$.
# - Its sign says which way is up, its size how steeply.
# - A step of $-\text{rate} \cdot \text{slope}$ goes down, if the rate is not too large.
#
# ## Exercises
#
# Each exercise already holds an answer that somebody gave, and what gradlab said of it.
# Find out what went wrong, write your own answer in its place, and run the cell.
# A right answer is hidden in the cell below each; open it when yours is right, or when you are stuck.
#
# ### Exercise 1
# The slope of $x^2$ at $-1.5$, where we began to walk down.

# %%
first = gl.Exercise("x^2", ask="value", at=-1.5)
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 3

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# -3

# %% [markdown]
# ### Exercise 2
# A sum is derived term by term, and a number in front stays in front.
# A term without $x$ is level everywhere: what is its slope?

# %%
second = gl.Exercise("3x^2 + 5x - 7")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 6x + 5 - 7

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 6x + 5

# %% [markdown]
# ### Exercise 3
# This is the parabola moved 3 to the right, so it is level at 3 and no longer at 0.
# Multiply it out first, if you like.
# (A bracket with a power is a case for the *chain rule*, which gradlab may speak of; that comes in [tutorial 5](05-the-chain-rule-and-backpropagation.ipynb).)

# %%
third = gl.Exercise("(x - 3)^2")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# 2x

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2(x - 3)

# %% [markdown]
# ### Exercise 4
# One step down, as you took it above, but from another place and with another rate.

# %%
fourth = gl.Exercise("x^2", ask="step", at=2, rate=0.25)
fourth

# %% language="grade" magic_args="fourth" tags=["attempt"]
# 3

# %% language="grade" magic_args="fourth" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 1

# %% [markdown]
# ### Exercise 5
# Where is this parabola level?
# Find its slope, and then the $x$ at which the slope is 0: such a place is called a **critical point**.

# %%
fifth = gl.Exercise("x^2 - 6x + 11", ask="critical point")
fifth

# %% language="grade" magic_args="fifth" tags=["attempt"]
# -3

# %% language="grade" magic_args="fifth" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 3

# %% [markdown]
# Next: [several variables, and the gradient](02-partial-derivatives-and-the-gradient.ipynb).

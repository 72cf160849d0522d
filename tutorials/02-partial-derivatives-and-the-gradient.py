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
# # 2. Partial derivatives and the gradient
#
# **Assumes:** [tutorial 1](01-what-a-derivative-says.ipynb): a slope is rise over run, and the slope of $x^2$ is $2x$.
#
# **Afterwards** you can find the slopes of a function of several variables, write them as one vector, and say what the direction and the length of that vector mean.

# %%
# %load_ext gradlab.notebook
import numpy as np

import gradlab as gl
from gradlab import plots

# %% [markdown]
# ## Two variables
#
# Our function now takes two numbers.

# %%
f = gl.as_function("x**2 + y")
f

# %%
f(x=3, y=1)

# %% [markdown]
# With two variables there are two ways to go, so there is no single slope.
# The way out is simple: **move one variable, and hold the other constant**.
#
# Hold $y$ at 1.
# What is left is $x^2 + 1$, a function of $x$ alone, and its slope you know.
# Hold $x$ at 3.
# What is left is $9 + y$, a straight line.
#
# *What do you expect the two slopes to be at $x = 3$, $y = 1$?*

# %%
axes = plots.slices(f, {"x": 3, "y": 1})

# %% [markdown]
# Each picture is a cut through the same function.
# The slope of a cut is a **partial derivative**, written with a round ∂:
#
# $$\frac{\partial f}{\partial x} = 6, \qquad \frac{\partial f}{\partial y} = 1 \qquad \text{at } x = 3,\ y = 1.$$
#
# You can measure both by rise over run, one variable at a time.

# %%
run = 0.001
print("move x only:", (f(x=3 + run, y=1) - f(x=3, y=1)) / run)
print("move y only:", (f(x=3, y=1 + run) - f(x=3, y=1)) / run)

# %% [markdown]
# ## By the rules
#
# To derive with respect to $x$, treat $y$ as you would treat a 5: it has the slope 0.
# To derive with respect to $y$, treat $x$ like that.

# %%
gl.derive(f)

# %% [markdown]
# Now one in which the variables are multiplied.
#
# *Before you run the cell: what is left of $x^2 y$ if $y$ is held at 5? And what is its slope?*

# %%
g = gl.as_function("x**2*y + y**3", name="g")
gl.derive(g)

# %% [markdown]
# With $y$ held, $x^2 y$ is a number times $x^2$, so its slope is $2x$ times that number: $2xy$.
# And $y^3$ is a constant, of slope 0.
# Both partial derivatives depend on *both* variables: where you stand decides how steep it is, in either direction.
#
# ## The gradient
#
# Put the partial derivatives in a list, in the order of the variables.
# That vector is the **gradient**:
#
# $$\nabla f = \left(\frac{\partial f}{\partial x},\ \frac{\partial f}{\partial y}\right).$$
#
# At a point it is a list of numbers, one for each variable.
# gradlab finds it in three ways, and compares them number by number.

# %%
gl.compare(g, at={"x": 2, "y": 1})

# %% [markdown]
# ## What it says about small moves
#
# Move both variables a little, $x$ by $\Delta x$ and $y$ by $\Delta y$.
# Each move changes the value by its own exchange rate, and the changes add up:
#
# $$\Delta g \approx \frac{\partial g}{\partial x}\, \Delta x + \frac{\partial g}{\partial y}\, \Delta y.$$
#
# At $x = 2$, $y = 1$ the gradient is $(4, 7)$.
# *How much does $g$ change if $x$ grows by 0.01 and $y$ falls by 0.02?*

# %%
expected = 4 * 0.01 + 7 * -0.02
actual = g(x=2.01, y=0.98) - g(x=2, y=1)
print(f"expected {expected:.4f}, actual {actual:.4f}")

# %% [markdown]
# ## Which way is up?
#
# Stand on the slope of a valley, $x^2 + 3y^2$, at $x = 2$, $y = 1$.
# You may take one step of length 0.01, in any direction.
# *In which direction do you climb most?*
#
# Let us try all of them, degree by degree.

# %%
valley = gl.as_function("x**2 + 3*y**2", name="valley")
degrees = np.arange(360)
climbs = []
for angle in np.radians(degrees):
    there = valley(x=2 + 0.01 * np.cos(angle), y=1 + 0.01 * np.sin(angle))
    climbs.append(there - valley(x=2, y=1))
print(f"most at {degrees[np.argmax(climbs)]}°, least at {degrees[np.argmin(climbs)]}°")

# %% [markdown]
# And in which direction does the gradient point?

# %%
slopes = gl.derive(valley).at({"x": 2, "y": 1})
angle = np.degrees(np.arctan2(slopes["y"], slopes["x"]))
print(f"gradient ({slopes['x']:g}, {slopes['y']:g}), at {angle:.1f}°")

# %% [markdown]
# The same.
#
# > The gradient points in the direction of the steepest climb, and its length is the slope in that direction.
#
# Its opposite, $-\nabla f$, points straight down.
# *Is the largest climb of 0.01 about 0.01 times the length of the gradient?*

# %%
length = np.hypot(slopes["x"], slopes["y"])
print(f"length {length:.4f}; climb per unit of way {max(climbs) / 0.01:.4f}")

# %% [markdown]
# ## Down, in two variables
#
# The step from tutorial 1 stays as it was, for each variable with its own partial derivative: subtract a tenth of it.
# The arrows show where $-\nabla f$ points, the dark ones where it is long; the path follows them.

# %%
descent = gl.descend(valley, {"x": 2, "y": 1}, rule=gl.GradientDescent(rate=0.1), steps=15)
ax = plots.field(descent)

# %% [markdown]
# The path does not aim at the middle at first.
# The gradient knows only the ground under your feet, and there $y$ is the steeper way.
#
# *And our first function, $x^2 + y$: where does descent lead?*

# %%
gl.descend(f, {"x": 3, "y": 1}, rule=gl.GradientDescent(rate=0.1), steps=30)

# %% [markdown]
# $x$ settles at 0, but $y$ falls by 0.1 in every step: its slope is 1 everywhere.
# A function without a lowest point has no place to arrive at, and gradlab says so.
#
# ## Many variables
#
# Nothing changes with three variables, or a million.
# In code they usually come as one array.
# Here is the sum of the squares of all entries of $x$, as Python writes it.


# %%
def squares(x):
    return (x**2).sum()


gl.derive(squares)

# %% [markdown]
# One line for any number of entries: entry $i$ of the gradient is $2 x_i$, since all other entries are held.
#
# For arrays gradlab writes its steps in a table.
# You need not follow it yet: $\delta$ is the slope of the result with respect to what stands behind it ([tutorial 5](05-the-chain-rule-and-backpropagation.ipynb)), and *evidence* says how the step was checked, `exact` by algebra or `certified` to thirty digits at random points.
#
# *What is the gradient at $[3, 4, 10]$?*

# %%
axes = plots.slices(squares, [3, 4, 10])

# %%
gl.compare(squares, at=[3, 4, 10])

# %% [markdown]
# The value there is $9 + 16 + 100 = 125$, one number.
# The gradient is a vector with as many entries as $x$.
#
# ## What you know now
#
# - A partial derivative is the slope if one variable moves and the others are held.
# - The gradient is the vector of all partial derivatives.
# - It points straight up, and it is as long as the way up is steep. Descent goes the opposite way.
# - A small move changes the function by the sum of partial derivative times move.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# Hold $y$, and move $x$.

# %%
first = gl.Exercise("x^2 y + 5x + y^2", ask="partial", wrt="x")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 2xy + 5 + y^2

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2xy + 5

# %% [markdown]
# ### Exercise 2
# A gradient is a vector: write it as $[\ldots, \ldots]$.

# %%
second = gl.Exercise("x^2 + y", ask="gradient")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 2x + 1

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [2x, 1]

# %% [markdown]
# ### Exercise 3
# Two products, and each variable in both.

# %%
third = gl.Exercise("x^3 y - 2x y^2", ask="gradient")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# [x^3 - 4xy, 3x^2 y - 2y^2]

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [3x^2 y - 2y^2, x^3 - 4xy]

# %% [markdown]
# ### Exercise 4
# One step down in the valley, from another place.

# %%
fourth = gl.Exercise("x^2 + 3y^2", ask="step", at={"x": 1, "y": 2}, rate=0.1)
fourth

# %% language="grade" magic_args="fourth" tags=["attempt"]
# [1.2, 3.2]

# %% language="grade" magic_args="fourth" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [0.8, 0.8]

# %% [markdown]
# Previous: [1. What a derivative says](01-what-a-derivative-says.ipynb).
#
# Next: [how to measure a slope, and how not to](03-finite-differences.ipynb).

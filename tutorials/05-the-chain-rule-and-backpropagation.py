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
# # 5. The chain rule and backpropagation
#
# **Assumes:** [tutorial 2](02-partial-derivatives-and-the-gradient.ipynb) for partial derivatives and [tutorial 4](04-backward-in-pytorch.ipynb) for `backward()`; from school, $e^x$ and the logarithm: their slopes are $e^x$ and $1/x$.
#
# **Afterwards** you can take a model apart into small steps, multiply their slopes into the gradient, and write backpropagation for a two-layer network by hand, checked.

# %%
# %load_ext gradlab.notebook
import numpy as np
import torch
from IPython.display import SVG

import gradlab as gl
from gradlab import plots
from gradlab.grading import CodeExercise

# %% [markdown]
# ## Exchange rates multiply
#
# A slope is an exchange rate.
# If one euro buys 3 shells, and one shell buys 8 beads, then one euro buys $3 \cdot 8 = 24$ beads.
#
# Functions that are put one after the other work the same way.
# Here $x$ makes $u$, and $u$ makes the value.
#
# *At $x = 1$: how fast does $u$ change with $x$, and the value with $u$?*


# %%
def f(x):
    u = 3 * x + 1
    return u**2


gl.derive(f).chain("x")

# %% [markdown]
# That is the **chain rule**: the slope along a chain is the product of the slopes of its links.
# At $x = 1$ we have $u = 4$, so the links are 3 and $2 \cdot 4 = 8$.

# %%
gl.compare(f, at=1)

# %% [markdown]
# ## A model that says *how likely*
#
# Students learn for $x$ hours; some pass ($y = 1$) and some do not ($y = 0$).
# **Logistic regression** answers with a probability, in three links:
#
# 1. a score, $z = w_1 x + b$: any number, the higher the better;
# 2. a probability, $a = \sigma(z) = 1/(1 + e^{-z})$: the score squeezed between 0 and 1;
# 3. a loss: $-\log a$ if the student passed, $-\log(1 - a)$ if not. It is small if $a$ was right, and large if $a$ was confidently wrong.
#
# *How large is the loss of a student who passed, if the model said 0.99? And if it said 0.01?*

# %%
for a in [0.99, 0.9, 0.5, 0.1, 0.01]:
    print(f"said {a:<4}  loss {-np.log(a):.3f}")

# %% [markdown]
# One formula says both cases of the loss, since $y$ is 0 or 1.


# %%
def L(w1, b, x, y):
    z = w1 * x + b
    a = 1 / (1 + np.exp(-z))
    return -(y * np.log(a) + (1 - y) * np.log(1 - a))


student = {"w1": 0.5, "b": -0.2, "x": 2, "y": 1}
print(f"loss {L(**student):.4f}")

# %% [markdown]
# ## Factor by factor
#
# How does the loss change with $w_1$?
# Follow the chain backwards: the loss depends on $a$, that on $z$, and that on $w_1$.
#
# $$\frac{\partial L}{\partial w_1} = \frac{\partial L}{\partial a} \cdot \frac{\partial a}{\partial z} \cdot \frac{\partial z}{\partial w_1}$$
#
# Each link is short enough to find alone.
# Here $y = 1$, so the loss is $-\log a$.
#
# *Which sign do you expect of each factor, and of the product?*

# %%
w1, b, x, y = 0.5, -0.2, 2, 1
z = w1 * x + b
a = 1 / (1 + np.exp(-z))

dL_da = -1 / a  # the slope of -log a
da_dz = a * (1 - a)  # the slope of the squeeze
dz_dw1 = x  # the slope of a line
print(f"{dL_da:.5f} · {da_dz:.5f} · {dz_dw1} = {dL_da * da_dz * dz_dw1:.6f}")

# %% [markdown]
# Is the middle one right?
# It is the least obvious.
# By the chain rule the slope of $a = (1 + e^{-z})^{-1}$ is $-(1 + e^{-z})^{-2} \cdot (-e^{-z})$, and that is
#
# $$\frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}} = a\,(1 - a).$$
#
# A formula is easily got wrong, so measure it.

# %%
squeeze = gl.as_function("1/(1 + exp(-z))", name="a")
found = gl.estimate(squeeze, at=z)
print(f"measured {found['z']:.10f}, formula {da_dz:.10f}")

# %% [markdown]
# gradlab takes the chain apart in the same way, for any $y$, first in symbols, and then with the numbers put in.

# %%
chain = gl.derive(L).chain("w1")
chain

# %%
print(chain.text(student))

# %% [markdown]
# Look at the last line in symbols.
# The factor $a(1 - a)$ was below the line in one link and above it in the next, and it cancels:
#
# $$\frac{\partial L}{\partial w_1} = (a - y)\, x.$$
#
# In words: *(what the model said minus what was right) times the input*.
# That is why this loss and this squeeze are used together.
#
# ## And the other parameter
#
# *Which links change if we ask for $b$ in place of $w_1$?*

# %%
gl.derive(L).chain("b")

# %% [markdown]
# Only the last one, which is now 1.
# The first two are the same as before, and it would be a waste to compute them twice.
#
# > **Backpropagation** is the chain rule in an order that computes each shared factor once: from the loss backwards.
#
# The product of the factors from the loss back to a value has a name of its own, the **delta** of that value.
# Here $\delta_z = \frac{\partial L}{\partial a} \cdot \frac{\partial a}{\partial z} = a - y$, and
#
# $$\frac{\partial L}{\partial w_1} = \delta_z \cdot x, \qquad \frac{\partial L}{\partial b} = \delta_z \cdot 1.$$

# %%
gl.compare(L, at=student, wrt=["w1", "b"])

# %% [markdown]
# ## Watch `backward()` do it
#
# This is the same loss for a student who learned for 2 hours and passed, written in PyTorch.
# Follow the blue arrows down to the loss: the values.
# Then follow the orange ones back up: the deltas, each with the slope that it is multiplied by.


# %%
def passed(w1, b):
    z = w1 * 2 + b
    a = torch.sigmoid(z)
    return -torch.log(a)


table = gl.backward(passed, at={"w1": 0.5, "b": -0.2}).table()
SVG(table.svg())

# %% [markdown]
# The table has the same in numbers, beside those of PyTorch's own graph.

# %%
table

# %% [markdown]
# ## All students at once
#
# With arrays the loss is the mean over all students.
# The formulas keep their form: $\delta_z$ becomes a vector, and $\sum_i \delta_{z,i}\, x_i$ adds up what each student says about $w_1$.

# %%
hours = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0])
result = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 1])


def probability(hours, w1, b):
    return 1 / (1 + np.exp(-(w1 * hours + b)))


def L_mean(w1, b):
    a = probability(hours, w1, b)
    return -(result * np.log(a) + (1 - result) * np.log(1 - a)).mean()


gl.derive(L_mean)

# %% [markdown]
# The form *that is numerically stable* is a rewriting: for large scores the loss as we wrote it would overflow, and the form with $\mathrm{softplus}(u) = \log(1 + e^u)$ does not.
# The gradient is what we expected: *what the model said minus what was right, times the input*, in the mean.
# (For $b$ both the difference and the sign in front are turned round, which comes to the same.)
#
# So we can train it.
# *At how many hours do you expect the model to say 50 %?*

# %%
training = gl.descend(
    L_mean, {"w1": 0.0, "b": 0.0}, rule=gl.GradientDescent(rate=0.5), steps=300
)
names = ("hours", "passed")
axes = plots.fits(training, probability, hours, result, steps=(0, 3, 30, 300), names=names)

# %% [markdown]
# It crosses one half where the score is 0, at $-b/w_1$ hours.

# %%
end = training.points[-1]
print(f"w1 = {end['w1']:.2f}, b = {end['b']:.2f}")
print(f"one half at {-end['b'] / end['w1']:.2f} hours")

# %% [markdown]
# ## Two layers
#
# A network repeats the pattern.
# The first layer makes scores $Z$ from the inputs $X$ and squeezes them by $\tanh$ into $H$; the second makes the output from $H$.
# Each row of $X$ is one example.
#
# `X @ W1` is the **product of two matrices**: its entry in row $i$ and column $k$ is $\sum_j X_{ij}\, W_{jk}$, row $i$ of $X$ times column $k$ of $W_1$, entry by entry, and added up.
# So each hidden score is a weighted sum of the inputs, as $z = w_1 x + b$ was for one.
# $X^T$, the **transpose**, is $X$ with rows and columns exchanged.


# %%
def network(X, W1, b1, w2, b2, y):
    Z = X @ W1 + b1
    H = np.tanh(Z)
    out = H @ w2 + b2
    return ((out - y) ** 2).mean()


sizes = {"X": ("n", "d"), "W1": ("d", "h"), "b1": "h", "w2": "h", "b2": (), "y": "n"}
weights = ["W1", "b1", "w2", "b2"]
network = gl.as_function(network, shapes=sizes)
gl.derive(network, weights)

# %% [markdown]
# Two signs may be new: $\odot$ multiplies entry by entry, and $1\, b_1^T$ is $b_1$ in every row, since it is added to each example.
#
# Read it from the loss backwards.
#
# 1. $\delta_{out} = \frac{2}{n}(out - y)$: the slope of the mean square.
# 2. $\delta_H = \delta_{out}\, w_2^T$: each hidden value gets its share, by its weight.
# 3. $\delta_Z = \delta_H \odot (1 - H^2)$: times the slope of $\tanh$, entry by entry.
#
# And each weight gets *its input times its delta*: $\partial L/\partial W_1 = X^T \delta_Z$, as $x \cdot \delta_z$ was above.
# The transpose only says: add up over the examples.
#
# ## By hand, and checked
#
# Now we write it ourselves: two lines forward, three lines back, and then the gradients.

# %%
generator = np.random.default_rng(0)
point = {
    "X": generator.normal(size=(5, 3)),
    "W1": generator.normal(size=(3, 4)),
    "b1": np.zeros(4),
    "w2": generator.normal(size=4),
    "b2": 0.0,
    "y": generator.normal(size=5),
}


def backpropagation(X, W1, b1, w2, b2, y):
    H = np.tanh(X @ W1 + b1)
    out = H @ w2 + b2

    delta_out = 2 / len(y) * (out - y)
    delta_H = np.outer(delta_out, w2)
    delta_Z = delta_H * (1 - H**2)
    of_first = {"W1": X.T @ delta_Z, "b1": delta_Z.sum(axis=0)}
    of_second = {"w2": H.T @ delta_out, "b2": delta_out.sum()}
    return of_first | of_second


check = gl.compare(network, at=point, wrt=weights, claimed=backpropagation(**point))
print(check.verdict, "in", len(check.components), "components")

# %% [markdown]
# Right in all 21 components.
#
# The favourite mistake is to forget the slope of the squeeze, $1 - H^2$.
# *Which of the four gradients go wrong then?*


# %%
def forgetful(X, W1, b1, w2, b2, y):
    H = np.tanh(X @ W1 + b1)
    delta_out = 2 / len(y) * (H @ w2 + b2 - y)
    delta_Z = np.outer(delta_out, w2)
    of_first = {"W1": X.T @ delta_Z, "b1": delta_Z.sum(axis=0)}
    of_second = {"w2": H.T @ delta_out, "b2": delta_out.sum()}
    return of_first | of_second


check = gl.compare(network, at=point, wrt=weights, claimed=forgetful(**point))
for name in weights:
    found = {str(part.verdict) for part in check.components if part.variable == name}
    print(name, *found)

# %% [markdown]
# Those that lie behind the squeeze, seen from the loss.
# The second layer does not look through it, and stays right.
#
# ## What you know now
#
# - Slopes of steps that follow each other multiply: the chain rule.
# - Backpropagation goes from the loss backwards and computes each shared product, the delta, once.
# - A weight's gradient is its input times its delta, added up over the examples.
# - One pass forward and one pass back give all partial derivatives, however many there are.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# Two links: name the inner one $u = 2x + 1$.

# %%
first = gl.Exercise("(2x + 1)^3")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# 3(2x + 1)^2

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 6(2x + 1)^2

# %% [markdown]
# ### Exercise 2
# The loss of a student who passed, as a function of the score: $-\log \sigma(z) = \log(1 + e^{-z})$.

# %%
second = gl.Exercise("log(1 + exp(-z))")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 1/(1 + exp(-z))

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# -exp(-z)/(1 + exp(-z))

# %% [markdown]
# ### Exercise 3
# One neuron, and its weight.

# %%
third = gl.Exercise("tanh(w x + b)", ask="partial", wrt="w")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# x (1 - tanh(w x + b))

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# x (1 - tanh(w x + b)^2)

# %% [markdown]
# ### Exercise 4
# A layer without a squeeze, with the mean square as its loss: the gradient as one formula.
# Write $X^T$ as `X^T`.

# %%
fourth = gl.Exercise(
    "1/n*sum((X w - y)^2)",
    ask="closed form",
    wrt="w",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
fourth

# %% language="grade" magic_args="fourth" tags=["attempt"]
# 2/n (X w - y)

# %% language="grade" magic_args="fourth" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2/n X^T (X w - y)

# %% [markdown]
# ### Exercise 5
# The same gradient as a program.
# gradlab calls it with inputs of several sizes, and compares what comes back with the gradient that it derived.
# It is your own code, so it may be trusted.

# %%
fifth = CodeExercise(
    "1/n*sum((X w - y)^2)",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
print(fifth.template())

# %% tags=["attempt"]
answer = """
def gradient(w, X, y):
    return 2 * X.T @ (X @ w - y)
"""
gl.grade(fifth, answer, trust=True)

# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
answer = """
def gradient(w, X, y):
    return 2 / len(y) * X.T @ (X @ w - y)
"""
gl.grade(fifth, answer, trust=True)

# %% [markdown]
# Previous: [4. Gradients in PyTorch](04-backward-in-pytorch.ipynb).
#
# Next: [the whole of training in seven steps](06-seven-steps.ipynb).

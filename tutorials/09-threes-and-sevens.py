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
# # 9. Threes and sevens
#
# **Assumes:** [tutorial 5](05-the-chain-rule-and-backpropagation.ipynb) for logistic regression, [tutorial 6](06-seven-steps.ipynb) for the seven steps, and [tutorial 8](08-stochastic-gradient-descent.ipynb) for mini-batches.
# It needs scikit-learn, which holds the digits: `pip install scikit-learn`.
#
# **Afterwards** you can train a classifier of real handwritten digits, stop it when it begins to learn by heart, say how good it is on images that it has never seen, and look at what it has learned.
#
# To begin with threes and sevens, and with a baseline without any training, is an idea of the fastai course (Jeremy Howard and Sylvain Gugger, *Deep Learning for Coders with fastai and PyTorch*, chapter 4).

# %%
# %load_ext gradlab.notebook
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits

import gradlab as gl
from gradlab import plots
from gradlab.grading import CodeExercise

# %% [markdown]
# ## The images
#
# scikit-learn ships 1,797 digits that 13 people wrote by hand; nothing has to be downloaded.
# They are the test part of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C. Kaynak (UCI Machine Learning Repository, 1998, [licence CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)).
#
# An image has $8 \times 8$ pixels, each a number from 0 (paper) to 16 (ink).
# We keep the threes and the sevens.

# %%
digits = load_digits()
chosen = (digits.target == 3) | (digits.target == 7)
images = digits.images[chosen]
is_seven = (digits.target[chosen] == 7).astype(float)
print(f"{len(images)} images, {is_seven.sum():.0f} of them sevens")

# %%
images[0].astype(int)


# %% [markdown]
# *Which digit is that?*


# %%
def show(images, titles, rows=1, **how):
    """Draw images side by side, each with its title."""
    columns = -(-len(images) // rows)
    size = (1.1 * columns, 1.3 * rows)
    _, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, image, title in zip(axes.flat, images, titles, strict=False):
        ax.imshow(image, **({"cmap": "gray_r"} | how))
        ax.set_title(title, fontsize=9)


names = np.where(is_seven == 1, "seven", "three")
show(images[:16], names[:16], rows=2)

# %% [markdown]
# The first is a three.
#
# For the computer an image is a row of 64 numbers.
# We divide by 16, so that they lie between 0 and 1: inputs of size 1, as tutorial 6 found out.

# %%
X = images.reshape(-1, 64) / 16
y = is_seven
X.shape, y.shape

# %% [markdown]
# ## Three heaps
#
# Whoever grades a student with the exercises that were practised measures memory.
# So we shuffle the images, with the seed 0, and make three heaps:
#
# - 80 to **train** with,
# - 80 to **validate** with: they say when to stop,
# - the rest to **test** with, once, at the end.

# %%
order = np.random.default_rng(0).permutation(len(X))
train, valid, test = np.split(order, [80, 160])
for name, heap in [("train", train), ("valid", valid), ("test", test)]:
    print(f"{name}: {len(heap)} images, {y[heap].mean():.0%} sevens")

# %% [markdown]
# ## Without any training
#
# Average all threes of the training heap, and all sevens.

# %%
mean_three = X[train][y[train] == 0].mean(axis=0)
mean_seven = X[train][y[train] == 1].mean(axis=0)
both = [mean_three.reshape(8, 8), mean_seven.reshape(8, 8)]
show(both, ["mean three", "mean seven"])

# %% [markdown]
# A new image is called a seven if it lies nearer to the mean seven.
#
# *How many of 100 will be right: 50, 75, 95?*


# %%
def right(says_seven, heap):
    """Return the part of a heap that is called by its name."""
    return (says_seven == y[heap]).mean()


to_three = ((X[valid] - mean_three) ** 2).sum(axis=1)
to_seven = ((X[valid] - mean_seven) ** 2).sum(axis=1)
print(f"right: {right(to_seven < to_three, valid):.1%} of the validation heap")

# %% [markdown]
# Not bad at all, for no training.
# That is the **baseline**: what a classifier has to beat before anybody calls it good.
#
# ## The model
#
# It is the logistic regression of tutorial 5, with 64 weights in place of one.
# Each pixel votes by its weight, $b$ is added, and $\sigma$ makes the score a probability:
#
# $$z = X w + b, \qquad p = \sigma(z) = \frac{1}{1 + e^{-z}}.$$
#
# $p$ is the probability of a seven.
# The loss is the one that you know: $-\log p$ for a seven, $-\log(1 - p)$ for a three, and the mean over all images.


# %%
def L(w, b, X, y):
    z = X @ w + b
    p = 1 / (1 + np.exp(-z))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


L = gl.as_function(L, shapes={"w": "d", "b": (), "X": ("n", "d"), "y": "n"})
gl.derive(L, ["w", "b"])

# %% [markdown]
# Again *what the model said minus what was right*, times the input.
# Is it right?
# 65 partial derivatives, each by three routes, at weights drawn at random:

# %%
random = np.random.default_rng(1)
somewhere = {"w": random.normal(size=64), "b": 0.3, "X": X[train], "y": y[train]}
check = gl.compare(L, at=somewhere, wrt=["w", "b"])
print(check.verdict, "in", len(check.components), "components")

# %% [markdown]
# ## Training, and when to stop
#
# We begin with all weights 0: every image gets $p = 1/2$.
#
# *What is the loss of a model that says one half to everything?*

# %%
start = {"w": np.zeros(64), "b": 0.0}
print(f"{L(**start, X=X[train], y=y[train]):.4f}, and log 2 = {np.log(2):.4f}")

# %% [markdown]
# Mini-batches of 16, and after each epoch a look at the validation heap.
# First we let it run for 150 epochs, whatever it does.
#
# *Which of the two losses do you expect to go on falling?*

# %%
batches = gl.Batches(X[train], y[train], size=16, seed=0)
held_out = (X[valid], y[valid])
rule = gl.GradientDescent(rate=2.0)
watch = gl.Validation(held_out, patience=None)
long_run = gl.descend(L, start, rule=rule, batches=batches, epochs=150, stop=watch)
ax = plots.validation(long_run)
ax.set_yscale("linear")
limits = ax.set_ylim(0, 0.12)

# %% [markdown]
# The training loss goes to 0.
# The loss on images that were not trained with does not: it has its lowest point at the dashed line, and creeps upwards from there.

# %%
print(f"validation loss at its best: {long_run.best.metric:.4f}")
print(f"validation loss at the end:  {long_run.validations[-1, 1]:.4f}")

# %% [markdown]
# What is learned after the dashed line helps with these 80 images and with no others: the model learns them by heart.
# That is called **overfitting**.
# With 65 parameters it is mild; large networks do it with zeal.
# The cure, to stop when the validation loss gets worse, is called **early stopping**.
#
# So train again, stop when the validation loss has got no better ten times in a row, and keep the best point.

# %%
stop = gl.Validation(held_out, patience=10)
run = gl.descend(L, start, rule=rule, batches=batches, epochs=150, stop=stop)
print(fill(str(run.stopped), 80))

# %% [markdown]
# ## How good is it?
#
# Now, and only now, we open the test heap.


# %%
def score(point, heap):
    return X[heap] @ point["w"] + point["b"]


best = run.best.point
for name, heap in [("train", train), ("valid", valid), ("test", test)]:
    print(f"{name}: {right(score(best, heap) > 0, heap):.1%} right")

# %% [markdown]
# And the baseline, on the same test heap?

# %%
to_three = ((X[test] - mean_three) ** 2).sum(axis=1)
to_seven = ((X[test] - mean_seven) ** 2).sum(axis=1)
print(f"baseline: {right(to_seven < to_three, test):.1%} right")
print(f"one image is {1 / len(test):.1%} of the heap")

# %% [markdown]
# The trained model is ahead by two images of 202.
# That is too little to call it better: on another heap it might be the other way round.
# Threes and sevens are easy, and the baseline is good; ten digits will be another matter.
#
# Two more cautions belong to such a number.
# The validation heap had a say in when to stop, so it is no judge; that is why there is a third heap.
# And the same 13 people wrote all three heaps, so the number says nothing of the hand of a fourteenth.
#
# ## Which ones were hard?
#
# The images of the test heap to which the model gives the true name the lowest probability, worst first.
#
# *What do they have in common?*

# %%
chance_of_seven = 1 / (1 + np.exp(-score(best, test)))
chance_of_truth = np.where(y[test] == 1, chance_of_seven, 1 - chance_of_seven)
hardest = np.argsort(chance_of_truth)[:8]
titles = [f"{names[test[i]]}: {chance_of_truth[i]:.2f}" for i in hardest]
show(images[test[hardest]], titles, rows=2)

# %% [markdown]
# All eight are threes, and the six below 0.5 are the model's only mistakes in the test heap.
# Most of them lean over, or have hardly a belly at the lower right.
# Is that where the model looks?
#
# ## What it has learned
#
# There is one weight for each pixel, so the weights are a picture too.
# Red pixels vote for a seven, blue ones for a three, and white ones do not vote.
#
# *Where do you expect red? Compare the two mean images.*

# %%
strongest = np.abs(best["w"]).max()
figure, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
picture = ax.imshow(best["w"].reshape(8, 8), cmap="RdBu_r", vmin=-strongest, vmax=strongest)
ax.set_axis_off()
bar = figure.colorbar(picture, label="weight: three  ←   → seven")
# %% [markdown]
# Blue is where only a three has ink, at the lower right, where its belly is, and at the left end of its strokes.
# Red is where only a seven has ink.
# Nobody told the model; it found out from 80 examples.
#
# The left edge is white, and so is most of the right one.
# *Why can the weights there not change?*

# %%
gradient = gl.derive(L, ["w", "b"]).at(somewhere).partials["w"]
never = X[train].max(axis=0) == 0
print(f"{never.sum()} pixels have no ink in any image of the training heap;")
print("their partial derivatives:", *np.unique(gradient[never]))

# %% [markdown]
# The gradient is $\frac{1}{n} X^T(p - y)$: where the input is always 0, so is the slope.
#
# ## The same by hand, in PyTorch
#
# The loop that people write, with the same batches in the same order: seven steps, nothing else.

# %%
layer = torch.nn.Linear(64, 1, dtype=torch.float64)
torch.nn.init.zeros_(layer.weight)
torch.nn.init.zeros_(layer.bias)
optimizer = torch.optim.SGD(layer.parameters(), lr=2.0)
loss_of = torch.nn.BCEWithLogitsLoss()
epochs = run.best.step // len(batches)

for epoch in range(epochs):
    for x, target in batches.epoch(epoch):
        preds = layer(torch.tensor(x)).squeeze(1)
        loss = loss_of(preds, torch.tensor(target))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

apart = np.abs(layer.weight.detach().numpy()[0] - best["w"]).max()
print(f"after {epochs} epochs the weights are at most {apart:.0e} apart")

# %% [markdown]
# The same weights, to the last digits: gradlab's derived gradient and `backward()` took the same way, step by step.
#
# ## All ten digits
#
# Ten scores in place of one, and *softmax*, which makes probabilities of them that add up to 1.
# The loss is again minus the logarithm of the probability of the truth; `cross_entropy` is its name.


# %%
def ten(W, b, X, Y):
    Z = X @ W + b
    chances = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return -(Y * np.log(chances)).sum(axis=1).mean()


ten = gl.as_function(ten, shapes={"W": ("d", "k"), "b": "k", "X": ("n", "d"), "Y": ("n", "k")})
gl.derive(ten, ["W", "b"])

# %% [markdown]
# $Y$ has a row for each image, with a 1 at its digit.
# The gradient has not changed its form: what the model said minus what was right, times the input.

# %%
all_X = digits.images.reshape(-1, 64) / 16
all_Y = np.eye(10)[digits.target]
order = np.random.default_rng(0).permutation(len(all_X))
train, valid, test = np.split(order, [1000, 1300])

ten_run = gl.descend(
    ten,
    {"W": np.zeros((64, 10)), "b": np.zeros(10)},
    rule=gl.GradientDescent(rate=0.5),
    batches=gl.Batches(all_X[train], all_Y[train], size=32, seed=0),
    epochs=60,
    stop=gl.Validation((all_X[valid], all_Y[valid]), patience=5),
)
best = ten_run.best.point
said = (all_X[test] @ best["W"] + best["b"]).argmax(axis=1)
truth = digits.target[test]
print(ten_run.stopped)
print(f"trained:  {(said == truth).mean():.1%} of {len(test)} test images right")

means = np.array(
    [all_X[train][digits.target[train] == digit].mean(axis=0) for digit in range(10)]
)
nearest = ((all_X[test][:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
print(f"baseline: {(nearest == truth).mean():.1%}")

# %% [markdown]
# Which digits are taken for which?
# Each row is a true digit, each column what the model said; the images on the diagonal are right.

# %%
confusion = np.zeros((10, 10), dtype=int)
np.add.at(confusion, (truth, said), 1)
mistakes = confusion - np.diag(np.diag(confusion))
figure, ax = plt.subplots(figsize=(4.4, 4.2), layout="constrained")
ax.imshow(mistakes, cmap="Oranges")
for i, j in np.ndindex(10, 10):
    if confusion[i, j]:
        colour = "grey" if i == j else "white" if confusion[i, j] > 1 else "black"
        ax.text(j, i, str(confusion[i, j]), ha="center", va="center", fontsize=9, color=colour)
ax.set_xticks(range(10))
ax.set_yticks(range(10))
ax.set_xlabel("said")
label = ax.set_ylabel("true")
# %%
wrong = np.flatnonzero(said != truth)[:8]
titles = [f"{truth[i]}, said {said[i]}" for i in wrong]
show(digits.images[test[wrong]], titles, rows=2)

# %% [markdown]
# And the weights of each digit, as pictures:

# %%
strongest = np.abs(best["W"]).max()
pictures = best["W"].T.reshape(10, 8, 8)
show(pictures, range(10), rows=2, cmap="RdBu_r", vmin=-strongest, vmax=strongest)

# %% [markdown]
# ## What you know now
#
# - Train with one heap, stop by a second, and judge by a third.
# - A baseline says what a number is worth.
# - When the validation loss rises and the training loss still falls, the model learns by heart: stop.
# - The weights of a linear model are a picture of what it looks for.
# - The gradient is again *what the model said minus what was right, times the input*.
#
# ## Exercises
#
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# The loss of one image as a function of its score $z$, in the stable form: $\mathrm{softplus}(z) - y z$, where $\mathrm{softplus}(z) = \log(1 + e^z)$.

# %%
first = gl.Exercise("softplus(z) - y z", ask="partial", wrt="z")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# sigmoid(z) + y

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# sigmoid(z) - y

# %% [markdown]
# ### Exercise 2
# The gradient for all images at once, as one formula.
# Write $\sigma(X w)$ as `sigmoid(X w)` and $X^T$ as `X^T`.

# %%
second = gl.Exercise(
    "1/n*sum(softplus(X w) - y*(X w))",
    ask="closed form",
    wrt="w",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
second

# %% language="grade" magic_args="second" tags=["attempt"]
# X^T (sigmoid(X w) - y)

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 1/n X^T (sigmoid(X w) - y)

# %% [markdown]
# ### Exercise 3
# Train it: a loop in PyTorch, for the same loss, without a bias.

# %%
third = CodeExercise(
    "1/n*sum(softplus(X w) - y*(X w))",
    kind="training loop",
    library="torch",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
print(third.template())

# %% tags=["attempt"]
answer = """
import torch
from torch.nn.functional import softplus

def train(w, X, y, rate, steps):
    for _ in range(steps):
        z = X @ w
        loss = (softplus(z) - y * z).mean()
        loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
    return w
"""
gl.grade(third, answer, trust=True)

# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
answer = """
import torch
from torch.nn.functional import softplus

def train(w, X, y, rate, steps):
    for _ in range(steps):
        z = X @ w
        loss = (softplus(z) - y * z).mean()
        loss.backward()
        with torch.no_grad():
            w -= rate * w.grad
        w.grad = None
    return w
"""
gl.grade(third, answer, trust=True)

# %% [markdown]
# Previous: [8. Stochastic gradient descent](08-stochastic-gradient-descent.ipynb).
#
# Next: [checking your own gradients](10-checking-your-own-gradients.ipynb).

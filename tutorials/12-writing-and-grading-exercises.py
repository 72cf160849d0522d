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
# # 12. Writing and grading exercises
#
# **Assumes:** [tutorial 5](05-the-chain-rule-and-backpropagation.ipynb) for the chain rule, and that you have solved a few exercises of these tutorials.
#
# **Afterwards** you can write an exercise in one line, give every student other numbers, grade formulas, work line by line, and programs, and teach gradlab a mistake that your students make.

# %%
# %load_ext gradlab.notebook
from pathlib import Path
from tempfile import mkdtemp

import gradlab as gl
from gradlab.cli import main
from gradlab.grading import CodeExercise
from gradlab.grading.families import Family
from gradlab.grading.malrules import MAL_RULES, mal_rule, power_of
from gradlab.grading.working import follow
from gradlab.graph import algebra

# %% [markdown]
# ## An exercise is one line
#
# You state the function.
# The question is written from it, and the answer is derived: you cannot mistype it.

# %%
exercise = gl.Exercise("x^2 sin(3x)", points=2)
exercise

# %%
exercise.answer

# %% [markdown]
# ## Every way of writing it
#
# Six students write six formulas.
# *Which of these are right?*

# %%
answers = [
    "2x sin(3x) + 3x^2 cos(3x)",
    "x (2 sin(3x) + 3x cos(3x))",
    r"3x^2 \cos 3x + 2x \sin 3x",
    "2*x*sin(3*x) + 3*x**2*cos(3*x)",
    "2x sin(3x) + x^2 cos(3x)",
    "6x cos(3x)",
]
for text in answers:
    grade = exercise.check(text)
    print(f"{grade.verdict!s:8} {grade.score:g} of {grade.out_of:g}  {text}")

# %% [markdown]
# No list of spellings stands behind it.
# Each answer is compared with the derived one as a function, and says how it was decided:

# %%
print(exercise.check(answers[1]).certificate)
print(exercise.check(answers[4]).certificate)

# %% [markdown]
# A proof for what is right, and a number at which it fails for what is wrong.
#
# ## What went wrong
#
# *What did the writer of the fifth answer forget?*

# %%
exercise.check(answers[4])

# %% [markdown]
# gradlab makes typical mistakes itself, at every step of the derivation, and looks whether one of them leads to the answer.
# Its name is what you count, to see what a class has not understood:

# %%
for text in answers[4:]:
    print(f"{text:26} {exercise.check(text).misconception}")

# %% [markdown]
# Two mistakes at once are found, too:

# %%
exercise.check("2x cos(3x)")

# %% [markdown]
# ## Hints, and part of the points
#
# `grade` keeps the attempts; from the second wrong one on it shows a hint, and each time one more.
# `credit` gives part of the points for a mistake that you forgive.

# %%
kind_exercise = gl.Exercise(
    "sin(3x)",
    points=2,
    hints=["What is inside the sine?", "The inside has a slope, too."],
    credit={"inner derivative forgotten": 0.5},
)
gl.grade(kind_exercise, "cos(3x)")

# %%
gl.grade(kind_exercise, "cos(x)")

# %%
gl.grade(kind_exercise, "3cos(3x)")

# %%
[attempt.score for attempt in kind_exercise.history]

# %% [markdown]
# ## Ask for something else
#
# A derivative is only one thing to ask for.
# *Solve each before you look at the last column.*

# %%
others = [
    gl.Exercise("x^2 y + y^3", "gradient"),
    gl.Exercise("x^3", "value", at=2),
    gl.Exercise("x^2 + 3y^2", "step", at={"x": 1, "y": 2}, rate=0.1),
    gl.Exercise("2x^2 + 8y^2", "rate"),
    gl.Exercise("x^2 - 4x", "critical point"),
    gl.Exercise("x^2 y", "hessian"),
]
for other in others:
    print(f"{other.prompt}\n    {other.answer}")

# %% [markdown]
# ## Right, wrong, or for a person to look at
#
# What gradlab cannot read or decide is never called wrong.

# %%
exercise.check("2x sin(3x) + 3x^2 cosinus(3x)")

# %% [markdown]
# *Undecided* means: look at it yourself.
#
# ## Work, line by line
#
# Whoever shows their work can be followed.
# *In which line does this one go wrong?*

# %%
product = gl.Exercise("x^2 sin(x)", points=3)
follow(product, "2x sin(x) + x^2 cos(x) = x (2 sin(x) + x cos(x)) = x (2 sin(x) + cos(x))")

# %% [markdown]
# The first two lines keep their points.
#
# ## Other numbers for each student
#
# A **family** is an exercise with numbers to draw.
# All its members take the same steps to solve, so they are equally hard.

# %%
family = Family("a x^b sin(c x)", {"a": [2, 3], "b": [2, 3, 4], "c": [2, 5]})
for member in family.exercises(3, seed=1):
    print(f"{member.prompt}\n    {member.answer}")

# %% [markdown]
# ## Teach gradlab a mistake
#
# Suppose that your students double the exponent in place of lowering it: $x^3$ becomes $3x^6$.
# gradlab has not heard of it:

# %%
cube = gl.Exercise("x^3 sin(x)")
print(cube.check("3x^6 sin(x) + x^3 cos(x)").misconception)


# %% [markdown]
# A **mal-rule** looks at one step of the derivation, and says what it comes to by the mistake.


# %%
@mal_rule("exponent doubled", "The exponent was doubled, not lowered by 1.")
def exponent_doubled(step):
    base, exponent = power_of(step.expression)
    if base is step.scope.wrt:
        yield algebra.scale_by(exponent, algebra.raised(base, 2 * exponent))


cube = gl.Exercise("x^3 sin(x)")
cube.check("3x^6 sin(x) + x^3 cos(x)")

# %% [markdown]
# (An exercise looks for mistakes once, so we made it anew.)
#
# gradlab was told one step, and found the mistake inside a product.
# Since a rule is for the whole session, we take it away again.

# %%
del MAL_RULES["exponent doubled"]

# %% [markdown]
# ## Programs
#
# `CodeExercise` asks for Python.
# It calls what was written on fresh inputs of several sizes, and compares with the derived gradient.

# %%
program = CodeExercise(
    "1/n*sum((X w - y)^2)",
    kind="training step",
    library="torch",
    variables=["w", "X", "y"],
    shapes={"X": ("n", "d"), "y": "n", "w": "d"},
)
program.prompt

# %%
submission = """
import torch

def step(w, X, y, rate):
    loss = ((X @ w - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w += rate * w.grad
    return w
"""
gl.grade(program, submission, trust=True)

# %% [markdown]
# `trust=True` is for your own code.
# What others wrote is run shut off from your files and from the network, if you leave it out; [how that is done](../docs/explanation/security-of-grading.md), and what it needs.
#
# ## A sheet in a file
#
# Exercises live in a text file, and the answers are not in it.

# %%
sheet = """
[[exercise]]
name = "product"
function = "x^2 sin(x)"
points = 2

[[exercise]]
name = "step"
function = "x^2 + 3y^2"
ask = "step"
at = { x = 1, y = 2 }
rate = 0.1
"""
file = Path(mkdtemp()) / "exercises.toml"
written = file.write_text(sheet)

# %% [markdown]
# In a terminal it is `gradlab grade exercises.toml "2x sin(x)" --number 1`; here the same words from Python.

# %%
code = main(["grade", str(file), "2x sin(x)", "--number", "1"])
print("exit code", code)

# %% [markdown]
# If you have no idea what to ask, have some made: for rules that you name, of one difficulty.

# %%
code = main(["exercise", "new", "--rules", "chain,product", "--count", "2", "--seed", "7"])

# %% [markdown]
# Whole folders of submissions are graded by `gradlab grade exercises.toml submissions -o results.sqlite`; see [how to grade a course](../docs/how-to/grade-a-course.md).
#
# ## What you know now
#
# - State the function; question, answer and mistakes come from its derivation.
# - Right is proved, wrong is shown at a number, and what is undecided is for you.
# - A family gives every student other numbers of the same difficulty.
# - A mal-rule of one step finds its mistake anywhere.
#
# ## Exercises
#
# Before a sheet is handed out, its teacher solves it.
# Each of these holds an answer that somebody gave: find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# Your students will mix up the order in the numerator.

# %%
first = gl.Exercise("x/(1 + x^2)")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# (2x^2 - (1 + x^2))/(1 + x^2)^2

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# (1 - x^2)/(1 + x^2)^2

# %% [markdown]
# ### Exercise 2
# Which curvature limits the rate?

# %%
second = gl.Exercise("2x^2 + 8y^2", ask="rate")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 2/4

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2/16

# %% [markdown]
# ### Exercise 3
# The second derivatives, as `[[ , ], [ , ]]`.

# %%
third = gl.Exercise("x^2 y", ask="hessian")
third

# %% language="grade" magic_args="third" tags=["attempt"]
# [[2, 2x], [2x, 0]]

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [[2y, 2x], [2x, 0]]

# %% [markdown]
# ### Exercise 4
# The program of above, by somebody whose update has another mistake.

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
gl.grade(program, answer, trust=True)

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
gl.grade(program, answer, trust=True)

# %% [markdown]
# Previous: [11. Writing reports](11-writing-reports.ipynb).
#
# That was the last tutorial.
# [The gallery](../docs/gallery.md) shows what else there is to see, and the guides in [docs/how-to](../docs/how-to/descend.md) solve one task each.

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
# # 11. Writing reports
#
# **Assumes:** [tutorial 2](02-partial-derivatives-and-the-gradient.ipynb) for the gradient, and [tutorial 4](04-backward-in-pytorch.ipynb) for the three routes.
#
# **Afterwards** you can turn what gradlab found into a document to hand in, with its checks; and, as a teacher, into a worksheet with other numbers for each student.

# %%
# %load_ext gradlab.notebook
import sys
from contextlib import redirect_stderr
from pathlib import Path

from IPython.display import Markdown

import gradlab as gl
from gradlab import plots
from gradlab.cli import main

# %% [markdown]
# ## Records become a report
#
# Every verb returns a record: `derive` a derivation, `compare` a comparison, `descend` a run.
# `report` takes records in the order in which they are to be read.

# %%
bowl = gl.as_function("x^2/2 + 4y^2", name="bowl")
point = {"x": 3, "y": 1}
derivation = gl.derive(bowl)
comparison = gl.compare(bowl, at=point)
run = gl.descend(bowl, point, rule=gl.GradientDescent(rate=0.2), steps=30)
document = gl.report(derivation, comparison, run, title="A bowl", author="A. Student")
print(document)

# %% [markdown]
# The document has a section for each record, and one on where it came from.
# *Which pictures do you expect in it?*

# %%
print("\n".join(line for line in document.markdown.splitlines() if line.startswith("![")))

# %% [markdown]
# The picture of the path is the one that `plots` draws:

# %%
ax = plots.contour(run)

# %% [markdown]
# ## One document, six formats
#
# The ending of the file chooses.
# The files go into the folder `my-reports`.

# %%
folder = Path("my-reports")
folder.mkdir(exist_ok=True)
for ending in ["md", "html", "pdf", "tex", "docx", "ipynb"]:
    saved = document.save(folder / f"bowl.{ending}")
    print(f"{saved.name:12} about {float(f'{saved.stat().st_size / 1000:.1g}'):3.0f} kB")

# %% [markdown]
# - `.html` is one file with its pictures and its font: to send, to read on a telephone, to print.
# - `.pdf` is to hand in; `.docx` and `.tex` are to go on writing.
# - `.ipynb` is to go on computing; `.md` is to read where it lies.
#
# ## How much of the way
#
# `depth=` says how much of the derivation is shown: `"result"`, `"outline"`, `"steps"` or `"rules"`.
# *Which one would you give to somebody who only has to use the formula?*

# %%
for depth in ["result", "outline", "steps", "rules"]:
    lines = gl.report(derivation, depth=depth).markdown.splitlines()
    print(f"{depth:8} {len(lines):4} lines")

# %% [markdown]
# This is the shortest, as it reads in a document, without its last section:

# %%
short = gl.report(derivation, depth="result").markdown
Markdown(short.split("## 2")[0])

# %% [markdown]
# `language="de"` writes the fixed words in German; mathematics needs no translation.

# %%
german = gl.report(derivation, comparison, language="de")
print(german)

# %% [markdown]
# ## What makes a report worth reading
#
# A formula alone is a claim.
# The report says which routes agree with it, how closely, and by which versions of which programs.
# *Where would a wrong formula show?*
#
# Take a claim that is wrong: the factor 4 was not doubled.

# %%
claim = {"x": 3, "y": 4}
checked = gl.compare(bowl, at=point, claimed=claim)
print(gl.report(checked))

# %% [markdown]
# In its title, and nobody can overlook it.
#
# ## A worksheet for each student
#
# From here on you are the teacher.
# `kind="worksheet"` asks for the results in place of showing them, and leaves room.
# A `seed` changes the numbers: the same seed gives the same sheet.

# %%
f = gl.as_function("x^2*exp(y)", name="f")
records = [gl.derive(f), gl.compare(f, at=point)]


def formula(seed, kind):
    sheet = gl.report(*records, kind=kind, seed=seed).markdown
    return next(line for line in sheet.splitlines() if line.startswith("f(x, y)"))


for seed in [101, 102, 103, 101]:
    print(seed, formula(seed, "worksheet"))

# %% [markdown]
# And the solutions, with every step, for the same seed:

# %%
solutions = gl.report(*records, kind="solutions", seed=101).markdown
beginning = solutions.index("## 1")
Markdown(solutions[beginning : solutions.index("so the gradient is")])

# %% [markdown]
# Each rule was checked without the rules that made it; that is the last sentence.
#
# A sheet for each of a class, named by the number of the student:

# %%
for student in [101, 102]:
    for kind in ["worksheet", "solutions"]:
        sheet = gl.report(*records, kind=kind, seed=student)
        print(sheet.save(folder / f"{kind}-{student}.pdf").name)

# %% [markdown]
# ## A whole lesson in a file
#
# Several functions go into one file, which a colleague can change without knowing Python.

# %%
lesson = """
title = "Lesson 3: the chain rule"
author = "A. Lecturer"

[[function]]
source = "(2x + 1)^3"
at = { x = 1 }

[[function]]
name = "wave"
source = "sin(x^2)"
at = { x = 0.5 }
start = { x = 0.5 }
steps = 20
"""
written = (folder / "lesson.toml").write_text(lesson)

# %% [markdown]
# In a terminal: `gradlab report my-reports/lesson.toml --output my-reports/lesson.html`.
# From Python it is the same words:

# %%
with redirect_stderr(sys.stdout):  # where it says how far it is
    code = main(["report", "my-reports/lesson.toml", "--output", "my-reports/lesson.html"])
print("exit code", code)

# %% [markdown]
# The exit code is 0 where all comparisons agree, so a script that makes reports notices a wrong formula.
#
# ## What you know now
#
# - `report` takes records in the order of reading; the ending of the file chooses the format.
# - A report carries its checks and where it came from.
# - Worksheet and solutions belong together by their seed.
#
# ## Exercises
#
# The first is from the sheet of student 101, whose function is $x^4 e^y$.
# Each holds an answer that somebody gave.
# Find the mistake, write your own answer in its place, and run the cell.
#
# ### Exercise 1
# Both partial derivatives, as `[ , ]`.

# %%
first = gl.Exercise("x^4 exp(y)", ask="gradient")
first

# %% language="grade" magic_args="first" tags=["attempt"]
# [4 x^3 exp(y), x^4 y exp(y - 1)]

# %% language="grade" magic_args="first" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [4 x^3 exp(y), x^4 exp(y)]

# %% [markdown]
# ### Exercise 2
# The partial derivative by $x$ alone, for a student whose exponent is a product.

# %%
second = gl.Exercise("x^2 exp(x y)", ask="partial", wrt="x")
second

# %% language="grade" magic_args="second" tags=["attempt"]
# 2 x exp(x y) + x^2 exp(x y)

# %% language="grade" magic_args="second" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# 2 x exp(x y) + x^2 y exp(x y)

# %% [markdown]
# ### Exercise 3
# Where does the first step of a descent lead, on the bowl of the first report?
# Answer with both numbers, as `x = , y = ` or `[ , ]`.

# %%
third = gl.Exercise("x^2/2 + 4y^2", ask="step", at={"x": 3, "y": 1}, rate=0.1)
third

# %% language="grade" magic_args="third" tags=["attempt"]
# [3.3, 1.8]

# %% language="grade" magic_args="third" tags=["solution", "hide-cell"] jupyter={"source_hidden": true, "outputs_hidden": true}
# [2.7, 0.2]

# %% [markdown]
# Previous: [10. Checking your own gradients](10-checking-your-own-gradients.ipynb).
#
# Next: [writing and grading exercises](12-writing-and-grading-exercises.ipynb).

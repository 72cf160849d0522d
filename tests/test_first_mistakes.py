"""What people type wrongly at first: each ends in an error that repeats it and says what to write instead."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch

import gradlab as gl
from gradlab import cli
from gradlab.errors import (
    DomainError,
    ExerciseError,
    FileError,
    GradlabError,
    NoFormulaError,
    NotScalarError,
    ParseError,
    PointError,
    ReportError,
    ShapeError,
)
from gradlab.grading.files import load

TIMES = np.array([0.0, 1.0, 2.0])


def _line(a, b):
    return ((a * TIMES + b - 1) ** 2).mean()


def _holed(a):
    return ((a * np.array([1.0, np.nan]) - 1) ** 2).mean()


def _empty(a):
    return (a * np.array([])).mean()


def _cut(x):
    return (x.detach() ** 2).sum()


def _through_a_number(x):
    return float((x**2).sum())


def _of_any_number(*xs):
    return sum(x**2 for x in xs)


@dataclasses.dataclass
class _Parameters:
    w: float
    b: float


class _Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x**2


def _matrix(X, w):
    return ((X @ w) ** 2).sum()


MISTAKES = {
    # names and notation
    "a public name misspelt": (
        lambda: gl.dervie("x^2"),
        AttributeError,
        "module 'gradlab' has no attribute 'dervie'; did you mean 'derive'?",
    ),
    "a function misspelt": (
        lambda: gl.derive("2*cosin(x)"),
        ParseError,
        "no function named 'cosin'; did you mean 'cos'?\n  2*cosin(x)\n    ^",
    ),
    "a bracket left open": (
        lambda: gl.derive("sin(x"),
        ParseError,
        "this bracket never closes; write ')' where it ends\n  sin(x\n     ^",
    ),
    "an equation": (
        lambda: gl.derive("x^2 + y^2 = 1"),
        ParseError,
        "'=' makes this an equation or a comparison; write one side only, for example x**2 + y, or f(x) = x**2\n"
        "  x^2 + y^2 = 1\n            ^",
    ),
    "a variable that is not declared": (
        lambda: gl.derive("f(x) = a x^2"),
        ParseError,
        "no variable named 'a'; the variables are x\n  a x^2\n  ^",
    ),
    "nothing at all": (lambda: gl.derive(""), ParseError, "nothing to read; write for example x**2 + y"),
    "a tangent by its other name": (lambda: gl.derive("tg(x)"), ParseError, "no function named 'tg': write tan"),
    "digits of a rounded value": (
        lambda: gl.derive(lambda x: round(x, 2)),
        NoFormulaError,
        "round(…) to some digits cannot be read as mathematics; write np.round(x * 100) / 100",
    ),
    # what is no function
    "a value in place of a function": (
        lambda: gl.derive(float(_line(1.0, 2.0))),
        TypeError,
        "cannot read a function from 4.666666666666667; that is a value: give the function itself, "
        "f and not f(x); give text such as 'x**2 + y', a SymPy expression or a Python function",
    ),
    "an autograd function without apply": (
        lambda: gl.compare(_Square, at=[1.0, 2.0]),
        TypeError,
        "_Square is a class, not a function; give _Square.apply",
    ),
    "arguments without names": (
        lambda: gl.compare(_of_any_number, at=[1.0, 2.0]),
        TypeError,
        "the arguments *xs of _of_any_number have no names; write lambda x, y: _of_any_number(x, y) instead",
    ),
    "the class of a network": (
        lambda: gl.derive(torch.nn.Linear),
        TypeError,
        "Linear is a class, not a function; give an object of it, Linear(…)",
    ),
    "a matrix product of unknown shapes": (
        lambda: gl.derive(_matrix),
        NoFormulaError,
        "_matrix has no formula: a matrix product does not tell how many axes X and w have; state it, as_function(f, "
        'shapes={"X": ("n", "d"), "w": ("d",)}), or give a point that shows it, derive(f, at={"X": [[1, 2], [3, 4]], '
        '"w": [1, 2]}); on the command line --shape w=d',
    ),
    "an array as the value": (
        lambda: gl.compare(lambda x: x**2, at=[1.0, 2.0]),
        NotScalarError,
        "f(x) has shape (n,), and a gradient belongs to a single number; reduce it first, for example with .sum() or "
        ".mean(), or pick one component; as_function(…).jacobian('x') derives all its partial derivatives",
    ),
    "nothing returned": (
        lambda: gl.compare(lambda x: None, at=1),
        GradlabError,
        "f(x) returns None at x = 1; return a number or an array of numbers",
    ),
    # points
    "a variable missing": (
        lambda: gl.compare("x^2 + y", at={"x": 3}),
        PointError,
        "no value for y; the variables are x, y",
    ),
    "a variable too many": (
        lambda: gl.compare("x^2", at={"x": 3, "z": 1}),
        PointError,
        "no variable named z; the variables are x",
    ),
    "a list for two variables": (
        lambda: gl.estimate("x^2 + y", at=[1, 2]),
        PointError,
        'a point of 2 variables is a mapping: at={"x": …, "y": …}, not [1, 2]',
    ),
    "a string for a number": (
        lambda: gl.compare("x^2", at={"x": "3"}),
        PointError,
        "x = '3' is not a number or an array of numbers; write numbers without quotes",
    ),
    "a dataclass as a point": (
        lambda: gl.compare(lambda p: p.w**2 + p.b, at=_Parameters(2.0, 1.0)),
        PointError,
        "p = _Parameters(w=2.0, b=1.0) is not an array but several values; make them variables of their own: "
        'lambda w, b: …, at={"w": …, "b": …}',
    ),
    "a dictionary for one variable": (
        lambda: gl.compare(lambda params: params["w"] ** 2, at={"params": {"w": 2.0}}),
        PointError,
        "params = {'w': 2.0} is not an array but several values",
    ),
    "an array that hides entries": (
        lambda: gl.compare(lambda x: (x**2).sum(), at=np.ma.array([1.0, 2.0], mask=[False, True])),
        PointError,
        "x hides 1 entries; write x.filled(0), or leave them out",
    ),
    "a point that is no number": (
        lambda: gl.compare("x^2", at=float("nan")),
        PointError,
        "x = nan is not a finite number",
    ),
    "shapes that do not fit": (
        lambda: gl.compare(gl.as_function(_matrix, shapes={"X": ("n", "d"), "w": ("d",)}), {"X": [[1, 2]], "w": [1]}),
        PointError,
        "w has shape (1,) and X has shape (1, 2): the size d cannot be both 1 and 2",
    ),
    "a variable to differentiate by that is none": (
        lambda: gl.derive("x^2", wrt="z"),
        PointError,
        "wrt names z; the variables of f are x",
    ),
    "no variable at all": (
        lambda: gl.descend("3", 1),
        PointError,
        "f() has no variable to differentiate by; write one, such as x",
    ),
    # torch
    "the graph cut by detach": (
        lambda: gl.backward(_cut, at=[1.0, 2.0]),
        GradlabError,
        "backward() finds no way from the value of _cut(x) back to its variables; the code cuts it off: under "
        "torch.no_grad(), or where it takes a number out (.item(), float(), .detach(), .numpy(), torch.tensor([…])); "
        "keep tensors throughout, and join them with torch.stack",
    ),
    "the graph cut by float": (
        lambda: gl.backward(_through_a_number, at=[1.0, 2.0]),
        GradlabError,
        "the code cuts it off: it turns a tensor into a plain number, as float() does",
    ),
    # claims
    "a claimed gradient as text": (
        lambda: gl.compare("x^2", at=3, claimed="6"),
        PointError,
        "claimed gives '6' for x, which is no number or array of numbers; write numbers, without quotes",
    ),
    "a claimed gradient of another shape": (
        lambda: gl.compare(lambda x: (x**2).sum(), at=[1.0, 2.0], claimed=[2.0, 4.0, 6.0]),
        ShapeError,
        "claimed has shape (3,) for x, and x has shape (2,): a gradient has the shape of its variable",
    ),
    # descent
    "a learning rate as text": (
        lambda: gl.descend("x^2", 3, rate="0.1"),
        TypeError,
        "rate='0.1' is not a number; write a positive number, such as GradientDescent(rate=0.1)",
    ),
    "a negative learning rate": (
        lambda: gl.descend("x^2", 3, rule=gl.GradientDescent(rate=-0.1)),
        ValueError,
        "rate=-0.1 would climb; to climb f, descend -f; write a positive number, such as GradientDescent(rate=0.1)",
    ),
    "a rule as text": (
        lambda: gl.descend("x^2", 3, rule="adam"),
        TypeError,
        "rule='adam' is no rule; write rule=Adam(rate=0.1)",
    ),
    "an optimizer of torch as a rule": (
        lambda: gl.descend("x^2", 3, rule=torch.optim.RMSprop),
        TypeError,
        "rule=<class 'torch.optim.rmsprop.RMSprop'> is no rule; write rule=RMSProp(rate=0.1)",
    ),
    "steps as text": (
        lambda: gl.descend("x^2", 3, steps="10"),
        TypeError,
        "steps='10' is not a whole number; write one, such as steps=100",
    ),
    "data without a row": (
        lambda: gl.descend(_empty, 0),
        DomainError,
        "a mean over no entries: the size n is 0",
    ),
    "data with a hole": (
        lambda: gl.descend(_holed, 0),
        DomainError,
        "_holed(a) is not a number at the start, a = 0: there is no way down; it has no formula: "
        "data[1] = nan is not a finite number",
    ),
    "data with a hole, bound by name": (
        lambda: gl.as_function("sum((a*t - 1)^2)", data={"t": [1, np.nan]}, variables=["a"]),
        PointError,
        "t[1] = nan is not a finite number",
    ),
    "a data set that is not shipped": (
        lambda: gl.data.load("rolercoaster"),
        ValueError,
        "no data set named 'rolercoaster'; there are rollercoaster, rollercoaster_published; a file of your own is "
        "read by numpy.loadtxt",
    ),
    "a method misspelt": (
        lambda: gl.estimate("x^2", at=1, method="centered"),
        ValueError,
        "no method named 'centered'; choose from 'forward', 'central', 'complex', 'richardson', 'ladder'",
    ),
    # pictures and documents
    "a picture of a formula": (
        lambda: gl.plots.curve("x^2"),
        TypeError,
        "this picture is of a run, which descend returns: run = gl.descend(f, start); not of 'x^2', which is of type "
        "str",
    ),
    "a document of a formula": (
        lambda: gl.report("x^2"),
        TypeError,
        "report takes what derive, estimate, backward, compare, descend, explain, sweep_rates and as_function return, "
        "and matplotlib figures; not str: 'x^2'",
    ),
    "a format that is not written": (
        lambda: gl.report(gl.derive("x^2")).save("lesson.odt"),
        ReportError,
        "cannot write 'lesson.odt': it has the ending '.odt'; write .md, .html, .pdf, .tex, .docx, .ipynb, such as "
        "'lesson.md'",
    ),
    "a folder that is not there": (
        lambda: gl.report(gl.derive("x^2")).save("nowhere/lesson.md"),
        ReportError,
        "cannot write 'nowhere/lesson.md': there is no folder 'nowhere'; make it first",
    ),
    "a derivation into a folder that is not there": (
        lambda: gl.derive("x^2").save("nowhere/lesson.json"),
        FileError,
        "cannot write 'nowhere/lesson.json': there is no folder 'nowhere'; make it first",
    ),
    "a run into a folder that is not there": (
        lambda: gl.descend("x^2", 3, rate=0.1).save("nowhere/run.npz"),
        FileError,
        "cannot write 'nowhere/run.npz': there is no folder 'nowhere'; make it first",
    ),
    "a moving picture into a folder that is not there": (
        lambda: gl.plots.animate(gl.descend("x^2", 3, rate=0.1), "nowhere/run.gif"),
        FileError,
        "cannot write 'nowhere/run.gif': there is no folder 'nowhere'; make it first",
    ),
    "a folder in place of a file": (
        lambda: gl.derive("x^2").save("."),
        FileError,
        "cannot write '.': it is a folder",
    ),
    # exercises
    "a question misspelt": (
        lambda: gl.Exercise("x^2", "derivativ"),
        ValueError,
        "nothing is called 'derivativ' that can be asked; there are derivative, partial, gradient, ",
    ),
    "a point that is not asked about": (
        lambda: gl.Exercise("x^2 y", "gradient", at={"x": 1, "y": 2}),
        ExerciseError,
        'f(x, y): a gradient is a formula, and at= says x = 1, y = 2; write ask="value" for the number there, or '
        "leave at= out",
    ),
    "the answer before the exercise": (
        lambda: gl.grade("2x", gl.Exercise("x^2")),
        TypeError,
        "the exercise comes first: grade(exercise, answer)",
    ),
    "one hint as text": (
        lambda: gl.Exercise("x^2", hints="use the power rule"),
        TypeError,
        "hints is a list: hints=['use the power rule'], not hints='use the power rule'",
    ),
    "one demand as text": (
        lambda: gl.Exercise("x^2", demands="factored"),
        TypeError,
        "demands is a list: demands=['factored'], not demands='factored'",
    ),
    "points as text": (lambda: gl.Exercise("x^2", points="2"), TypeError, "points='2' is not a number; write points=2"),
    "no attempt at all": (
        lambda: gl.CodeExercise("x^2", attempts=0),
        ValueError,
        "attempts=0: nobody could answer; write attempts=1 or more, or leave it out",
    ),
    "a mistake misspelt that has credit": (
        lambda: gl.Exercise("x^2", credit={"sign slipp": 0.5}),
        ValueError,
        "credit names 'sign slipp'; did you mean 'sign slip'?",
    ),
    "credit beyond the points": (
        lambda: gl.Exercise("x^2", credit={"sign slip": 50}),
        ValueError,
        "credit={'sign slip': 50}: a share of the points is a number from 0 to 1, such as 0.5",
    ),
    "a domain as text": (
        lambda: gl.Exercise("log(x)", domain="positive"),
        TypeError,
        'domain=\'positive\' is no domain; write domain=Domain("real", positive=("x",))',
    ),
    "an exercise about a number": (
        lambda: gl.Exercise("5"),
        ExerciseError,
        "5 has no variable to differentiate by; write one, such as x",
    ),
    "a file of exercises that is not there": (
        lambda: load("nowhere.toml"),
        ExerciseError,
        "nowhere.toml cannot be read: No such file or directory",
    ),
    "a slip of TOML": (
        lambda: load(_file("slip.toml", '[[exercise]]\nfunction = "x^2\n')),
        ExerciseError,
        "slip.toml is no TOML file: Illegal character '\\n' (at line 2, column 16)",
    ),
    "a key misspelt": (
        lambda: load(_file("key.toml", '[[exercise]]\nfuncton = "x^2"\n')),
        ExerciseError,
        'key.toml, exercise 1: function is missing; write function = "x^2"',
    ),
}


def _file(name, text):
    Path(name).write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(("typed", "kind", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_first_mistake_is_repeated_with_what_to_write_instead(typed, kind, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=re.escape(said)) as raised:
        typed()
    assert raised.type.__module__ in ("builtins", "gradlab.errors")


COMMANDS = {
    'compare x^2 --at x="3 4"': "compare: x=3 4: '3 4' is no number",
    "compare x^2 --at x 3": "compare: --at 'x' is no name=value; values look like x=3, x=1e-3, x=pi/2, x=1,2,3",
    "compare x^2": "compare: the following arguments are required: --at; `gradlab compare --help` shows how",
    "compare --script nope.py:f --at x=1": "compare: --script nope.py:f: there is no file 'nope.py'",
    "derive x^2 --save nowhere/x.json": "cannot write 'nowhere/x.json': there is no folder 'nowhere'; make it first",
    "descend x^2 --start x=3 --save nowhere/x.npz": "cannot write 'nowhere/x.npz': there is no folder 'nowhere'",
    "exercise new --rules product --output nowhere/x.toml": "cannot write 'nowhere/x.toml': there is no folder",
    "derive x^2 --stpes": "derive: no option --stpes; `gradlab derive --help` lists those there are",
    "descend x^2 --start x=3 --optimizer adm": "descend: --optimizer adm: did you mean 'adam'?",
    "descend x^2 --start x=3 --rate fast": "'fast' is no learning rate; write a positive number such as 0.1",
    "grade nowhere.toml 2x": "grade: nowhere.toml cannot be read: No such file or directory",
    "verify nowhere.json": "verify: nowhere.json cannot be read: No such file or directory",
}


@pytest.mark.parametrize(("typed", "said"), COMMANDS.items(), ids=COMMANDS)
def test_a_first_mistake_on_the_command_line_ends_with_2(typed, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(shlex.split(typed)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err

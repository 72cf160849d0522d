"""A corpus of short programs: nine in ten are read, and none is misread."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sympy
import torch

from gradlab.errors import GradlabError
from gradlab.graph import evaluation
from gradlab.sources.reading import at_point
from gradlab.symbolic import derive
from tests.sources.corpus import PROGRAMS

LEAST_READ = 0.9
NOT_READ = [program.name for program in PROGRAMS if program.refused]


def read(program):
    tensors = program.name.startswith("torch")
    at = {name: torch.tensor(array) for name, array in program.at.items()} if tensors else program.at
    return at_point(program.source, at)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_is_read_rightly(program):
    function, point = read(program)
    if function.output is None:
        assert program.refused, f"not read: {function.no_formula}"
        return
    values = {**function.data, **point}
    (value,) = evaluation.with_numpy([function.formula], values, function.sizes(point))
    derivation = derive(function, list(program.at))
    gradient = derivation.at(point)
    expected, slopes, rtol = reference(program)
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    np.testing.assert_allclose(gradient.value, expected, rtol=1e-9)
    for name, slope in slopes.items():
        scale = np.max(np.abs(slope), initial=0.0) + abs(expected)
        np.testing.assert_allclose(gradient.partials[name], slope, rtol=rtol, atol=rtol * scale, err_msg=name)


def test_nine_programs_in_ten_are_read():
    assert len(PROGRAMS) >= 150
    assert len(NOT_READ) <= (1 - LEAST_READ) * len(PROGRAMS)


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p.refused], ids=lambda program: program.name)
def test_what_is_not_read_says_what_to_write_instead(program):
    function, _ = read(program)
    assert isinstance(function.no_formula, GradlabError)
    assert ";" in str(function.no_formula)


def reference(program):
    """Return value and gradient from torch, SymPy or central differences, and how many digits these have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if program.name.startswith("text"):
            return *by_sympy(program), 1e-9
        return (*by_torch(program), 1e-9) if program.name.startswith("torch") else (*by_differences(program), 2e-7)


def by_torch(program):
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in program.at.items()}
    value = program.source(*tensors.values())
    slopes = torch.autograd.grad(value, list(tensors.values()), allow_unused=True)
    pairs = zip(tensors.items(), slopes, strict=True)
    return value.item(), {name: np.zeros(t.shape) if s is None else s.numpy() for (name, t), s in pairs}


def by_sympy(program):
    """Return what SymPy makes of the text, by a parser and rules that are not ours."""
    from sympy.parsing.sympy_parser import convert_xor, implicit_multiplication_application, standard_transformations

    symbols = {name: sympy.Symbol(name, real=True) for name in program.at}
    steps = (*standard_transformations, implicit_multiplication_application, convert_xor)
    text = program.source
    for ours, theirs in SPELLINGS.items():
        text = text.replace(ours, theirs)
    expression = sympy.parse_expr(text, {**symbols, **FUNCTIONS}, steps)
    values = {symbol: float(program.at[name]) for name, symbol in symbols.items()}
    slopes = {
        name: np.asarray(float(sympy.diff(expression, symbol).subs(values).doit())) for name, symbol in symbols.items()
    }
    return float(expression.subs(values)), slopes


SPELLINGS = {
    "½": "(1/2)*",
    "²": "**2",
    "³": "**3",
    "·": "*",
    "|x - 1|": "Abs(x - 1)",
    "|x|": "Abs(x)",
    "sin x": "sin(x)",
}

FUNCTIONS = {
    "e": sympy.E,
    "ln": sympy.log,
    "log10": lambda u: sympy.log(u, 10),
    "log2": lambda u: sympy.log(u, 2),
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
    "relu": lambda u: sympy.Max(u, 0),
    "max": sympy.Max,
    "min": sympy.Min,
    "gelu": lambda u: u * (1 + sympy.erf(u / sympy.sqrt(2))) / 2,
    "leaky_relu": lambda u: sympy.Max(u, u / 100),
    "elu": lambda u: sympy.Piecewise((u, u > 0), (sympy.exp(u) - 1, True)),
    "silu": lambda u: u / (1 + sympy.exp(-u)),
    "clamp": lambda u, low, high: sympy.Min(sympy.Max(u, low), high),
    "hypot": lambda u, v: sympy.sqrt(u**2 + v**2),
}


def by_differences(program):
    """Central differences of the program itself with two steps, extrapolated: about nine digits."""
    arrays = program.at

    def at(**changed):
        given = {**arrays, **changed}
        return float(program.source(*(float(a) if a.ndim == 0 else a.copy() for a in given.values())))

    slopes = {}
    for name, array in arrays.items():
        slope = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            found = []
            for step in (2e-4, 1e-4):
                up, down = array.copy(), array.copy()
                up[place] += step
                down[place] -= step
                found.append((at(**{name: up}) - at(**{name: down})) / (2 * step))
            slope[place] = (4 * found[1] - found[0]) / 3
        slopes[name] = slope
    return at(), slopes

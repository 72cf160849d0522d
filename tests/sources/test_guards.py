"""Decisions that depend on values: each formula says for which way of the code it is."""

import numpy as np
import pytest
import torch

import gradlab
from gradlab.comparison import compare
from gradlab.descent import GradientDescent, descend
from gradlab.errors import DomainError, GradlabError
from gradlab.numeric import estimate
from gradlab.sources import as_function, at_point
from gradlab.symbolic import derive
from tests.sources.oracle import POINTS, check, reason


def branching(x):
    if x.sum() > 0:
        return torch.sum(x**2)
    return (x**3).sum()


def _and(x):
    if x[0] > 0 and x[1] > 0:
        return torch.sum(x**2)
    return (x**3).sum()


def _while(x):
    y = x * 1
    while (y**2).sum() > 0.1:
        y = y * 0.5
    return torch.sum(y)


def _sorted(x):
    a, b, c = sorted([x[0], x[1], x[2]])
    return a + 2 * b + 3 * torch.sin(c)


def _bisection(x):
    a, b = 0 * x[0] - 10, 0 * x[0] + 10
    for _ in range(5):
        middle = (a + b) / 2
        if middle**3 - torch.sum(x) > 0:
            b = middle
        else:
            a = middle
    return a + b + x[0]


def _newton(x):
    y = 0 * x[0] + 1
    while abs(y * y - torch.sum(x**2)) > 1e-6:
        y = (y + torch.sum(x**2) / y) / 2
    return y


def _bubble_sort(x):
    y = x.clone()
    for i in range(3):
        for j in range(2 - i):
            if y[j] > y[j + 1]:
                y[j], y[j + 1] = y[j + 1].clone(), y[j].clone()
    return y[0] + 2 * y[1] + 4 * torch.exp(y[2])


def _asserted(x):
    assert torch.sum(x) > -100
    return torch.sum(x**2)


def _raising(x):
    try:
        if x[0] > 0:
            raise ValueError
        return torch.sum(x**2)
    except ValueError:
        return torch.sum(x**3)


BRANCHES = {
    "if": branching,
    "and": _and,
    "or": lambda x: torch.sum(x**2) if x[0] > 1 or x[1] < 1 else (x**3).sum(),
    "not": lambda x: torch.sum(x**2) if not x[0] > 0 else (x**3).sum(),
    "a chain": lambda x: torch.sum(x**2) if 0 < x[0] < 1 else (x**3).sum(),
    "while": _while,
    "max": lambda x: max(x[0], x[1]) * torch.sum(x),
    "min": lambda x: min(x[0], 0.1) * torch.sum(x),
    "sorted": _sorted,
    "any": lambda x: torch.sum(x**2) if (x > 1).any() else (x**3).sum(),
    "all": lambda x: torch.sum(x**2) if torch.all(x > -0.75) else (x**3).sum(),
    "a number": lambda x: torch.sum(x**2) if x[0] else (x**3).sum(),
    "equality": lambda x: torch.sum(x**2) if x[0] == 0.3 else (x**3).sum(),
    "inequality": lambda x: torch.sum(x**2) if x[0] != 0.3 else (x**3).sum(),
    "a detached condition": lambda x: torch.sum(x**2) if x.sum().item() >= 0.5 else (x**3).sum(),
    "bisection": _bisection,
    "Newton's method": _newton,
    "bubble sort": _bubble_sort,
    "assert": _asserted,
    "an exception": _raising,
    "a mask": lambda x: ((x > 0) * x**2).sum() + torch.sum(x),
    "masks joined": lambda x: (((x > 1) | ~(x > 0) & (x < 5)) * x**2).sum() + torch.sum(x),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_code_that_decides_has_the_gradient_of_the_way_it_goes(name):
    for point in POINTS:
        check(BRANCHES[name], point, torch_code=True)


def _mask_sum(x):
    return torch.sum(((x > 0) + (x < 1)) * x)


REFUSED = {
    "an array": (lambda x: x.sum() if x > 0 else -x.sum(), ".all() or .any()"),
    "chosen entries": (lambda x: x[x > 0].sum(), "np.where"),
    "truths added": (_mask_sum, "1.0 * (x > 0)"),
    "whole numbers and bits": (lambda x: x & 3, "between comparisons"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_decision_about_many_values_is_refused(name):
    code, words = REFUSED[name]
    assert words in reason(code)


# Shown ---------------------------------------------------------------------------------------------


def test_a_condition_is_shown_with_its_line():
    function = as_function(branching)
    assert [guard.written() for guard in function.guards] == ["sum_i x_i > 0"]
    assert "if x.sum() > 0:" in str(function.guards[0])
    assert repr(function).startswith("branching(x) = sum_i x_i² where sum_i x_i > 0 (line ")
    assert r"\text{where } \sum_{i} x_{i} > 0" in function._repr_markdown_()
    derivation = derive(function)
    assert "\nif    sum_i x_i > 0 (line " in str(derivation)
    assert r"&\text{if } \sum_{i} x_{i} > 0" in derivation.latex()
    assert "`line " in derivation.markdown()
    assert derivation.as_dict()["conditions"][0].startswith("sum_i x_i > 0")


def test_the_opposite_of_a_condition_is_written_as_one():
    function, _ = at_point(branching, [-1.0, -2.0])
    assert function.guards[0].written() == "sum_i x_i ≤ 0"
    assert function.text() == "sum_i x_i³"


def test_a_condition_is_written_as_the_code_has_it():
    function = as_function(lambda x: x if x < 0.95 else -x)
    assert [guard.written() for guard in function.guards] == ["x < 0.95"]


def test_sizes_are_no_conditions():
    def sized(x):
        return x.sum() if x.shape[0] > 2 and len(x) != 7 else (x**2).sum()

    function, _ = at_point(sized, POINTS[0])
    assert function.guards == ()


def test_what_does_not_depend_on_the_variables_is_no_condition():
    data = np.array([1.0, 2.0, 3.0])
    function = as_function(lambda x: (data * x).sum() if data.sum() > 0 else x.sum(), shapes={"x": (3,)})
    assert function.guards == ()
    assert function.text() == "sum_i data_i x_i"


# At other points --------------------------------------------------------------------------------------


def test_a_formula_refuses_points_of_another_way_of_the_code():
    derivation = derive(branching, at=[1.0, 2.0])
    assert derivation.at([3.0, -1.0]).partials["x"].tolist() == [6, -2]
    with pytest.raises(DomainError, match=r"sum_i x_i > 0 \(line .*derive\(f, at=…\)"):
        derivation.at([-1.0, -2.0])
    with pytest.raises(DomainError, match="does not hold at"):
        derivation.gradient["x"]([-1.0, -2.0])


def test_the_function_itself_has_its_value_everywhere():
    function = as_function(branching)
    assert function([1.0, 2.0]) == 5
    assert function([-1.0, -2.0]) == -9


def test_every_verb_goes_the_way_of_its_point():
    function = as_function(branching)
    for point, slopes in (([1.0, 2.0], [2, 4]), ([-1.0, -2.0], [3, 12])):
        comparison = compare(function, point)
        assert comparison.verdict == "agree"
        assert any("the formula is that for sum_i x_i" in note for note in comparison.notes)
        for gradient in comparison.gradients.values():
            np.testing.assert_allclose(gradient.partials["x"], slopes, rtol=1e-10)


def test_differences_across_a_branch_see_the_code():
    def kinked(x):
        if x > 0:
            return np.sin(x)
        return -3 * x

    gradient = estimate(kinked, 0.0)
    np.testing.assert_allclose(gradient.slopes["x"], [-3, 1], atol=1e-9)
    assert compare(kinked, 0.0).verdict == "kink"
    near = estimate(kinked, 1e-7)  # most of the steps cross over
    assert abs(near.partials["x"] - 1) <= near.error["x"] < 1e-3


def test_a_jump_at_a_branch_is_no_gradient():
    comparison = compare(lambda x: x**2 if x > 1 else x + 5, 1.0)
    assert comparison.verdict == "undecided"
    assert any("both sides of x ≤ 1 (line" in note and "are equal" in note for note in comparison.notes)


def test_detached_values_are_held_on_the_way_of_the_point():
    def both(x):
        scale = torch.sum(x**2).detach()
        return scale * x.sum() if x[0] > 0 else x.sum()

    comparison = compare(both, [1e-3, 2.0])
    assert comparison.verdict == "agree"
    np.testing.assert_allclose(comparison.gradients["symbolic"].partials["x"], 4.000001)


def test_conditions_with_named_sizes():
    function = as_function(branching, shapes={"x": ("n",)})
    assert function.variables == {"x": ("n",)}
    assert compare(function, -np.arange(4.0)).verdict == "agree"


# Going down ----------------------------------------------------------------------------------------------


def huber(w):
    r = w[0] - 1
    if np.abs(r) > 1:
        return np.abs(r) - 0.5 + w[1] ** 2
    return r**2 / 2 + w[1] ** 2


def test_a_descent_follows_the_code_from_way_to_way():
    runs = {
        engine: descend(huber, [4.0, 0.5], rule=GradientDescent(rate=0.25), steps=30, engine=engine)
        for engine in ("exact", "numeric")
    }
    np.testing.assert_allclose(runs["exact"].points[-1]["w"], runs["numeric"].points[-1]["w"], atol=1e-8)
    assert abs(runs["exact"].points[-1]["w"][0] - 1) < 1e-2
    assert "went 2 ways" in runs["exact"].notes[-1]


def test_a_formula_of_one_way_is_not_stepped_with_backward():
    with pytest.raises(GradlabError, match="choose engine='exact'"):
        descend(huber, [4.0, 0.5], engine="torch")


def test_torch_code_that_decides_is_stepped_with_backward():
    def code(w):
        return torch.sum(w**2) if w[0] > 1 else torch.sum(w**4)

    ends = [descend(code, [2.0, 0.5], steps=20, engine=engine).points[-1]["w"] for engine in ("exact", "torch")]
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-12)


def test_derive_takes_a_point():
    assert gradlab.derive(branching, at=[-1.0, -1.0]).gradient["x"].text() == "3 x_i²"

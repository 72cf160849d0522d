"""What a document says about each kind of record."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from markdown_it import MarkdownIt

from gradlab import GradientDescent, as_function, compare, derive, descend, estimate, explain, report, sweep_rates
from gradlab.graph import Gradient, Point
from gradlab.reports import Picture
from gradlab.reports.markdown import MOST_ROWS
from gradlab.reports.pictures import canvas
from gradlab.reports.sections import section
from gradlab.reports.setting import Setting


def text_of(record):
    return report(record).markdown


def pictures_of(record):
    return [block for block in section(record, Setting()).blocks if isinstance(block, Picture)]


def test_a_derivation_shows_the_closed_form_and_every_rule():
    text = text_of(derive("x**2 + y"))
    assert r"\frac{\partial f}{\partial x} &= 2 x" in text
    assert "power rule" in text


def test_code_is_shown_as_written():
    def loss(w):
        return (w**2).sum()

    assert "```python\ndef loss(w):\n    return (w**2).sum()\n```" in text_of(
        derive(as_function(loss, shapes={"w": "n"}))
    )


def test_a_function_without_a_formula_says_why():
    def strange(x):
        return float(str(float(x)))

    text = text_of(as_function(strange))
    assert "It has no formula, so only the numeric routes are open: " in text


def test_data_is_told_from_variables():
    text = text_of(as_function("sum((a*t - y)**2)", variables=["a"], data={"t": [1, 2], "y": [2, 4]}))
    assert "| $t$ | shape (2) | data |" in text
    assert "| $a$ | a number | variable |" in text


def test_a_gradient_has_a_row_for_each_component():
    text = text_of(derive("x**2 + y").at({"x": 3, "y": 1}))
    assert "At $x = 3$, $y = 1$ the function is 10." in text
    assert "| $x$ | 6 |" in text
    assert "| $y$ | 1 |" in text


def test_a_gradient_without_bounds_has_no_column_for_them():
    text = text_of(Gradient(Point({"x": 3}), 9.0, {"x": np.array(6.0)}, "mine"))
    assert "error" not in text


def test_a_long_gradient_says_how_much_is_left_out():
    point = Point({"x": np.arange(1000.0)})
    text = text_of(Gradient(point, 1.0, {"x": np.arange(1000.0)}, "mine"))
    assert text.count("\n| $x_{") == MOST_ROWS
    assert f"{1000 - MOST_ROWS:,} of 1,000 rows are left out." in text


def test_a_kink_shows_the_slope_on_each_side():
    assert "| $x$ | -1 | 1 |" in text_of(estimate("abs(x)", at=0))


def test_a_comparison_says_its_verdict_in_the_title():
    found = section(compare("x**2 + y", {"x": 3, "y": 1}), Setting())
    assert found.title == "The gradient of f(x, y) by 3 routes: agree"
    assert found.libraries >= {"torch", "numpy"}


@pytest.fixture(scope="module")
def run():
    return descend("x**2 + y**2", {"x": 3.0, "y": 4.0}, rule=GradientDescent(0.25), steps=2, check=False)


def test_a_descent_tells_rule_engine_steps_and_diagnosis(run):
    text = text_of(run)
    assert (
        "By GradientDescent(rate=0.25), with the gradient from the exact engine, 2 steps from $x = 3$, $y = 4$." in text
    )
    assert "| 2 | 0.75 | 1 | 1.5625 | 2.5 |" in text
    assert f"**Converging**: {run.diagnosis.removeprefix('converging: ')}." in text


def test_a_descent_in_two_numbers_has_its_path_and_its_losses(run):
    path, losses = pictures_of(run)
    assert path.alt == "The levels of f, the path across them: from x = 3, y = 4 to x = 0.75, y = 1."
    assert losses.alt == "The loss at each step of the descent: from 25 to 1.5625 in 2 steps."


def test_a_descent_in_many_numbers_has_its_losses_alone():
    run = descend("sum(x**2)", {"x": [1.0] * 9}, steps=2, check=False)
    (losses,) = pictures_of(run)
    assert losses.title == "Loss at each step"
    assert "| step | loss |" in text_of(run)


def test_one_step_is_not_one_steps():
    run = descend("x**2", {"x": 3.0}, steps=1, check=False)
    assert "1 step from" in text_of(run)


def test_a_comparison_at_the_start_is_told():
    run = descend("x**2", {"x": 3.0}, steps=1)
    assert "Before the first step the gradients were compared at the start: agree." in text_of(run)
    assert "compared" not in text_of(descend("x**2", {"x": 3.0}, steps=1, check=False))


def test_a_figure_of_your_own_gets_its_titles_as_words():
    figure = canvas()
    axes = figure.subplots()
    axes.set_title("Speed of the ride")
    axes.set_xlabel("time")
    axes.set_ylabel("speed")
    for record in (figure, axes):
        (picture,) = pictures_of(record)
        assert picture.alt == "Speed of the ride; speed against time"
        assert section(record, Setting()).title == "Speed of the ride"


def test_anything_else_is_refused_by_name():
    with pytest.raises(TypeError, match="not dict"):
        report({"x": 3})


def test_every_name_is_valid_in_a_formula_and_a_table():
    odd = 'a$b & <c> _d_ #e \\ "f" |'
    text = report(derive(replace(as_function("x**2"), name=odd)), title=odd).markdown
    heading = next(token for token in MarkdownIt().parse(text) if token.type == "inline")
    assert "".join(child.content for child in heading.children) == odd
    assert r"\mathrm{a\$b\ \&\ \lt c\gt \ }" in text


def test_nothing_is_drawn_before_a_picture_is_written():
    program = (
        "import sys\n"
        "from gradlab import derive, descend, report\n"
        "report(derive('x**2'), descend('x**2', 3.0, steps=2, check=False)).markdown\n"
        "print('matplotlib' in sys.modules, 'torch' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout == "False False\n"


BOWL, CORNER = "x**2 + 10*y**2", {"x": 3.0, "y": 1.0}


def test_an_explanation_shows_what_a_step_does_along_each_direction():
    explained = explain(descend(BOWL, CORNER, rule=GradientDescent(0.11), steps=10, check=False))
    text = text_of(explained)
    assert "each step multiplies the error along y by -1.2" in text
    assert "| y | 20 | -1.2 | -1.2 |" in text
    (drawing,) = pictures_of(explained)
    assert drawing.drawn(".png").startswith(b"\x89PNG")


def test_a_sweep_shows_its_rates_and_what_is_suggested():
    found = sweep_rates(BOWL, CORNER, rates=[0.01, 0.08, 0.2], steps=50)
    text = text_of(found)
    assert "| 0.2 | diverged |" in text
    assert "Suggested: **0.08, " in text
    (drawing,) = pictures_of(found)
    assert drawing.drawn(".png").startswith(b"\x89PNG")
    assert "Learning rates of f(x, y)" in report(found).markdown

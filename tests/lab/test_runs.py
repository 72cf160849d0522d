"""A run of the lab takes the steps of its rule, and no more than it may; its second derivatives are derived once."""

from __future__ import annotations

import pytest

from gradlab.descent import curvature
from gradlab.lab.descending import MOST_STEPS, Asked, descend, run
from gradlab.lab.models import MODELS

FIRST = MODELS[0].name


def test_a_run_takes_the_steps_of_gradient_descent():
    walked = run(Asked("x^2", FIRST, (3.0,), 0.1, steps=2))
    assert walked.points.rows[:, 0].tolist() == pytest.approx([3.0, 2.4, 1.92], rel=1e-12)  # x - 0.1 · 2x


def test_steps_are_bounded():
    assert run(Asked("x^2", FIRST, (3.0,), 1e-3, steps=10**9)).steps == MOST_STEPS


def test_a_moved_slider_derives_no_second_derivative_anew():
    descend(Asked("x^4 + y^2", FIRST, (3.0, 1.0), 0.001))
    before = curvature._derived.cache_info()
    descend(Asked("x^4 + y^2", FIRST, (3.0, 1.0), 0.002))
    after = curvature._derived.cache_info()
    assert after.misses == before.misses
    assert after.hits > before.hits

"""Each rule beside its counterpart in torch.optim, which is the oracle, and what it refuses."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from gradlab.descent import optimizers as rules
from gradlab.descent import schedules
from gradlab.descent.optimizers import GradientDescent

STEPS = 100

COUNTERPARTS = [
    (rules.GradientDescent(0.01), lambda p, t: t.SGD(p, lr=0.01)),
    (rules.Momentum(0.01), lambda p, t: t.SGD(p, lr=0.01, momentum=0.9)),
    (rules.Momentum(0.01, 0.8, dampening=0.3), lambda p, t: t.SGD(p, lr=0.01, momentum=0.8, dampening=0.3)),
    (rules.Nesterov(0.01, 0.7), lambda p, t: t.SGD(p, lr=0.01, momentum=0.7, nesterov=True)),
    (rules.AdaGrad(0.1), lambda p, t: t.Adagrad(p, lr=0.1)),
    (rules.AdaGrad(0.1, epsilon=0.5), lambda p, t: t.Adagrad(p, lr=0.1, eps=0.5)),
    (rules.RMSProp(), lambda p, t: t.RMSprop(p)),
    (rules.RMSProp(0.02, 0.9, momentum=0.8), lambda p, t: t.RMSprop(p, lr=0.02, alpha=0.9, momentum=0.8)),
    (rules.RMSProp(0.02, centred=True), lambda p, t: t.RMSprop(p, lr=0.02, centered=True)),
    (
        rules.RMSProp(0.02, 0.95, 1e-3, 0.5, centred=True),
        lambda p, t: t.RMSprop(p, lr=0.02, alpha=0.95, eps=1e-3, momentum=0.5, centered=True),
    ),
    (rules.Adam(), lambda p, t: t.Adam(p)),
    (rules.Adam(0.3, 0.8, 0.95, 1e-4), lambda p, t: t.Adam(p, lr=0.3, betas=(0.8, 0.95), eps=1e-4)),
    (rules.Adam(0.3, largest=True), lambda p, t: t.Adam(p, lr=0.3, amsgrad=True)),
    (rules.AdamW(), lambda p, t: t.AdamW(p)),
    (rules.AdamW(0.1, decay=0.3), lambda p, t: t.AdamW(p, lr=0.1, weight_decay=0.3)),
]

SCHEDULED = [
    (schedules.StepDecay(0.05, every=7, factor=0.5), lambda o, s: s.StepLR(o, 7, 0.5), 0.05),
    (schedules.Cosine(0.05, steps=STEPS), lambda o, s: s.CosineAnnealingLR(o, STEPS), 0.05),
    (schedules.Cosine(0.05, STEPS, lowest=0.01), lambda o, s: s.CosineAnnealingLR(o, STEPS, 0.01), 0.05),
    (schedules.WarmUp(0.05, steps=30), lambda o, s: s.LinearLR(o, total_iters=30), 0.05),
    (
        schedules.WarmUp(schedules.Cosine(0.05, 80), steps=20, start=0.1),
        lambda o, s: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=20), s.CosineAnnealingLR(o, 80)], [20]),
        0.05,
    ),
    (schedules.OneCycle(0.05, STEPS), lambda o, s: s.OneCycleLR(o, 0.05, STEPS, cycle_momentum=False), 0.05),
    (
        schedules.OneCycle(0.05, STEPS, rising=0.1, divide=10, end=100),
        lambda o, s: s.OneCycleLR(
            o, 0.05, STEPS, pct_start=0.1, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
        0.05,
    ),
]

START = [1.5, -0.7, 0.3]


def loss(w):
    """A valley with curved walls, whose gradient changes sign on the way."""
    return (w[0] - w[1] ** 2) ** 2 + 0.5 * (w[1] - 1) ** 2 + (w**4).sum() / 4 - w[2]


def gradient(w):
    a, b, _ = w
    turned = np.array([2 * (a - b**2), -4 * b * (a - b**2) + (b - 1), -1.0])
    return turned + w**3


def by_torch(made, scheduler=None):
    import torch

    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = made([w], torch.optim)
    schedule = scheduler(optimizer, torch.optim.lr_scheduler) if scheduler else None
    points = [w.tolist()]
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(w).backward()
        optimizer.step()
        if schedule:
            schedule.step()
        points.append(w.tolist())
    return np.array(points)


def by_rule(rule):
    x = np.array(START)
    state, points = rule.initial(x), [x]
    for _ in range(STEPS):
        x, state = rule.step(x, gradient(x), state)
        points.append(x)
    return np.array(points)


def farthest_apart(one, other):
    """Return the largest difference at any step, relative to the length of the point."""
    return float((np.abs(one - other).max(axis=1) / np.abs(other).max(axis=1)).max())


@pytest.mark.parametrize(("rule", "made"), COUNTERPARTS, ids=[repr(rule) for rule, _ in COUNTERPARTS])
def test_a_rule_takes_the_steps_of_torch(rule, made):
    ours, theirs = by_rule(rule), by_torch(made)
    assert farthest_apart(theirs[1:], theirs[:-1]) > 1e-4, "it is to move"
    assert farthest_apart(ours, theirs) < 1e-12


# LinearLR and SequentialLR warn of their own calls; the steps are what is compared.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("schedule", "made", "rate"), SCHEDULED, ids=[repr(one) for one, _, _ in SCHEDULED])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_schedule_takes_the_steps_of_torch(schedule, made, rate, momentum):
    ours = by_rule(rules.Momentum(schedule, momentum))
    theirs = by_torch(lambda p, t: t.SGD(p, lr=rate, momentum=momentum), made)
    assert farthest_apart(ours, theirs) < 1e-12


def every_rule(rate):
    return [
        kind(rate)
        for kind in (
            rules.GradientDescent,
            rules.Momentum,
            rules.Nesterov,
            rules.AdaGrad,
            rules.RMSProp,
            rules.Adam,
            rules.AdamW,
        )
    ]


@pytest.mark.parametrize("rule", every_rule(0.1), ids=lambda rule: type(rule).__name__)
def test_a_rule_takes_tensors_and_numbers_and_leaves_them_alone(rule):
    import torch

    slopes = [2.0, -1.0, 0.5]
    arrays = np.array([3.0]), torch.tensor([3.0], dtype=torch.float64), 3.0
    ends = []
    for x in arrays:
        state, here = rule.initial(x), x
        for slope in slopes:
            here, state = rule.step(here, 0 * x + slope, state)
        assert x == 3.0
        ends.append(here if isinstance(here, float) else here.item())
    assert ends == pytest.approx([ends[2]] * 3, rel=1e-14)


def test_a_step_subtracts_the_rate_times_the_gradient():
    x, state = GradientDescent(rate=0.5).step(np.array([3.0, -1.0]), np.array([2.0, 4.0]), (0,))
    assert x.tolist() == [2.0, -3.0]
    assert state == (1,)


def test_the_first_step_of_adam_is_as_long_as_the_rate_whatever_the_gradient():
    for slope in (1e-3, 1.0, 1e6):
        x, _ = rules.Adam(0.25).step(np.array([1.0]), np.array([slope]), rules.Adam(0.25).initial(np.array([1.0])))
        assert x[0] == pytest.approx(0.75, rel=1e-4)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0, "rate=0 would never move"),
        (0.0, "rate=0.0 would never move"),
        (-0.1, "rate=-0.1 would climb; to climb f, descend -f"),
        (float("nan"), "rate=nan is not a number"),
        (float("inf"), "rate=inf is not finite"),
        (10**400, "is not finite"),
    ],
)
def test_a_rate_that_cannot_descend_is_repeated_with_what_to_write(rate, said):
    for kind in [type(rule) for rule in every_rule(0.1)]:
        name = kind.__name__
        with pytest.raises(ValueError, match=rf"write a positive number, such as {name}\(rate=0.1\)") as error:
            kind(rate)
        assert said in str(error.value)


@pytest.mark.parametrize("rate", ["0.1", None, True, [0.1], 1j, schedules.Cosine])
def test_a_rate_that_is_no_number_is_a_type_error(rate):
    with pytest.raises(TypeError, match="is not a number"):
        GradientDescent(rate)


@pytest.mark.parametrize("rate", [np.float64(0.25), np.float32(0.25), 1 / 4])
def test_a_rate_of_any_kind_of_number_is_kept_as_float(rate):
    assert type(GradientDescent(rate).rate) is float
    assert GradientDescent(rate) == GradientDescent(0.25)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: rules.Momentum(0.1, 1.0), r"momentum=1.0 is not between 0 and 1; .* Momentum\(momentum=0.5\)"),
        (lambda: rules.Nesterov(0.1, -0.1), "momentum=-0.1 is not between 0 and 1"),
        (lambda: rules.Momentum(0.1, dampening=2), "dampening=2 is not between 0 and 1"),
        (lambda: rules.RMSProp(keep=1), "keep=1 is not between 0 and 1"),
        (lambda: rules.Adam(first=1), "first=1 is not between 0 and 1"),
        (lambda: rules.Adam(epsilon=0), "epsilon=0 is zero"),
        (lambda: rules.AdamW(decay=-1), "decay=-1 is negative"),
        (lambda: rules.AdaGrad(epsilon=-1), "epsilon=-1 is negative"),
        (lambda: schedules.StepDecay(0.1, every=0), r"every=0 is less than 1; .* StepDecay\(every=100\)"),
        (lambda: schedules.StepDecay(0.1, every=3, factor=0), "factor=0 is zero"),
        (lambda: schedules.Cosine(-0.1, 10), "rate=-0.1 would climb"),
        (lambda: schedules.Cosine(0.1, 10, lowest=0.2), "lowest=0.2 is not between 0 and rate=0.1"),
        (lambda: schedules.WarmUp(0.1, 10, start=1.5), "start=1.5 is not between 0 and 1"),
        (lambda: schedules.OneCycle(0.1, 10, rising=1.5), "rising=1.5 is not between 0 and 1"),
    ],
)
def test_a_setting_that_cannot_be_is_repeated_with_what_to_write(build, said):
    with pytest.raises(ValueError, match=said):
        build()


@pytest.mark.parametrize("steps", [2.5, "10", None, True])
def test_a_number_of_steps_that_is_none_is_a_type_error(steps):
    with pytest.raises(TypeError, match="is not a whole number"):
        schedules.Cosine(0.1, steps)


def test_a_schedule_past_its_end_stays_there():
    assert schedules.Cosine(0.1, 10, lowest=0.01).at(1000) == 0.01
    assert schedules.OneCycle(0.1, 10).at(1000) == schedules.OneCycle(0.1, 10).at(9)
    assert schedules.OneCycle(0.1, 1).at(0) > 0


def test_a_rule_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        GradientDescent(0.1).rate = 0.2

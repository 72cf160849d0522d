"""Gradient descent that keeps its whole path and says what the learning rate did."""

from gradlab.descent.history import History
from gradlab.descent.loop import descend
from gradlab.descent.optimizers import AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp, Rule
from gradlab.descent.schedules import Cosine, OneCycle, Schedule, StepDecay, WarmUp
from gradlab.descent.trajectory import Trajectory

__all__ = [
    "AdaGrad",
    "Adam",
    "AdamW",
    "Cosine",
    "GradientDescent",
    "History",
    "Momentum",
    "Nesterov",
    "OneCycle",
    "RMSProp",
    "Rule",
    "Schedule",
    "StepDecay",
    "Trajectory",
    "WarmUp",
    "descend",
]

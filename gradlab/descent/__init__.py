"""Gradient descent that keeps its whole path and says what the learning rate did."""

from gradlab.descent.batches import Batches
from gradlab.descent.curvature import spectrum
from gradlab.descent.explanation import explain
from gradlab.descent.history import History
from gradlab.descent.loop import descend
from gradlab.descent.noise import Noise, gradient_noise
from gradlab.descent.optimizers import AdaGrad, Adam, AdamW, GradientDescent, Momentum, Nesterov, RMSProp, Rule
from gradlab.descent.schedules import Cosine, OneCycle, Schedule, StepDecay, WarmUp
from gradlab.descent.searching import Armijo, ExactLineSearch
from gradlab.descent.second_order import GaussNewton, Newton
from gradlab.descent.stopping import AllOf, FlatGradient, LossBelow, NoProgress, TimeLimit, Validation
from gradlab.descent.sweeping import sweep_rates
from gradlab.descent.trajectory import Trajectory

__all__ = [
    "AdaGrad",
    "Adam",
    "AdamW",
    "AllOf",
    "Armijo",
    "Batches",
    "Cosine",
    "ExactLineSearch",
    "FlatGradient",
    "GaussNewton",
    "GradientDescent",
    "History",
    "LossBelow",
    "Momentum",
    "Nesterov",
    "Newton",
    "NoProgress",
    "Noise",
    "OneCycle",
    "RMSProp",
    "Rule",
    "Schedule",
    "StepDecay",
    "TimeLimit",
    "Trajectory",
    "Validation",
    "WarmUp",
    "descend",
    "explain",
    "gradient_noise",
    "spectrum",
    "sweep_rates",
]

"""Gradient descent that keeps its whole path and says what the learning rate did."""

from gradlab.descent.history import History
from gradlab.descent.loop import descend
from gradlab.descent.optimizers import GradientDescent, Rule
from gradlab.descent.trajectory import Trajectory

__all__ = ["GradientDescent", "History", "Rule", "Trajectory", "descend"]

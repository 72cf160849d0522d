"""The expression graph: nodes, functions, points and gradients."""

from gradlab.graph.function import Function
from gradlab.graph.gradient import Gradient
from gradlab.graph.point import Point

__all__ = ["Function", "Gradient", "Point"]

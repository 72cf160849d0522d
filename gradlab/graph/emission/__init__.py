"""From a graph to source text, and from there to a fast function."""

from gradlab.graph.emission.compiling import Compiled, compiled
from gradlab.graph.emission.functions import source

__all__ = ["Compiled", "compiled", "source"]

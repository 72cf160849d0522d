"""The three arithmetics in which a graph can be evaluated: NumPy, torch, and balls (Arb).

In all of them arrays may have extra leading axes, so that one evaluation serves many points at once.
"""

from gradlab.graph.backends.balls import BallBackend
from gradlab.graph.backends.numpy_arrays import NumpyBackend
from gradlab.graph.backends.protocol import Backend, Key, Row
from gradlab.graph.backends.torch_tensors import TorchBackend

__all__ = ["Backend", "BallBackend", "Key", "NumpyBackend", "Row", "TorchBackend"]

"""The route through PyTorch: ``backward()``."""

from gradlab.autodiff.backpropagation import backward

__all__ = ["backward"]

"""Everything a function can be written in: text, SymPy expressions, Python callables."""

from gradlab.sources.reading import as_function, at_point

__all__ = ["as_function", "at_point"]

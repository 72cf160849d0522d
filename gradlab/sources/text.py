"""Mathematics typed as text, read without evaluating or running any of it.

Read as on paper::

    x**2 + y   x^2   x²          powers;  -x^2 is -(x^2),  2^3^2 is 2^(3^2)
    2x   2 x y   x(x+1)   2(x+1) products without a sign; they bind like * and /:  1/2x is (1/2)x
    sin x   sin 2x cos x   √x    functions without a bracket;  √2x is (√2)x
    sin^2 x   sin²(x)            powers of the value
    |x|   ||v||   ‖v‖            absolute value; norm
    1e-3   .5   5.   ½           numbers, kept exact
    x_1   x1   x₁   α   π   e    names;  x₁ is x1 while x_1 is its own name;  π is pi
    where(0 < x < 1, x, 1)       cases, by comparisons joined with and, or, not
    piecewise((x, x > 0), (0, true))  several cases, as SymPy writes them
    sum(k*x^k, k, 1, 5)          a sum over an index;  sum(x) adds up the entries of x

    [a, b]   (a, b)   <a, b>     vectors;  [x > 0] is 1 where that holds, else 0
    sum_i x_i   ∑_{i=1}^{n} x_i  sums over the entries of arrays;  X^T is a transpose

What can be read in two ways is refused with both ways spelled out, or read in the usual one with a note.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradlab.sources.names import FUNCTIONS, Names
from gradlab.sources.pratt import read_tokens
from gradlab.sources.syntax import Tree
from gradlab.sources.text_tokens import tokenize


def parse(text: str, *, variables: Iterable[str] | None = None, functions: Iterable[str] = FUNCTIONS) -> Tree:
    """Return the syntax tree of one formula.

    variables: the names allowed beside ``e`` and ``pi``, which they may also redefine; then ``xy`` is ``x*y``
    where only x and y are declared.  None: every name is a variable, and ``xy`` is one name.
    functions: the names that are functions, by their spelling in the tree; ``ln`` follows ``log`` and so on.
    Raises ParseError, with the place and what to write instead, for anything that is not a formula.

    >>> parse("x**2 + sin 2y")
    (+ (^ x 2) (sin (* 2 y)))
    >>> parse("xy", variables=["x", "y"])
    (* x y)
    >>> parse("2*cosine(x)")
    Traceback (most recent call last):
    gradlab.errors.ParseError: no function named 'cosine'; did you mean 'cos'?
      2*cosine(x)
        ^
    """
    # A caller's type checker does not see what a form or a notebook cell hands over.
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a formula is read from a string, not from {type(text).__name__}")
    names = Names(variables, functions=functions)
    return read_tokens(tokenize(text, names.variables or ()), text, names)[0]

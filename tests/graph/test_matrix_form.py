"""Contractions are written as products of matrices where a book would write them so."""

import numpy as np
import pytest

from gradlab import as_function, derive

SHAPES = {
    "A": ("n", "m"),
    "B": ("m", "k"),
    "C": ("k", "n"),
    "S": ("n", "n"),
    "x": ("n",),
    "y": ("m",),
    "z": ("n",),
    "M": ("n", "m"),
}


def _read(code):
    names = code.__code__.co_varnames[: code.__code__.co_argcount]
    return as_function(code, shapes={name: SHAPES[name] for name in names})


@pytest.mark.parametrize(
    ("code", "written"),
    [
        (lambda x, S: x @ S @ x, "x^T S x"),
        (lambda x, A, y: x @ A @ y, "x^T A y"),
        (lambda x, S, z: x @ S.T @ S @ z, "x^T S^T S z"),
        (lambda A, B, C: np.einsum("ij,jk,ki->", A, B, C), "tr(A B C)"),
        (lambda S: np.einsum("ii->", S), "tr(S)"),
        (lambda A, M: np.einsum("ij,ij->", A, M), "sum_ij A_ij M_ij"),
        (lambda A: ((A @ A.T) ** 2).sum(), "‖A A^T‖_F²"),
        (lambda x, z, S: ((S @ x - z) ** 2).sum(), "‖S x - z‖²"),
        (lambda x, S: np.sqrt(((S @ x) ** 2).sum()), "‖S x‖"),
        (lambda x, S, z: (S @ x - z).mean(), "1/n 1^T (S x - z)"),
    ],
)
def test_a_number_reads_as_in_a_book(code, written):
    assert _read(code).text(form="matrix") == written


@pytest.mark.parametrize(
    ("code", "wrt", "gradient"),
    [
        (lambda A, x, y: x @ A @ y, "A", "x y^T"),
        (lambda x, S: x @ S @ x, "x", "S^T x + S x"),
        (lambda A, B, C: np.einsum("ij,jk,ki->", A, B, C), "B", "A^T C^T"),
        (lambda x, A, y: (x[:, None] * A * y).sum(), "A", "x y^T"),
        (lambda A, x: ((A * x[:, None]) ** 2).sum(), "A", "2 diag(x) diag(x) A"),
        (lambda A, y: (A @ y).sum(), "A", "1 y^T"),
        (lambda A, y: (A @ y).sum(), "y", "A^T 1"),
        (lambda A, M: (A.T @ M).sum(), "M", "A 1 1^T"),
        (lambda A, M, x: (x @ (A * M)).sum(), "x", "(A ⊙ M) 1"),
        (lambda x, y: (np.outer(x, y) ** 2).sum(), "x", "2 ‖y‖² x"),
        (lambda A, B: ((A @ B) ** 2).sum(), "B", "2 A^T A B"),
    ],
)
def test_a_gradient_reads_as_in_a_book(code, wrt, gradient):
    assert derive(_read(code), wrt).gradient[wrt].text(form="matrix") == gradient


def _entries(operands, inputs, output, sizes):
    letters = "abcdefgh"
    subscripts = ",".join("".join(letters[i] for i in row) for row in inputs)
    return np.einsum(subscripts + "->" + "".join(letters[i] for i in output), *operands)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_written_is_what_is_meant(seed):
    """The written product of matrices, computed by NumPy, is the contraction; a wrong transposition would show."""
    from gradlab.graph.kinds import Variable
    from gradlab.graph.kinds.contraction import contraction
    from gradlab.graph.printing import text

    draw = np.random.default_rng(seed)
    labels = [0, 1, 2, 3]
    sizes = {0: 2, 1: 3, 2: 4, 3: 5}
    rows = [tuple(draw.permutation(labels)[: draw.integers(1, 3)]) for _ in range(draw.integers(1, 5))]
    present = sorted({label for row in rows for label in row})
    output = tuple(int(label) for label in draw.permutation(present)[: draw.integers(0, 3)])
    arrays = {name: draw.normal(size=[sizes[label] for label in row]) for name, row in zip("ABCD", rows, strict=False)}
    node = contraction(
        [Variable(name, tuple(sizes[label] for label in row)) for name, row in zip("ABCD", rows, strict=False)],
        rows,
        output,
    )
    written = text(node, form="matrix")
    if "sum_" in written or "[" in written:
        return  # there is no matrix form
    expected = _entries(list(arrays.values()), rows, output, sizes)
    np.testing.assert_allclose(_computed(written, arrays, expected.shape), expected, rtol=1e-12)


def _computed(written, arrays, shape):
    """Compute text such as ``tr(A B^T)`` or ``A diag(B) 1`` with columns for vectors."""
    import re

    columns = {name: array[:, None] if array.ndim == 1 else array for name, array in arrays.items()}
    tokens = re.findall(r"‖|tr|diag|\(|\)|⊙|\^T|_F|²|[A-D]|1| ", written)
    assert "".join(tokens) == written
    place = 0

    def product():
        nonlocal place
        factors = [hadamard()]
        while place < len(tokens) and tokens[place] == " ":
            place += 1
            factors.append(hadamard())
        return factors

    def hadamard():
        nonlocal place
        first = atom()
        while tokens[place : place + 2] == [" ", "⊙"]:
            place += 3
            first = first * atom()
        return first

    def atom():
        nonlocal place
        token = tokens[place]
        place += 1
        if token == "(":
            found = chained(product(), None)
            place += 1
        elif token in ("tr", "diag"):
            place += 1
            inside = chained(product(), None)
            place += 1
            found = np.trace(inside).reshape(1, 1) if token == "tr" else _diagonal(inside)
        elif token == "‖":
            inside = columns[tokens[place]]
            place += 2
            found = (inside**2).sum().reshape(1, 1)
            while place < len(tokens) and tokens[place] in ("_F", "²"):
                place += 1
        else:
            found = "1" if token == "1" else columns[token]
        while place < len(tokens) and tokens[place] == "^T":
            place += 1
            found = "1^T" if isinstance(found, str) else found.T
        return found

    result = np.asarray(chained(product(), shape))
    return result.reshape(shape)


def _diagonal(array):
    return np.diag(array[:, 0]) if array.shape[1] == 1 else np.diag(array)[:, None]


def chained(factors, shape):
    """Multiply; the lengths of the vectors of ones follow from their neighbours, or from the result."""
    result = None
    for position, factor in enumerate(factors):
        if isinstance(factor, str):
            before = result.shape[1] if result is not None else None
            after = next((f.shape[0] for f in factors[position + 1 :] if not isinstance(f, str)), None)
            if factor == "1":
                length = before if before not in (None, 1) else (shape[0] if shape else before)
                factor = np.ones((length, 1))
            else:
                length = after if result is None or position + 1 < len(factors) else shape[-1]
                factor = np.ones((1, length))
        number = result is not None and result.shape == (1, 1) and factor.shape[0] != 1
        result = factor if result is None else result * factor if number else result @ factor
    return result

"""Names of variables and sizes as they are written: Greek letters, subscripts, upright words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradlab.graph.nodes import Node, topological

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
}
_FROM_GREEK = {letter: name for name, letter in GREEK.items()}
GREEK.update(lam="λ", lmbda="λ", eps="ε")  # Python keeps lambda for itself, and nobody types epsilon in full
_OF_A_LAYER = re.compile(r"^\w+(\.\w+)*\.[^\W\d]\w*$")
_PARAMETERS = {"weight": "W", "bias": "b"}
_SUBSCRIPTED = re.compile(r"^([^\W\d_]+?)(\d+)$|^([A-Z])([a-z])$")
"""``w1`` and ``Wq`` stand for w₁ and W_q."""


def in_text(symbol: str) -> str:
    """Return *symbol* for a terminal.

    >>> in_text("delta_Z"), in_text("preds"), in_text("delta_mu")
    ('δ_Z', 'preds', 'δ_μ')
    """
    return "_".join(GREEK.get(part, part) for part in symbol.split("_"))


def in_latex(symbol: str, indices: tuple[str, ...] = ()) -> str:
    r"""Return *symbol* as LaTeX, its own subscript and the *indices* of a component together.

    >>> in_latex("delta_preds", ("i",)), in_latex("w1"), in_latex("x", ("i", "j")), in_latex("delta_Wq")
    ('\\delta_{\\mathrm{preds},i}', 'w_{1}', 'x_{ij}', '\\delta_{W_{q}}')

    The parameters of a module are weights W and biases b of their layer.

    >>> in_latex("fc1.weight"), in_latex("fc1.bias", ("j",)), in_latex("rnn.weight_ih_l0")
    ('W_{\\mathrm{fc}_{1}}', 'b_{\\mathrm{fc}_{1},j}', 'W_{\\mathrm{rnn},\\mathrm{ih},l_{0}}')
    """
    layer = ""
    if _OF_A_LAYER.match(symbol):
        layer, _, symbol = symbol.rpartition(".")
    head, _, subscript = symbol.partition("_")
    if layer:
        head = _PARAMETERS.get(head, head)
    head, *subscripts = _split(head)
    if layer:
        subscripts.insert(0, _word(layer))
    if subscript:
        subscripts.append(",".join(_word(part) for part in subscript.split("_") if part))
    if indices:
        subscripts.append(joined(indices))
    below = ",".join(subscripts)
    return _word(head) + (f"_{{{below}}}" if below else "")


def joined(indices: Sequence[str]) -> str:
    """Return indices side by side, with commas where one is more than a letter.

    >>> joined(("i", "j")), joined(("i", "0"))
    ('ij', 'i,0')
    """
    plain = len(indices) == 1 or all(len(index) == 1 and index.isalpha() for index in indices)
    return "".join(indices) if plain else ",".join(indices)


def _split(word: str) -> list[str]:
    """Return a name and what stands below it, if something does: ``w1`` and ``Wq``, not ``preds``."""
    found = _SUBSCRIPTED.match(word)
    return [part for part in found.groups() if part] if found else [word]


def _word(word: str) -> str:
    name, *below = _split(word)
    if below:
        return f"{_word(name)}_{{{below[0]}}}"
    letter = GREEK.get(word, word)
    if letter in _FROM_GREEK:
        return rf"\{_FROM_GREEK[letter]}"
    if len(word) == 1 or word.isdigit():
        return word.translate(_LATEX_MARKS)
    return rf"\mathrm{{{word.translate(_LATEX_MARKS)}}}"


_LATEX_MARKS = str.maketrans(
    {mark: f"\\{mark}" for mark in "$&#%{} "}
    | {"\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge ", "|": r"\vert ", "<": r"\lt ", ">": r"\gt "}
    | {"[": r"\lbrack ", "]": r"\rbrack "}  # [a](b) is a link where a reader of Markdown knows no formulas
)
"""What LaTeX, or Markdown around it, would read as more than itself: the name of a symbol may be any text."""


def is_name(written: str) -> bool:
    r"""Return whether *written*, in either style, is a name with its indices and nothing else.

    >>> is_name("w_1"), is_name("\\mathrm{preds}_{i}"), is_name("x²"), is_name("x y")
    (True, True, False, False)
    """
    return _NAME.fullmatch(written) is not None


_LETTER = "[^\\W⁰¹²³⁴⁵⁶⁷⁸⁹]"
_NAME = re.compile(
    rf"(?!\d)({_LETTER}+|\\[A-Za-z]+|\\math(rm|bf)\{{{_LETTER}+\}})(_({_LETTER}+|\{{({_LETTER}|[,+\\{{}}])+\}}))?"
)


def ends_in_long_name(written: str) -> bool:
    """Return whether *written* ends in a name of two letters or more, which a bracket would turn into a call."""
    tail = re.search(rf"(?!\d){_LETTER}{{2,}}$", written)
    return tail is not None


def used_in(node: Node) -> frozenset[str]:
    """Return the names and size symbols that *node* is written with."""
    symbols: set[str] = set()
    for part in topological([node]):
        symbols.update(size for size in part.axes if isinstance(size, str))
        name = getattr(part, "name", None)
        if name is not None:
            symbols.add(name)
    return frozenset(symbols)

r"""The LaTeX commands that are read, by what they stand for, and what to write instead of others."""

from __future__ import annotations

from gradlab.graph.names import GREEK

LETTERS: dict[str, str] = {
    **{name: letter for name, letter in GREEK.items() if name not in ("lam", "lmbda", "eps")},
    "varepsilon": "ε",
    "vartheta": "θ",
    "varpi": "pi",
    "varrho": "ρ",
    "varsigma": "ς",
    "varphi": "φ",
    "pi": "pi",
    "ell": "l",
}
"""Command -> the name that it shows."""

# fmt: off
FUNCTIONS = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "coth",
    "exp", "ln", "log", "max", "min",
})
# fmt: on
"""Commands that show their own name."""

# fmt: off
WORDS = frozenset({
    "operatorname", "mathrm", "mathit", "mathsf", "mathbf", "mathbb", "mathcal", "boldsymbol", "bm", "text",
    "textrm", "textit",
})
# fmt: on
"""Commands that show the word in the braces behind them."""

ACCENTS = {"hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "dot": "dot"}
"""Marks above a letter -> what follows the underscore in the name: \\hat{y} is y_hat."""

OPERATORS = {"cdot": "*", "times": "*", "ast": "*", "div": "/", "odot": "⊙"}

COMPARISONS = {"le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "lt": "<", "gt": ">"}

LOGIC = {"wedge": "and", "land": "and", "vee": "or", "lor": "or", "neg": "not", "lnot": "not"}

# fmt: off
BLANKS = frozenset({
    ",", ";", ":", "!", ">", "quad", "qquad", "enspace", "thinspace", "displaystyle", "textstyle",
    "scriptstyle", "limits", "nolimits", "mathopen", "mathclose", "mathord", "mathbin", "mathrel", "big", "Big",
    "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl", "bigr", "Bigr", "biggr", "Biggr", "bigm", " ", "\n",
})
# fmt: on
"""Commands that only change how a formula looks."""

OPENING = {
    "(": "(",
    "[": "[",
    r"\{": "(",
    r"\lbrace": "(",
    r"\lbrack": "[",
    r"\langle": "<",
    "<": "<",
    "|": "|",
    r"\vert": "|",
    r"\lvert": "|",
    r"\|": "‖",
    r"\Vert": "‖",
    r"\lVert": "‖",
}
CLOSING = {
    ")": "(",
    "]": "[",
    r"\}": "(",
    r"\rbrace": "(",
    r"\rbrack": "[",
    r"\rangle": "<",
    ">": "<",
    "|": "|",
    r"\vert": "|",
    r"\rvert": "|",
    r"\|": "‖",
    r"\Vert": "‖",
    r"\rVert": "‖",
}
"""What may follow \\left and \\right -> the bracket in the text's own notation that opens there."""

# fmt: off
MATRICES = frozenset({
    "matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array",
})
# fmt: on

INSTEAD = {
    "int": "work the integral out first, and write the result",
    "prod": "write the factors out",
    "lim": "work the limit out first, and write the result",
    "infty": "infinity is no number; write a number",
    "pm": "it stands for two answers; write one of them",
    "mp": "it stands for two answers; write one of them",
    "partial": "write the derivative itself, or declare one such as ∂L/∂w",
    "nabla": "write the partial derivatives themselves",
    "prime": "write the derivative itself",
    "binom": "write the factorials out",
    "approx": "write one side only",
    "equiv": "write one side only",
    "to": "write one side only",
    "det": "write the determinant out",
    "degree": "angles are in radians; write x \\pi/180",
    "over": "write \\frac{a}{b}",
    "dots": "write all of it",
    "ldots": "write all of it",
    "cdots": "write all of it",
    "hbox": "write \\text{...}",
}
"""Command -> what to write in its place."""

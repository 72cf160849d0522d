"""The two ways to write an expression: plain text and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gradlab.graph import names
from gradlab.graph.writing import Level, Printer, Shown

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


_TEXT_FUNCTIONS = {"sigmoid": "σ", "Phi": "Φ", "phi": "φ", "digamma": "ψ", "gamma": "Γ"}


class TextPrinter(Printer):
    """Plain text for a terminal: ``2/n X^T (X w - y)``."""

    def joint(self, left: str, right: str) -> str:
        # A lone 1 is the vector of ones: as a number it would not be written.
        number_meets_number = right[0].isdigit() and right.partition("^")[0] != "1"
        name_meets_bracket = right[0] == "(" and names.ends_in_long_name(left)
        return "·" if number_meets_number or name_meets_bracket else " "

    def name(self, symbol: str, indices: tuple[str, ...] = ()) -> Shown:
        return Shown(names.in_text(symbol) + (f"_{self.subscript(indices)}" if indices else ""))

    def subscript(self, indices: Sequence[str]) -> str:
        """Return indices as they follow an underscore: ``i``, ``ij``, ``{i+1}``."""
        joined = names.joined(indices)
        return joined if joined.isalnum() else f"{{{joined}}}"

    def sign(self, sign: str) -> str:
        return sign

    def iverson(self, condition: str) -> Shown:
        return Shown(f"[{condition}]", condition=condition)

    def cases(self, first: Shown, condition: Shown, second: Shown) -> Shown:
        holds = condition.condition or condition.written
        return Shown(f"{self.wrap(first, Level.SUM)} if {holds} else {second.written}", Level.CASES)

    def minus_infinity(self) -> Shown:
        return Shown("-∞", Level.SUM)

    def decimal(self, written: str) -> Shown:
        return Shown(written)

    def fraction(self, above: Shown, below: Shown) -> Shown:
        closed = self.bracketed(above) if above.open else above
        written = f"{self.wrap(closed, Level.PRODUCT)}/{self.wrap(below, Level.POWER)}"
        return Shown(written, Level.PRODUCT, fraction=(above, below))

    def power(self, base: Shown, exponent: Shown, *, elementwise: bool = False) -> Shown:
        below = self.wrap(base, Level.ATOM)
        plain = exponent.written.translate(_SUPERSCRIPTS)
        if elementwise:
            above = exponent.written if exponent.level == Level.ATOM else f"({exponent.written})"
            return Shown(f"{below}^⊙{above}", Level.POWER)
        if exponent.written.removeprefix("-").isdecimal():
            return Shown(below + plain, Level.POWER)
        return Shown(f"{below}^{self.wrap(exponent, Level.ATOM)}", Level.POWER)

    def call(self, function: str, arguments: Sequence[Shown]) -> Shown:
        inside = ", ".join(argument.written for argument in arguments)
        return Shown(f"{_TEXT_FUNCTIONS.get(function, function)}({inside})")

    def absolute(self, inside: Shown) -> Shown:
        return Shown(f"|{inside.written}|") if "|" not in inside.written else self.call("abs", [inside])

    def radical(self, inside: Shown) -> Shown:
        return Shown(f"√{inside.written}", Level.POWER) if len(inside.written) == 1 else self.call("sqrt", [inside])

    def exponential(self, exponent: Shown) -> Shown:
        return self.call("exp", [exponent])

    def sum_sign(self, limits: Mapping[str, tuple[str, str] | None], body: Shown) -> Shown:
        if any(limits.values()):
            limited = (i if ends is None else f"{i}={'..'.join(ends)}" for i, ends in limits.items())
            signs = " ".join(f"sum_{index}" for index in limited)
        else:
            signs = f"sum_{names.joined(tuple(limits))}"
        return Shown(f"{signs} {self.wrap(body, Level.PRODUCT)}", Level.PRODUCT)

    def over(self, sign: str, below: str, body: Shown) -> Shown:
        under = below if below.isalnum() else f"{{{below}}}"
        return Shown(f"{sign}_{under} {self.wrap(body, Level.PRODUCT)}", Level.PRODUCT, open=True)

    def transpose_sign(self, shown: Shown) -> Shown:
        return Shown(f"{self.wrap(shown, Level.ATOM)}^T")

    def inverse(self, shown: Shown) -> Shown:
        base = self.wrap(shown, Level.ATOM)
        return self.turning(Shown(f"{base}^-1", Level.POWER), Shown(f"{base}^-T", Level.POWER))

    def prefixed(self, functions: Sequence[str], shown: Shown) -> Shown:
        body = self.wrap(shown, Level.POWER)
        return Shown(" ".join(functions) + (body if body[0] == "(" else f" {body}"), Level.PRODUCT, open=True)

    def hadamard(self, factors: Sequence[Shown], sign: str = "⊙") -> Shown:
        return Shown(f" {sign} ".join(self.wrap(factor, Level.POWER) for factor in factors), Level.HADAMARD)

    def derivative(self, operand: Shown, wrt: Shown) -> Shown:
        if names.is_name(operand.written):
            return Shown(f"∂{operand.written}/∂{wrt.written}", Level.PRODUCT)
        return Shown(f"∂/∂{wrt.written} {self.bracketed(operand).written}", Level.PRODUCT)

    def norm(self, inside: Shown, *, frobenius: bool) -> Shown:
        return Shown(f"‖{inside.written}‖" + ("_F" if frobenius else ""))

    def components(self, body: Shown, indices: Sequence[str]) -> Shown:
        return Shown(f"[{body.written}]_{self.subscript(indices)}")

    def blocks(self, parts: Sequence[Shown], *, below: bool) -> Shown:
        return Shown("[" + ("; " if below else ", ").join(part.written for part in parts) + "]")

    def listing(self, entries: Sequence[Shown]) -> Shown:
        return Shown("[" + ", ".join(entry.written for entry in entries) + "]")

    def either(self, value: Shown, conditions: Sequence[str], otherwise: Shown) -> Shown:
        return Shown(f"({value.written} if {' and '.join(conditions)} else {otherwise.written})")

    def replaced(self, base: Shown, places: str, value: Shown) -> Shown:
        return Shown(f"{self.wrap(base, Level.ATOM)}[{places} → {value.written}]")


_LATEX_FUNCTIONS = {
    **{name: rf"\{name}" for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min")},
    **{name: rf"\{name}" for name in ("sec", "csc", "cot", "log")},
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "sigmoid": r"\sigma",
    "Phi": r"\Phi",
    "phi": r"\varphi",
    "digamma": r"\psi",
    "gamma": r"\Gamma",
    "lgamma": r"\ln\Gamma",
}

_LATEX_SIGNS = {"≥": r"\ge", "≤": r"\le", "≠": r"\ne", "and": r"\wedge", "or": r"\vee", "not": r"\neg"}


_ENDS_IN_WORD = re.compile(r"\\mathrm\{[^{}]*\}(_\{(?:[^{}]|\{[^{}]*\})*\})?(\^\{[^{}]*\})?$")
"""A name of several letters at the end, with its indices and its exponent."""


class LatexPrinter(Printer):
    r"""LaTeX: ``\frac{2}{n} X^{\top} \left(X w - y\right)``."""

    def bracketed(self, shown: Shown) -> Shown:
        return Shown(rf"\left({shown.written}\right)")

    def joint(self, left: str, right: str) -> str:
        meets_number = right[0].isdigit() or (right.startswith(r"\frac") and left[-1].isdigit())
        if meets_number:
            return r" \cdot "
        # TeX sets no space between factors: a time would read as one word, atime.
        return r" \, " if right.startswith(r"\mathrm") or _ENDS_IN_WORD.search(left) else " "

    def name(self, symbol: str, indices: tuple[str, ...] = ()) -> Shown:
        # The vector of ones; as a number 1 would not be a name.
        if symbol == "1":
            return Shown(r"\mathbf{1}")
        return Shown(names.in_latex(symbol, tuple(_latex_index(index) for index in indices)))

    def sign(self, sign: str) -> str:
        return _LATEX_SIGNS.get(sign, sign)

    def iverson(self, condition: str) -> Shown:
        return Shown(rf"\left[{condition}\right]", condition=condition)

    def cases(self, first: Shown, condition: Shown, second: Shown) -> Shown:
        holds = condition.condition or condition.written
        otherwise = second.rows or rf"{second.written} & \text{{otherwise}}"
        rows = rf"{first.written} & \text{{if }} {holds} \\ {otherwise}"
        return Shown(rf"\begin{{cases}} {rows} \end{{cases}}", Level.CASES, rows=rows)

    def minus_infinity(self) -> Shown:
        return Shown(r"-\infty", Level.SUM)

    def decimal(self, written: str) -> Shown:
        mantissa, _, exponent = written.partition("e")
        if not exponent:
            return Shown(written)
        power = f"10^{{{int(exponent)}}}"
        return Shown(power, Level.POWER) if mantissa == "1" else Shown(rf"{mantissa} \cdot {power}", Level.PRODUCT)

    def fraction(self, above: Shown, below: Shown) -> Shown:
        return Shown(rf"\frac{{{above.written}}}{{{below.written}}}", Level.PRODUCT, fraction=(above, below))

    def power(self, base: Shown, exponent: Shown, *, elementwise: bool = False) -> Shown:
        if base.applied and not elementwise and exponent.written.isdecimal():
            function, argument = base.applied
            return Shown(f"{function}^{{{exponent.written}}}{argument}", Level.POWER)
        mark = r"\odot " if elementwise else ""
        return Shown(f"{self.wrap(base, Level.ATOM)}^{{{mark}{exponent.written}}}", Level.POWER)

    def call(self, function: str, arguments: Sequence[Shown]) -> Shown:
        inside = ", ".join(argument.written for argument in arguments)
        name = _LATEX_FUNCTIONS.get(function, rf"\operatorname{{{function}}}")
        argument_part = rf"\left({inside}\right)"
        return Shown(name + argument_part, applied=(name, argument_part))

    def absolute(self, inside: Shown) -> Shown:
        return Shown(rf"\left|{inside.written}\right|")

    def radical(self, inside: Shown) -> Shown:
        return Shown(rf"\sqrt{{{inside.written}}}")

    def exponential(self, exponent: Shown) -> Shown:
        return Shown(f"e^{{{exponent.written}}}", Level.POWER)

    def sum_sign(self, limits: Mapping[str, tuple[str, str] | None], body: Shown) -> Shown:
        if any(limits.values()):
            limited = (f"{{{i}}}" if ends is None else f"{{{i}={ends[0]}}}^{{{ends[1]}}}" for i, ends in limits.items())
            signs = " ".join(rf"\sum_{index}" for index in limited)
        else:
            signs = rf"\sum_{{{', '.join(limits)}}}"
        return Shown(f"{signs} {self.wrap(body, Level.PRODUCT)}", Level.PRODUCT)

    def over(self, sign: str, below: str, body: Shown) -> Shown:
        name = {"sum": r"\sum", **_LATEX_FUNCTIONS}.get(sign, rf"\operatorname*{{{sign}}}")
        under = below.replace("≤", r" \le ").replace("≥", r" \ge ")
        return Shown(rf"{name}_{{{under}}} {self.wrap(body, Level.PRODUCT)}", Level.PRODUCT, open=True)

    def transpose_sign(self, shown: Shown) -> Shown:
        return Shown(rf"{self.wrap(shown, Level.ATOM)}^{{\top}}", Level.POWER)

    def inverse(self, shown: Shown) -> Shown:
        base = self.wrap(shown, Level.ATOM)
        return self.turning(Shown(f"{base}^{{-1}}", Level.POWER), Shown(rf"{base}^{{-\top}}", Level.POWER))

    def prefixed(self, functions: Sequence[str], shown: Shown) -> Shown:
        body = self.wrap(shown, Level.POWER)
        return Shown(" ".join(rf"\{name}" for name in functions) + f" {body}", Level.PRODUCT, open=True)

    def hadamard(self, factors: Sequence[Shown], sign: str = "⊙") -> Shown:
        mark = {"⊙": r"\odot", "⊘": r"\oslash"}[sign]
        return Shown(f" {mark} ".join(self.wrap(factor, Level.POWER) for factor in factors), Level.HADAMARD)

    def derivative(self, operand: Shown, wrt: Shown) -> Shown:
        if names.is_name(operand.written):
            return Shown(rf"\frac{{\partial {operand.written}}}{{\partial {wrt.written}}}", Level.PRODUCT)
        by = rf"\frac{{\partial}}{{\partial {wrt.written}}}"
        return Shown(rf"{by} {self.bracketed(operand).written}", Level.PRODUCT)

    def norm(self, inside: Shown, *, frobenius: bool) -> Shown:
        return Shown(rf"\left\lVert {inside.written}\right\rVert" + ("_{F}" if frobenius else ""))

    def components(self, body: Shown, indices: Sequence[str]) -> Shown:
        return Shown(rf"\left[{body.written}\right]_{{{names.joined(indices)}}}")

    def blocks(self, parts: Sequence[Shown], *, below: bool) -> Shown:
        rows = (r" \\ " if below else " & ").join(part.written for part in parts)
        return Shown(rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}")

    def listing(self, entries: Sequence[Shown]) -> Shown:
        return Shown(rf"\left[{', '.join(entry.written for entry in entries)}\right]")

    def either(self, value: Shown, conditions: Sequence[str], otherwise: Shown) -> Shown:
        signs = {"≤": r" \le ", "∈": r" \in ", "{": r"\{", "}": r"\}", "…": r"\dots", "=": " = "}
        held = r" \text{ and } ".join("".join(signs.get(sign, sign) for sign in part) for part in conditions)
        rows = rf"{value.written} & \text{{if }} {held} \\ {otherwise.written} & \text{{else}}"
        return Shown(rf"\begin{{cases}} {rows} \end{{cases}}", Level.SUM)

    def replaced(self, base: Shown, places: str, value: Shown) -> Shown:
        return Shown(rf"{self.wrap(base, Level.ATOM)}\left[{places} \to {value.written}\right]")


def _latex_index(index: str) -> str:
    return index.replace("⌊", r"\lfloor ").replace("⌋", r" \rfloor").replace(" mod ", r" \bmod ")

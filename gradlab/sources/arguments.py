"""How many arguments a function in a text takes, and what to write where they are too many or too few."""

from __future__ import annotations

MANY = 100
"""Most arguments of a function of any number of them."""

ARGUMENTS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("max", "min"), (1, MANY)),
    **dict.fromkeys(("log", "elu", "celu", "huber", "leaky_relu", "heaviside"), (1, 2)),
    **dict.fromkeys(("dot", "pow", "mod", "root", "polygamma", "hypot", "atan2", "logaddexp"), (2, 2)),
    **dict.fromkeys(("clamp", "where"), (3, 3)),
}
"""Fewest and most arguments of a function; every other one takes exactly one, and ``sum`` one or four."""

_WANTED = {(1, 1): "one argument", (1, 2): "one or two arguments", (2, 2): "two arguments", (3, 3): "three arguments"}

_ADVICE = {
    "log": "write log(x, b) for the logarithm of x to base b",
    "clamp": "write clamp(x, low, high)",
    "where": "write where(x > 0, a, b)",
    "root": "write root(x, n) for the n-th root of x",
    "polygamma": "write polygamma(n, x), whose first argument is a whole number",
    "sum": "write sum(x) for the entries of x, or sum(k*x^k, k, 1, 5); a sum over two indices is a sum of a sum",
}


def takes(function: str, count: int) -> bool:
    """Return whether *function* may have *count* arguments.

    >>> takes("sin", 1), takes("where", 2), takes("sum", 4)
    (True, False, True)
    """
    fewest, most = ARGUMENTS.get(function, (1, 1))
    return fewest <= count <= most or (function == "sum" and count == 4)


def wrong_count(function: str, written: str, count: int) -> str:
    """Return the message for a *function*, as *written*, of *count* arguments.

    >>> wrong_count("where", "where", 2)
    'where takes three arguments, not 2; write where(x > 0, a, b)'
    """
    limits = ARGUMENTS.get(function, (1, 1))
    wanted = "one argument, or four" if function == "sum" else _WANTED.get(limits, f"at most {MANY} arguments")
    default = f"write {written}(x), decimals as 3.5" if limits[1] == 1 else f"write {written}(a, b)"
    return f"{written} takes {wanted}, not {count}; {_ADVICE.get(function, default)}"

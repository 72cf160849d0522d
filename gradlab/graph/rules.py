"""The rules of differentiation and of rewriting, as data: what each is called, what it says, where it may be used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One named rule.

    name: what a textbook calls it.  formula: what it says, in plain text, with operands u, v and w.
    where: the condition under which it may be used, in words; empty if it always may.
    """

    name: str
    formula: str
    where: str = ""


RULES: dict[str, Rule] = {}
"""Every rule by its name, in the order in which the modules that apply them state them."""


def rule(name: str, formula: str, where: str = "") -> Rule:
    """State a rule, once; what is stated again must say the same.

    >>> rule("sum rule", "d(u + v) = du + dv").formula
    'd(u + v) = du + dv'
    """
    stated = RULES.setdefault(name, Rule(name, formula, where))
    if (stated.formula, stated.where) != (formula, where):
        raise ValueError(f"the rule {name!r} is stated twice: {stated.formula!r} and {formula!r}")
    return stated

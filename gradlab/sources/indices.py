"""The indices of sums such as ``sum(k*x^k, k, 1, 5)``: which names they are, and what they run over.

An index belongs to its sum: it stands for no variable, and no variable of the same name can stand in the formula.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gradlab.errors import ParseError
from gradlab.graph.sizes import Size
from gradlab.sources.syntax import Call, Name, Number, Tree, Unary, children, index_of
from gradlab.sources.tokens import Kind, Token

MAX_TERMS = 10_000
"""Terms of a sum over an index: longer ones are sums over data."""


@dataclass(frozen=True)
class Run:
    """What an index runs over: *count* whole numbers from *first* on.

    level: in how many sums over an index its sum stands, itself included.
    """

    first: int
    count: Size
    level: int


@dataclass
class _Bracket:
    """One that is open: whether it holds the arguments of a sum, and where its commas and inner brackets are."""

    start: int
    is_sum: bool
    commas: list[int] = field(default_factory=list)
    limits: tuple[int, int] | None = None


def index_names(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names that stand as an index: alone between the commas of a sum of four arguments, or in (k, 1, 5).

    >>> from gradlab.sources.tokens import tokenize
    >>> sorted(index_names(tokenize("sum(k*x^k, k, 1, 5) + Sum(1/j, (j, 1, 3)) + sum(x)")))
    ['j', 'k']
    """
    found: set[str] = set()
    waiting: list[_Bracket] = []
    for place, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            before = tokens[place - 1] if place else token
            waiting.append(_Bracket(place, before.kind is Kind.NAME and before.text in ("sum", "Sum")))
        elif token.kind is Kind.COMMA and waiting:
            waiting[-1].commas.append(place)
        elif token.kind is Kind.CLOSE and waiting:
            bracket = waiting.pop()
            if waiting and len(bracket.commas) == 2 and tokens[bracket.start - 1].kind is Kind.COMMA:
                waiting[-1].limits = bracket.start, bracket.commas[0]
            before, after = _ends_of_index(bracket)
            if bracket.is_sum and after - before == 2 and tokens[before + 1].kind is Kind.NAME:
                found.add(tokens[before + 1].text)
    return frozenset(found)


def _ends_of_index(bracket: _Bracket) -> tuple[int, int]:
    """Return the places of the tokens before and after where an index stands; two equal ones if there is none."""
    if len(bracket.commas) == 3:
        return bracket.commas[0], bracket.commas[1]
    return bracket.limits if len(bracket.commas) == 1 and bracket.limits is not None else (0, 0)


def runs(tree: Tree, text: str, variables: Collection[str] = ()) -> Mapping[Tree, Run]:
    """Return for every sum over an index in *tree*, and for every place where its index stands, what it runs over.

    variables: declared names, which no index may have.
    Raises ParseError for an index that is something else too, and for limits that are no whole numbers.
    """
    found: dict[Tree, Run] = {}
    waiting: list[tuple[Tree, Mapping[str, Run]]] = [(tree, {})]
    unbound: list[Name] = []
    taken: set[str] = set()
    while waiting:
        node, scope = waiting.pop()
        index = index_of(node)
        if isinstance(node, Name):
            if node.name in scope:
                found[node] = scope[node.name]
            else:
                unbound.append(node)
        if index is None:
            waiting.extend((child, scope) for child in children(node))
            continue
        assert isinstance(node, Call)
        if not isinstance(index, Name):
            message = "the second argument of this sum is its index; write for example sum(k*x^k, k, 1, 5)"
            raise ParseError(message, text, node.span[0])
        if index.name in scope or index.name in variables or index.name in ("e", "pi"):
            said = "the index of a sum around this one" if index.name in scope else "something else already"
            raise ParseError(f"'{index.name}' is {said}; give this index another name", text, index.span[0])
        run = _run(node, text, len(scope) + 1)
        found[node] = found[index] = run
        taken.add(index.name)
        waiting.append((node.arguments[0], {**scope, index.name: run}))
    for name in unbound:
        if name.name in taken:
            message = (
                f"'{name.name}' is the index of a sum, and stands for nothing outside of it; rename one of the two"
            )
            raise ParseError(message, text, name.span[0])
    return found


def _run(call: Call, text: str, level: int) -> Run:
    first, last = (_whole(limit, text) for limit in call.arguments[2:])
    if last < first:
        raise ParseError(f"this sum runs from {first} to {last}, over nothing", text, call.span[0])
    if last - first >= MAX_TERMS:
        message = f"a sum over an index has at most {MAX_TERMS:,} terms; give longer ones as data: sum(x)"
        raise ParseError(message, text, call.span[0])
    return Run(first, last - first + 1, level)


def _whole(limit: Tree, text: str) -> int:
    """Return the whole number that *limit* is."""
    sign = 1
    while isinstance(limit, Unary):
        sign, limit = (-sign if limit.operator == "-" else sign), limit.operand
    if not isinstance(limit, Number) or limit.value.denominator != 1:
        message = "a sum runs between two whole numbers; write for example sum(k*x^k, k, 1, 5)"
        raise ParseError(message, text, limit.span[0])
    return sign * int(limit.value)

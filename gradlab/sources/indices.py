"""The indices of sums such as ``sum(k*x^k, k, 1, 5)``: which names they are, and what they run over.

An index belongs to its sum: it stands for no variable, and no variable of the same name can stand in the formula.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from gradlab.errors import ParseError
from gradlab.graph.sizes import Size
from gradlab.sources.syntax import Binary, Call, Entry, Name, Number, Tree, Unary, children, index_of, walk
from gradlab.sources.tokens import Kind, Token

MAX_TERMS = 10_000
"""Terms of a sum over an index: longer ones are sums over data."""


@dataclass(frozen=True, eq=False)
class Run:
    """What an index runs over: *count* whole numbers from *first* on.

    count: None where nobody has said; the arrays whose entries it runs over tell.
    level: in how many sums over an index its sum stands, itself included.
    """

    first: int
    count: Size | None
    level: int

    @property
    def length(self) -> Size:
        """The count where somebody has said it."""
        assert self.count is not None
        return self.count


@dataclass
class _Bracket:
    """One that is open: whether it holds the arguments of a sum, and where its commas and inner brackets are."""

    start: int
    is_sum: bool
    commas: list[int] = field(default_factory=list)
    limits: tuple[int, int] | None = None


def index_names(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names that stand as an index.

    They stand alone between the commas of a sum of four arguments, or in (k, 1, 5), or at the sign of a sum.

    >>> from gradlab.sources.text_tokens import tokenize
    >>> sorted(index_names(tokenize("sum(k*x^k, k, 1, 5) + Sum(1/j, (j, 1, 3)) + sum(x)")))
    ['j', 'k']
    """
    found: set[str] = set()
    waiting: list[_Bracket] = []
    for place, token in enumerate(tokens):
        if token.kind is Kind.SUM:
            found.update(_names_from(tokens, place + 2))
        elif token.kind is Kind.OPEN:
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


def limit_names(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names that stand as a limit at the sign of a sum: they are lengths, as ``n`` in ``sum_{i=1}^n``."""
    found: set[str] = set()
    for place, token in enumerate(tokens):
        if token.kind is Kind.SUM:
            place += 2 + len(_names_from(tokens, place + 2))
            while tokens[place].kind not in (Kind.CLOSE, Kind.END):
                if tokens[place].kind is Kind.NAME:
                    found.add(tokens[place].text)
                place += 1
    return frozenset(found)


def _names_from(tokens: Sequence[Token], place: int) -> list[str]:
    """Return the names that stand side by side from *place* on: the indices at the sign of a sum."""
    found: list[str] = []
    while tokens[place].kind is Kind.NAME:
        found.append(tokens[place].text)
        place += 1
    return found


def _ends_of_index(bracket: _Bracket) -> tuple[int, int]:
    """Return the places of the tokens before and after where an index stands; two equal ones if there is none."""
    if len(bracket.commas) == 3:
        return bracket.commas[0], bracket.commas[1]
    return bracket.limits if len(bracket.commas) == 1 and bracket.limits is not None else (0, 0)


def runs(tree: Tree, text: str, variables: Collection[str] = ()) -> Mapping[Tree, Run]:
    """Return for every sum over an index in *tree*, and for every place where its index stands, what it runs over.

    Indices of entries that no sum runs over are those of the whole: ``2 x_i`` is a vector, with ``i`` along it.
    variables: declared names, which no index may have.
    Raises ParseError for an index that is something else too, and for limits that are no whole numbers.
    """
    found: dict[Tree, Run] = {}
    free = free_indices(tree)
    waiting: list[tuple[Tree, Mapping[str, Run]]] = [
        (tree, {index: Run(1, None, len(free) - place) for place, index in enumerate(free)})
    ]
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
        _check_terms(node, text, [*scope.values(), run])
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


def free_indices(tree: Tree) -> tuple[str, ...]:
    """Return the indices of entries that no sum runs over, in the order of their appearance."""
    found: dict[str, None] = {}
    bound: set[str] = set()
    for node in walk(tree):
        if isinstance(node, Entry):
            found.update((index.name, None) for index in node.indices)
        index = index_of(node)
        if isinstance(index, Name):
            bound.add(index.name)
    return tuple(index for index in found if index not in bound)


def _run(call: Call, text: str, level: int) -> Run:
    if len(call.arguments) == 2:
        return Run(1, None, level)
    (size, first), (last_size, last) = (_limit(limit, text) for limit in call.arguments[2:])
    if size is not None:
        raise ParseError("a sum begins at a whole number; write for example sum_{i=1}^{n} x_i", text, call.span[0])
    if last_size is not None:
        if last - first != -1:
            message = f"a sum over {last_size} entries runs from 1 to {last_size}, or from 0 to {last_size}-1"
            raise ParseError(message, text, call.arguments[3].span[0])
        return Run(first, last_size, level)
    if last < first:
        raise ParseError(f"this sum runs from {first} to {last}, over nothing", text, call.span[0])
    if last - first >= MAX_TERMS:
        message = f"a sum over an index has at most {MAX_TERMS:,} terms; give longer ones as data: sum(x)"
        raise ParseError(message, text, call.span[0])
    return Run(first, last - first + 1, level)


def _check_terms(call: Call, text: str, around: Sequence[Run]) -> None:
    """Raise ParseError where a sum and those *around* it have too many terms together."""
    terms = prod(run.count for run in around if isinstance(run.count, int))
    if terms > MAX_TERMS:
        message = f"sums inside each other have at most {MAX_TERMS:,} terms together, and these have {terms:,}"
        raise ParseError(f"{message}; give longer ones as data: sum(x)", text, call.span[0])


def _limit(limit: Tree, text: str) -> tuple[str | None, int]:
    """Return a limit as a size, if there is one in it, and the whole number that is added to it."""
    if isinstance(limit, Name) and limit.name not in ("e", "pi"):
        return limit.name, 0
    if isinstance(limit, Binary) and limit.operator in "+-" and isinstance(limit.left, Name):
        added = _whole(limit.right, text)
        return limit.left.name, added if limit.operator == "+" else -added
    return None, _whole(limit, text)


def _whole(limit: Tree, text: str) -> int:
    """Return the whole number that *limit* is."""
    sign, tree = 1, limit
    while isinstance(tree, Unary):
        sign, tree = (-sign if tree.operator == "-" else sign), tree.operand
    if not isinstance(tree, Number) or tree.value.denominator != 1:
        message = "a sum runs between two whole numbers, or from 1 to a size; write for example sum(k*x^k, k, 1, 5)"
        raise ParseError(message, text, tree.span[0])
    return sign * int(tree.value)

"""Expressions in the notation of derivations: reading them, and their values at a point.

They are read by Python's own parser and walked along a list of what is allowed; no text is ever run.
"""

from __future__ import annotations

import ast
import operator
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import count, repeat
from typing import Any, NoReturn

from flint import arb

from gradlab.checking import enclosures as enclosing
from gradlab.checking.enclosures import LETTERS, Array, Number, each, enclosed, filled, need, single
from gradlab.errors import GradlabError, ParseError

LONGEST, DEEPEST = 20_000, 100
"""Characters of an expression, and operations inside each other."""

DEFINITIONS = """
tan(u) = sin(u)/cos(u); sinh(u) = (exp(u) - exp(-u))/2; cosh(u) = (exp(u) + exp(-u))/2; tanh(u) = 1 - 2/(exp(2*u) + 1)
asinh(u) = log(u + sqrt(u**2 + 1)); acosh(u) = log(u + sqrt(u**2 - 1)); atanh(u) = log((1 + u)/(1 - u))/2
atan2(u, v) = where(v > 0, atan(u/v), where(u > 0, pi/2, -pi/2) - atan(v/u)); hypot(u, v) = sqrt(u**2 + v**2)
sinc(u) = where(u == 0, 1, sin(pi*u)/(pi*u)); cbrt(u) = where(u > 0, u**(1/3), -(-u)**(1/3))
log2(u) = log(u)/log(2); log10(u) = log(u)/log(10); log1p(u) = log(1 + u); expm1(u) = exp(u) - 1
logaddexp(u, v) = log(exp(u) + exp(v)); xlogy(u, v) = where(u == 0, 0, u*log(v)); share(u, v) = where(v == 0, 0, u/v)
abs(u) = where(u > 0, u, -u); sign(u) = where(u > 0, 1, where(u < 0, -1, 0)); step(u) = where(u > 0, 1, 0)
heaviside(u, v) = where(u > 0, 1, where(u < 0, 0, v)); max(u, v) = where(u > v, u, v); min(u, v) = where(u < v, u, v)
larger(u, v) = where(u > v, 1, where(u < v, 0, 1/2)); smaller(u, v) = larger(v, u)
within(u, v, w) = logical_and(v <= u, u <= w); inside(u, v, w) = logical_and(v < u, u < w)
logical_and(u, v) = where(u, where(v, 1, 0), 0); logical_or(u, v) = where(u, 1, where(v, 1, 0))
logical_not(u) = where(u, 0, 1); clamp_min(u, v) = max(u, v); clamp_max(u, v) = min(u, v)
clamp(u, v, w) = min(max(u, v), w); hardtanh(u, v, w) = min(max(u, v), w)
ceil(u) = -floor(-u); trunc(u) = where(u > 0, floor(u), ceil(u)); mod(u, v) = u - v*floor(u/v)
fmod(u, v) = u - v*trunc(u/v); round(u) = floor(u + 1/2) - (mod(u + 1/2, 2) == 1)
relu(u) = where(u > 0, u, 0); leaky_relu(u, v) = where(u > 0, u, v*u); elu(u, v) = where(u > 0, u, v*(exp(u) - 1))
celu(u, v) = where(u > 0, u, v*(exp(u/v) - 1)); softsign(u) = u/(1 + abs(u)); hardshrink(u, v) = where(abs(u) > v, u, 0)
selu(u) = 2365968287565977/2251799813685248*elu(u, 7535707714759921/4503599627370496)
huber(u, v) = where(abs(u) <= v, u**2/2, v*(abs(u) - v/2)); softplus(u) = log(1 + exp(u)); sigmoid(u) = 1/(1 + exp(-u))
logsumexp(u, v) = log(sum(exp(u), v)); softmax(u, v) = exp(u)/sum(exp(u), v, 1)
silu(u) = u/(1 + exp(-u)); gelu(u) = u*normal_cdf(u); normal_cdf(u) = erfc(-u/sqrt(2))/2
normal_density(u) = exp(-u**2/2)/sqrt(2*pi); digamma(u) = polygamma(0, u)
"""
"""Functions that are written with others, in the notation itself."""

OPERATORS: dict[type, Callable[..., Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: enclosing.divided,
    ast.Pow: operator.pow,
    ast.Gt: partial(enclosing.compared, operator.gt, operator.le),
    ast.GtE: partial(enclosing.compared, operator.ge, operator.lt),
    ast.Lt: partial(enclosing.compared, operator.lt, operator.ge),
    ast.LtE: partial(enclosing.compared, operator.le, operator.gt),
    ast.Eq: partial(enclosing.compared, operator.eq, operator.ne),
    ast.NotEq: partial(enclosing.compared, operator.ne, operator.eq),
}


def _whole(array: Array) -> int:
    value = array.at[()][0]
    need(value.is_integer() and abs(value) <= enclosing.LARGEST, f"{value} is no size and no place")
    return int(value.unique_fmpz())


def _einsum(form: str, *given: Array) -> Array:
    arrays = form.partition("->")[0].count(",") + 1
    return enclosing.einsum(form, given[:arrays], [*map(_whole, given[arrays:])])


FUNCTIONS: dict[str, Callable[..., Array]] = {
    **{
        name: partial(each, operator.methodcaller(name))
        for name in ("exp", "log", "sin", "cos", "asin", "acos", "atan", "sqrt", "erf", "erfc", "gamma", "lgamma")
    },
    "floor": partial(each, enclosing.floored),
    "where": partial(each, enclosing.decided),
    "frozen": partial(each, lambda u: enclosed(u[0])),
    "polygamma": lambda order, u: each(partial(enclosing.polygamma, _whole(order)), u),
    "full": lambda u, *sizes: filled([*map(_whole, sizes)], repeat(u.at[()])),
    "reshape": lambda u, *sizes: enclosing.reshaped(u, [*map(_whole, sizes)]),
    "arange": lambda size: filled([_whole(size)], map(enclosed, count())),
    "einsum": _einsum,
    "sum": lambda u, axis, *copied: enclosing.summed(u, _whole(axis), bool(copied)),
    "inv": lambda u: filled(u.shape, enclosing.by_matrix(enclosing.inverse, u)),
    "cholesky": lambda u: filled(u.shape, enclosing.by_matrix(enclosing.cholesky, u)),
    "det": lambda u: filled(u.shape[:-2], enclosing.by_matrix(lambda rows: [[enclosing.determinant(rows)]], u)),
}


def fail(node: Any, message: str) -> NoReturn:
    """Raise ParseError at the place of *node*."""
    raise ParseError(f"{node.path}: {message}", node.text, len(node.text.encode()[: node.col_offset].decode()))


def _unknown(node: Any, name: str, known: Sequence[str]) -> NoReturn:
    near = [other for other in get_close_matches(name, known, 2) if other != name]  # d belongs in front only
    fail(node, f"{name!r} is not known here" + (f"; did you mean {near[0]!r}?" if near else ""))


def read(text: Any, path: str) -> Any:
    """Return an expression as a tree, each node with the names in it; *path*: where it stands in the document."""
    if not isinstance(text, str) or len(text) > LONGEST or "\n" in text:
        raise GradlabError(f"{path}: an expression is one line of at most {LONGEST} characters, not {text!r:.60}")
    try:
        with warnings.catch_warnings(action="ignore"):  # of what Python finds odd, such as 1if x else y
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        message, place = getattr(error, "msg", "it goes too deep"), getattr(error, "offset", None) or 1
        raise ParseError(f"{path}: cannot be read: {message}", text.strip(), place - 1) from None
    nodes: list[Any] = [*ast.walk(tree)]
    for node in reversed(nodes):
        below: list[Any] = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr | ast.Slice)]
        own: list[str] = [node.id] if hasattr(node, "id") else []
        node.text, node.path = text.strip(), path
        node.names = frozenset[str](own).union(*(part.names for part in below))
        node.depth = 1 + max((part.depth for part in below), default=0)
        if node.depth > DEEPEST:
            fail(node, f"more than {DEEPEST} operations inside each other; give the inner ones a name")
    return tree


def _written(node: Any) -> str:
    # Python would have rounded 0.1; here it is 1/10.
    return node.text.encode()[node.col_offset : node.end_col_offset].decode().replace("_", "")


DEFINED = {
    head.func.id: ([argument.id for argument in head.args], read(body, head.func.id))
    for definition in DEFINITIONS.strip().replace("\n", "; ").split("; ")
    for start, _, body in [definition.partition(" = ")]
    for head in [read(start, start)]
}


def depending(node: Any, where: Mapping[str, Any]) -> frozenset[str]:
    """Return every name that *node* depends on, those behind other names too."""
    return node.names.union(*(where[name].behind for name in node.names if name in where))


class Scope:
    """The values of names, and of each expression once it was computed from them.

    where: the expressions that names stand for, in order.  until: when to give up.
    outer: the scope that knows everything in which none of the names *touched* occurs.
    """

    given: dict[str, Array]
    where: Mapping[str, Any]
    until: float
    outer: Scope | None
    touched: frozenset[str]

    def __init__(
        self,
        given: dict[str, Array],
        where: Mapping[str, Any],
        until: float,
        outer: Scope | None = None,
        touched: frozenset[str] = frozenset(),
    ) -> None:
        self.given, self.where, self.until, self.outer, self.touched = given, where, until, outer, touched
        self.found: dict[Any, Array] = {}

    def value(self, node: Any) -> Array:
        if self.outer is not None and self.touched.isdisjoint(node.names):
            return self.outer.value(node)
        if time.monotonic() > self.until:
            fail(node, "checking takes too long; allow it more seconds")
        if node not in self.found:
            self.found[node] = self._computed(node)
        return self.found[node]

    def _computed(self, node: Any) -> Array:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return single(arb(str(value) if isinstance(value, int) else _written(node)))
            case ast.Name(id=name):
                return self._named(node, name)
            case ast.UnaryOp(op=ast.USub(), operand=u):
                return each(operator.neg, self.value(u))
            case ast.BinOp(left=u, op=op, right=v) | ast.Compare(left=u, ops=[op], comparators=[v]):
                if type(op) not in OPERATORS:
                    fail(node, f"{type(op).__name__} does not belong to the notation")
                return each(OPERATORS[type(op)], self.value(u), self.value(v))
            case ast.Subscript(value=u, slice=parts):
                array = self.value(u)
                shape, chosen = enclosing.selected(array, self._selection(parts))
                return filled(shape, [array.at[place] for place in chosen])
            case ast.Call(func=ast.Name(id="put"), args=[ast.Subscript(value=u, slice=parts), v], keywords=[]):
                return enclosing.replaced(self.value(u), self._selection(parts), self.value(v))
            case ast.Call(func=ast.Name(id="d"), args=[u, ast.Name(id=name) as x], keywords=[]):
                return self._derivative(u, name, self.value(x))
            case ast.Call(func=ast.Name(id="vjp"), args=[u, x, delta], keywords=[]):
                weights, jacobian = self.value(delta), self._derivative(u, "_", self.value(x))
                letters, rank = LETTERS[: len(jacobian.shape)], len(weights.shape)
                return enclosing.einsum(f"{letters},{letters[:rank]}->{letters[rank:]}", [jacobian, weights])
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._called(node, name, arguments)
            case _:
                fail(node, "this does not belong to the notation")

    def _named(self, node: Any, name: str) -> Array:
        if name in self.given:
            return self.given[name]
        if name in self.where:
            return self.value(self.where[name])
        if name in ("pi", "inf"):
            return single(arb.pi() if name == "pi" else arb.pos_inf())
        _unknown(node, name, [*self.given, *self.where])

    def _called(self, node: Any, name: str, arguments: Sequence[Any]) -> Array:
        if name not in FUNCTIONS and name not in DEFINED:
            _unknown(node, name, [*FUNCTIONS, *DEFINED, "d", "vjp", "put"])
        form = [one.value for one in arguments[:1] if name == "einsum" and isinstance(one, ast.Constant)]
        given: list[Any] = [*form, *(self.value(one) for one in arguments[len(form) :])]
        try:
            if name in FUNCTIONS:
                return FUNCTIONS[name](*given)
            letters, body = DEFINED[name]
            return Scope(dict(zip(letters, given, strict=True)), {}, self.until).value(body)
        except (TypeError, ValueError, AttributeError, LookupError):
            fail(node, f"{name} does not take these arguments")

    def _derivative(self, node: Any, name: str, at: Array) -> Array:
        """Return the derivatives of *node* by each entry of *name*, which is *at*: of its own axes, then of those."""
        need(self.outer is None, "a derivative inside a derivative cannot be checked")
        needed = depending(node, self.where)
        touched = [other for other, definition in self.where.items() if other in needed and name in definition.behind]
        slopes: list[Array] = []
        for place in at.at:
            moved = Array(at.shape, {**at.at, place: enclosed(at.at[place][0], 1)})
            inner = Scope({name: moved}, self.where, self.until, self, frozenset([name, *touched]))
            for other in touched:  # in order: a long chain of names would be a deep recursion
                inner.value(self.where[other])
            slopes.append(each(lambda u: enclosed(u[1]), inner.value(node)))
        shape = slopes[0].shape if slopes else ()
        return filled((*shape, *at.shape), [slope.at[place] for place in enclosing.places(shape) for slope in slopes])

    def _selection(self, parts: Any) -> list[Any]:
        def place(node: Any) -> Any:
            if isinstance(node, ast.Slice):
                return slice(place(node.lower), place(node.upper), place(node.step))
            return None if node is None else _whole(self.value(node))

        return [place(part) for part in (parts.elts if isinstance(parts, ast.Tuple) else [parts])]

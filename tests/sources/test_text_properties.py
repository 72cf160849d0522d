from __future__ import annotations

import ast
import contextlib
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradlab.errors import ParseError
from gradlab.sources.syntax import Binary, Call, Name, Number, Tree, Unary, fold
from gradlab.sources.text import parse
from tests.sources.timing import seconds_to_read

HERE = (0, 0)
COMPARISONS = {
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "≤",
    "equal": "==",
    "not_equal": "!=",
}
leaves = st.one_of(
    st.sampled_from(["x", "y", "x_1", "α", "e", "pi"]).map(lambda name: Name(name, HERE)),
    st.fractions(0, 1000, max_denominator=1).map(lambda value: Number(value, HERE)),
    st.sampled_from([Fraction(1, 2), Fraction(1, 1000)]).map(lambda value: Number(value, HERE)),
)


def branches(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.builds(Unary, st.sampled_from("+-"), trees, st.just(HERE)),
        st.builds(Binary, st.sampled_from("+-*/^@"), trees, trees, st.just(HERE)),
        st.builds(Call, st.sampled_from(["sin", "abs", "sqrt", "norm", "gamma"]), st.tuples(trees), st.just(HERE)),
        st.builds(Call, st.sampled_from(["max", "dot", "log"]), st.tuples(trees, trees), st.just(HERE)),
        st.builds(Call, st.sampled_from(["max", "min"]), st.tuples(trees, trees, trees), st.just(HERE)),
        st.builds(Call, st.just("where"), st.tuples(conditions(trees), trees, trees), st.just(HERE)),
    )


def conditions(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    compared = st.builds(Call, st.sampled_from(list(COMPARISONS)), st.tuples(trees, trees), st.just(HERE))
    joined = st.builds(
        Call, st.sampled_from(["logical_and", "logical_or"]), st.tuples(compared, compared), st.just(HERE)
    )
    return st.one_of(compared, joined, st.builds(Call, st.just("logical_not"), st.tuples(joined), st.just(HERE)))


def written(node: Tree, below: tuple[str, ...]) -> str:
    """Return *node* with a bracket around everything that has parts."""
    match node:
        case Number():
            return f"{float(node.value)}"
        case Name():
            return node.name
        case Unary():
            return f"({node.operator}{below[0]})"
        case Binary():
            return f"({below[0]} {node.operator} {below[1]})"
        case Call() if node.function in COMPARISONS:
            return f"({f' {COMPARISONS[node.function]} '.join(below)})"
        case Call() if node.function.startswith("logical_"):
            word = node.function.removeprefix("logical_")
            return f"({f' {word} '.join(below)})" if len(below) > 1 else f"({word} {below[0]})"
        case Call():
            return f"{node.function}({', '.join(below)})"


def read_or_too_large(text: str) -> Tree:
    """Return the tree of *text*, leaving out the constant powers that are refused for their size."""
    try:
        return parse(text)
    except ParseError as error:
        assume("digits" not in error.reason and "exponent" not in error.reason)
        raise


@given(st.recursive(leaves, branches, max_leaves=20))
def test_a_tree_written_with_all_brackets_is_read_back(tree: Tree):
    text = fold(tree, written)
    read = read_or_too_large(text)
    assert repr(read) == repr(tree)
    assert repr(parse(text[slice(*read.span)])) == repr(tree)


def chains(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts that need the precedence rules: signs and operators between terms, few brackets."""
    signed = st.builds("{}{}".format, st.sampled_from(["", "-", "+", "--"]), terms)
    operators = st.sampled_from([" + ", "-", "*", " / ", "**", "@"])
    more = st.lists(st.builds("{}{}".format, operators, signed), max_size=4).map("".join)
    return st.one_of(st.builds("({}{})".format, signed, more), st.builds("{}{}".format, terms, more))


@given(st.recursive(st.sampled_from(["x", "y", "2", "3", "0.5"]), chains, max_leaves=6))
def test_precedence_is_the_one_of_python(text: str):
    assert repr(read_or_too_large(text)) == python_tree(ast.parse(text, mode="eval").body)


def python_tree(node: ast.AST) -> str:
    """Return Python's own reading of an expression: the same tree has the same value."""
    operators = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^", ast.MatMult: "@"}
    match node:
        case ast.Constant():
            return str(Fraction(str(node.value)))
        case ast.Name():
            return node.id
        case ast.UnaryOp():
            sign = "-" if isinstance(node.op, ast.USub) else "+"
            return f"({sign} {python_tree(node.operand)})"
        case ast.BinOp():
            return f"({operators[type(node.op)]} {python_tree(node.left)} {python_tree(node.right)})"
    raise AssertionError(ast.dump(node))


NASTY = "xye12.,_ \t\n()[]{}|‖+-−*·/^²⁻√½πσ₁!='\"\\@:\u200b\u0445\x00\ud800٣é"
words = st.sampled_from(["sin", "log", "max(", "**", "^", "1e", "9**", "__", "sin^", "||", "x_", "0x", "...", "if"])


@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(NASTY), words, st.characters()), max_size=60).map("".join))
def test_any_text_is_read_or_refused_at_once(text: str):
    with contextlib.suppress(ParseError):
        assert text[slice(*parse(text).span)] == text.strip(" \t\r\n")
    assert seconds_to_read(text) < 0.05


@given(st.text("xyz", min_size=1, max_size=8))
def test_a_declared_product_is_read_the_same_with_spaces(text: str):
    assert repr(parse(text, variables=["x", "y", "z"])) == repr(parse(" ".join(text)))

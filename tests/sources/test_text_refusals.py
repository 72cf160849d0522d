from __future__ import annotations

import pytest

from gradlab.errors import ParseError
from gradlab.sources.cursor import MAX_DEPTH
from gradlab.sources.names import MAX_NAME, MAX_VARIABLES
from gradlab.sources.text import parse
from gradlab.sources.tokens import MAX_CHARACTERS, MAX_DIGITS, MAX_TOKENS
from tests.sources.timing import seconds_to_read

REFUSED = [
    ("", 0, "nothing to read; write for example x**2 + y"),
    (" \n", 0, "nothing to read"),
    ("(x + 1", 0, "never closes"),
    ("2*((x)", 2, "never closes"),
    ("x + 1)", 5, "closes nothing"),
    (")x(", 0, "closes nothing"),
    ("|x", 0, "never closes"),
    ("x|", 1, "never closes"),
    ("(|x)", 1, "never closes"),
    ("‖x|", 2, "never closes"),
    ("()", 0, "empty"),
    ("x()", 1, "empty"),
    ("x +", 2, "'+' has nothing after it"),
    ("(x -) y", 3, "'-' has nothing after it"),
    ("2**", 1, "'**' has nothing after it"),
    ("* x", 0, "'*' has nothing before it"),
    ("²x", 0, "'²' has nothing before it"),
    ("x + * y", 4, "'*' cannot follow '+'"),
    ("x // y", 3, "'/' cannot follow '/'"),
    ("√", 0, "'√' has nothing after it"),
    ("√-x", 0, "write √(...)"),
    ("√x^2", 0, "(√x)^2 or √(x^2)"),
    ("x²^3", 1, "two powers in a row"),
    ("sin^2^3 x", 0, "two powers in a row"),
    ("sin²(x)^3", 0, "two powers in a row"),
    ("sin^-1 x", 0, "write asin(x) or 1/sin(x)"),
    ("sin⁻¹(x)", 0, "write asin(x) or 1/sin(x)"),
    ("sin^(-1) x", 0, "write asin(x) or 1/sin(x)"),
    ("ln^-2 x", 0, "write exp(x) or 1/ln(x)"),
    ("sin^* x", 0, "write sin(x)^2"),
    ("sin", 0, "sin has no argument"),
    ("sin()", 0, "sin has no argument"),
    ("sin + 1", 0, "sin has no argument"),
    ("|sin|", 1, "sin has no argument"),
    ("2 sin^2", 2, "sin has no argument"),
    ("sin(x, y)", 0, "sin takes one argument, not 2"),
    ("log(x, 2, 3)", 0, "write log(x, b) for the logarithm of x to base b"),
    ("dot(x)", 0, "dot takes two arguments, not 1"),
    ("max(" + "x, " * 100 + "x)", 0, "at most 100 arguments"),
    ("besselj(1, x)", 0, "Bessel functions have no rule"),
    ("acot(x)", 0, "two meanings where x < 0; write atan(1/x) or pi/2 - atan(x)"),
    ("DiracDelta(x)", 0, "write where(|x| < 1/2, 1, 0)"),
    ("piecewise(x > 0, x, -x)", 0, "write piecewise((x^2, x > 0), (x, true)) or where"),
    ("piecewise((x, x > 0))", 0, "add a last case"),
    ("piecewise((x, true), (1, x > 0))", 19, "make it the last one"),
    ("piecewise((x, x), (1, true))", 0, "write for example piecewise((x, x > 0), (0, true))"),
    ("piecewise((x), (1, true))", 0, "pairs of a value and its condition"),
    ("where(x and y, 1, 2)", 0, "where chooses by a comparison"),
    ("where(x > 0, x, or)", 16, "'or' joins comparisons"),
    ("where((x > 0) + 1 > 0, x, 1)", 6, "holds a condition, which is no number"),
    ("sum(k*x, k)", 0, "sum takes one argument, or four, not 2; write sum(x)"),
    ("sum(k*x, 2, 1, 5)", 0, "the second argument of this sum is its index"),
    ("sum(k*x, k, 1/2, 2)", 12, "between two whole numbers"),
    ("sum(k*x, k, 5, 1)", 0, "from 5 to 1, over nothing"),
    ("sum(k*x, k, 1, 20000)", 0, "at most 10,000 terms"),
    ("k sum(k*x, k, 1, 5)", 0, "'k' is the index of a sum, and stands for nothing outside"),
    ("sum(sum(k*x, k, 1, 5), k, 1, 5)", 13, "the index of a sum around this one"),
    ("sum(e*x, e, 1, 5)", 9, "'e' is something else already"),
    ("max(x,)", 5, "missing beside this comma"),
    ("max(,x)", 4, "missing beside this comma"),
    ("3 4", 2, "two numbers side by side"),
    ("2½", 1, "two numbers side by side"),
    ("x 2", 2, "write *2 for a product or ^2 for a power"),
    ("(x+1)2", 5, "write *2"),
    ("sin x 2", 6, "write *2"),
    ("3,5", 1, "write 3.5 with a decimal point"),
    ("2*(3,5)", 4, "write 3.5 with a decimal point"),
    ("|x, y|", 2, "a comma separates the arguments"),
    ("x, y", 1, "a comma separates the arguments"),
    ("1_000", 1, "without '_', for example 1000"),
    ("1.2.3", 3, "one decimal point"),
    ("x!", 1, "the factorial, which is not available"),
    ("x!!", 1, "the factorial, which is not available"),
    ("y = x", 2, "write one side only"),
    ("x != y", 2, "write one side only"),
    ("x <= y", 2, "write one side only"),
    ("x[0]", 1, "write round brackets ( )"),
    ("{x}", 0, "write round brackets ( )"),
    ("'x'", 0, '"\'" is a quote'),
    ("f'(x)", 1, "is a quote or a prime"),
    ("x.T", 1, "attributes such as x.T are not read"),
    ("__import__('os').system('x')", 0, "cannot start a name"),
    ("x.__class__", 1, "attributes"),
    ("lambda x: x", 8, "is not part of a formula"),
    ("x if y else z", 2, "write for example x if x > 0 else 0"),
    ("\\sin x", 0, "LaTeX"),
    ("50%", 2, "write /100"),
    ("∛x", 0, "write (x)^(1/3)"),
    ("x\ny", 1, "write it on one line"),
    ("cosine(x)", 0, "no function named 'cosine'; did you mean 'cos'?"),
    ("Sin(x)", 0, "did you mean 'sin'?"),
    ("factorial(10**9)", 0, "write gamma(n + 1) for the factorial of n"),
    ("2*xy(x+1)", 2, "no function named 'xy'"),
    ("sinx", 0, "write sin(x) for the function"),
    ("1 + cos2x", 4, "write cos(2x) for the function"),
    ("xyz\u200b", 3, "U+200B ZERO WIDTH SPACE at position 3; delete it"),
    ("x\u00a0y", 1, "U+00A0 NO-BREAK SPACE at position 1; write an ordinary space"),
    ("x\x07", 1, "U+0007 CONTROL CHARACTER at position 1; delete it"),
    ("x\u0304", 1, "U+0304 COMBINING MACRON at position 1; delete it"),
    ("2\u0445", 1, "U+0445 CYRILLIC SMALL LETTER HA at position 1 looks like 'x'; write 'x'"),
    ("\u0391", 0, "U+0391 GREEK CAPITAL LETTER ALPHA at position 0 looks like 'A'; write 'A'"),
    ("x\u2013y", 1, "U+2013 EN DASH at position 1 looks like '-'; write '-'"),
    ("\uff12x", 0, "U+FF12 FULLWIDTH DIGIT TWO at position 0 looks like '2'; write '2'"),
    ("٣x", 0, "U+0663 ARABIC-INDIC DIGIT THREE at position 0 looks like '3'; write '3'"),
    ("é", 0, "U+00E9 LATIN SMALL LETTER E WITH ACUTE at position 0 is not read"),
    ("\ud800", 0, "U+D800"),
    ("9**9**9**9", 6, "an exponent beyond 10000"),
    ("x^20000", 2, "an exponent beyond 10000"),
    ("x^-20000", 2, "an exponent beyond 10000"),
    ("x^(10^4+1)", 2, "an exponent beyond 10000"),
    ("x^exp(20)", 2, "an exponent beyond 10000"),
    ("2^(1/0)", 2, "an exponent beyond 10000"),
    ("10^401", 3, "more than 400 digits"),
    ("0.1^401", 4, "more than 400 digits"),
    ("10²⁰⁰⁰", 2, "more than 400 digits"),
    ("(√2)^9999", 5, "more than 400 digits"),
    ("(1.0000001^999)^999", 16, "more than 1000000 digits to be exact"),
    ("pow(9, pow(9, 9))", 7, "an exponent beyond 10000"),
    ("1e401", 0, "a power of ten beyond 400"),
    ("1e-401", 0, "a power of ten beyond 400"),
    ("1e" + "0" * 5000 + "401", 0, "a power of ten beyond 400"),
    ("1e" + "9" * 5000, 0, "a power of ten beyond 400"),
    ("1" * (MAX_DIGITS + 1), 0, "more than 50 digits"),
    ("x" + "²" * (MAX_DIGITS + 1), 1, "more than 50 digits"),
    ("a" * (MAX_NAME + 1), 0, "at most 40 characters"),
    ("x" * (MAX_CHARACTERS + 1), MAX_CHARACTERS, "at most 10000"),
    ("+" * (MAX_TOKENS + 1), MAX_TOKENS, "more than 5000"),
    ("+".join(f"x{i}" for i in range(MAX_VARIABLES + 1)), 390, "more than 100 different variables"),
    ("(" * 2000 + "x" + ")" * 2000, MAX_DEPTH, "more than 100 levels"),
    ("-" * 2000 + "x", MAX_DEPTH, "more than 100 levels"),
    ("2^" * 2000 + "x", 2 * MAX_DEPTH + 1, "more than 100 levels"),
    ("sin " * 2000 + "x", 4 * MAX_DEPTH, "more than 100 levels"),
    ("√" * 2000 + "x", MAX_DEPTH, "more than 100 levels"),
    ("|" * 2000 + "x", MAX_DEPTH, "more than 100 levels"),
    ("(" * 10_000, MAX_TOKENS, "more than 5000"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED, ids=lambda value: repr(value)[:30])
def test_refusal_says_where_and_what_to_write(text: str, position: int, message: str):
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert message in caught.value.reason
    assert caught.value.position == position
    assert caught.value.text == text


@pytest.mark.parametrize("text", [text for text, *_ in REFUSED if len(text) > 500], ids=len)
def test_the_longest_refusals_take_less_than_50_milliseconds(text: str):
    assert seconds_to_read(text) < 0.05


def test_unclosed_bracket_points_at_the_opener():
    with pytest.raises(ParseError) as caught:
        parse("2*(x + 1")
    assert str(caught.value).splitlines()[1:] == ["  2*(x + 1", "    ^"]


@pytest.mark.parametrize(
    ("text", "variables", "position", "message"),
    [
        ("x + z", ["x", "y"], 4, "no variable named 'z'; the variables are x, y"),
        ("xz", ["x", "y"], 0, "no variable named 'xz'"),
        ("2 wieght", ["weight"], 2, "no variable named 'wieght'; did you mean 'weight'?"),
        ("x", [], 0, "no variables were declared"),
        ("cosine(x)", ["x"], 0, "no function named 'cosine'; did you mean 'cos'?"),
        ("mean(x)", ["x", "mean"], 0, "'mean' is a variable here and a function too"),
        ("σ(x)", ["x", "σ"], 0, "write σ*(...) for a product"),
    ],
)
def test_undeclared_name_is_refused(text: str, variables: list[str], position: int, message: str):
    with pytest.raises(ParseError) as caught:
        parse(text, variables=variables)
    assert message in caught.value.reason
    assert caught.value.position == position


@pytest.mark.parametrize("text", [b"x", 3, None, ["x"]])
def test_what_is_no_string_is_a_type_error(text: object):
    with pytest.raises(TypeError, match="read from a string"):
        parse(text)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ["", "2x", "x y", "x.y", "_x", "x ", "+", "a" * (MAX_NAME + 1)])
def test_declared_name_that_no_text_can_contain_is_a_value_error(name: str):
    with pytest.raises(ValueError, match=r"cannot be a variable|at most 40"):
        parse("1", variables=[name])


def test_variables_as_one_string_or_declared_twice_are_misuse():
    with pytest.raises(TypeError, match=r"write variables=\['xy'\]"):
        parse("1", variables="xy")
    with pytest.raises(TypeError, match="not int"):
        parse("1", variables=[1])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="declared twice"):
        parse("1", variables=["x1", "x₁"])


def test_limits_admit_what_just_fits():
    assert repr(parse("(" * MAX_DEPTH + "x" + ")" * MAX_DEPTH)) == "x"
    assert parse("9" * MAX_DIGITS + "x" + " " * 9_000)
    assert parse("+".join(["x"] * (MAX_TOKENS // 2)))
    assert parse("+".join(f"x{i}" for i in range(MAX_VARIABLES)))
    assert parse("a" * MAX_NAME)
    assert parse("(x)" * 500 + "x^y " * 500)
    for power in (
        "10^399",
        "x^10000",
        "1.01^1000",
        "1^9999",
        "0^5",
        "(-1)^9999",
        "x^((-2)^3 + 10005)",
        "x^(-5 + 10004)",
        "e^500",
        "x^(2^0.5)",
        "2^(-2)^3",
    ):
        assert parse(power), power


def test_a_declared_e_is_no_constant_exponent():
    assert parse("x^(10000 e)", variables=["x", "e"])
    with pytest.raises(ParseError, match="an exponent beyond"):
        parse("x^(10000 e)", variables=["x"])

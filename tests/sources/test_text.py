from __future__ import annotations

import subprocess
import sys

import pytest

from gradlab.errors import ParseError
from gradlab.sources.names import ALIASES, FUNCTIONS
from gradlab.sources.syntax import fold, names
from gradlab.sources.text import parse

READ = """
    x**2 + y            (+ (^ x 2) y)
    x^2 + y             (+ (^ x 2) y)
    x*x                 (* x x)
    2*(x+1)             (* 2 (+ x 1))
    a - b - c           (- (- a b) c)
    a / b / c           (/ (/ a b) c)
    a / b * c           (* (/ a b) c)
    X @ w - y           (- (@ X w) y)
    2 * X @ w           (@ (* 2 X) w)

    2x                  (* 2 x)
    2 x y               (* (* 2 x) y)
    x(x+1)              (* x (+ x 1))
    x1(x+1)             (* x1 (+ x 1))
    (a)(b)              (* a b)
    2(x+1)              (* 2 (+ x 1))
    pi(x+1)             (* pi (+ x 1))
    1/2x                (* (/ 1 2) x)
    2x^2y               (* (* 2 (^ x 2)) y)
    2 -x                (- 2 x)

    -x^2                (- (^ x 2))
    -2x                 (* (- 2) x)
    -x*y                (* (- x) y)
    2*-x*y              (* (* 2 (- x)) y)
    +x                  (+ x)
    x--y                (- x (- y))
    x+-y                (+ x (- y))
    2^-x                (^ 2 (- x))
    2^-x^2              (^ 2 (- (^ x 2)))
    2^-x*y              (* (^ 2 (- x)) y)
    2^3^2               (^ 2 (^ 3 2))
    x^-1                (^ x (- 1))
    x^+1                (^ x (+ 1))
    (x^2)^3             (^ (^ x 2) 3)

    sin x               (sin x)
    sin(x)              (sin x)
    sin (x) y           (* (sin x) y)
    sin 2x cos x        (* (sin (* 2 x)) (cos x))
    sin 2x + 1          (+ (sin (* 2 x)) 1)
    sin x * y           (* (sin x) y)
    sin x / 2           (/ (sin x) 2)
    sin x^2             (sin (^ x 2))
    sin 2(x+1)          (sin (* 2 (+ x 1)))
    sin x (x+1)         (sin (* x (+ x 1)))
    sin cos x           (sin (cos x))
    sin(x)(x+1)         (* (sin x) (+ x 1))
    sin(x)^2            (^ (sin x) 2)
    sin^2 x             (^ (sin x) 2)
    sin^2x              (^ (sin x) 2)
    sin^2(x)            (^ (sin x) 2)
    sin^2 x cos^2 y     (* (^ (sin x) 2) (^ (cos y) 2))
    sin² 2x             (^ (sin (* 2 x)) 2)
    sin^n x             (^ (sin x) n)
    sin^(n+1)(x)        (^ (sin x) (+ n 1))
    2 sin x             (* 2 (sin x))
    2^sin x             (^ 2 (sin x))
    exp(-x)             (exp (- x))
    max(a, b)           (max a b)
    max(x)              (max x)
    min(a, 2b)          (min a (* 2 b))
    dot(u, v)           (dot u v)
    pow(a+1, b)         (^ (+ a 1) b)
    ln x                (log x)
    log_2(x)            (log2 x)
    arcsin(x)           (asin x)
    logistic(x)         (sigmoid x)
    σ(x)                (sigmoid x)
    σ x                 (* σ x)
    σ^2                 (^ σ 2)

    gamma(x)            (gamma x)
    gamma x             (* gamma x)
    Γ(x) + Γ            (+ (gamma x) Γ)
    ψ(x)                (digamma x)
    log(x, 2)           (log x 2)
    max(x, y, 1)        (max x y 1)
    Max(x, Abs(y))      (max x (abs y))
    root(x, 3)          (root x 3)

    where(x > 0, x, 1)                      (where (greater x 0) x 1)
    where(0 < x <= 1, x, 1)                 (where (logical_and (less 0 x) (less_equal x 1)) x 1)
    where(x>0 and y>0 or x<y, x, 1)   (where (logical_or (logical_and (greater x 0) (greater y 0)) (less x y)) x 1)
    where(x>0 and (y>0 or x<y), x, 1)  (where (logical_and (greater x 0) (logical_or (greater y 0) (less x y))) x 1)
    where(not x > 0, x, 1)                  (where (logical_not (greater x 0)) x 1)
    where((x + 1) y > 0, x, 1)              (where (greater (* (+ x 1) y) 0) x 1)
    where(((x > 0)), x, 1)                  (where (greater x 0) x 1)
    piecewise((x², x > 0), (1, y ≠ 0), (y, true))    (where (greater x 0) (^ x 2) (where (not_equal y 0) 1 y))
    Piecewise((x, x > 0), (-x, True))       (where (greater x 0) x (- x))
    piecewise((0, not x > 1), (1, otherwise))        (where (logical_not (greater x 1)) 0 1)
    sum(k*x^k, k, 1, 5)                     (sum (* k (^ x k)) k 1 5)
    Sum(k*x**k, (k, -1, 5))                 (sum (* k (^ x k)) k (- 1) 5)
    sum(x)                                  (sum x)

    |x|                 (abs x)
    2|x|                (* 2 (abs x))
    x|y|                (* x (abs y))
    |x|y|z|             (* (* (abs x) y) (abs z))
    ||x|+1|             (abs (+ (abs x) 1))
    |1+|x||             (abs (+ 1 (abs x)))
    |(a|b|)|            (abs (* a (abs b)))
    |-x|^2              (^ (abs (- x)) 2)
    sin |x|             (sin (abs x))
    |sin x|             (abs (sin x))
    max(|x|, |y|)       (max (abs x) (abs y))
    ||X w - y||^2       (^ (norm (- (* X w) y)) 2)
    ‖v‖²                (^ (norm v) 2)
    | |v| |             (abs (abs v))

    √x                  (sqrt x)
    √2x                 (* (sqrt 2) x)
    √(x+1)              (sqrt (+ x 1))
    √(x)^2              (^ (sqrt x) 2)
    √√x                 (sqrt (sqrt x))
    x²                  (^ x 2)
    x²y¹⁰               (* (^ x 2) (^ y 10))
    2^x²                (^ 2 (^ x 2))
    x⁻¹                 (^ x (- 1))
    -x²                 (- (^ x 2))
    a · b × c ÷ d       (/ (* (* a b) c) d)
    a ∙ b • c ⁄ d       (/ (* (* a b) c) d)
    a − b               (- a b)
    ½x                  (* 1/2 x)
    2πr                 (* (* 2 pi) r)
    πr²                 (* pi (^ r 2))
    e^x                 (^ e x)
    2e                  (* 2 e)

    α_1 + β2            (+ α_1 β2)
    x_1 + x1 + x₁       (+ (+ x_1 x1) x1)
    µ ϕ                 (* μ φ)
    w1 lambda           (* w1 lambda)
    max_norm            max_norm
    xy                  xy

    1e-3                1/1000
    1e−3                1/1000
    2.5E2               250
    .5                  1/2
    5.                  5
    0.1                 1/10
    2e3x                (* 2000 x)
"""
ACCEPTED = [tuple(part.strip() for part in line.strip().split("  ", 1)) for line in READ.splitlines() if line.strip()]


@pytest.mark.parametrize(("text", "tree"), ACCEPTED)
def test_text_is_read_as_on_paper(text: str, tree: str):
    assert repr(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "variables", "tree"),
    [
        ("xy", ["x", "y"], "(* x y)"),
        ("xy^2", ["x", "y"], "(* x (^ y 2))"),
        ("xy", ["xy", "x", "y"], "xy"),
        ("x1x2", ["x1", "x2"], "(* x1 x2)"),
        ("xe^x", ["x"], "(* x (^ e x))"),
        ("xy(x+1)", ["x", "y"], "(* (* x y) (+ x 1))"),
        ("2 pi e", [], "(* (* 2 pi) e)"),
        ("e^2", ["e"], "(^ e 2)"),
        ("x₁ + x1", ["x₁"], "(+ x₁ x₁)"),
        ("rate(x+1)", ["rate", "x"], "(* rate (+ x 1))"),
        ("(x - mean)^2", ["x", "mean"], "(^ (- x mean) 2)"),
        ("σ(x)", ["x"], "(sigmoid x)"),
        ("sinx", ["sinx"], "sinx"),
        ("in", ["i", "n"], "(* i n)"),
        ("sum(kx, k, 1, 3)", ["x"], "(sum (* k x) k 1 3)"),
        ("gamma x", ["gamma", "x"], "(* gamma x)"),
    ],
)
def test_declared_variables_decide_what_a_name_means(text: str, variables: list[str], tree: str):
    assert repr(parse(text, variables=variables)) == tree


def test_a_smaller_set_of_functions_turns_the_others_away():
    assert repr(parse("sin x", functions={"sin"})) == "(sin x)"
    with pytest.raises(ParseError, match="no function named 'cos'"):
        parse("cos(x)", functions={"sin"})
    with pytest.raises(ParseError, match="no function named 'ln'"):
        parse("ln(x)", functions={"sin"})
    with pytest.raises(ParseError, match=r"write lnn\*"):
        parse("lnn(x)", functions={"sin"})


def test_every_alias_means_a_function_that_exists():
    assert set(ALIASES.values()) <= FUNCTIONS


def test_spans_cover_what_was_written():
    text = "2 (x + 1)^2 - |sin² y|"
    seen: list[str] = []
    fold(parse(text), lambda node, below: seen.append(text[slice(*node.span)]))
    assert seen == [
        *("2", "x", "1", "(x + 1)", "2", "(x + 1)^2", "2 (x + 1)^2"),
        *("y", "sin² y", "²", "sin² y", "|sin² y|", text),
    ]


def test_names_come_in_order_of_appearance():
    assert names(parse("y + 2x y - e^x")) == ("y", "x", "e")


def test_a_long_sum_folds_without_recursion():
    tree = parse("+".join(["x"] * 2_000))
    assert fold(tree, lambda node, below: 1 + sum(below)) == 3_999
    assert repr(tree).endswith("x)")


def test_nodes_are_frozen():
    with pytest.raises(AttributeError):
        parse("x").name = "y"  # pyright: ignore[reportAttributeAccessIssue]


def test_reading_text_loads_no_numerical_library():
    program = "import sys, gradlab.sources.text; print(*{'numpy', 'sympy', 'torch'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""

from __future__ import annotations

import pytest

from gradlab import as_function
from gradlab.errors import ParseError
from gradlab.sources.answers import Names, read
from gradlab.sources.names import alike
from tests.sources.expressions_drawn import Unsuitable, agree, as_typed, drawn, in_latex, of_tree

READ = """
    [2x, 1]             [(* 2 x) 1]
    (2x, 1)             [(* 2 x) 1]
    <2x, 1>             [(* 2 x) 1]
    ⟨2x, 1⟩             [(* 2 x) 1]
    2[x, y]             (* 2 [x y])
    [[1, x], [y, 2]]    [[1 x] [y 2]]
    [x]                 x
    2[x + 1]            (* 2 (+ x 1))
    x[x + 1]            (* x (+ x 1))
    [3,5]               [3 5]
    (3, 5)              [3 5]
    max(x, (y, 1))      (max x [y 1])

    sum_i x_i y_i + 1           (+ (sum (* (_ x i) (_ y i)) i) 1)
    1/n sum_i (x_i - y_i)^2     (* (/ 1 n) (sum (^ (- (_ x i) (_ y i)) 2) i))
    ∑_{i=1}^{n} x_i             (sum (_ x i) i 1 n)
    ∑_(i=0)^(n-1) x_i           (sum (_ x i) i 0 (- n 1))
    sum_{i=1}^n x_i             (sum (_ x i) i 1 n)
    sum_ij X_ij                 (sum (sum (_ X i j) j) i)
    sum_{i,j} X_{ij}            (sum (sum (_ X i j) j) i)
    sum_i=1..5 i x^i            (sum (* i (^ x i)) i 1 5)
    sum_i=-2..2 (x - i)²        (sum (^ (- x i) 2) i (- 2) 2)
    Σ_k k x^k + Σ               (+ (sum (* k (^ x k)) k) Σ)
    sum_x / n + sum_x           (+ (/ sum_x n) sum_x)

    x² if x > 0 else 3 x        (where (greater x 0) (^ x 2) (* 3 x))
    1 if x > 2 else 2 if x > 1 else 3    (where (greater x 2) 1 (where (greater x 1) 2 3))
    [x > 0] x                   (* (where (greater x 0) 1 0) x)
    [0 < x and x ≠ y]           (where (logical_and (less 0 x) (not_equal x y)) 1 0)
    xᵀ y                        (* (transpose x) y)
    a ⊙ b + a^⊙2                (+ (⊙ a b) (^⊙ a 2))
    x_{12}                      x_12
"""
ACCEPTED = [tuple(part.strip() for part in line.strip().split("  ", 1)) for line in READ.splitlines() if line.strip()]


@pytest.mark.parametrize(("text", "tree"), ACCEPTED)
def test_what_students_write_is_read_as_on_paper(text: str, tree: str):
    reading = read(text)
    assert reading.notation == "text"
    assert repr(reading.tree) == tree


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("(3,5)", 2, "write 3.5 with a decimal point, or [3, 5] for a vector"),
        ("2x + 3,5", 6, "write 3.5"),
        ("(x]", 2, "'(' is closed by ']'; write ')'"),
        ("[x, y", 0, "write ']' where it ends"),
        ("<x, y", 0, "write '>' where it ends"),
        ("x < y", 2, "write one side only"),
        ("x[0]", 1, "x_1 for a name"),
        ("[x, ]", 2, "something is missing beside this comma"),
        ("sum_i", 0, None),
        ("∑ x", 0, "write sum_i x_i"),
        ("sum_{i<j} x_i", 5, "the index of this sum is not read"),
        ("sum_{i=1} x_i", 0, "both its limits or none"),
        ("x if x > 0", 2, "write x^2 if x > 0 else x"),
        ("x if y else 0", 2, "chooses by a comparison"),
        ("∂L/∂w", 0, "declare one such as"),
        ("x_{", 2, "is no bracket here"),
    ],
)
def test_refusal_says_where_and_what_to_write(text: str, position: int, message: str | None):
    if message is None:  # a name like any other
        assert repr(read(text).tree) == text
        return
    with pytest.raises(ParseError) as caught:
        read(text)
    assert message in caught.value.reason
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("1/2x", "1/2x is read as (1/2)x; write 1/(2x) for 1 over all of 2x"),
        ("3 + x/2y", "x/2y is read as (x/2)y; write x/(2y) for x over all of 2y"),
        ("1/2(x+1)", "1/2(x+1) is read as (1/2)(x+1); write 1/(2(x+1)) for 1 over all of 2(x+1)"),
        ("e^2x", "e^2x is read as (e^2)x; write e^(2x) for the power 2x"),
        ("2^3x", "2^3x is read as (2^3)x; write 2^(3x) for the power 3x"),
        ("x^1/2", "x^1/2 is read as (x^1)/2; write x^(1/2) for that power"),
        ("2x^-3/2", "x^-3/2 is read as (x^-3)/2; write x^(-3/2) for that power"),
        ("sin x/2", "sin x/ is read as sin(x)/; write sin(x/...) for sin of the quotient"),
        ("sin x(x+1)", "sin x(x+1) is read as sin(x(x+1)); write sin(x)(x+1) for the product"),
    ],
)
def test_what_can_be_meant_in_two_ways_is_noted(text: str, note: str):
    assert [found.message for found in read(text).notes] == [note]
    assert as_function(text).notes == (note,)


@pytest.mark.parametrize(
    "text",
    [
        "(1/2)x",
        "1/2 x",
        "1/2*x",
        "1/(2x)",
        "x^2y",
        "e^(2x)",
        "sin(x)/2",
        "sin(x)(x+1)",
        "2 sin 2x",
        "x/y",
        r"\frac{1}{2}x",
    ],
)
def test_what_is_plain_has_no_note(text: str):
    assert read(text).notes == ()


def test_a_note_says_where():
    text = "3 + 1/2x"
    (note,) = read(text).notes
    assert text[slice(*note.span)] == "1/2x"


# Names --------------------------------------------------------------------------------------------

DECLARED = ["x_1", "y", "alpha", "β2", "W_q", "L", "w", "∂L/∂w", "du/dx_1"]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("x_1 + x1 + x₁ + x_{1}", "(+ (+ (+ x_1 x_1) x_1) x_1)"),
        ("α + alpha", "(+ alpha alpha)"),
        ("beta2 + β_2", "(+ β2 β2)"),
        ("Wq + W_q", "(+ W_q W_q)"),
        ("∂L/∂w + dL/dw", "(+ ∂L/∂w ∂L/∂w)"),
        ("2 dL/dw y", "(* (* 2 ∂L/∂w) y)"),
        ("y ∂u/∂x₁", "(* y du/dx_1)"),
        ("L/w", "(/ L w)"),
        ("wL", "(* w L)"),
    ],
)
def test_every_spelling_of_a_declared_name_means_it(text: str, tree: str):
    assert repr(read(text, Names(DECLARED)).tree) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("∂L/∂y", "'∂L' is no name here"),
        ("dL/dy", "no variable named 'dL'"),
        ("x_2", "did you mean 'x_1'"),
        ("alhpa", "did you mean 'alpha'"),
        ("x", "no variable named 'x'"),
        ("siny", r"write sin\(y\) for the function"),
        ("log_3(y)", r"write log\(x, 3\)"),
    ],
)
def test_a_name_that_was_not_declared_is_refused_with_the_nearest(text: str, message: str):
    with pytest.raises(ParseError, match=message):
        read(text, Names(DECLARED))


def test_two_names_that_look_alike_are_told_apart_by_their_spelling():
    names = Names(["x1", "x_1"])
    assert repr(read("x1 - x_1", names).tree) == "(- x1 x_1)"
    assert repr(read("x_{1}", names).tree) == "x_1"


def test_names_as_a_list_or_none():
    assert repr(read("xy", ["x", "y"]).tree) == "(* x y)"
    assert repr(read("xy", None).tree) == "xy"
    with pytest.raises(TypeError, match=r"write variables=\['xy'\]"):
        read("x", "xy")
    with pytest.raises(ValueError, match="declared twice"):
        Names(["dL/dw", "∂L/∂w"])
    with pytest.raises(ValueError, match="notation must be"):
        read("x", None, "mathml")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="read from a string"):
        read(3)  # pyright: ignore[reportArgumentType]


def test_names_remember_what_they_were_asked_and_forget_before_they_grow_without_end():
    names = Names()
    for place in range(3000):
        read(f"a{place}", names)
    assert len(names.known) < 1100


def test_spellings_have_something_in_common():
    assert alike("alpha_1") == alike("α₁") == alike("α_1") == "α1"
    assert alike("max_norm") != alike("maxnorm")


# Vectors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("[2x, 1]", "(* 2 x) 1"),
        ("2x i + j", "(* 2 x) 1"),
        ("2x i - j", "(* 2 x) (- 1)"),
        ("-i/2 + x y j", "(/ (- 1) 2) (* x y)"),
        ("x(i + 2j)", "x (* x 2)"),
        ("3 j", "0 3"),
        ("(x, y) + 2*<1, y>", "(+ x (* 2 1)) (+ y (* 2 y))"),
        ("-[x, y]/2", "(/ (- x) 2) (/ (- y) 2)"),
        (r"\begin{pmatrix} 2x \\ 1 \end{pmatrix}", "(* 2 x) 1"),
    ],
)
def test_a_vector_has_its_entries(text: str, entries: str):
    found = read(text, Names(["x", "y"], directions=["i", "j"])).entries
    assert found is not None
    assert " ".join(map(repr, found)) == entries


def test_a_number_has_no_entries():
    assert read("2x + 1").entries is None


@pytest.mark.parametrize(
    "text", ["[x, y] + 1", "1/[x, y]", "[x, y]^2", "[x, y][x, y]", "[x, y] + [x, y, 1]", "sin([x, y])"]
)
def test_what_vectors_do_not_have_is_refused(text: str):
    reading = read(text)
    with pytest.raises(ParseError, match=r"add up|nothing that vectors have"):
        _ = reading.entries


def test_a_vector_is_a_function_of_its_entries():
    names = Names(["x", "y"], directions=["i", "j"])
    for text in ("2x i + y j", "[2x, y]", r"\begin{pmatrix} 2x \\ y \end{pmatrix}"):
        assert list(read(text, names).function()(x=3.0, y=5.0)) == [6.0, 5.0]


# Echoes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain", "latex"),
    [
        ("1/2x", "(1/2) x", r"\frac{1}{2} x"),
        ("1/(2x)", "1/(2 x)", r"\frac{1}{2 x}"),
        ("-2x", "-2 x", "-2 x"),
        ("0.50x", "0.50 x", "0.50 x"),
        ("sin^2 2x", "sin(2 x)²", r"\sin^{2}\left(2 x\right)"),
        ("2^3^2", "2^(3²)", "2^{3^{2}}"),
        ("a/b/c", "(a/b)/c", r"\frac{\frac{a}{b}}{c}"),
        ("log(x, 2)", "log(x, 2)", r"\log_{2}\left(x\right)"),
        ("root(x, 3)", "root(x, 3)", r"\sqrt[3]{x}"),
        ("[x, y^2]", "[x, y²]", r"\begin{bmatrix} x \\ y^{2} \end{bmatrix}"),
        ("[[1, x], [y, 2]]", "[[1, x], [y, 2]]", r"\begin{bmatrix} 1 & x \\ y & 2 \end{bmatrix}"),
        ("sum_i x_i", "sum_i x_i", r"\sum_{i} x_{i}"),
        ("sum_{k=1}^{5} x^k", "sum_k=1..5 x^k", r"\sum_{k=1}^{5} x^{k}"),
        (
            "x if x > 0 else 1",
            "x if x > 0 else 1",
            r"\begin{cases} x & \text{if } x > 0 \\ 1 & \text{otherwise} \end{cases}",
        ),
        ("|x| ‖v‖", "|x| ‖v‖", r"\left|x\right| \left\lVert v\right\rVert"),
    ],
)
def test_a_reading_is_echoed_as_mathematics(text: str, plain: str, latex: str):
    reading = read(text)
    assert (reading.text(), reading.latex()) == (plain, latex)


def test_a_name_is_echoed_as_it_was_declared():
    reading = read("x_1 alpha", Names(["x₁", "alpha"]))
    assert (reading.text(), reading.latex()) == ("x₁ α", r"x_{1} \alpha")


def test_a_derivative_is_echoed_as_a_fraction():
    reading = read("2 dL/dw_1", Names(["dL/dw_1", "x"]))
    assert (reading.text(), reading.latex()) == ("2 dL/dw_1", r"2 \cdot \frac{dL}{dw_{1}}")


@pytest.mark.parametrize("seed", range(300))
def test_an_echo_is_worth_what_was_written(seed: int):
    from random import Random

    random = Random(seed)
    formula = drawn(random, 4)
    for text in (as_typed(formula, random), in_latex(formula, random)):
        try:
            reading = read(text, ["x", "y", "n"])
            expected = of_tree(reading.tree)
        except (ParseError, Unsuitable, OverflowError):
            continue
        for echo in (reading.text(), reading.latex()):
            assert agree(expected, of_tree(read(echo, ["x", "y", "n"]).tree)), (text, echo)

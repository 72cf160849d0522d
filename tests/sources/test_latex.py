from __future__ import annotations

import contextlib
import sys
import time

import pytest

from gradlab import as_function
from gradlab.errors import ParseError
from gradlab.sources.answers import Names, read
from gradlab.sources.cursor import MAX_DEPTH
from gradlab.sources.tokens import MAX_CHARACTERS, MAX_DIGITS, MAX_TOKENS

READ = r"""
    x^2                                       (^ x 2)
    x^{12}                                    (^ x 12)
    x^{-1}                                    (^ x (- 1))
    x^{2}y                                    (* (^ x 2) y)
    {x+1}^2                                   (+ x (^ 1 2))
    2^{3^{2}}                                 (^ 2 (^ 3 2))
    x y                                       (* x y)
    xy                                        (* x y)
    x\,y                                      (* x y)
    2 \cdot 3 \times x                        (* (* 2 3) x)
    x \div y                                  (/ x y)
    x - y                                     (- x y)
    3.5x                                      (* 7/2 x)
    a \odot b                                 (⊙ a b)

    \frac{1}{2}                               (/ 1 2)
    \frac{1}{2x}                              (/ 1 (* 2 x))
    \frac{1}{2}x                              (* (/ 1 2) x)
    \dfrac{x+1}{y} z                          (* (/ (+ x 1) y) z)
    \frac{\frac{a}{b}}{c}                     (/ (/ a b) c)
    \left(\frac{x}{y}\right)^{2}              (^ (/ x y) 2)
    2^{\frac{1}{2}}                           (^ 2 (/ 1 2))
    2^\frac{1}{2}                             (^ 2 (/ 1 2))
    \sqrt{x+1}                                (sqrt (+ x 1))
    \sqrt{x}^{2}                              (^ (sqrt x) 2)
    \sqrt[3]{x+1}                             (root (+ x 1) 3)
    \sqrt x y                                 (* (sqrt x) y)

    \sin x                                    (sin x)
    \sin 2x \cos y                            (* (sin (* 2 x)) (cos y))
    \sin^2 x                                  (^ (sin x) 2)
    \sin^{2}\left(x\right)                    (^ (sin x) 2)
    \sin{2x} y                                (* (sin (* 2 x)) y)
    \arctan\frac{y}{x}                        (atan (/ y x))
    \ln x^2                                   (log (^ x 2))
    \log_{2} x                                (log2 x)
    \log_{10}(x)                              (log10 x)
    \log_{b}\left(x\right)                    (log x b)
    \exp(-x)                                  (exp (- x))
    e^{-x^2/2}                                (^ e (/ (- (^ x 2)) 2))
    \max\left(x, y\right)                     (max x y)
    \operatorname{relu}(x)                    (relu x)
    \operatorname{leaky_relu}(x)              (leaky_relu x)
    \mathrm{sech} x                           (sech x)
    \sigma(x) + \sigma                        (+ (sigmoid x) σ)
    \Gamma(x)                                 (gamma x)
    \ln\Gamma(x)                              (lgamma x)
    sin(x)                                    (sin x)

    \left|x-y\right|^{2}                      (^ (abs (- x y)) 2)
    |x|                                       (abs x)
    \lvert x \rvert y                         (* (abs x) y)
    \left\lVert v \right\rVert^2              (^ (norm v) 2)
    \|v\|                                     (norm v)
    \bigl(x+1\bigr)^2                         (^ (+ x 1) 2)
    2\left[x+1\right]                         (* 2 (+ x 1))
    \left\{x+1\right\}                        (+ x 1)

    \pi r^2                                   (* pi (^ r 2))
    \alpha_1 + \beta x_{12}                   (+ α_1 (* β x_12))
    \varphi + \epsilon                        (+ φ ε)
    w_{\mathrm{out}}                          w_out
    \mathrm{rate} \cdot \mathbf{w}            (* rate w)
    \hat{y} - y                               (- y_hat y)
    x_{1}x_2                                  (* x_1 x_2)

    \begin{pmatrix} 2x \\ 1 \end{pmatrix}     [(* 2 x) 1]
    \begin{bmatrix} x & y \end{bmatrix}       [x y]
    \begin{bmatrix} 1 & x \\ y & 2 \\ \end{bmatrix}  [[1 x] [y 2]]
    \left[2x, 1\right]                        [(* 2 x) 1]
    \langle 2x, 1 \rangle                     [(* 2 x) 1]
    \left(x, y\right)                         [x y]

    \sum_{i} x_i y_{i}                        (sum (* (_ x i) (_ y i)) i)
    \sum_{i=1}^{n} x_i^2                      (sum (^ (_ x i) 2) i 1 n)
    \sum_{i=0}^{n-1} x_i + 1                  (+ (sum (_ x i) i 0 (- n 1)) 1)
    \sum^{5}_{k=1} k x^k                      (sum (* k (^ x k)) k 1 5)
    \sum_{i, j} X_{ij}                        (sum (sum (_ X i j) j) i)
    \sum_{i=1}^2 \sum_{j=1}^3 j i             (sum (sum (* j i) j 1 3) i 1 2)
    X^{\top} y                                (* (transpose X) y)
    X^\top (X w - y)                          (* (transpose X) (- (* X w) y))

    \begin{cases} x^{2} & \text{if } x > 0 \\ -x & \text{otherwise} \end{cases}  (where (greater x 0) (^ x 2) (- x))
    \begin{cases} 1 & 0 < x \le 1 \wedge y \ne 0 \\ 2 & \text{else} \end{cases}  (where (logical_and (logical_and (less 0 x) (less_equal x 1)) (not_equal y 0)) 1 2)
    \left[x \ge 1\right] x                    (* (where (greater_equal x 1) 1 0) x)
"""  # noqa: E501
ACCEPTED = [tuple(part.strip() for part in line.strip().split("  ", 1)) for line in READ.splitlines() if line.strip()]


@pytest.mark.parametrize(("text", "tree"), ACCEPTED)
def test_latex_is_read_as_it_looks(text: str, tree: str):
    assert repr(read(text, None, "latex").tree) == tree


@pytest.mark.parametrize("text", [text for text, _ in ACCEPTED if "\\" in text or "^{" in text])
def test_latex_is_recognised(text: str):
    assert read(text).notation == "latex"


@pytest.mark.parametrize("text", ["x^2", "x_{12} + 1", "sum_{i=1}^{n} x_i", "[a, b]", "<a, b>", "x_1"])
def test_text_is_no_latex(text: str):
    assert read(text).notation == "text"


@pytest.mark.parametrize("text", ["$x^{2}$", "$$ x^{2} $$", r"\(x^{2}\)", r"\[ x^{2} \]", "\n x^{2} \n"])
def test_what_stands_around_a_formula_is_left_out(text: str):
    assert repr(read(text).tree) == "(^ x 2)"


REFUSED = [
    ("", 0, "nothing to read"),
    (r"\frac12", 0, r"write \frac{1}{2}"),
    (r"\frac{1}", 0, r"write \frac{1}{2}"),
    (r"2\frac{1}{2}", 0, r"write 2 + \frac{1}{2} or 2 \cdot \frac{1}{2}"),
    ("x^12", 1, "only the first digit is raised here; write ^{12}"),
    ("x^-1", 1, "write x^{-1}"),
    ("x^{2}_1", 5, "this subscript belongs to no name"),
    (r"\sin^{-1} x", 0, r"write asin(x) or 1/\sin(x)"),
    (r"\log_3 x", 0, r"write \log_{3}\left(x\right)"),
    ("x = 3", 2, "write one side only"),
    (r"x \le 3", 2, "write one side only"),
    ("3{,}5", 1, "with a decimal point"),
    ("3,5", 1, "write 3.5"),
    ("3 4", 2, "two numbers side by side"),
    ("x!", 1, "the factorial"),
    (r"\sqrt", 0, "'\\sqrt' has nothing after it"),
    (r"\int x \mathrm{d}x", 0, "work the integral out first"),
    (r"\pm x", 0, "it stands for two answers"),
    (r"\relu(x)", 0, r"write \operatorname{relu}"),
    (r"\sinn x", 0, r"did you mean \sin?"),
    (r"\frac{\partial L}{\partial w}", 0, "∂L/∂w is no name here"),
    (r"\partial x", 0, "declare one such as ∂L/∂w"),
    (r"\sum x", 0, r"write \sum_{i} x_i"),
    (r"\sum_i^n x_i", 0, "both its limits or none"),
    (r"\sum_{i=1}^{n}", 0, "this sum adds up nothing"),
    (r"\left(x\right]", 7, "the same kind of bracket on both sides"),
    (r"\left(x", 0, r"write '\right' where it ends"),
    (r"x\right)", 1, "closes nothing"),
    ("x}", 1, "closes nothing"),
    ("{x", 0, "write '}' where it ends"),
    (r"x & y", 2, "a column sign outside of a matrix"),
    (r"x \\ y", 2, "a line break"),
    (r"\begin{align} x \end{align}", 0, r"write \begin{pmatrix}"),
    (r"\begin{pmatrix} x", 0, r"write \end{pmatrix} where it ends"),
    (r"\begin{pmatrix} x & y \\ z \end{pmatrix}", 0, "not equally long"),
    (r"\begin{cases} x \end{cases}", 0, "a case is a value & its condition"),
    ("f'(x)", 1, "is a quote or a prime"),
    (r"\cdot x", 0, r"write for example x \cdot y"),
    ("x\u200b", 1, "U+200B ZERO WIDTH SPACE"),
    ("2\u0445", 1, "U+0445 CYRILLIC SMALL LETTER HA at position 1 looks like 'x'"),
    ("1" * (MAX_DIGITS + 1), 0, "more than 50 digits"),
    ("x" * (MAX_CHARACTERS + 1), MAX_CHARACTERS, "at most 10000"),
    ("+" * (MAX_TOKENS + 1), MAX_TOKENS, "more than 5000"),
    ("{" * 2000, MAX_DEPTH, "more than 100 levels"),
    (r"\frac{1}{" * 1000, 447, "more than 100 levels"),
    (r"\left(" * 1000, 300, "more than 100 levels"),
    (r"\sqrt[" * 1000 + "]" * 1000, 11, "the degree of this root never closes"),
]


@pytest.mark.parametrize(("text", "position", "message"), REFUSED, ids=lambda value: repr(value)[:30])
def test_refusal_says_where_and_what_to_write(text: str, position: int, message: str):
    with pytest.raises(ParseError) as caught:
        read(text, None, "latex")
    assert message in caught.value.reason
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (r"xy", "(* x y)"),
        (r"rate x", "(* rate x)"),
        (r"ratex", None),
        (r"\mathrm{rate} x", "(* rate x)"),
        (r"\alpha x", "(* alpha x)"),
        (r"w_{1} w_1", "(* w_1 w_1)"),
        (r"W_{q} W_q", "(* W_q W_q)"),
        (r"2\frac{\partial L}{\partial w_{1}}", "(* 2 ∂L/∂w_1)"),
        (r"\frac{dL}{dw_1}", "∂L/∂w_1"),
        (r"\frac{\mathrm{d}L}{\mathrm{d}w_1} x", "(* ∂L/∂w_1 x)"),
        (r"dL/dw_1", "∂L/∂w_1"),
        (r"\frac{x}{y}", "(/ x y)"),
        (r"z^{2}", None),
    ],
)
def test_declared_names_decide_what_letters_mean(text: str, tree: str | None):
    names = Names(["x", "y", "rate", "alpha", "w_1", "W_q", "∂L/∂w_1"])
    if tree is None:
        with pytest.raises(ParseError, match="no variable named"):
            read(text, names, "latex")
    else:
        assert repr(read(text, names, "latex").tree) == tree


def test_spans_cover_what_was_written():
    text = r"2\frac{x}{y} + \left|x\right|"
    tree = read(text).tree
    pieces = [text[slice(*part.span)] for part in (tree, tree.left, tree.left.right, tree.left.right.left, tree.right)]
    assert pieces == [text, r"2\frac{x}{y}", r"\frac{x}{y}", "{x}", r"\left|x\right|"]


def test_as_function_takes_latex():
    function = as_function(r"\frac{x^{2}}{y} + \sin\left(x\right)")
    assert function.text() == "x²/y + sin(x)"
    assert list(function.variables) == ["x", "y"]


LONG = [
    text * (MAX_CHARACTERS // len(text))
    for text in (
        *("x", "1", "[", "(", "{", "}", "|", "\\", " ", "_", "^", "<", "=[", "√", "²", "½", ",", "1,", "x^", "x_", "-"),
        *(r"\frac", r"\frac{", r"\sqrt[", r"\left(", r"\sum_", r"\begin{cases}", "&", r"\\", r"\text{", "x_{x_", "$"),
        *("sum_", "sum_{", "sum_i", "sum_(", "sum(", "∑_i^", "if ", "where(", "x if x>0 else ", "sin ", "sin^", "d/d"),
        *("not ", "x<", "e", "1e", "1.", ".", "\n", "é", "\u200b", "ab", "x1", "(x,", "[x>0]", "1/2x", "|x|", "x y "),
        *(
            "[x+1]",
            "<x,x>",
            "sum_i x_i ",
            "∑_{i=1}^{5} i",
            "x[1]",
            "sin x(x)",
            "x^1/2",
            "xᵀ",
            "2⊙",
            r"\sum_{i}x_i",
            "a(b)",
        ),
    )
] + [
    start + " " * 9000 + end
    for start in (r"\mathrm{", "x_{", "sum_{i", "$", r"\(", r"\log_", "x^", "1")
    for end in ("", "z")
]
LONG += ["[" * 98 + "x," * 2000 + "x>0" + "]" * 98, "where(" + "(" * 90 + "x+" * 2000 + "x>0" + ")" * 90 + ",1,2)"]


@pytest.mark.parametrize("notation", ["text", "latex"])
@pytest.mark.parametrize("text", LONG, ids=lambda text: repr(text[:12]))
def test_the_longest_texts_are_read_or_refused_at_once(text: str, notation: str):
    for names in (Names(), Names(["x", "a", "b", "e"])):
        seconds = min(seconds_to_read(text, names, notation) for _ in range(3))
        # Of the 50 ms that it takes at most on a machine with nothing else to do; watching coverage costs more.
        assert seconds < (2 if sys.gettrace() else 0.2)


def seconds_to_read(text: str, names: Names, notation: str) -> float:
    start = time.process_time()
    with contextlib.suppress(ParseError):
        read(text, names, notation)
    return time.process_time() - start

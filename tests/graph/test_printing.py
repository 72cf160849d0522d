import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradlab.graph import printing
from gradlab.graph.tidying import tidied
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.models.first_course import least_squares, logistic, tanh_network

TEXTS = {
    "x**2 + y": ("x² + y", "x^{2} + y"),
    "2x": ("2 x", "2 x"),
    "x*2": ("2 x", "2 x"),
    "x*x": ("x x", "x x"),
    "-x^2": ("-x²", "-x^{2}"),
    "(-x)^2": ("(-x)²", r"\left(-x\right)^{2}"),
    "a - (b - c)": ("a - (b - c)", r"a - \left(b - c\right)"),
    "a + (b + c)": ("a + b + c", "a + b + c"),
    "2(x+1)": ("2 (x + 1)", r"2 \left(x + 1\right)"),
    "(x+1)(x-1)": ("(x + 1) (x - 1)", r"\left(x + 1\right) \left(x - 1\right)"),
    "1/x": ("1/x", r"\frac{1}{x}"),
    "x/2": ("1/2 x", r"\frac{1}{2} x"),
    "(x+1)/(y z)": ("(x + 1)/(y z)", r"\frac{x + 1}{y z}"),
    "0.01 x": ("0.01 x", "0.01 x"),
    "1e-5 x": ("1e-05 x", r"10^{-5} x"),
    "sin(x)^2": ("sin(x)²", r"\sin^{2}\left(x\right)"),
    "e^(-x)": ("exp(-x)", "e^{-x}"),
    "x^(1/2)": ("x^(1/2)", r"x^{\frac{1}{2}}"),
    "x^-2": ("x⁻²", "x^{-2}"),
    "sqrt(x + 1)": ("sqrt(x + 1)", r"\sqrt{x + 1}"),
    "|x - 1|": ("|x - 1|", r"\left|x - 1\right|"),
    "sigmoid(theta_1)": ("σ(θ_1)", r"\sigma\left(\theta_{1}\right)"),
    "x^y^z": ("x^(y^z)", "x^{y^{z}}"),
    "2*3*x": ("2·3 x", r"2 \cdot 3 x"),
    "sum(x^2)": ("sum_i x_i²", r"\sum_{i} x_{i}^{2}"),
    "mean(x)": ("1/n sum_i x_i", r"\frac{1}{n} \sum_{i} x_{i}"),
    "where(x > 1, 2, where(x > 0, x, 0))": (
        "2 if x > 1 else [x > 0] x",
        r"\begin{cases} 2 & \text{if } x > 1 \\ \left[x > 0\right] x & \text{otherwise} \end{cases}",
    ),
    "piecewise((2, x > 1), (x, x > 0), (1, true))": (
        "2 if x > 1 else x if x > 0 else 1",
        r"\begin{cases} 2 & \text{if } x > 1 \\ x & \text{if } x > 0 \\ 1 & \text{otherwise} \end{cases}",
    ),
    "sum(i^2)": ("sum_j i_j²", r"\sum_{j} i_{j}^{2}"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_latex_are_what_a_person_writes(text):
    function = as_function(text)
    assert (function.text(), function.latex()) == TEXTS[text]


MATRIX = {"X": ("n", "d"), "w": ("d",), "y": ("n",), "b": ()}


def test_least_squares_reads_as_in_a_textbook():
    derivation = derive(as_function(least_squares, shapes={k: MATRIX[k] for k in "Xwy"}))
    assert derivation.function.text() == "‖X w - y‖²"
    assert derivation.gradient["w"].text() == "2 X^T (X w - y)"
    assert derivation.gradient["X"].text() == "2 (X w - y) w^T"
    assert derivation.gradient["w"].latex() == r"2 X^{\top} \left(X w - y\right)"
    assert derivation.gradient["w"].text(form="index") == "2 sum_j (sum_k X_jk w_k - y_j) X_ji"


def test_logistic_regression_reads_as_in_a_textbook():
    derivation = derive(as_function(logistic, shapes={k: MATRIX[k] for k in "Xwby"}), ["w", "b"])
    lines = derivation.text().splitlines()
    assert "δ_z = 1/n (σ(z) - y)" in lines
    assert "∂logistic/∂w = X^T δ_z" in lines
    assert "∂logistic/∂b = 1^T δ_z" in lines


def test_a_network_reads_as_in_a_textbook():
    shapes = {"X": ("n", "d"), "W1": ("d", "h"), "b1": ("h",), "w2": ("h",), "y": ("n",)}
    lines = derive(as_function(tanh_network, shapes=shapes)).text().splitlines()
    for line in (
        "where Z = X W1 + 1 b1^T",
        "      H = tanh(Z)",
        "δ_o = 2/n (o - y)",
        "δ_H = δ_o w2^T",
        "δ_Z = δ_H ⊙ (1 - H^⊙2)",
        "∂tanh_network/∂W1 = X^T δ_Z",
        "∂tanh_network/∂b1 = δ_Z^T 1",
        "∂tanh_network/∂w2 = H^T δ_o",
    ):
        assert line in lines


def test_the_final_form_collects_factors():
    assert derive("x*sin(x^2)").gradient["x"].text() == "sin(x²) + 2 x² cos(x²)"
    assert derive("1/x").gradient["x"].text() == "-1/x²"
    assert derive("x*x*x").gradient["x"].text() == "3 x²"
    assert derive("x log(x)").gradient["x"].text() == "log(x) + 1"


def test_a_huge_expression_is_counted_instead_of_written():
    def doubled(x):
        for _ in range(60):
            x = x * x + x
        return x

    assert as_function(doubled).text() == "… (121 operations)"


def test_a_long_sum_is_written_out():
    assert as_function("+".join(["x"] * 500)).text() == " + ".join(["x"] * 500)


leaves = st.sampled_from(["x", "y", "z", "2", "3", "1/2", "0.1"])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map("({0[0]}){0[1]}({0[2]})".format),
        inner.map("-({})".format),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "y"])).map("({0[0]})^({0[1]})".format),
        st.tuples(st.sampled_from(["sin", "exp", "abs", "sqrt", "sigmoid"]), inner).map("{0[0]}({0[1]})".format),
    ),
    max_leaves=8,
)


@given(expressions)
def test_what_is_printed_reads_back_to_the_same_values(text):
    at = {"x": 0.7, "y": 1.3, "z": 2.1}
    function = as_function(text, variables=["x", "y", "z"])
    again = as_function(function.text().replace("σ(", "sigmoid("), variables=["x", "y", "z"])
    value = function(at)
    assert again(at) == pytest.approx(value, rel=1e-9, nan_ok=True) or not abs(value) < 1e300


@given(expressions)
def test_tidying_keeps_the_values(text):
    at = {"x": 0.7, "y": 1.3, "z": 2.1}
    function = as_function(text, variables=["x", "y", "z"])
    value = function(at)
    tidy = function.with_output(tidied(function.formula))(at)
    # A quotient that cancels may be defined where the written one is not.
    assert tidy == pytest.approx(value, rel=1e-9) or not abs(value) < 1e300


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="form must be"):
        printing.text(as_function("x").formula, form="martix")


def test_words_among_factors_are_set_apart_in_latex():
    assert as_function("a*time + b*x").latex() == r"a \, \mathrm{time} + b x"
    assert as_function("time^2*a*speed").latex() == r"\mathrm{time}^{2} \, a \, \mathrm{speed}"
    assert as_function("2 hours").latex() == r"2 \, \mathrm{hours}"

"""What the checker accepts and refuses, from derivations written by hand."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from gradlab.checking import verify
from gradlab.cli import main
from gradlab.errors import DoesNotFollow, GradlabError, ParseError

ROOT = Path(__file__).parents[1]


def step(rule, before, after, *steps, **more):
    return {"rule": rule, "before": before, "after": after, "steps": list(steps), **more}


def derivation(formula, variables, steps, gradient, **more):
    start = {"format": "gradlab derivation", "version": 1, "function": "f", "variables": variables}
    return {**start, "formula": formula, "steps": steps, "gradient": gradient, **more}


PRODUCT = derivation(
    "x*sin(x**2)",
    {"x": []},
    [
        step(
            "product rule",
            "d(x*sin(x**2), x)",
            "d(x, x)*sin(x**2) + x*d(sin(x**2), x)",
            step("identity", "d(x, x)", "1"),
            step(
                "chain rule",
                "d(sin(x**2), x)",
                "cos(x**2)*d(x**2, x)",
                step("power rule", "d(x**2, x)", "2*x"),
            ),
        ),
        step("put in", "1*sin(x**2) + x*(cos(x**2)*(2*x))", "sin(x**2) + 2*x**2*cos(x**2)"),
    ],
    {"x": "sin(x**2) + 2*x**2*cos(x**2)"},
)
QUOTIENT = derivation(
    "(x + 1)/(x**2 + 1)",
    {"x": []},
    [
        step(
            "quotient rule",
            "d((x + 1)/(x**2 + 1), x)",
            "(d(x + 1, x)*(x**2 + 1) - (x + 1)*d(x**2 + 1, x))/(x**2 + 1)**2",
            step("sum rule", "d(x + 1, x)", "1"),
            step("sum rule", "d(x**2 + 1, x)", "2*x"),
        ),
        step("put in", "(x**2 + 1 - (x + 1)*(2*x))/(x**2 + 1)**2", "(1 - 2*x - x**2)/(x**2 + 1)**2"),
    ],
    {"x": "(1 - 2*x - x**2)/(x**2 + 1)**2"},
)
CHAIN = derivation(
    "exp(u)",
    {"x": []},
    [
        step("inner", "d(u, x)", "-x"),
        step("outer", "d(exp(u), u)", "exp(u)"),
        step("chain rule", "d(exp(u), x)", "d(exp(u), u)*d(u, x)"),
        step("put in", "exp(u)*(-x)", "-x*exp(u)"),
    ],
    {"x": "-x*exp(u)"},
    where={"u": "-x**2/2"},
)
TWO_VARIABLES = derivation(
    "x**2*y + y**3",
    {"x": [], "y": []},
    [
        step("power rule", "d(x**2*y + y**3, x)", "2*x*y"),
        step("power rule", "d(x**2*y + y**3, y)", "x**2 + 3*y**2"),
    ],
    {"x": "2*x*y", "y": "x**2 + 3*y**2"},
)
ABSOLUTE = derivation(
    "abs(x)",
    {"x": []},
    [step("absolute value", "d(abs(x), x)", "1", **{"if": ["x > 0"]}), step("kink", "d(abs(x), x)", "sign(x)")],
    {"x": "sign(x)"},
)
LOGARITHM = derivation(
    "log(x**2)",
    {"x": []},
    [
        step("logarithm of a power", "d(log(x**2), x)", "d(2*log(x), x)", **{"if": ["x > 0"]}),
        step("logarithm", "d(log(x**2), x)", "2/x"),
    ],
    {"x": "2/x"},
)
LEAST_SQUARES = derivation(
    "einsum('i,i->', r, r)/n",
    {"w": ["d"], "X": ["n", "d"]},
    [
        step("mean of squares", "vjp(einsum('i,i->', _, _)/n, r, 1)", "2/n*r"),
        step("difference", "vjp(_ - y, einsum('ij,j->i', X, w), 2/n*r)", "2/n*r"),
        step("matrix product, right", "vjp(einsum('ij,j->i', X, _), w, 2/n*r)", "2/n*einsum('ij,i->j', X, r)"),
        step("matrix product, left", "vjp(einsum('ij,j->i', _, w), X, 2/n*r)", "2/n*einsum('i,j->ij', r, w)"),
    ],
    {"w": "2/n*einsum('ij,i->j', X, r)", "X": "2/n*einsum('i,j->ij', r, w)"},
    data={"y": ["n"]},
    where={"r": "einsum('ij,j->i', X, w) - y"},
)
AFFINE = derivation(
    "einsum('i,i->', z, z)",
    {"x": ["n"], "b": []},
    [
        step("squares", "vjp(einsum('i,i->', _, _), z, 1)", "2*z"),
        step("broadcast", "vjp(einsum('->i', _, n), b, 2*z)", "sum(2*z, 0)"),
    ],
    {"x": "2*z", "b": "2*sum(z, 0)"},
    where={"z": "x + b"},
)
CROSS_ENTROPY = derivation(
    "einsum('i->', logsumexp(Z, 1))/n - einsum('ij,ij->', Y, Z)/n",
    {"Z": ["n", "k"]},
    [
        step("log-sum-exp", "vjp(logsumexp(_, 1), Z, full(1/n, n))", "softmax(Z, 1)/n"),
        step("linear", "vjp(-einsum('ij,ij->', Y, _)/n, Z, 1)", "-Y/n"),
    ],
    {"Z": "(softmax(Z, 1) - Y)/n"},
    data={"Y": ["n", "k"]},
)
QUADRATIC_FORM = derivation(
    "einsum('i,ij,j->', x, A, x)",
    {"x": ["d"], "A": ["d", "d"]},
    [step("outer product", "vjp(einsum('i,ij,j->', x, _, x), A, 1)", "einsum('i,j->ij', x, x)")],
    {"x": "einsum('ij,j->i', A, x) + einsum('ji,j->i', A, x)", "A": "einsum('i,j->ij', x, x)"},
)
LOG_DET = derivation(
    "log(det(A))",
    {"A": ["d", "d"]},
    [step("logarithm of the determinant", "vjp(log(det(_)), A, 1)", "einsum('ij->ji', inv(A))")],
    {"A": "einsum('ij->ji', inv(A))"},
)
CLASSES = derivation(
    "logsumexp(z, 0) - einsum('k,k->', z, einsum('->k', c, k) == arange(k))",
    {"z": ["k"]},
    [step("log-sum-exp", "vjp(logsumexp(_, 0), z, 1)", "softmax(z, 0)")],
    {"z": "softmax(z, 0) - (einsum('->k', c, k) == arange(k))"},
    data={"c": []},
    whole={"c": "k"},
)
RIGHT = {
    "product": PRODUCT,
    "quotient": QUOTIENT,
    "chain": CHAIN,
    "two variables": TWO_VARIABLES,
    "absolute value": ABSOLUTE,
    "logarithm": LOGARITHM,
    "least squares": LEAST_SQUARES,
    "broadcast": AFFINE,
    "cross-entropy": CROSS_ENTROPY,
    "quadratic form": QUADRATIC_FORM,
    "log det": LOG_DET,
    "classes": CLASSES,
}


@pytest.mark.parametrize("document", RIGHT.values(), ids=RIGHT)
def test_a_right_derivation_is_accepted(document):
    found = verify(document)
    assert found.lines >= len(document["steps"]) + len(document["gradient"])
    assert found.points >= 2


def changed(document, place, value):
    """Return the document with another value at a place given by its keys."""
    copy = deepcopy(document)
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


WRONG = {
    "a sign": (PRODUCT, ["steps", 1, "after"], "sin(x**2) - 2*x**2*cos(x**2)", "line 2"),
    "a factor": (PRODUCT, ["steps", 0, "steps", 1, "steps", 0, "after"], "x", "line 1.2.1"),
    "no inner derivative": (PRODUCT, ["steps", 0, "steps", 1, "after"], "cos(x**2)", "line 1.2"),
    "a broken chain": (PRODUCT, ["steps", 1, "before"], "sin(x**2) + x*(2*x*sin(x**2))", "line 2"),
    "a denominator that is not squared": (
        QUOTIENT,
        ["steps", 0, "after"],
        "(d(x + 1, x)*(x**2 + 1) - (x + 1)*d(x**2 + 1, x))/(x**2 + 1)",
        "line 1",
    ),
    "no chain rule": (CHAIN, ["steps", 2, "after"], "d(exp(u), u)", "line 3"),
    "the other variable": (TWO_VARIABLES, ["steps", 1, "after"], "2*x*y + 3*y**2", "line 2"),
    "no condition": (ABSOLUTE, ["steps", 0, "if"], [], "line 1"),
    "the wrong condition": (ABSOLUTE, ["steps", 0, "if"], ["x < 0"], "line 1"),
    "one side of a kink": (ABSOLUTE, ["steps", 1, "after"], "1", "line 2"),
    "a wrong gradient": (LOGARITHM, ["gradient", "x"], "1/x", "gradient of x"),
    "a swapped transpose": (LEAST_SQUARES, ["steps", 2, "after"], "2/n*einsum('ij,j->i', X, r)", "line 3"),
    "a swapped outer product": (LEAST_SQUARES, ["steps", 3, "after"], "2/n*einsum('i,j->ji', r, w)", "line 4"),
    "the wrong mean": (LEAST_SQUARES, ["gradient", "w"], "2/d*einsum('ij,i->j', X, r)", "gradient of w"),
    "a transposed matrix": (QUADRATIC_FORM, ["gradient", "x"], "2*einsum('ij,j->i', A, x)", "gradient of x"),
    "no transpose of the inverse": (LOG_DET, ["steps", 0, "after"], "inv(A)", "line 1"),
    "a dropped sum": (AFFINE, ["steps", 1, "after"], "2*z", "line 2"),
    "a forgotten class": (CLASSES, ["gradient", "z"], "softmax(z, 0)", "gradient of z"),
    "one entry": (CROSS_ENTROPY, ["gradient", "Z"], "(softmax(Z, 0) - Y)/n", "gradient of Z"),
}


@pytest.mark.parametrize(("document", "place", "value", "line"), WRONG.values(), ids=WRONG)
def test_a_wrong_line_is_named(document, place, value, line):
    with pytest.raises(DoesNotFollow) as caught:
        verify(changed(document, place, value))
    assert caught.value.line == line
    assert not caught.value.undecided


def test_the_first_line_of_a_chain_starts_with_a_derivative():
    document = changed(PRODUCT, ["steps", 0, "before"], "x*2")
    with pytest.raises(DoesNotFollow, match=r"line 1 .*there is no line before"):
        verify(document)


def test_the_message_shows_both_values_at_a_point():
    with pytest.raises(DoesNotFollow) as caught:
        verify(changed(TWO_VARIABLES, ["gradient", "x"], "x*y"))
    assert str(caught.value).splitlines()[:3] == [
        "gradient of x (the derivative of the formula) does not follow: the two sides differ",
        "  d(x**2*y + y**3, x)",
        "  = x*y",
    ]
    x, y = caught.value.at["x"], caught.value.at["y"]
    left, right = (float(value.split()[0].strip("[")) for value in caught.value.values)
    assert (left, right) == (pytest.approx(2 * x * y), pytest.approx(x * y))


def test_the_entry_at_which_arrays_differ_is_named():
    wrong = changed(QUADRATIC_FORM, ["gradient", "A"], "einsum('i,j->ij', x, x) + put(full(0, d, d)[1, 0], 1)")
    with pytest.raises(DoesNotFollow) as caught:
        verify(wrong)
    assert caught.value.entry == (1, 0)


def test_a_line_that_has_no_value_anywhere_is_undecided():
    document = derivation("x", {"x": []}, [step("logarithm", "d(log(-x**2), x)", "2/x")], {"x": "1"})
    with pytest.raises(DoesNotFollow, match="cannot be decided: only 0 of 400 drawn points"):
        verify(document)


def test_a_condition_that_is_rarely_met_has_points_drawn_for_it():
    rare = {"if": ["x > 2", "y < 0", "y > -1/2"]}
    document = derivation("x*y", {"x": [], "y": []}, [step("product", "d(x*y, x)", "y", **rare)], {"x": "y"})
    assert verify(document).points >= 2


def test_where_all_is_zero_zeros_count():
    assert verify(derivation("floor(x)", {"x": []}, [], {"x": "0"})).points >= 2


def test_a_tie_that_a_small_step_would_break_tells_nothing():
    kink = step("absolute value", "vjp(abs(_), relu(x), 1)", "sign(relu(x))")
    assert verify(derivation("relu(x)", {"x": []}, [kink], {"x": "step(x)"})).points < 10


@pytest.mark.parametrize("value", ["1/(x - x)", "inf*x", "log(-x**2)"])
def test_what_has_no_value_tells_nothing(value):
    document = derivation("x", {"x": []}, [step("", "u", "0")], {"x": "1"}, where={"u": value})
    with pytest.raises(DoesNotFollow) as caught:
        verify(document)
    assert caught.value.undecided


def test_matrices_are_positive_definite_at_every_other_point():
    factor = step("factor", "vjp(einsum('ij,kj->ik', _, _), L, 0*S)", "0*S")
    square = step("its square", "s", "einsum('ij,kj->ik', L, L)")
    where = {"s": "(S + einsum('ij->ji', S))/2", "L": "cholesky(s)"}
    document = derivation("det(s)", {"S": [4, 4]}, [factor, square], {"S": "det(s)*inv(s)"}, where=where)
    assert verify(document).points >= 5


def test_a_frozen_value_has_no_derivative():
    verify(derivation("x*frozen(x)", {"x": []}, [], {"x": "x"}))
    with pytest.raises(DoesNotFollow):
        verify(derivation("x*frozen(x)", {"x": []}, [], {"x": "2*x"}))


def test_equal_operands_are_told_apart_by_the_hole():
    document = derivation("x*x", {"x": []}, [step("first factor", "vjp(_*x, x, 1)", "x")], {"x": "2*x"})
    verify(document)
    with pytest.raises(DoesNotFollow):
        verify(changed(document, ["steps", 0, "before"], "vjp(_*_, x, 1)"))


def test_a_decimal_is_exact():
    verify(derivation("0.1*x", {"x": []}, [step("", "d(0.1*x, x)", "1/10")], {"x": "1/10"}))


# What cannot be read -------------------------------------------------------------------------------


def with_formula(formula):
    return derivation(formula, {"x": []}, [], {"x": "1"})


UNREADABLE = {
    "an unknown function": ("cosine(x)", "'cosine' is not known"),
    "a misspelt function": ("sigmoit(x)", "did you mean 'sigmoid'"),
    "an unknown name": ("x + y", "'y' is not known"),
    "bad syntax": ("x +* 2", "cannot be read: invalid syntax"),
    "a call of a method": ("x.bit_length()", "does not belong to the notation"),
    "an import": ("__import__('os').system('true')", "does not belong to the notation"),
    "a comprehension": ("[x for x in x]", "does not belong to the notation"),
    "a lambda": ("(lambda: 1)()", "does not belong to the notation"),
    "a keyword": ("exp(u=x)", "does not belong to the notation"),
    "an attribute": ("x.__class__", "does not belong to the notation"),
    "a text": ("'x'", "does not belong to the notation"),
    "a truth": ("True", "does not belong to the notation"),
    "an operator": ("x // 2", "FloorDiv does not belong"),
    "too many arguments": ("exp(x, x)", "exp does not take these arguments"),
    "too few arguments": ("hypot(x)", "hypot does not take these arguments"),
    "a derivative by no name": ("d(x, 2)", "'d' is not known"),
}


@pytest.mark.parametrize(("formula", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_repeated_with_a_caret(formula, said):
    with pytest.raises(ParseError) as caught:
        verify(with_formula(formula))
    assert said in str(caught.value)
    assert str(caught.value).splitlines()[-1].strip() == "^"
    assert formula in str(caught.value)


HOSTILE = {
    "a tower of powers": "9**9**9**9**9*x",
    "a huge exponent": "x**99999999999999999999",
    "a huge number": f"{'9' * 5000}*x",
    "brackets": f"{'(' * 5000}x{')' * 5000}",
    "signs": f"{'-' * 5000}x",
    "calls": f"{'exp(' * 150}x{')' * 150}",
    "a long sum": "+".join(["x"] * 9000),
    "a million characters": f"x{' ' * 10**6}",
    "a huge array": "einsum('ij->', full(x, 99999, 99999))",
    "a huge range": "sum(arange(10**12), 0)",
    "many indices": "einsum('abcdefgh->', full(x, 9, 9, 9, 9, 9, 9, 9, 9))",
    "a large matrix": "det(full(x, 50, 50))",
}


@pytest.mark.parametrize("formula", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_formula_ends_soon_with_an_error(formula):
    with pytest.raises(GradlabError):
        verify(with_formula(formula), seconds=10)


def test_the_time_is_limited():
    slow = "einsum('i,j,k->', arange(90), arange(90), arange(90))"
    with pytest.raises(ParseError, match="takes too long"):
        verify(with_formula("*".join(["x", *[slow] * 9])), seconds=0.5)


BAD_DOCUMENTS = {
    "no object": ([], "'format' must be a str"),
    "another format": ({"format": "x", "version": 1}, "no 'gradlab derivation'"),
    "another version": ({"format": "gradlab derivation", "version": 2}, "of version 1"),
    "no formula": (changed(PRODUCT, ["formula"], None), "'formula' must be a str"),
    "no gradient": (changed(PRODUCT, ["gradient"], {}), "'gradient' is empty"),
    "no rule": (changed(PRODUCT, ["steps", 0, "rule"], 1), "line 1: 'rule' must be a str"),
    "steps that are none": (changed(PRODUCT, ["steps"], {}), "'steps' must be a list"),
    "a step that is none": (changed(PRODUCT, ["steps", 0], "x"), "line 1: 'rule' must be a str, not None"),
    "equal sizes": ({**LEAST_SQUARES, "sizes": {"n": 3, "d": 3}}, "would hide mistakes"),
    "a size of 1": ({**LEAST_SQUARES, "sizes": {"n": 1}}, "would hide mistakes"),
    "a bad size": (changed(PRODUCT, ["variables", "x"], [2.5]), "2.5 is no size"),
    "a name twice": ({**LEAST_SQUARES, "data": {"y": ["n"], "n": []}}, "stands for two things"),
    "a keyword as a name": ({**PRODUCT, "data": {"lambda": []}}, "cannot be read"),
}


@pytest.mark.parametrize(("document", "said"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS)
def test_a_bad_document_is_told_what_is_wrong(document, said):
    with pytest.raises(GradlabError, match=re.escape(said)):
        verify(document)


# The command ---------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, capsys):
    def run(content, *words):
        path = tmp_path / "derivation.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        code = main(["verify", str(path), *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_the_command_accepts(run):
    code, out, _ = run(PRODUCT)
    assert (code, out) == (0, "accepted: 7 lines follow, each to 30 digits at 10 points or more\n")
    code, out, _ = run(PRODUCT, "--json")
    assert json.loads(out)["verdict"] == "accepted"
    assert json.loads(out)["results"] == {"lines": 7, "points": 10}


def test_the_command_names_what_does_not_follow(run):
    wrong = changed(PRODUCT, ["steps", 0, "steps", 1, "steps", 0, "after"], "3*x")
    code, out, _ = run(wrong)
    assert code == 1
    assert out.startswith("line 1.2.1 (power rule) does not follow: the two sides differ\n  d(x**2, x)\n  = 3*x\n")
    code, out, _ = run(wrong, "--json")
    found = json.loads(out)
    assert (found["ok"], found["verdict"], found["results"]["line"]) == (False, "refused", "line 1.2.1")


def test_the_command_ends_with_3_where_it_cannot_decide(run):
    code, out, _ = run(derivation("x", {"x": []}, [step("", "d(log(-x**2), x)", "2/x")], {"x": "1"}))
    assert code == 3
    assert "cannot be decided" in out


@pytest.mark.parametrize(
    "content", ['{"format": ', "", "[" * 100_000, "\udcff".encode("utf-8", "replace").decode(), "3"]
)
def test_the_command_ends_with_2_where_it_cannot_read(run, content):
    code, out, err = run(content)
    assert (code, out) == (2, "")
    assert err.startswith("gradlab verify: ")


def test_a_file_that_is_missing_or_too_large_is_said_so(capsys, tmp_path):
    assert main(["verify", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err
    large = tmp_path / "large.json"
    large.write_text(" " * 3_000_000)
    assert main(["verify", str(large)]) == 2
    assert "more than 2,000,000 bytes" in capsys.readouterr().err


# Independence --------------------------------------------------------------------------------------


def test_the_command_loads_nothing_of_what_it_checks(tmp_path):
    path = tmp_path / "derivation.json"
    path.write_text(json.dumps(PRODUCT))
    banned = ("numpy", "torch", "sympy", "gradlab.graph", "gradlab.symbolic", "gradlab.sources")
    code = f"""
import sys
from gradlab.cli import main
assert main(["verify", {str(path)!r}]) == 0
loaded = [name for name in {banned!r} if name in sys.modules]
assert not loaded, loaded
"""
    checked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_the_checker_is_small_and_imports_little():
    files = sorted((ROOT / "gradlab" / "checking").glob("*.py"))
    allowed = re.compile(r"(from (gradlab\.(errors|checking\S*)|flint|[a-z_.]+) import .*|import [a-z]+)$")
    own = {"gradlab", "flint"}
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 300, path
        for line in lines:
            if re.match(r"(from|import) ", line):
                assert allowed.match(line), line
                module = line.split()[1]
                assert module.split(".")[0] in own | sys.stdlib_module_names, line
                assert not module.startswith("gradlab") or module.startswith(("gradlab.errors", "gradlab.checking"))


def test_the_example_of_the_reference_is_accepted():
    text = (ROOT / "docs" / "reference" / "derivation-format.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert verify(json.loads(example)).lines == 9

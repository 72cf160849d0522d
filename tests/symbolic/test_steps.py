import numpy as np
import pytest

from gradlab.graph import printing
from gradlab.graph.kinds import Derivative
from gradlab.graph.nodes import topological
from gradlab.graph.styles import TextPrinter
from gradlab.sources import as_function
from gradlab.symbolic import derive
from gradlab.symbolic.lines import chains
from gradlab.symbolic.proof import Evidence
from gradlab.symbolic.steps import Kind, walk
from tests.sampling import sampled
from tests.symbolic.scalar_corpus import CORPUS

SAMPLE = sampled((entry[0] for entries in CORPUS.values() for entry in entries), 3)


@pytest.mark.parametrize("source", SAMPLE, ids=str)
def test_every_step_of_every_scalar_function_is_exact_or_certified(source):
    derivation = derive(source)
    assert list(derivation.boards) == list(derivation.wrt)
    for step in walk(derivation.steps):
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()


@pytest.mark.parametrize("source", SAMPLE, ids=str)
def test_the_steps_lead_from_the_derivative_to_the_gradient(source):
    derivation = derive(source)
    for name, board in derivation.boards.items():
        *_, last = chains(board.steps)
        assert last[0].before.wrt is derivation.function.nodes[name]
        assert last[-1].after is derivation.gradient[name].formula


def _open(node):
    return [part for part in topological([node]) if isinstance(part, Derivative)]


@pytest.mark.parametrize("source", SAMPLE, ids=str)
def test_what_a_line_leaves_open_is_derived_and_put_in(source):
    for board in derive(source).boards.values():
        derived = {}
        for chain in (chain for step in walk(board.steps) for chain in chains(step.substeps)):
            assert chain[0].before not in derived  # never derived twice
            derived[chain[0].before] = chain[-1].after
        for chain in chains(board.steps):
            derived[chain[0].before] = chain[-1].after
        for step in walk(board.steps):
            if step.rule == "substitution":
                assert not _open(step.after)
                assert all(part in derived for part in _open(step.before))


def _statements(source, name="x"):
    return [step.statement(TextPrinter) for step in walk(derive(source).boards[name].steps)]


def test_a_root_is_a_power_first():
    assert _statements("sqrt(x)")[:2] == ["∂/∂x (√x) = ∂/∂x (x^(1/2))", "∂/∂x (x^(1/2)) = 1/2 x^(-1/2)"]


def test_a_reciprocal_needs_no_quotient_rule():
    assert [step.rule for step in derive("1/x^2").steps] == [
        "reciprocal as a power",
        "power rule, negative exponent",
        "simplification",
    ]
    assert derive("1/x").gradient["x"].text() == "-1/x²"


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("3 sin(x)", "constant multiple"),
        ("sin(x)/y", "constant multiple"),
        ("x y sin(x)", "constant multiple"),
        ("x sin(x)", "product rule"),
        ("x sin(x) exp(x)", "product rule for many factors"),
        ("exp(x)/x", "quotient rule"),
        ("(x^2 + 1)/x", "division term by term"),
        ("sin(x)/(x^2 + 1)^2", "reciprocal as a power"),
        ("2^x", "exponential function to any base"),
        ("x^x", "logarithmic differentiation"),
        ("x^y", "general power rule"),
        ("sin(x^2)", "chain rule"),
        ("where(x > 0, x^2, x)", "differentiation by cases"),
    ],
)
def test_a_derivation_begins_as_a_person_would(source, rule):
    assert derive(source, "x").steps[0].rule == rule


def test_a_longer_value_that_is_used_twice_gets_a_name_and_is_derived_once():
    (board,) = derive("(x^2 + 1) sin(x^2 + 1)").boards.values()
    assert [(let.name, printing.text(let.operands[0])) for let in board.introduced] == [("u", "x² + 1")]
    assert sum(step.statement(TextPrinter).startswith("∂/∂x (x² + 1) = ") for step in walk(board.steps)) == 1


def test_a_name_of_the_writer_is_not_taken():
    (board, _) = derive("u (x^2 + 1) sin(x^2 + 1)", ["x", "u"]).boards.values()
    assert [let.name for let in board.introduced] == ["v"]


def test_what_is_held_constant_is_said():
    text = derive("x^2 y").text("steps")
    assert "By x, with y held constant:" in text
    assert "By y, with x held constant:" in text


def test_a_variable_that_does_not_occur_gives_zero_with_a_note():
    derivation = derive(as_function("x^2", variables=["x", "y"]))
    assert "note: y does not occur in f: its derivative is 0" in derivation.text()
    (step,) = derivation.boards["y"].steps
    assert (step.rule, step.statement(TextPrinter)) == ("constant", "∂/∂y (x²) = 0")


@pytest.mark.parametrize(
    ("source", "held"),
    [
        ("abs(x)", ["x ≠ 0"]),
        ("floor(x)", ["x not a whole number"]),
        ("log(x) + 1/y", ["x > 0", "y ≠ 0"]),
        ("where(x > 1, x, 2)", ["x ≠ 1"]),
        ("1/(x^2 + 1)", []),
    ],
)
def test_the_derivation_says_where_it_holds(source, held):
    derivation = derive(source)
    assert [condition.written(TextPrinter) for condition in derivation.conditions] == held
    said = f"holds for {' and '.join(held)}"
    assert (derivation.text().splitlines()[-1] == said) is bool(held)


def test_depths_show_more_and_more():
    lengths = [len(derive("x*sin(x^2)").text(depth).splitlines()) for depth in ("result", "outline", "steps", "rules")]
    assert lengths == sorted(set(lengths))
    with pytest.raises(ValueError, match="depth is one of result, outline, steps, rules; not 'all'"):
        derive("x").text("all")


def test_steps_are_of_two_kinds():
    kinds = {step.kind for step in walk(derive("x/(x + 1)").steps)}
    assert kinds == {Kind.DIFFERENTIATION, Kind.REWRITING}


def test_rules_stand_to_the_right_of_the_lines_in_latex():
    latex = derive("x*sin(x^2)").latex("rules")
    assert latex.count("&&") == latex.count("\\text{")
    assert "&& \\text{product rule}" in latex
    assert "\\text{where } u = x^{2} + 1" in derive("(x^2 + 1) sin(x^2 + 1)").latex("rules")


def test_a_notebook_shows_steps_that_fit_its_width_and_says_where_the_wider_ones_are():
    assert derive("x*sin(x^2)")._repr_markdown_() == derive("x*sin(x^2)").markdown("steps")
    hours, passed = np.arange(5.0), np.array([0.0, 0.0, 1.0, 0.0, 1.0])

    def loss(w1, b):
        a = 1 / (1 + np.exp(-(w1 * hours + b)))
        return -(passed * np.log(a) + (1 - passed) * np.log(1 - a)).mean()

    derivation = derive(loss)
    shown = derivation._repr_markdown_()
    assert shown.startswith(derivation.markdown("result"))
    assert 'print(derivation.text("steps"))' in shown
    assert "By w1" in derivation.text("steps")


@pytest.mark.parametrize("terms", [50, 150], ids=["on the board", "by the sweep"])
def test_the_steps_of_a_long_sum_grow_with_its_length_and_not_with_its_square(terms):
    short, long = (derive(" + ".join(f"{n} x y" for n in range(2, 2 + count))) for count in (terms, 2 * terms))
    if terms == 50:
        assert short.boards
    assert len(long.text("steps")) < 2.6 * len(short.text("steps"))


def test_a_step_of_a_long_sum_shows_the_term_it_flows_to():
    lines = derive(" + ".join(f"x^{n}" for n in range(2, 400))).text("steps").splitlines()
    assert any(line.startswith("  ∂/∂(x³⁹⁹) (… + x³⁹⁹) = 1 ") for line in lines)
    assert any(line.startswith("  ∂/∂(… + x³⁹⁸) (… + x³⁹⁸ + …) = 1 ") for line in lines)

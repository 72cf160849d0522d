import math
from fractions import Fraction

import numpy as np
import pytest
import sympy

import gradlab as gl
from gradlab.errors import ExerciseError
from gradlab.grading.domains import Domain
from gradlab.grading.malrules import MAL_RULES, mal_rule, power_of
from gradlab.graph import algebra


def _verdict(exercise, answer):
    return str(exercise.check(answer).verdict)


@pytest.mark.parametrize(
    ("function", "options", "right", "wrong"),
    [
        ("x^2 y", {"ask": "gradient"}, ["[2xy, x^2]", r"\begin{pmatrix} 2xy \\ x^2 \end{pmatrix}"], "[x^2, 2xy]"),
        ("x^2 y", {"ask": "partial", "wrt": "y"}, ["x^2"], "2xy"),
        ("x^2 y + y^3", {"ask": "hessian"}, ["[[2y, 2x], [2x, 6y]]"], "[[2y, 2x], [2x, 6]]"),
        ("[x^2 y, x + y]", {"ask": "jacobian"}, ["[[2xy, x^2], [1, 1]]"], "[[2xy, 1], [x^2, 1]]"),
        ("x^2/(1+x)", {"ask": "value", "at": 2}, ["8/9", "0.889", "0.8889"], "0.887"),
        ("x^2 + 3y^2", {"ask": "value", "at": {"x": 1, "y": 2}}, ["[2, 12]", "(2,12)", "[2.00, 12.0]"], "[2, 6]"),
        ("x^2 + 3y^2", {"ask": "step", "at": {"x": 1, "y": 2}, "rate": 0.1}, ["[0.8, 0.8]"], "[1.2, 3.2]"),
        ("3x^2 + 2x*y + 5y^2", {"ask": "rate"}, ["2/(8 + sqrt(8))", "0.1847"], "2/(8 - sqrt(8))"),
        ("x^3 - 3x", {"ask": "critical point"}, ["[1, -1]", "[-1, 1]"], "[1, -1, 0]"),
        ("x^2 + y^2 - 2x", {"ask": "critical point"}, ["(1, 0)", "[[1, 0]]"], "(0, 1)"),
        ("(x - 2)^2", {"ask": "critical point"}, ["2"], "-2"),
    ],
)  # fmt: skip
def test_every_kind_of_question_knows_right_from_wrong(function, options, right, wrong):
    exercise = gl.Exercise(function, **options)
    for answer in right:
        assert _verdict(exercise, answer) == "correct", answer
    assert _verdict(exercise, wrong) == "wrong"
    assert _verdict(exercise, exercise.answer) == "correct"


@pytest.mark.parametrize("text", ["x^3*exp(-x)", "sin(x)/(1+x^2)", "log(x^2+1)", "x^x", "atan(3*x)", "sqrt(1+x^4)"])
def test_the_derived_answer_is_what_sympy_differentiates_to(text):
    x = sympy.Symbol("x")
    oracle = sympy.diff(sympy.sympify(text.replace("^", "**")), x)
    assert _verdict(gl.Exercise(text), str(oracle)) == "correct"


def test_the_largest_stable_rate_is_that_of_the_hessian():
    exercise = gl.Exercise("2x^2 + x*y + 7y^2", "rate")
    largest = np.linalg.eigvalsh([[4, 1], [1, 14]])[-1]
    assert _verdict(exercise, f"{2 / largest:.8f}") == "correct"
    assert _verdict(exercise, f"{2 / largest + 1e-4:.8f}") == "wrong"


@pytest.mark.parametrize(
    ("function", "options", "said"),
    [
        ("x y", {}, "wrt="),
        ("x^2", {"ask": "step", "at": 1}, "learning rate"),
        ("x^2", {"ask": "value"}, "lacks x"),
        ("log(-1 - x^2)", {}, "on which domain"),
        ("e^x", {"ask": "critical point"}, "no critical point"),
        ("x^2 y^2", {"ask": "critical point"}, "lines"),
        ("x^4", {"ask": "rate"}, "at which point"),
        ("-x^2 - y^2", {"ask": "rate"}, "no rate is stable"),
        ("x^2", {"ask": "value", "at": {"z": 1}}, "at names z"),
        ("x^2", {"ask": "value", "at": {"x": "much"}}, "no number"),
        ("x^2", {"ask": "jacobian"}, "several functions"),
        ("x y", {"ask": "critical point", "wrt": "x"}, "asked of all variables"),
        ("x^2 + e^x", {"ask": "critical point"}, r"-LambertW\(1/2\) is not written with elementary functions"),
        ("x^2 + sin(x)", {"ask": "critical point"}, "no closed form"),
        ("x^2 + y^2 + z^2 + x*y + y*z", {"ask": "rate"}, "the largest stable rate has no closed form"),
        ("x*y", {"ask": "closed form"}, "say with wrt= which of x, y"),
    ],
)
def test_an_exercise_without_an_answer_says_what_it_lacks(function, options, said):
    with pytest.raises(ExerciseError, match=said):
        gl.Exercise(function, **options)


def test_misuse_is_a_value_error():
    with pytest.raises(ValueError, match="nothing is called 'slope'"):
        gl.Exercise("x^2", "slope")
    with pytest.raises(ValueError, match=r"is a CodeExercise\(function"):
        gl.Exercise("x^2", "code")
    with pytest.raises(ValueError, match="not 'imaginary'"):
        Domain(values="imaginary")
    with pytest.raises(
        ValueError, match="between 2 and 1, where none can be drawn; write two numbers, the smaller one first"
    ):
        Domain(between={"x": (2, 1)})
    with pytest.raises(TypeError, match="not complex"):
        gl.Exercise("x^2").check(3 + 2j)
    with pytest.raises(ValueError, match="no form is called"):
        gl.Exercise("x^2", demands=["pretty"])
    with pytest.raises(ValueError, match="points"):
        gl.Exercise("x^2", points=0)


def test_components_share_the_points():
    exercise = gl.Exercise("x^2 y + y^3", "gradient", points=4)
    assert exercise.check("[2xy, x^2 + 3y^3]").score == 2
    assert exercise.check("[2xy, x^2 + 3y^2]").score == 4
    assert exercise.check("[2xy]").misconception == "component missing"


def test_a_named_mistake_may_be_worth_a_share():
    exercise = gl.Exercise("sin(3x)", points=2, credit={"inner derivative forgotten": 0.5})
    assert exercise.check("cos(3x)").score == 1
    assert exercise.check("sin(3x)").score == 0


def test_attempts_are_kept_and_only_so_many_count():
    exercise = gl.Exercise("x^2", attempts=2)
    assert gl.grade(exercise, "x").score == 0
    gl.grade(exercise, "2 +")  # not read: no attempt
    assert gl.grade(exercise, "3x").score == 0
    late = gl.grade(exercise, "2x")
    assert (late.verdict, late.score) == ("correct", 0)
    assert [grade.answer for grade in exercise.history] == ["x", "3x", "2x"]


def test_hints_come_one_after_the_other_and_never_tell_the_answer():
    exercise = gl.Exercise("sin(3x) x", hints=["how many factors are there?"])
    shown = [gl.grade(exercise, "sin(3x) + x cos(3x)").hints for _ in range(5)]
    assert [len(hints) for hints in shown] == [0, 1, 2, 3, 4]
    assert shown[1] == ("how many factors are there?",)
    assert "chain rule" in shown[2][1]
    assert all("3 x cos(3 x)" not in hint for hint in shown[-1])


def test_feedback_shows_the_step_and_not_the_answer():
    grade = gl.Exercise("x^2 sin(3x)").check("2x sin(3x) + x^2 cos(3x)")
    assert grade.misconception == "inner derivative forgotten"
    assert "∂/∂x (sin(3 x))" in grade.feedback
    assert "3 cos" not in grade.feedback


def test_a_tie_is_listed_for_the_teacher_and_not_told_to_the_student():
    grade = gl.Exercise("x sin(2x)").check("sin(2x) - 2x cos(2x)")
    assert grade.misconception is None
    assert set(grade.candidates) == {"product rule with a minus", "trigonometric sign"}
    assert "product rule with a minus" not in repr(grade)


def test_what_cannot_be_read_is_told_with_its_place():
    grade = gl.Exercise("x^2").check("2x + z")
    assert grade.verdict == "undecided"
    assert "no variable named 'z'" in grade.feedback
    assert "^" in grade.feedback


def test_numbers_lists_and_arrays_are_answers_too():
    exercise = gl.Exercise("x^2 + 3y^2", "value", at={"x": 1, "y": 2})
    for answer in ([2, 12], np.array([2.0, 12.0]), {"x": 2, "y": 12}, (Fraction(2), "12")):
        assert _verdict(exercise, answer) == "correct"
    with pytest.raises(TypeError, match="not None"):
        exercise.check(None)


def test_digits_that_are_stated_leave_open_what_they_leave_open():
    exercise = gl.Exercise("x^2/(1+x)", "value", at=2, digits=4)
    assert "state at least 4 digits" in exercise.check("0.889").feedback
    assert _verdict(exercise, "0.8889") == "correct"
    assert _verdict(exercise, "0.8890") == "wrong"


def test_demands_on_the_form_are_checked_after_the_value():
    exercise = gl.Exercise("x^3/3 - x", demands=["factored"])
    assert _verdict(exercise, "(x-1)(x+1)") == "correct"
    grade = exercise.check("x^2 - 1")
    assert (grade.verdict, grade.score) == ("wrong", 0)
    assert "product" in grade.feedback


def test_the_domain_of_an_exercise_counts():
    on_positive = gl.Exercise("x^3/3", domain=Domain("real", positive=("x",)))
    assert _verdict(on_positive, "x |x|") == "correct"
    assert _verdict(gl.Exercise("x^3/3"), "x |x|") == "wrong"


def test_a_correct_answer_is_never_rejected_however_it_is_written():
    exercise = gl.Exercise("tan(x)")
    for answer in ("1 + tan(x)^2", "1/cos(x)^2", "sec(x)^2", "sec^2 x", "2/(1 + cos(2x))", r"\frac{1}{\cos^2 x}"):
        assert _verdict(exercise, answer) == "correct", answer


def test_the_solution_ends_with_the_answer():
    assert gl.Exercise("x^2 y", "gradient").solution().endswith("answer: [2 x y, x²]")


def test_the_closed_form_of_a_loss_is_graded():
    shapes = {"X": ("n", "d"), "y": "n", "w": "d"}
    exercise = gl.Exercise("1/n*sum((X w - y)^2)", "closed form", wrt="w", variables=["w", "X", "y"], shapes=shapes)
    assert _verdict(exercise, "2/n X^T (X w - y)") == "correct"
    assert exercise.check("1/n X^T (X w - y)").misconception == "factor 2 missing"
    assert exercise.check("2/n X (X w - y)").verdict != "correct"


def test_an_array_of_another_shape_is_wrong_and_says_the_shape_and_what_cannot_be_multiplied_is_no_attempt():
    shapes = {"X": ("n", "d"), "y": "n", "w": "d"}
    exercise = gl.Exercise("1/n*sum((X w - y)^2)", "closed form", wrt="w", variables=["w", "X", "y"], shapes=shapes)
    for answer, shape in (
        ("2/n (X w - y)", "has shape (n,)"),
        ("2/n X^T X", "has shape (d, d)"),
        ("2", "is a single number"),
    ):
        grade = exercise.check(answer)
        assert grade.verdict == "wrong"
        assert grade.feedback == f"The gradient has shape (d,), as its variable has; this {shape}."
        assert grade.misconception is None
    grade = gl.grade(exercise, "2/n X (X w - y)")
    assert grade.feedback.startswith("cannot multiply shapes (n, d) @ (n,)")
    assert exercise.history == []


def test_an_exercise_shows_itself_in_a_notebook_as_mathematics():
    assert gl.Exercise("x^2", points=2)._repr_markdown_() == (
        r"**Exercise** (2 points). Find the derivative of $f\left(x\right) = x^{2}$."
    )
    own = gl.Exercise("x^2", prompt="What is the slope of $x^2$?")
    assert own._repr_markdown_() == "**Exercise** (1 point). What is the slope of $x^2$?"


def test_feedback_in_a_notebook_writes_the_rule_as_mathematics():
    shown = gl.Exercise("sin(3x)").check("cos(3x)")._repr_markdown_()
    rule = r"$\frac{\mathrm{d}}{\mathrm{d}u} \sin\left(u\right) = \cos\left(u\right)$"
    assert shown.endswith(rf"by the chain rule: {rule}, times $\frac{{\mathrm{{d}}u}}{{\mathrm{{d}}x}}$.")


@pytest.mark.parametrize(
    ("function", "ask", "answer", "said"),
    [
        ("x^2", "derivative", "[2x, 1]", "One expression is asked for, not a vector."),
        ("x^2 y", "gradient", "[2xy, x^2, 1]", "2 components are asked for, and these are 3."),
        ("x^2 y", "gradient", "2xy", "A vector is asked for: write 2 components in brackets, [a, b]."),
        ("x^2 y", "hessian", "[1, 2]", "A matrix of 2 rows of 2 is asked for: write [[a, b], [c, d]]."),
        ("x^2 + y^2", "critical point", "1", "A point has a coordinate for each variable: write (1, 2)."),
        (
            "x^2 + y^2",
            "critical point",
            "[[1, 0, 2]]",
            "Each point has 2 coordinates: write (a, b), or several as [[a, b], [c, d]].",
        ),
        ("x^3 - 3x", "critical point", "[1, 0, 2]", "Not right: 1 missing, 2 of these are no critical point."),
        ("x^3 - 3x", "critical point", "[1, -1, 2]", "Not right: 1 of these is no critical point."),
    ],
)
def test_an_answer_of_another_form_is_told_which_one_is_asked_for(function, ask, answer, said):
    grade = gl.Exercise(function, ask).check(answer)
    assert str(grade.verdict) == "wrong"
    assert grade.feedback.splitlines()[0] == said


def test_each_wrong_answer_before_this_one_gives_one_more_hint():
    exercise = gl.Exercise("sin(x^2)", hints=["think of the chain"])
    shown = [repr(gl.grade(exercise, "cos(x^2)")), repr(gl.grade(exercise, "cos(x)"))]
    assert [text.count("hint:") for text in shown] == [0, 1]
    assert "hint: think of the chain" in shown[1]
    assert "Hint: think of the chain" in gl.grade(exercise, "x")._repr_markdown_()


@pytest.mark.parametrize("ask", ["derivative", "gradient", "hessian", "critical point"])
def test_a_point_that_is_not_asked_about_is_refused(ask):
    with pytest.raises(ExerciseError, match=f'a {ask} is a formula, and at= says x = 3; write ask="value"'):
        gl.Exercise("x^2", ask, at=3)


def test_a_rate_belongs_to_a_step():
    with pytest.raises(ExerciseError, match=r'rate=0\.5 belongs to ask="step"'):
        gl.Exercise("x^2", "value", at=3, rate=0.5)


def test_a_gradient_of_arrays_is_told_to_be_a_closed_form():
    with pytest.raises(ExerciseError, match='it has arrays, so its gradient is one formula of them; write ask="closed'):
        gl.Exercise("w^T w", "gradient", shapes={"w": ("d",)})


@pytest.mark.parametrize(("ask", "more", "answer"), [("derivative", {}, "6x^2"), ("step", {"at": 1, "rate": 1}, "-5")])
def test_a_mal_rule_that_is_added_after_the_first_check_is_seen_and_one_taken_away_is_not(ask, more, answer):
    exercise = gl.Exercise("x^3", ask, **more)
    assert exercise.check(answer).misconception != "power doubled"

    @mal_rule("power doubled", "the exponent was doubled instead of lowered by 1")
    def doubled(step):
        if power_of(step.expression)[0] is step.scope.wrt:
            yield algebra.scale_by(Fraction(6), algebra.raised(step.scope.wrt, 2))

    try:
        assert exercise.check(answer).misconception == "power doubled"
    finally:
        del MAL_RULES["power doubled"]
    assert exercise.check(answer).misconception != "power doubled"


def test_the_inner_derivative_is_by_the_variable_that_is_asked_for():
    found = gl.Exercise("tanh(w x + b)", ask="partial", wrt="w").check("x (1 - tanh(w x + b))")
    assert found.feedback.endswith("times du/dw.")
    assert r"times $\frac{\mathrm{d}u}{\mathrm{d}w}$" in found._repr_markdown_()


def test_the_value_of_the_function_is_not_its_gradient():
    exercise = gl.Exercise("x^2 + y^2 + z^2", ask="value", at={"x": 3, "y": 4, "z": 10})
    told = exercise.check("125")
    assert told.misconception == "value for gradient"
    assert told.feedback.splitlines() == [
        "A vector is asked for: write 3 components in brackets, [a, b, c].",
        "This is the value of the function there, not its gradient.",
    ]
    assert exercise.check("[9, 16, 100]").feedback == "This is the function, or a part of it, not its derivative."


def test_where_a_number_is_asked_for_a_variable_is_told_to_be_put_in():
    assert "put in the value of x" in gl.Exercise("x^2", ask="value", at=-1.5).check("2x").feedback
    assert "put in" not in gl.Exercise("x^2", ask="value", at=-1.5).check("2q").feedback


def test_a_place_that_is_not_level_is_told_its_slope():
    assert (
        gl.Exercise("x^2 - 6x + 11", ask="critical point").check("-3").feedback == "At x = -3 the slope is -12, not 0."
    )
    two = gl.Exercise("h + 1/h", ask="critical point")
    assert two.check("2").feedback == "At h = 2 the slope is 0.75, not 0. 2 such places are asked for."
    assert two.check("0").feedback == "Not right: 2 missing, 1 of these is no critical point."
    assert two.check("1").feedback == "Not right: 1 missing."


def test_unit_vectors_are_not_listed_as_variables():
    assert "the variables are x, y\n" in gl.Exercise("x^2 + y", ask="gradient").check("nonsense").feedback


def test_components_that_cannot_be_read_are_repeated_as_they_were_typed():
    assert "\n  2xy, x^2 +\n" in gl.Exercise("x^2 y", "gradient").check("2xy, x^2 +").error


@pytest.mark.parametrize(
    ("function", "at", "answer", "verdict"),
    [
        ("sin(x)", math.pi, "-1", "correct"),
        ("sin(x)", math.pi, "-0.999999", "wrong"),
        ("sin(x)", math.pi / 2, "0", "correct"),
        ("sin(x)", math.pi / 2, "0.001", "wrong"),
        ("cos(x)", math.pi / 4, "-sqrt(2)/2", "correct"),
        ("sin(x) y", {"x": math.pi, "y": 2}, "[-2, 0]", "correct"),
        ("x^2", 0.1, "0.2", "correct"),
        ("x^2", 0.1, "0.2000001", "wrong"),
    ],
)
def test_an_answer_is_right_where_the_point_is_right_up_to_rounding(function, at, answer, verdict):
    assert gl.Exercise(function, "value", at=at).check(answer).verdict == verdict


def test_a_point_that_is_a_float_is_asked_about_in_few_digits():
    assert gl.Exercise("sin(x)", "value", at=math.pi).prompt == "Find the derivative of f(x) = sin(x) at x = 3.14159."

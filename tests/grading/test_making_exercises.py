import tomllib

import pytest

from gradlab import Exercise
from gradlab.errors import ExerciseError
from gradlab.grading.families import Family, difficulty
from gradlab.grading.files import exercises_of, load, text_of
from gradlab.grading.generating import RULES, generate
from gradlab.grading.working import follow


@pytest.mark.parametrize("rules", [["chain"], ["product"], ["quotient"], ["power", "sum"], ["chain", "product"]])
def test_generated_exercises_need_the_rules_that_are_wanted(rules):
    made = generate(rules, 6, seed=3)
    assert len({exercise.answer for exercise in made}) == 6
    for exercise in made:
        used = {rule for rule, _ in difficulty(exercise)}
        for rule, names in RULES.items():
            if rule in rules or rule not in ("power", "sum"):
                assert bool(used & set(names)) == (rule in rules), (exercise, rule)
        assert exercise.check(exercise.answer).verdict == "correct"


def test_generated_exercises_are_equally_long_and_the_same_for_a_seed():
    first, second = (generate(["chain", "product"], 5, seed=7) for _ in range(2))
    assert [each.prompt for each in first] == [each.prompt for each in second]
    assert [each.prompt for each in generate(["chain", "product"], 5, seed=8)] != [each.prompt for each in first]
    lengths = [sum(times for _, times in difficulty(each)) for each in first]
    assert max(lengths) - min(lengths) <= 4


@pytest.mark.parametrize(("rules", "options"), [([], {}), (["magic"], {}), (["chain"], {"level": 9})])
def test_what_cannot_be_generated_is_told(rules, options):
    with pytest.raises(ExerciseError):
        generate(rules, 2, **options)


def test_a_family_draws_exercises_of_one_difficulty():
    family = Family("a x^b sin(c x)", {"a": [0, 2, 3], "b": [2, 3, 4], "c": [1, 2, 5]})
    made = family.exercises(6, seed=1)
    assert len({exercise.prompt for exercise in made}) == 6
    assert len({difficulty(exercise) for exercise in made}) == 1
    assert [e.prompt for e in family.exercises(6, seed=1)] == [e.prompt for e in made]


def test_a_family_that_is_too_small_says_so():
    with pytest.raises(ExerciseError, match="not 3"):
        Family("a x^2", {"a": [2, 3]}).exercises(3)
    with pytest.raises(ExerciseError, match="does not contain b"):
        Family("a x^2", {"a": [1], "b": [2]})


def test_exercises_survive_being_written(tmp_path):
    made = [
        Exercise("x^2 y", "gradient", points=2, hints=["hold \"y\" constant"]),
        Exercise("x^2 + 3y^2", "step", at={"x": 1, "y": 2}, rate=0.1),
        Exercise("[x y, x + y]", "jacobian"),
        Exercise("x^2 - 1", demands=["factored"], attempts=3),
    ]  # fmt: skip
    path = tmp_path / "exercises.toml"
    path.write_text(text_of(made), encoding="utf-8")
    again = load(path)
    assert [each.prompt for each in again] == [each.prompt for each in made]
    assert [each.answer for each in again] == [each.answer for each in made]
    assert again[0].hints == made[0].hints
    assert (again[3].demands, again[3].attempts) == (("factored",), 3)


def test_a_family_in_a_file_makes_several():
    stored = tomllib.loads('[[exercise]]\nfunction = "a x^2"\nparameters = { a = [2, 3, 4] }\ncount = 2\nseed = 5\n')
    assert len(exercises_of(stored)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "hold no exercise"),
        ("[[exercise]]\nask = 'gradient'", "exercise 1: function is missing"),
        ("[[exercise]]\nfunction = 'x^2'\n[[exercise]]\nfunction = 'x^2 +'", "exercise 2: '\\+' has nothing after it"),
        ("[[exercise]]\nfunction = 'x^2'\nhint = 'a'", "no key 'hint'; did you mean 'hints'?"),
        (
            "[[exercise]]\nfunction = 'x^2'\ndomain = { positiv = ['x'] }",
            "domain: no key 'positiv'; did you mean 'positive'?",
        ),
        ("[[exercise]\n", "no TOML file"),
    ],
)
def test_a_faulty_file_says_where(tmp_path, text, said):
    path = tmp_path / "exercises.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExerciseError, match=said):
        load(path)


def test_the_first_line_that_does_not_follow_is_named():
    exercise = Exercise("x^2 sin(x)", points=3)
    work = follow(exercise, "f'(x) = 2x sin(x) + x^2 cos(x)\n= x (2 sin x + x cos x)\n= x (2 sin x + cos x)")
    assert work.wrong == 2
    assert work.score == 2
    assert [line.certificate.equal for line in work.lines] == [True, True, False]


def test_a_line_that_follows_from_a_wrong_one_is_not_named():
    work = follow(Exercise("sin(3x)^2"), ["dy/dx = 2 sin(3x) cos(3x)", "sin(6x)"])
    assert work.wrong == 0
    assert work.lines[1].certificate.equal
    assert work.diagnosis.name == "inner derivative forgotten"
    assert work.score == 0


def test_a_line_that_cannot_be_read_is_shown_with_its_reason():
    work = follow(Exercise("x^2"), ["2x", "2x + +"])
    assert work.wrong is None
    assert "nothing after it" in work.lines[1].error
    assert work.score < 1


@pytest.mark.parametrize(
    ("rules", "options", "said"),
    [
        (["magic"], {}, "there is no rule magic; there are "),
        ([], {}, "there is no rule named"),
        (["power"], {"level": 4}, "the level is 1, 2 or 3, not 4"),
    ],
)
def test_what_cannot_be_generated_is_said(rules, options, said):
    with pytest.raises(ExerciseError, match=said):
        generate(rules, 1, **options)


def test_no_exercises_are_refused():
    with pytest.raises(ExerciseError, match="0 exercises cannot be made at once; ask for 1 to 10,000"):
        generate(["power"], 0)
    with pytest.raises(ExerciseError, match="a family has parameters with values; a"):
        Family("a x^2", {"a": []})


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_level_has_exercises(level):
    assert len(generate(["chain"], 1, seed=3, level=level)) == 1

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

import gradlab as gl
from gradlab.checking import verify
from gradlab.errors import DoesNotFollow
from gradlab.graph import algebra
from gradlab.sources import at_point
from gradlab.symbolic import derive
from gradlab.symbolic.saving import document, save
from tests.models import MODELS
from tests.sampling import sampled
from tests.symbolic.scalar_corpus import CORPUS
from tests.test_fourteen_problems import PROBLEMS

SOURCES = {model.name: lambda model=model: at_point(model.source, model.at)[0] for model in MODELS}
PROBLEM = {problem.name: lambda p=problem: gl.as_function(p.function, shapes=p.shapes) for problem in PROBLEMS}


def written(f, steps=None, **changes):
    derivation = derive(f)
    partials = {**derivation.partials, **changes}
    made = document(derivation.function, derivation.wrt, derivation.steps if steps is None else steps, partials)
    return json.loads(json.dumps(made))


@pytest.mark.parametrize("name", PROBLEM)
def test_the_derivation_of_every_problem_of_a_first_course_is_accepted(name):
    f = PROBLEM[name]()
    found = verify(written(f))
    assert found.lines >= len(derive(f).steps) + len(f.variables)
    assert found.points >= 2


@pytest.mark.parametrize("name", sampled(SOURCES, 3))
def test_the_derivation_of_every_model_is_accepted(name):
    assert verify(written(SOURCES[name]())).points >= 2


STEPS = [
    (name, place)
    for name in ("least squares", "softmax cross-entropy in the logits", "tanh network", "attention", "log det")
    for place in range(len(derive(PROBLEM[name]()).steps))
]


@pytest.mark.parametrize(("name", "place"), sampled(STEPS, 2, single=False))
def test_a_step_that_is_off_is_refused_and_named(name, place):
    f = PROBLEM[name]()
    steps = list(derive(f).steps)
    right = steps[place].after
    for wrong in (algebra.negative(right), algebra.add(right, algebra.number(1, right.axes))):
        steps[place] = replace(steps[place], after=wrong)
        with pytest.raises(DoesNotFollow) as caught:
            verify(written(f, steps))
        assert caught.value.line == f"line {place + 1}"


def test_a_step_inside_a_step_is_named():
    f = gl.as_function("x sin(x^2)")
    (first, *others) = derive(f).steps
    (*before, last) = first.substeps
    wrong = replace(last, after=algebra.scale_by(2, last.after))
    with pytest.raises(DoesNotFollow) as caught:
        verify(written(f, [replace(first, substeps=(*before, wrong)), *others]))
    assert caught.value.line == f"line 1.{len(first.substeps)}"


def test_a_wrong_gradient_is_refused():
    f = gl.as_function("x^2 y")
    with pytest.raises(DoesNotFollow) as caught:
        verify(written(f, y=derive(f).partials["x"]))
    assert caught.value.line == "gradient of y"


def test_a_document_reads_as_the_derivation_does():
    made = written("x*sin(x**2)")
    assert made["formula"] == "x*sin(x**2)"
    assert made["steps"][0]["before"] == "d(x*sin(x**2), x)"
    assert verify(made).points == 10


def test_a_document_grows_as_the_derivation_does():
    def chain(length):
        def f(x):
            for _ in range(length):
                x = torch.tanh(x) * x
            return x.sum()

        return len(json.dumps(written(gl.as_function(f, shapes={"x": ("n",)}))))

    short, long = chain(10), chain(40)
    assert long < 4.5 * short


LONG = "sin(sigmoid(x)/log(x) - softplus(x)/cosh(x))"


@pytest.mark.parametrize(
    ("text", "named"), [(f"y + {LONG}", 0), (f"y {LONG} + exp({LONG})", 1), ("y x^2 + exp(x^2)", 0)]
)
def test_what_is_long_and_occurs_twice_is_written_once(text, named):
    made = document(gl.as_function(text), (), (), {})
    assert len(made["where"]) == named
    assert f"{made['formula']}{made['where']}".count("log(") == (LONG in text)


def test_a_derivative_is_written_where_it_is_taken():
    made = written(f"{LONG} cos(x {LONG})")
    assert made["where"]
    assert not any(re.search(r"\bd\(", text) for text in made["where"].values())
    assert re.search(r"\bd\(", made["steps"][0]["after"])


def test_what_is_rolled_is_checked_at_a_size_that_it_can_be_rolled_by():
    made = written(gl.as_function(lambda x: (torch.roll(x, 7) * x).sum(), shapes={"x": ("n",)}))
    assert made["sizes"] == {"n": 8}
    verify(made)


def test_names_that_the_notation_keeps_are_changed():
    made = written(gl.as_function(lambda inf, x: (inf * x).sum(), shapes={"inf": ("n",), "x": ("n",)}))
    assert list(made["variables"]) == ["inf_", "x"]
    verify(made)


def test_names_with_dots_are_changed():
    module = torch.nn.Sequential(torch.nn.Linear(2, 1)).double()
    function, _ = at_point(module, {"input": np.ones(2)})
    made = written(replace(function, output=algebra.contract([function.formula], [(0,)], (), (1,))))
    assert list(made["variables"]) == ["input", "v_0_weight", "v_0_bias"]
    verify(made)


def test_the_way_that_the_code_went_is_a_condition():
    def f(x):
        return x**2 if x > 1 else -x

    made = written(at_point(f, {"x": 3.0})[0])
    assert made["if"] == ["x > 1"]
    verify(made)
    other = written(at_point(f, {"x": 0.0})[0])
    assert other["if"] == ["logical_not(x > 1)"]
    verify(other)


def test_positions_are_drawn_as_whole_numbers():
    classes = np.array([0, 2, 1])
    function = gl.as_function(
        lambda Z, c: torch.nn.functional.cross_entropy(Z, c), shapes={"Z": ("n", "k")}, data={"c": classes}
    )
    made = written(function)
    assert made["whole"] == {"c": made["sizes"]["k"]}
    verify(made)


def test_a_document_is_saved_as_json(tmp_path):
    path = tmp_path / "derivation.json"
    save(written("x**2"), path)
    assert verify(json.loads(path.read_text(encoding="utf-8"))).lines >= 2


def test_second_derivatives_are_checked_too():
    derivation = derive("x**2*y + y**3", order=2)
    made = document(derivation.function, derivation.wrt, derivation.steps, derivation.partials)
    assert verify(made).lines > verify(written("x**2*y + y**3")).lines


@pytest.mark.parametrize("source", sampled((entry[0] for entries in CORPUS.values() for entry in entries), 4))
def test_the_derivation_of_every_scalar_function_is_accepted(source):
    derivation = derive(source)
    assert not derivation.wrt or verify(derivation.document()).points >= 2

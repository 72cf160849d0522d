"""`gradlab descend`: rules, schedules, batches and conditions as they are typed, and how the process ends."""

from __future__ import annotations

import json

import pytest

from gradlab import cli
from gradlab.descent import (
    Adam,
    AdamW,
    Cosine,
    GradientDescent,
    Momentum,
    OneCycle,
    RMSProp,
    Trajectory,
    WarmUp,
    descend,
)


@pytest.fixture
def descending(capsys):
    """Run `gradlab descend` with --json; return its exit code and the results, or what it said."""

    def run(*words):
        code = cli.main(["descend", *words, "--json"])
        printed = capsys.readouterr()
        found = json.loads(printed.out)
        return code, found["results"] if "results" in found else found["error"]["message"]

    return run


FUNCTION = ["x^2 + 3 y^2", "--start", "x=2", "y=1"]
START = {"x": 2.0, "y": 1.0}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ([], GradientDescent(0.1)),
        (["--rate", "0.2"], GradientDescent(0.2)),
        (["--optimizer", "adam"], Adam()),
        (["--optimizer", "adam", "first=0.8", "largest=1", "--rate", "0.3"], Adam(0.3, 0.8, largest=True)),
        (["--optimizer", "adamw", "decay=0.1", "rate=0.01"], AdamW(0.01, decay=0.1)),
        (["--optimizer", "rmsprop", "centred=1"], RMSProp(centred=True)),
        (["--schedule", "cosine", "steps=50", "lowest=0.01", "--rate", "0.3"], GradientDescent(Cosine(0.3, 50, 0.01))),
        (
            ["--optimizer", "momentum", "--schedule", "one-cycle", "highest=0.1", "steps=9"],
            Momentum(OneCycle(0.1, 9)),
        ),
        (["--schedule", "warm-up", "rate=0.1", "steps=5"], GradientDescent(WarmUp(0.1, 5))),
    ],
)
def test_a_rule_is_typed_by_its_name_and_settings(descending, words, rule):
    code, found = descending(*FUNCTION, "--steps", "12", *words)
    assert code == 0
    done = descend("x^2 + 3 y^2", START, rule=rule, steps=12)
    assert found["losses"] == done.losses.tolist()


@pytest.mark.parametrize("name", ["newton", "gauss-newton", "exact-line-search", "armijo"])
def test_rules_that_look_further_than_the_gradient_are_typed_too(descending, name):
    code, found = descending(*FUNCTION, "--optimizer", name, "--steps", "3")
    assert code == 0
    assert found["losses"][-1] < found["losses"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--optimizer", "adm"], "--optimizer adm: did you mean 'adam'?"),
        (["--optimizer", "adam", "beta=0.9"], "Adam has no setting 'beta'; there are rate, first, second"),
        (["--optimizer", "adam", "first=1"], "first=1.0 is not between 0 and 1"),
        (["--optimizer", "armijo", "--rate", "0.1"], "armijo finds the length of its steps itself"),
        (["--schedule", "cosine", "--rate", "0.1"], "Cosine needs steps: write steps=…"),
        (["--schedule", "step", "every=2.5", "--rate", "0.1"], "every=2.5 is not a whole number"),
        (["--schedule", "spiral"], "--schedule spiral: there are step, cosine, warm-up, one-cycle"),
        (["--stop", "flt=1"], "--stop flt: did you mean 'flat'?"),
        (["--stop", "flat=-1"], "below=-1.0 is negative"),
        (["--stop", "flat=1,2"], "write one number"),
        (["--batch-size", "3"], "has no data"),
        (["--epochs", "3"], "epochs=3 without batches"),
        (["--rate", "nan"], "'nan' is no learning rate"),
        (["--rate", "0"], "'0' is no learning rate"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_type(descending, words, said):
    code, message = descending(*FUNCTION, *words)
    assert code == 2
    assert said in message


def test_conditions_are_typed_by_name(descending):
    code, found = descending(*FUNCTION, "--steps", "1000", "--stop", "flat=1e-3", "seconds=100")
    assert code == 0
    assert found["stopped"].startswith("the gradient is ")
    _, found = descending("x^2 + 1", "--start", "x=1", "--stop", "patience=2", "--steps", "1000")
    assert "the loss has not fallen" in found["stopped"]


def test_data_are_cut_into_batches(descending):
    words = ["(w*x - y)^2", "--data", "x=2", "y=3", "--start", "w=0", "--batch-size", "1"]
    code, message = descending(*words)
    assert (code, "has no data" in message) == (2, True)
    words = ["norm(w*x - y)^2 / 4", "--data", "x=1,2,3,4", "y=2,4,6,8", "--shape", "x=n", "y=n", "--start", "w=0"]
    code, found = descending(*words, "--batch-size", "2", "--epochs", "3", "--rate", "0.05", "--seed", "1")
    assert code == 0, found
    assert found["steps"] == 6


def test_a_run_that_diverges_ends_with_a_code_of_its_own(descending):
    code, found = descending(*FUNCTION, "--rate", "1", "--steps", "20")
    assert code == 4
    assert found["diagnosis"].startswith("diverging")
    code, found = descending("sqrt(x)", "--start", "x=1", "--rate", "0.9", "--steps", "20")
    assert code == 4
    assert "step 2 led" in found["stopped"]


def test_a_run_is_saved_and_goes_on(descending, tmp_path):
    path = str(tmp_path / "run.npz")
    code, found = descending(*FUNCTION, "--optimizer", "adam", "--rate", "0.1", "--steps", "5", "--save", path)
    assert (code, found["saved"]) == (0, path)
    assert Trajectory.load(path).steps == 5
    code, found = descending("--resume", path, "--steps", "7")
    assert code == 0
    assert found["losses"] == descend("x^2 + 3 y^2", START, rule=Adam(0.1), steps=12).losses.tolist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--resume", "nowhere"], "No such file"),
        (["x^2", "--start", "x=1", "--resume", "nowhere"], "give --start or --resume, not both"),
        (["x^2"], "--start is missing"),
    ],
)
def test_a_run_that_cannot_go_on_says_why(descending, words, said):
    code, message = descending(*words)
    assert code == 2
    assert said in message


def test_a_file_that_cannot_be_written_is_named(descending, tmp_path):
    code, message = descending(*FUNCTION, "--save", str(tmp_path / "no" / "run"))
    assert code == 2
    assert "there is no folder" in message

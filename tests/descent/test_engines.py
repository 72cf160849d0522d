from __future__ import annotations

import numpy as np
import pytest

from gradlab.descent import GradientDescent, descend
from gradlab.errors import GradlabError, NoFormulaError, NotScalarError
from gradlab.sources import as_function
from tests.descent import rollercoaster as ride

SEVERAL = {"W": [[0.5, -1.0], [2.0, 0.25]], "b": 0.75, "v": [1.0, -2.0]}


def several(W, b, v):
    return ((W @ v + b) ** 2).sum() + b**2


def run(f, start, engine, steps=10, rate=0.01):
    return descend(f, start, rule=GradientDescent(rate), steps=steps, engine=engine, check=False)


@pytest.mark.parametrize("engine", ["exact", "torch", "numeric", "auto"])
def test_ten_steps_reproduce_the_published_table(engine):
    # The table's own rounding: losses to 2e-6 relative (float32), parameters to four decimals.
    done = run(ride.torch_loss(), ride.START, engine, rate=1e-5)
    assert done.losses[:10] == pytest.approx(ride.PUBLISHED["loss"], rel=2e-6)
    for place, name in enumerate("abc"):
        assert done.points.of("params")[:10, place] == pytest.approx(ride.PUBLISHED[name], abs=1.1e-4)


def test_the_loop_by_hand_takes_the_same_steps():
    import torch

    time, speed = (torch.tensor(ride.RIDE[name], dtype=torch.float64) for name in ("time", "speed"))
    params = torch.tensor(ride.START, dtype=torch.float64).requires_grad_()
    points, losses = [], []
    for _ in range(100):
        loss = ride.mse(ride.f(time, params), speed)
        loss.backward()
        points.append(params.tolist())
        losses.append(loss.item())
        with torch.no_grad():
            params -= 1e-5 * params.grad
        params.grad = None
    done = run(ride.torch_loss(), ride.START, "torch", steps=99, rate=1e-5)
    assert done.points.rows.tolist() == points  # the same operations, so the same bits
    assert done.losses.tolist() == losses


def test_exact_and_torch_agree_over_1000_steps():
    exact, torch = (run(ride.torch_loss(), ride.START, name, steps=1000, rate=1e-5) for name in ("exact", "torch"))
    assert exact.losses == pytest.approx(torch.losses, rel=1e-10)
    assert exact.points.rows == pytest.approx(torch.points.rows, rel=1e-10)


@pytest.mark.parametrize("engine", ["exact", "torch", "numeric"])
def test_variables_of_several_shapes_step_together(engine):
    done = run(several, SEVERAL, engine, steps=1)
    W, b, v = (np.array(SEVERAL[name]) for name in "Wbv")
    residual = W @ v + b
    by_hand = {"W": 2 * np.outer(residual, v), "b": 2 * residual.sum() + 2 * b, "v": 2 * W.T @ residual}
    for name, gradient in by_hand.items():
        assert done.gradients[0][name] == pytest.approx(gradient, rel=1e-7)
        assert done.points[1][name] == pytest.approx(SEVERAL[name] - 0.01 * gradient, rel=1e-7)


@pytest.mark.parametrize("engine", ["exact", "torch", "numeric"])
def test_a_variable_that_does_not_occur_stays_where_it_is(engine):
    done = run(as_function("x**2", variables=["x", "unused"]), {"x": 1.0, "unused": 7.0}, engine)
    assert done.points.of("unused").tolist() == [7.0] * 11


def test_text_is_descended_through_torch_by_its_graph():
    done = run("x**2 + sin(y)", {"x": 1.0, "y": 0.5}, "torch", rate=0.1)
    exact = run("x**2 + sin(y)", {"x": 1.0, "y": 0.5}, "exact", rate=0.1)
    assert done.points.rows == pytest.approx(exact.points.rows, rel=1e-13)


@pytest.mark.parametrize("engine", ["exact", "torch", "numeric"])
def test_a_constant_has_nowhere_to_descend_to(engine):
    for constant in (as_function("3", variables=["x"]), lambda x: 3.0):
        done = run(constant, 1.0, engine)
        assert done.losses.tolist() == [3.0]
        assert done.diagnosis.startswith("flat")


def test_code_that_does_not_take_the_dtype_is_descended_through_torch_by_its_formula():
    import torch

    single = torch.tensor([[1.0, 2.0], [3.0, 5.0]])  # float32: torch multiplies no float64 vector by it
    done = run(lambda w: ((single @ w) ** 2).sum(), [1.0, -1.0], "torch", steps=1)
    assert done.losses[0] == 5.0
    assert done.gradients[0]["w"].tolist() == [-14.0, -24.0]


def test_data_bound_to_a_function_is_not_descended():
    bound = as_function("(x - target)**2", data={"target": 5.0})
    for engine in ("exact", "torch", "numeric"):
        assert list(run(bound, 3.0, engine, rate=0.5, steps=2).points[-1]) == ["x"]
        assert run(bound, 3.0, engine, rate=0.5, steps=1).points.of("x") == pytest.approx([3, 5], rel=1e-7)


def test_torch_computes_in_the_dtype_of_the_start():
    import torch

    start = torch.tensor(ride.START)
    done = run(ride.torch_loss(), start, "torch", steps=3, rate=1e-5)
    assert done.points.rows.dtype == np.float64
    assert np.array_equal(done.points.rows, done.points.rows.astype(np.float32))
    double = run(ride.torch_loss(), start.double(), "torch", steps=3, rate=1e-5)
    assert not np.array_equal(double.points.rows, double.points.rows.astype(np.float32))


def test_the_start_given_as_a_tensor_is_left_alone():
    import torch

    start = torch.tensor([1.0, 2.0], requires_grad=True)
    run(lambda w: (w**2).sum(), start, "torch")
    assert start.tolist() == [1.0, 2.0]
    assert start.grad is None


def test_weights_that_the_code_holds_gather_no_gradient():
    import torch

    weights = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    done = run(as_function(lambda w: (weights * w**2).sum(), opaque=True), [1.0, 2.0], "torch", steps=2)
    assert weights.grad is None
    assert done.gradients[0]["w"].tolist() == [6.0, 16.0]


def test_auto_takes_the_formula_where_there_is_one():
    assert run("x**2", 1.0, "auto").engine == "exact"
    assert run(ride.torch_loss(), ride.START, "auto", rate=1e-5).engine == "exact"


def test_auto_takes_torch_for_code_that_takes_tensors_and_has_no_formula():
    import torch

    code = as_function(lambda w: torch.linalg.norm(w) ** 2, opaque=True)
    assert run(code, [1.0, 2.0], "auto").engine == "torch"


def test_auto_takes_differences_for_code_that_takes_no_tensors_and_has_no_formula():
    code = as_function(lambda x: float(np.square(float(x))), opaque=True)
    assert run(code, 1.0, "auto").engine == "numeric"


def test_auto_takes_differences_for_torch_code_that_cuts_the_graph():
    import torch

    code = as_function(lambda w: torch.tensor(float((torch.as_tensor(w) ** 2).sum())), opaque=True)
    assert run(code, [1.0, 2.0], "auto").engine == "numeric"


def test_exact_without_a_formula_is_an_error_that_says_why():
    with pytest.raises(NoFormulaError, match="opaque"):
        run(as_function(lambda x: x**2, opaque=True), 1.0, "exact")


@pytest.mark.parametrize("engine", ["exact", "torch", "numeric"])
def test_a_loss_that_is_not_one_number_is_an_error(engine):
    with pytest.raises(NotScalarError):
        run(lambda x: x**2, [1.0, 2.0], engine)


def test_code_that_takes_no_tensors_is_an_error_in_torch():
    with pytest.raises(GradlabError, match="does not run on torch tensors"):
        run(as_function(lambda x: np.square(x.tolist(), dtype=int), opaque=True), 1.5, "torch")


def test_code_that_cuts_the_graph_is_an_error_in_torch():
    import torch

    cut = as_function(lambda w: torch.tensor(float((w**2).sum())), opaque=True)
    with pytest.raises(GradlabError, match="cuts it off"):
        run(cut, [1.0, 2.0], "torch")


def test_an_unknown_engine_is_told_the_known_ones():
    with pytest.raises(
        ValueError, match="no engine named 'backward'; there are exact, torch, numeric, compiled and auto"
    ):
        run("x**2", 1.0, "backward")

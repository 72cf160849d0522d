"""The picture of a backward pass."""

from xml.etree import ElementTree

import pytest

from gradlab import backward
from gradlab.autodiff.drawing import _is_sum
from tests.autodiff.test_table import NETWORK, wrong_in_the_middle
from tests.models import MODELS
from tests.models.first_course import tanh_network

SVG = "{http://www.w3.org/2000/svg}"
SOME = [model for model in MODELS if model.name in ("x*sin(x^2)", "tanh network", "recurrent", "gru", "cross product")]


def boxes(root):
    return [rect for rect in root.iter(f"{SVG}rect") if "box" in rect.get("class")]


@pytest.mark.parametrize("model", SOME, ids=lambda model: model.name)
def test_each_operation_has_a_box_inside_the_picture_and_none_overlap(model):
    table = backward(model.source, model.at).table()
    root = ElementTree.fromstring(table.svg())
    width, height = float(root.get("width")), float(root.get("height"))
    places = [[float(box.get(name)) for name in ("x", "y", "width", "height")] for box in boxes(root)]
    assert len(places) == len(table.rows)
    assert all(0 <= x <= x + w <= width and 0 <= y <= y + h <= height for x, y, w, h in places)
    for at, (x, y, w, h) in enumerate(places):
        for left, top, wide, high in places[:at]:
            assert x + w <= left or left + wide <= x or y + h <= top or top + high <= y


def test_values_go_down_and_deltas_come_back_up():
    root = ElementTree.fromstring(backward("x*sin(x^2)", 1.0).table().svg())
    kinds = [path.get("class") for path in root.iter(f"{SVG}path")]
    assert sorted(kinds) == ["back"] * 4 + ["forward"] * 4
    for path in root.iter(f"{SVG}path"):
        numbers = path.get("d").replace("M", " ").replace("C", " ").split()
        assert (float(numbers[1]) < float(numbers[-1])) == (path.get("class") == "forward")


def test_a_box_holds_value_name_and_delta_and_its_arrow_the_local_derivative():
    written = [
        text.text for text in ElementTree.fromstring(backward("x*sin(x^2)", 1.0).table().svg()).iter(f"{SVG}text")
    ]
    at = written.index("x²")
    assert written[at - 1 : at + 2] == ["1", "x²", "δ = 0.5403"]
    assert "× cos(x²)" in written


def test_the_picture_says_in_words_what_it_shows():
    root = ElementTree.fromstring(backward("x*sin(x^2)", 1.0).table().svg())
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.find(f"{SVG}title").text == "backpropagation of f(x)"
    assert "x² has the value 1 and the delta 0.5403" in root.find(f"{SVG}desc").text


def test_the_picture_stands_alone_and_knows_dark_screens():
    drawn = backward("max(x, 1)", 0.5).table().svg()
    assert "prefers-color-scheme: dark" in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_the_first_disagreement_stands_out():
    root = ElementTree.fromstring(backward(wrong_in_the_middle, NETWORK).table().svg())
    marked = [box.get("class") for box in boxes(root) if "wrong" in box.get("class")]
    assert len(marked) == 5
    assert sum("first" in kind for kind in marked) == 1


def test_what_gets_no_delta_has_no_arrow_back():
    root = ElementTree.fromstring(backward("x*y", {"x": 2, "y": 3}, wrt="x").table().svg())
    assert [path.get("class") for path in root.iter(f"{SVG}path")].count("back") == 1
    assert sum("still" in box.get("class") for box in boxes(root)) == 1


def test_a_sum_gets_brackets_as_a_factor():
    root = ElementTree.fromstring(backward(tanh_network, NETWORK).table().svg())
    assert "× (1 - H^⊙2)" in [text.text for text in root.iter(f"{SVG}text")]
    assert [_is_sum(written) for written in ("1 - h²", "2 x", "p (1 - p)", "-sin(x)")] == [True, False, False, False]

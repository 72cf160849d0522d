import numpy as np

from gradlab import estimate


def test_a_notebook_shows_a_table_with_its_bounds_and_kinks():
    shown = estimate(lambda x: np.abs(x).sum(), [0.0, 2.0])._repr_html_()
    assert "gradient by the numeric route at x = [0, 2], where f = 2" in shown
    for cell in ("x[0]", "x[1]", "± error", "kink in x[0]: slope -1 to the left, 1 to the right"):
        assert cell in shown


def test_a_long_gradient_is_cut_and_says_by_how_much():
    shown = estimate(lambda x: (x**2).sum(), np.arange(100.0))._repr_html_()
    assert shown.count("<tr>") == 25
    assert "and 76 components more" in shown


def test_what_a_note_says_is_shown_as_typed():
    gradient = estimate("abs(x)^1.1", 0)
    assert any("few digits" in note for note in gradient.notes)
    assert "few digits" in gradient._repr_html_()

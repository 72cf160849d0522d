"""The page itself, run once without a browser, its questions answered in this process."""

from __future__ import annotations

import pytest

pytest.importorskip("marimo", reason="the lab needs the extra `lab`, which `make test` installs")

from gradlab.lab import answering, workers  # after the check for marimo, without which there is no page


@pytest.fixture(scope="module")
def shown():
    from gradlab.lab.app import app

    asked: list[str] = []

    def here(question, *arguments, slow):
        asked.append(question)
        return answering.answer(question, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "asked", here)
        outputs, names = app.run()
    return "".join(getattr(output, "text", "") for output in outputs if output is not None), names, asked


def test_the_page_asks_each_question_once_and_writes_no_report_unasked(shown):
    _, _, asked = shown
    assert sorted(asked) == ["derivation", "descent", "gradients", "limit", "movable"]


def test_the_page_shows_picture_verdict_and_derivation(shown):
    html, _, _ = shown
    assert "data:image/png;base64," in html
    assert "✓ agree" in html
    assert "lab-lines" in html


def test_the_page_begins_with_what_is_drawn_before_it_is_there(shown):
    _, names, _ = shown
    assert names["asked"] == answering.answer("first").found[0]


def test_every_control_has_a_label(shown):
    _, names, _ = shown
    controls = [names[name] for name in ("picked", "typed", "rate", "rule", "steps", "form")]
    for control in (*controls, *names["start"].elements):
        assert control._args.label, control

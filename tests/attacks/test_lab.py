"""The lab under a hand that is not its page: forged values, other pages, questions without an end."""

from __future__ import annotations

import asyncio
import sys
from html import escape
from types import SimpleNamespace

import pytest

from gradlab.lab import answering, guarding, serving, workers
from gradlab.lab.models import MODELS

FORGED = [None, "<script>alert(1)</script>", {"value": 1}]


@pytest.fixture
def shown(monkeypatch):
    """Run the page with other values in its controls, and return what it shows."""
    pytest.importorskip("marimo", reason="the lab needs the extra `lab`, which `make test` installs")
    from gradlab.lab.app import app

    def asked(question, *given, slow):
        loads_torch = question == "gradients"
        return answering.Answer(problem="not here") if loads_torch else answering.answer(question, *given)

    monkeypatch.setattr(workers, "asked", asked)

    def run(**controls):
        outputs, _ = app.run(defs={name: SimpleNamespace(value=value) for name, value in controls.items()})
        return "".join(getattr(output, "text", "") for output in outputs if output is not None)

    return run


@pytest.mark.parametrize("value", FORGED, ids=repr)
def test_a_forged_choice_is_told_and_the_page_goes_on(value, shown):
    html = shown(picked=value, form=value)
    for what in ("function", "format"):
        assert f"no {what} {escape(repr(value))} in the list; there are " in html
    assert "<script>" not in html
    assert "data:image/png;base64," in html


@pytest.mark.parametrize("value", [["x"], {"value": "x"}, [[]], None, 5], ids=repr)
def test_a_formula_that_is_no_text_is_told(value):
    told = answering.answer("movable", value, MODELS[0].name).problem
    assert told == f"a formula is text, and this is {type(value).__name__}; write for example x^2 + y"
    assert "no function 'x' in the list; there are A parabola" in answering.answer("movable", "x^2", "x").problem


def answered(headers, kind="http"):
    """Return what the guard sends to a request of these headers."""
    sent = []

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    asyncio.run(guarding.Guard(page)(scope, None, send))
    return sent[0]


HOST = "127.0.0.1:2027"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:8888",
        "http://localhost:2027",
        "null",
        "",
        "http://[",
        "http://127.0.0.1",
    ],
)
def test_what_another_page_sends_is_refused(origin):
    headers = {"host": HOST, "origin": origin}
    assert answered(headers)["status"] == 403
    assert answered(headers, "websocket")["type"] == "websocket.close"


@pytest.mark.parametrize("headers", [{"host": HOST, "origin": f"http://{HOST}"}, {"host": HOST}, {}])
def test_what_the_page_itself_sends_is_passed_on_and_framed_nowhere(headers):
    passed = answered(headers)
    assert passed["status"] == 200
    assert guarding.FRAMED in passed["headers"]


def test_marimo_serves_nothing_without_the_guard(monkeypatch, tmp_path):
    registry = pytest.importorskip("marimo._server.registry", reason="the lab needs the extra `lab`")
    registry.MIDDLEWARE_REGISTRY.unregister("gradlab")
    guarded = []
    monkeypatch.setattr(
        serving.runpy, "run_module", lambda *_, **__: guarded.extend(registry.MIDDLEWARE_REGISTRY.get_all())
    )
    try:
        before = sys.argv
        serving._run("127.0.0.1", 2027, "token", tmp_path)
    finally:
        registry.MIDDLEWARE_REGISTRY.unregister("gradlab")
    assert [found.cls for found in guarded] == [guarding.Guard]
    assert sys.argv is before

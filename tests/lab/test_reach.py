"""Who can reach the page, and what is said where it cannot be shown."""

from __future__ import annotations

import socket
import webbrowser

import pytest

from gradlab import cli
from gradlab.lab import serving


def _said(capsys, *arguments):
    code = cli.main(["lab", *arguments])
    return code, capsys.readouterr().err


def test_a_busy_port_is_said_with_another_one(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = _said(capsys, "--port", str(port))
    assert code == 2
    assert f"port {port} of 127.0.0.1 is taken" in said
    assert f"gradlab lab --port {port + 1}" in said


@pytest.mark.parametrize("port", ["0", "70000", "http", "-1"])
def test_a_port_that_is_none_is_bad_input(port, capsys):
    code, said = _said(capsys, "--port", port)
    assert code == 2
    assert port in said


def test_a_host_that_is_not_this_machine_is_bad_input(capsys):
    code, said = _said(capsys, "--host", "192.0.2.1")  # an address for documentation, nobody's
    assert code == 2
    assert "192.0.2.1" in said


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    code, said = _said(capsys)
    assert code == 2
    assert 'pip install "gradlab[lab]"' in said


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("example", False)],
)
def test_only_this_machine_is_local(host, local):
    assert serving.is_local(host) is local


def _served(monkeypatch, **options):
    """Serve to nobody: everything but the server itself."""
    ran = []
    monkeypatch.setattr(serving, "_run", lambda *what: ran.append(what))
    monkeypatch.setattr(serving, "_once_there", lambda *what: None)
    monkeypatch.setattr("gradlab.lab.workers.drawing", lambda: type("Idle", (), {"start": lambda self: None})())
    monkeypatch.setattr(serving, "check", lambda host, port: None)
    serving.serve(**options)
    return ran


def test_it_listens_to_this_machine_alone_and_warns_of_nothing(monkeypatch, capsys):
    ((host, _, _),) = _served(monkeypatch)
    assert host == "127.0.0.1"
    assert "warning" not in capsys.readouterr().err


def test_another_host_is_warned_of(monkeypatch, capsys):
    _served(monkeypatch, host="0.0.0.0")
    said = capsys.readouterr().err
    assert "warning: at 0.0.0.0 everybody on the network" in said


def test_the_token_is_new_each_time(monkeypatch):
    tokens = {_served(monkeypatch)[0][2] for _ in range(3)}
    assert len(tokens) == 3


def test_a_missing_browser_is_said_and_nothing_ends(monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    monkeypatch.setattr(serving, "urlopen", lambda *what, **how: socket.socket())
    serving._once_there("http://127.0.0.1:2027", "token", True)
    assert "no browser could be opened; open the address above" in capsys.readouterr().err

"""Who can reach the page, and what is said where it cannot be shown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from threading import Thread

import pytest

from gradlab.cli import main
from gradlab.lab import ports, serving
from gradlab.lab.answering import answer


@pytest.fixture
def taken():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_only_this_machine_by_default():
    assert serving.HOST == "127.0.0.1"
    assert serving.is_local(serving.HOST)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_local_host_needs_no_warning(host):
    assert serving.is_local(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org"])
def test_any_other_host_is_warned_of(host):
    assert not serving.is_local(host)
    assert "everybody on the network" in serving.warning(host)


def test_a_taken_port_is_said_with_another(taken, capsys):
    assert main(["lab", "--port", str(taken), "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert f"port {taken} of 127.0.0.1 is taken by process {os.getpid()} (" in said
    other = int(said.rpartition("--port ")[2])
    assert other > taken
    assert ports.free("127.0.0.1", other) == other


def test_who_holds_a_port_may_be_unknown(taken, monkeypatch):
    import psutil

    def refused(kind):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refused)
    with pytest.raises(ports.ServingError, match=f"port {taken} of 127.0.0.1 is taken by another program"):
        ports.free("127.0.0.1", taken)


def test_port_0_is_one_that_is_free():
    assert 1024 <= ports.free("127.0.0.1", 0) < 65536


@pytest.mark.parametrize("arguments", [["--port", "-1"], ["--port", "70000"], ["--port", "x"]])
def test_no_port_is_no_port(arguments, capsys):
    assert main(["lab", "--no-browser", *arguments]) == 2
    assert arguments[1] in capsys.readouterr().err


def test_a_host_that_is_not_this_machine_is_said(capsys):
    assert main(["lab", "--host", "192.0.2.1", "--no-browser"]) == 2
    assert "192.0.2.1" in capsys.readouterr().err


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    assert main(["lab", "--no-browser"]) == 2
    assert 'pip install "gradlab[lab]"' in capsys.readouterr().err


def test_a_missing_browser_is_said_and_the_page_goes_on(monkeypatch, capsys, taken):
    monkeypatch.setattr(serving, "_PATIENCE", 0.0)
    monkeypatch.setattr(serving.webbrowser, "open", lambda address: False)
    drawn = Thread(target=int)
    drawn.start()
    serving._once_there(f"http://127.0.0.1:{taken}", "token", True, drawn)
    assert "no browser could be opened" in capsys.readouterr().err


def test_the_page_looks_the_same_whatever_the_user_has_set_for_notebooks(tmp_path, monkeypatch):
    pytest.importorskip("marimo._config.manager", reason="marimo keeps its settings elsewhere")
    settings = tmp_path / "settings" / "marimo"
    settings.mkdir(parents=True)
    (settings / "marimo.toml").write_text('[display]\ntheme = "dark"\n[runtime]\non_cell_change = "lazy"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(settings.parent))

    def found():  # in a process of its own: marimo remembers settings
        program = (
            "import sys; from marimo._config.manager import get_default_config_manager as manager;"
            "found = manager(current_path=sys.argv[1]).get_config();"
            "print(found['display']['theme'], found['runtime']['on_cell_change'])"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "page" / "app.py")]
        return tuple(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    (tmp_path / "page").mkdir()
    assert found() == ("dark", "lazy")
    assert serving._laid_out(tmp_path / "page").read_text() == ""
    assert found() == ("light", "autorun")


def test_the_app_runs(monkeypatch):
    from gradlab.lab import workers
    from gradlab.lab.app import app

    monkeypatch.setattr(workers, "asked", lambda question, *given, slow: answer(question, *given))
    outputs, names = app.run()
    assert names["asked"].text == "x^2 + y"
    assert names["derived"].found.lines
    shown = " ".join(output.text for output in outputs if hasattr(output, "text"))
    for piece in ("still falling", "✓ agree", "Next line", "Save the report", "data:image/png"):
        assert piece in shown

"""Functions out of a user's own file."""

from __future__ import annotations

import sys

import pytest

from gradlab.commands.scripts import load
from gradlab.commands.usage import UsageError


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Write a file and return its path; what running it does to the interpreter is undone."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(text, name="fit.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_function_is_found_by_name(script):
    assert load(f"{script('def square(x): return x * x')}:square")(3) == 9


def test_a_method_of_an_object_is_found_too(script):
    assert load(f"{script('import math as m')}:m.sin")(0) == 0


def test_a_file_may_import_its_neighbour(script):
    script("factor = 3", "neighbour_of_fit.py")
    path = script("from neighbour_of_fit import factor\ndef f(x): return factor * x")
    assert load(f"{path}:f")(2) == 6


def test_a_file_called_like_a_library_replaces_none(script):
    import random

    assert load(f"{script('def f(x): return x', 'random.py')}:f")(1) == 1
    assert sys.modules["random"] is random


def test_no_bytecode_is_left_beside_the_file(script, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    load(f"{script('def f(x): return x')}:f")
    assert [path.name for path in tmp_path.iterdir()] == ["fit.py"]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("def square(x): return x", "sqare", "fit.py has no function 'sqare'; its functions: square"),
        ("size = 3", "size", "has no function 'size'; its functions: none"),
        ("1/0", "f", r"fails when it is run: ZeroDivisionError: division by zero \(line 1\)"),
        ("x = 1\nx = = 2", "f", r"SyntaxError: .*line 2"),
        ("import sys\nsys.exit()", "f", r"SystemExit: .*\(line 2\)"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(script, text, name, said):
    with pytest.raises(UsageError, match=said):
        load(f"{script(text)}:{name}")


def test_a_missing_file_and_a_missing_name_are_told():
    with pytest.raises(UsageError, match=r"there is no file 'nowhere\.py'"):
        load("nowhere.py:f")
    with pytest.raises(UsageError, match=r"such as fit\.py:loss"):
        load("nowhere.py")

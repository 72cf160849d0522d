"""The object that --json prints."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gradlab.commands.outcomes import CODES, Outcome, as_json, error_as_json, plain
from gradlab.commands.usage import Code, UsageError


def strictly(text):
    return json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


def test_what_is_not_finite_is_null():
    results = {"error": np.array([1.0, np.inf]), "value": float("nan"), "step": np.int64(2)}
    written = strictly(as_json("estimate", Outcome("", results)))
    assert written == {"command": "estimate", "ok": True, "results": {"error": [1.0, None], "value": None, "step": 2}}


def test_a_verdict_says_whether_all_is_well():
    written = strictly(as_json("compare", Outcome("", {}, "differ", CODES["differ"])))
    assert (written["ok"], written["verdict"]) == (False, "differ")


def test_an_error_is_an_object_too():
    written = strictly(error_as_json("derive", UsageError("no function")))
    assert written == {"command": "derive", "ok": False, "error": {"kind": "UsageError", "message": "no function"}}


def test_every_verdict_has_its_exit_code():
    from gradlab.comparison import Verdict

    assert set(CODES) == {str(verdict) for verdict in Verdict}
    assert CODES["agree"] == Code.DONE


def test_it_is_one_line_of_ascii():
    line = as_json("derive", Outcome("", {"formula": "x² + y"}))
    assert line.isascii()
    assert "\n" not in line
    assert plain(("a", True, None)) == ["a", True, None]

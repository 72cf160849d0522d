"""Closed forms as books print them, to the letter."""

import json
import re

import pytest

from gradlab import as_function, derive
from tests.symbolic.closed_forms import FORMS, GOLDEN

EXPECTED = json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FORMS)
def test_a_derivation_reads_as_it_was_approved(name):
    source, shapes = FORMS[name]
    assert derive(as_function(source, shapes=shapes) if shapes else source).latex() == EXPECTED[name]


@pytest.mark.parametrize("name", FORMS)
def test_brackets_are_never_doubled(name):
    assert re.search(r"\\left\(\\left\([^()]*\\right\)\\right\)", EXPECTED[name]) is None
    assert EXPECTED[name].count(r"\left") == EXPECTED[name].count(r"\right")

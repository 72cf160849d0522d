"""The fixed words in each language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradlab import derive, report
from gradlab.reports.words import LANGUAGES, TABLE, Words

SOURCES = Path(__file__).parents[2] / "gradlab" / "reports"


@pytest.mark.parametrize("key", TABLE)
def test_each_entry_has_the_same_places_in_every_language(key):
    assert len(TABLE[key]) == len(LANGUAGES)
    assert len({frozenset(re.findall(r"\{(\w*)\}", words)) for words in TABLE[key]}) == 1
    assert all(TABLE[key])


def test_every_word_is_used():
    code = "".join(path.read_text("utf-8") for path in SOURCES.glob("*.py") if path.name != "words.py")
    for key in TABLE:
        stem = key.removesuffix("s")
        computed = key.startswith("rule ") or key in (
            "and",
            "in matrix form",
            "in index form",
            "worksheet of",
            "solutions of",
        )
        evidence = key in (
            "exact",
            "certified",
            "sampled",
            "unproved",
            "agree",
            "differ",
            "kink",
            "unstable",
            "undecided",
        )
        assert computed or evidence or re.search(rf"""["']({key}|{stem})["']""", code), key


def test_a_language_that_there_is_not_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no language 'fr'; there are en, de"):
        report(derive("x**2"), language="fr")


def test_numbers_go_with_their_nouns():
    assert Words("en").count(1, "step") == "1 step"
    assert Words("en").count(2000, "step") == "2,000 steps"
    assert Words("de").count(1, "taken step") == "1 Schritt"


def test_a_rule_without_a_german_name_keeps_its_own():
    assert Words("de").rule("chain rule") == "Kettenregel"
    assert Words("de").rule("polygamma function") == "polygamma function"

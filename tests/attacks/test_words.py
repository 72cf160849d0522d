"""What is typed and what is told: a terminal is never made to obey, and a line never has no end."""

from __future__ import annotations

import json

import pytest

from gradlab import cli
from gradlab.errors import GradlabError, ParseError
from gradlab.symbolic import derive


def test_a_message_obeys_nothing_and_has_an_end():
    told = str(GradlabError(f"no \x1b]0;title\x07 \u202e\0\ud800 {'x' * 10**6}; write 2x"))
    assert len(told) < 2000
    assert told.endswith("write 2x")
    assert told.startswith(r"no \x1b]0;title\x07 \u202e\x00\ud800 xxx")
    assert str(GradlabError("δ_Z = X^T y²\n\té")) == "δ_Z = X^T y²\n\té"
    assert str(ParseError("no", "x\x1b[2J", 1)).isprintable() is False  # but for the ends of its lines
    assert "\x1b" not in str(ParseError("no\x1b", "x\x1b[2J", 1))


BAD = [
    ["derive", "x^2", "--wrt", "\x1b[2J"],
    ["derive", "x^2", "--wrt", "x", "x"],
    ["grade", "x^2", "2x", "--ask", "slope"],
    ["grade", "x^2", "2x", "--rate", "1e999999999", "--ask", "step", "--at", "x=1"],
    ["compare", "x^2", "--at", "x=1", "--claimed", "x=[1,[2]]"],
    ["backward", "x^2", "--at", "x=1", "--cotangent", "[1,[2]]"],
    ["estimate", "sum(x^2)", "--at", "x=[[1],[2,3]]"],
    ["derive", "sum(x)", "--shape", "x=" + "9" * 5000],
    ["exercise", "new", "--rules", "product", "--count", "9" * 23],
    ["exercise", "check", "/dev/zero"],
    ["verify", "/dev/zero"],
    ["verify", "a\0b"],
    ["report", "/dev/zero.toml"],
    ["\x1b[2J"],
]


@pytest.mark.parametrize("words", BAD, ids=lambda words: " ".join(words).encode("unicode_escape").decode()[:60])
def test_what_cannot_be_used_is_told_in_words(words, capsys):
    assert cli.main(words) == 2
    told = capsys.readouterr().err
    assert all(line.isprintable() for line in told.split("\n"))
    assert "Traceback" not in told


def test_what_a_file_says_is_printed_without_what_a_terminal_obeys(tmp_path, capsys):
    path = tmp_path / "e.toml"
    path.write_text('[[exercise]]\nfunction = "x^2"\nprompt = "\\u001b[2J\\u202eFind it"\n')
    assert cli.main(["exercise", "check", str(path)]) == 0
    assert capsys.readouterr().out == "1. \\x1b[2J\\u202eFind it\n"


def test_a_derivation_cut_off_anywhere_is_no_json(tmp_path, capsys):
    path, whole = tmp_path / "whole.json", tmp_path / "cut.json"
    derive("x^2").save(path)
    content = path.read_bytes()
    for end in [*range(40), *range(40, len(content), 23)]:
        whole.write_bytes(content[:end])
        assert cli.main(["verify", str(whole)]) == 2, content[:end]
    capsys.readouterr()


@pytest.mark.parametrize("value", [None, True, 10**18, "9**9**9**9", "(" * 5000, [None], {"a": "a"}, {"x": [10**9]}])
def test_a_derivation_with_anything_in_a_key_is_decided_or_refused(value, tmp_path, capsys):
    path = tmp_path / "d.json"
    derive("x^2 sin(x)").save(path)
    document = json.loads(path.read_text())
    for key in document:
        path.write_text(json.dumps({**document, key: value}))
        assert cli.main(["verify", str(path), "--seconds", "2"]) in (0, 1, 2, 3)
        assert "Traceback" not in capsys.readouterr().err

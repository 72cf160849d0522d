"""What can go wrong, said so that a student knows what to write instead."""

from __future__ import annotations

TYPE_CHECKING = False  # as in gradlab/__init__.py
if TYPE_CHECKING:
    from collections.abc import Mapping


class GradlabError(Exception):
    r"""Trouble with the mathematics or with what was read; the base of every error below.

    The message repeats what was read: long lines of it are cut in the middle, and what a terminal would obey rather
    than show is spelled out.

    >>> print(GradlabError("no exercise '\x1b[2J'; there are a, b"))
    no exercise '\x1b[2J'; there are a, b
    """

    def __str__(self) -> str:
        return shown("\n".join(map(_shortened, super().__str__().split("\n"))))


class ParseError(GradlabError):
    """A text that cannot be read as mathematics.

    text: what was read.  position: 0-based index of the first character at fault.
    The message repeats the line with a caret under that character.

    >>> print(ParseError("no function named 'cosine'; did you mean 'cos'?", "2*cosine(x)", 2))
    no function named 'cosine'; did you mean 'cos'?
      2*cosine(x)
        ^
    """

    def __init__(self, message: str, text: str, position: int) -> None:
        self.reason = message
        self.text = text
        self.position = position
        super().__init__(f"{message}\n{excerpt(text, position)}" if text.strip() else message)


class TraceError(GradlabError):
    """A call inside a Python function that cannot be read as mathematics."""


class UnknownShape(TraceError):
    """A shape that the code does not tell: it has to be stated, or a point given."""


class ShapeError(GradlabError):
    """Shapes that cannot agree."""


class PointError(GradlabError):
    """A point that does not fit the function: a variable missing, unknown, misshapen or not a finite number."""


class DomainError(GradlabError):
    """A point outside the function's domain, such as log at -1."""


class NotAnalyticError(DomainError):
    """A complex step asked of a function that has no complex derivative at the point."""


class NotScalarError(GradlabError):
    """A gradient asked of a function whose value is not one number."""


class NoFormulaError(GradlabError):
    """An exact derivative asked of a function that has no formula."""


class GradientMismatch(GradlabError, AssertionError):
    """Two gradients of one function that differ by more than their error bounds."""


class GradientNotConfirmed(GradlabError, AssertionError):
    """A claimed gradient that an assertion could not confirm: it differs, is at a kink, or cannot be decided."""


class DoesNotFollow(GradlabError):
    """A line of a written derivation that does not follow, or that cannot be decided.

    line, rule: which one.  before, after: the expressions that it claims to be equal.  reason: what is wrong.
    at: the values of the names at a point where they differ.  entry: the place where arrays differ.
    values: both sides there, each with its radius.  undecided: whether it could be tried at too few points only.
    """

    line: str
    rule: str
    before: str
    after: str
    reason: str
    at: dict[str, object]
    entry: tuple[int, ...]
    values: tuple[str, str]
    undecided: bool

    def __init__(
        self,
        line: str,
        rule: str,
        before: str,
        after: str,
        reason: str,
        at: Mapping[str, object] | None = None,
        entry: tuple[int, ...] = (),
        values: tuple[str, str] = ("", ""),
        undecided: bool = False,
    ) -> None:
        self.line, self.rule, self.before, self.after, self.reason = line, rule, before, after, reason
        self.at, self.entry, self.values, self.undecided = dict(at or {}), entry, values, undecided
        verdict = "cannot be decided" if undecided else "does not follow"
        told = [f"{line} ({rule}) {verdict}: {reason}", f"  {_shortened(before, 600)}", f"  = {_shortened(after, 600)}"]
        if at:
            place = f", entry {list(entry)}" if entry else ""
            told += [f"  at {_shortened(', '.join(f'{name} = {value}' for name, value in at.items()))}{place}"]
            told += [f"  left  {values[0]}", f"  right {values[1]}"]
        super().__init__("\n".join(told))


LONGEST_LINE = 1000
"""Characters of a line of a message: more is the input itself."""

_END = 200
"""Characters kept of the end of a line, where it says what to write instead."""


def _shortened(written: str, most: int = LONGEST_LINE) -> str:
    """Return a line of a message, without its middle where it is long."""
    return written if len(written) <= most else f"{written[: most - _END]} … {written[-_END:]}"


def shown(text: str) -> str:
    r"""Return *text* with escapes in place of what would move the cursor, turn the direction or be invisible.

    >>> shown("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    """
    if all(line.isprintable() for line in text.split("\n")):
        return text
    from unicodedata import category

    return "".join(
        character.encode("unicode_escape").decode()
        if category(character) in _OBEYED and character not in "\n\t"
        else character
        for character in text
    )


_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""The categories of control characters, invisible ones, halves of characters and separators of lines."""


class StorageError(GradlabError, ValueError):
    """A saved file that is damaged, of another version or of something else; the message names it."""


class CodeError(GradlabError):
    """The writer's own code raised an exception at a point.  error: that exception."""

    def __init__(self, message: str, error: Exception) -> None:
        self.error = error
        super().__init__(message)


class ExerciseError(GradlabError):
    """An exercise that asks for nothing, for what cannot be derived, or for what has no value."""


class ReportError(GradlabError):
    """A report that cannot be written."""


class FileError(GradlabError):
    """A file that cannot be written where it was to go: no such folder, a folder by that name, no right to write."""


class MissingExtra(GradlabError, ImportError):
    """A package that is not installed; the message says which extra of gradlab brings it, as it is typed for pip."""


_WINDOW = 72
"""Characters of the input shown around an error: one terminal line."""


def excerpt(text: str, position: int) -> str:
    """Return the part of *text* around *position* on one line, with a caret below it.

    Control and invisible characters are shown as ``·`` so that the caret lines up.

    >>> print(excerpt("1 + + 2", 4))
      1 + + 2
          ^
    """
    start = max(0, min(position - _WINDOW // 2, len(text) - _WINDOW))
    window = text[start : start + _WINDOW]
    shown = "".join(character if character.isprintable() else "·" for character in window)
    before = "…" if start else ""
    after = "…" if start + _WINDOW < len(text) else ""
    caret = " " * (len(before) + position - start) + "^"
    return f"  {before}{shown}{after}\n  {caret}"


class IsolationError(GradlabError):
    """A stranger's code cannot be run here without danger; the message says what to install."""


class CourseError(GradlabError):
    """Submissions or results of a course that cannot be read; the message says which, and what is expected."""

"""Mistakes of training code, by name and line: seen in the text, and shown by behaviour."""

from gradlab.grading.code.mistakes.records import Mistake

__all__ = ["Mistake"]

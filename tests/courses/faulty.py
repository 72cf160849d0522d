"""Graders that end or hang at certain answers, in whichever process they are."""

from __future__ import annotations

import os
import time

from gradlab.courses import work

_right = work.graded


def graded(exercises, digest, name, text, *, trust=False):
    """Grade, but end the process at x^77 wait for ever at x^78, and compute for ever at x^79."""
    if text == "x^77":
        os._exit(9)
    if text == "x^78":
        time.sleep(1000)
    if text == "x^79":
        while True:
            pass
    return _right(exercises, digest, name, text, trust=trust)


def install():
    """Have this process grade with them."""
    work.graded = graded

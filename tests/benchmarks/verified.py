"""Whether `gradlab verify` accepts what is right and refuses what was corrupted."""

from __future__ import annotations

from tests.benchmarks import Figure
from tests.benchmarks._pytest import outcomes

WHY = """
It knows none of gradlab's rules, and shares no code with them.
Accepted are the derivations of the corpus, of the fourteen textbook problems and of all models of the tests; refused are documents with one line changed, each at that line.
"""

ACCEPTED = "accepted"
REFUSED = "refused or wrong_line or inside_a_step or does_not_follow or bad_document"


def measure() -> Figure:
    """Return how many documents are judged wrongly."""
    where = ("tests/symbolic/test_saving.py", "tests/test_checking.py")
    accepted, refused = (outcomes(*where, "-k", names) for names in (ACCEPTED, REFUSED))
    return Figure(
        "derivations that the checker judges wrongly",
        accepted["failed"] + refused["failed"],
        0,
        f"{accepted['passed']} right ones accepted, {refused['passed']} wrong or malformed ones refused",
    )

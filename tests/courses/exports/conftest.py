import pytest

from gradlab.courses.results import Listed, Result, Results


@pytest.fixture
def results():
    """Three students with awkward names, two exercises; one answer undecided, one not given."""
    made = Results(":memory:")
    made.describe(
        [Listed("first", "Find the derivative of f(x) = x².", "derivative", 2), Listed("step", "A step", "step", 1)]
    )
    made.add(
        [
            Result("Lovelace, Ada", "first", "d1", "2x", "correct", 2, 2, feedback="Right."),
            Result("Lovelace, Ada", "step", "s1", "1/2", "undecided", 0, 1, problem="timed out"),
            Result(
                'Müller "Mü" <b>',
                "first",
                "d2",
                "=x",
                "wrong",
                0,
                2,
                misconception="factor lost",
                feedback="=1+1 <script>",
            ),
            Result("Zoë (77)", "first", "d2", "=x", "wrong", 0.5, 2, misconception="factor lost", feedback="-1"),
            Result("Zoë (77)", "step", "s2", "1", "correct", 1, 1),
        ]
    )
    yield made
    made.close()

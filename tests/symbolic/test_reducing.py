import numpy as np
import pytest

from gradlab.sources import as_function
from gradlab.symbolic import derive
from gradlab.symbolic.proof import Evidence
from gradlab.symbolic.steps import walk

QUOTIENTS = {
    "(sum_i x_i²)/(a + 1)²": lambda a, x: a * (x**2).sum() / (a + 1),
    "-(2 sum_i x_i)/(a sum_i x_i - 1)²": lambda a, x: (a * x.sum() + 1) / (a * x.sum() - 1),
    "(sum_i x_i exp(a x_i))/(sum_i exp(a x_i) + 1)²": lambda a, x: np.exp(a * x).sum() / (1 + np.exp(a * x).sum()),
}


@pytest.mark.parametrize("form", QUOTIENTS)
def test_a_quotient_of_sums_is_written_over_one_denominator(form):
    derivation = derive(as_function(QUOTIENTS[form], shapes={"a": (), "x": ("n",)}), "a")
    assert derivation.gradient["a"].text() == form
    for step in walk(derivation.steps):
        assert step.evidence in (Evidence.EXACT, Evidence.CERTIFIED), step.text()

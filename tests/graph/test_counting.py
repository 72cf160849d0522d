import numpy as np
import pytest

from gradlab.errors import GradlabError
from gradlab.graph.counting import Count, counted
from gradlab.graph.kinds import Variable
from gradlab.graph.kinds.contraction import contraction
from gradlab.sources import as_function
from gradlab.symbolic import derive
from tests.models.first_course import quadratic


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def mean_squared_error(params, t, y):
    return ((quadratic(t, params) - y) ** 2).mean()


FIT = as_function(mean_squared_error, shapes={"params": (3,), "t": ("n",), "y": ("n",)})


def test_the_fit_is_counted_by_hand():
    # t², a t², b t, three additions, the difference's square: 7 n; the sum: n - 1; the mean: 1.
    found = derive(FIT, "params").operations
    assert repr(found.value) == "8 n"
    # Two dot products with the differences: 2 (2 n - 1); their sum: n - 1; 2/n before each: 3.
    assert repr(found.gradient) == "13 n"


@pytest.mark.parametrize("n", [1, 2, 20, 1000])
def test_the_gradient_of_a_fit_costs_at_most_three_functions(n):
    assert derive(FIT, "params").operations.ratio(n=n) <= 3


@pytest.mark.parametrize("n", [2, 3, 10, 90])
def test_the_gradient_of_a_product_costs_at_most_three_products(n):
    found = derive("*".join(f"x{place}" for place in range(n))).operations
    assert int(found.value) == n - 1
    assert found.ratio() <= 3


def test_the_gradient_of_a_product_of_entries_costs_at_most_three_products():
    def product(x):
        result = x[0]
        for place in range(1, 30):
            result = result * x[place]
        return result

    found = derive(as_function(product, shapes={"x": (30,)})).operations
    assert int(found.value) == 29
    assert found.ratio() <= 3


@pytest.mark.parametrize("step", ["sin({})", "(({})**2 + 1)"])
@pytest.mark.parametrize("depth", [1, 10, 45])
def test_the_gradient_of_a_chain_costs_at_most_three_chains(step, depth):
    text = "x"
    for _ in range(depth):
        text = step.format(text)
    assert derive(text).operations.ratio() <= 3


@pytest.mark.parametrize("n", [2, 100, 1000])
def test_the_gradient_of_rosenbrock_costs_at_most_three_functions(n):
    assert derive(as_function(rosenbrock, shapes={"x": (n,)})).operations.ratio() <= 3


def test_a_product_of_three_matrices_is_counted_in_its_best_order():
    A, B, x = Variable("A", (50, 50)), Variable("B", (50, 50)), Variable("x", (50,))
    chain = contraction([A, B, x], ["ij", "jk", "k"], "i")
    assert int(counted([chain])) == 2 * (2 * 50 * 50 - 50)


def test_a_shared_expression_is_counted_once():
    assert repr(derive(as_function(lambda x: (np.exp(x) ** 2).sum(), shapes={"x": ("n",)})).operations) == (
        "f: 3 n - 1; f and its gradient: 5 n - 1"
    )


def test_a_count_says_which_size_it_needs():
    with pytest.raises(GradlabError, match=r"needs the size n; write \.at\(n=…\)"):
        int(Count.of(("n",)))

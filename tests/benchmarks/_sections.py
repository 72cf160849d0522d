"""The order of the page, and what opens each of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Section:
    """A part of the page: its title, its first words, and the figures in it."""

    title: str
    opening: str
    figures: tuple[str, ...]


SECTIONS = (
    Section(
        "Derivations",
        "Once read, a function is derived without its numbers: how many points there are does not matter, and how "
        "long it is matters in proportion.",
        (
            "derivation_time",
            "derivation_size",
            "derivation_depth",
            "derivation_variables",
            "derivation_memory",
            "operations",
        ),
    ),
    Section(
        "Proofs",
        "Every step of a derivation is proved without the rule that made it; the tests name what was tried.",
        ("proved_models", "proved_scalars", "proved_corpus", "mutations", "verified", "backpropagation_table"),
    ),
    Section(
        "Compiled gradients",
        "Value and gradient in float64, on the same numbers, beside `torch.autograd.grad` and beside jax compiled by "
        '`jit(value_and_grad)`. The compiled functions are NumPy\'s, `derivation.compile("numpy")`. '
        "Every library works with one thread: two whose threads wait busily for work take the cores from each other.",
        (
            "compiled_fit",
            "compiled_rosenbrock",
            "compiled_network",
            "compiled_cross_entropy",
            "compiled_attention",
        ),
    ),
    Section(
        "Estimates",
        "An estimate calls the function and nothing else, and its bound is to hold.",
        (
            "bounds_hold",
            "bounds_tight",
            "bounds_many",
            "bounds_single",
            "accuracy_median",
            "accuracy_worst",
            "cost_beside_gradcheck",
            "cost_beside_numdifftools",
            "cost_of_layers",
        ),
    ),
    Section(
        "Comparing and checking",
        "Three routes, one verdict for each component.",
        ("verdicts", "comparison_time", "cost_of_gradcheck", "backward_time"),
    ),
    Section(
        "Descent",
        "Every run keeps each point, each loss and each gradient.",
        ("descent_loop", "descent_compiled", "descent_compiled_numpy", "rate_sweep", "published_table"),
    ),
    Section(
        "Answers",
        "Expressions that students write: read, decided, and looked up where somebody wrote the same before.",
        ("reading", "answers_uncached", "answers_cached", "equivalent_pairs"),
    ),
    Section(
        "Programs and courses",
        "Programs run isolated, each in a process of its own.",
        (
            "mistakes_named",
            "isolation_numpy",
            "isolation_torch",
            "isolation_numpy_rate",
            "isolation_torch_rate",
            "isolation_numpy_calls",
            "isolation_torch_calls",
            "course_answers",
            "course_memory",
            "course_dask",
            "course_exports",
        ),
    ),
    Section(
        "Reports",
        "Documents of one function, of ten and of a hundred.",
        ("report_formats", "report_pdf", "report_collection"),
    ),
    Section(
        "Starting, and the lab",
        "What a person waits for.",
        ("startup_import", "startup_help", "startup_derive", "lab_first_picture", "lab_slider", "tutorials_time"),
    ),
)

NAMES = tuple(name for section in SECTIONS for name in section.figures)


def modules() -> list[str]:
    """Return the names of the files that measure something."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))

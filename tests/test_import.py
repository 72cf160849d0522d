"""The public names, and what it costs to import them."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import gradlab

PACKAGE = Path(gradlab.__file__).parent


def run_python(program: str) -> str:
    """Run *program* in a fresh interpreter, where nothing is imported yet, and return what it prints."""
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("library", ["numpy", "sympy", "flint", "torch", "matplotlib"])
def test_importing_gradlab_loads_no_library(library: str) -> None:
    assert run_python(f"import sys, gradlab; print({library!r} in sys.modules)") == "False\n"


def test_dir_lists_the_public_names_before_any_is_loaded() -> None:
    listed = run_python("import gradlab; print(*dir(gradlab))").split()
    assert {*gradlab.__all__, *gradlab._MODULES, "__version__"} <= set(listed)
    assert listed == sorted(set(listed))


def test_an_unknown_attribute_is_an_attribute_error_that_names_the_near_one() -> None:
    with pytest.raises(AttributeError, match=r"^module 'gradlab' has no attribute 'dervie'; did you mean 'derive'\?$"):
        gradlab.dervie  # noqa: B018 - reading it is the test
    with pytest.raises(AttributeError, match=r"^module 'gradlab' has no attribute '__path_of__'$"):
        gradlab.__path_of__  # noqa: B018 - as above


@pytest.mark.parametrize("name", gradlab._MODULES)
def test_a_module_is_reached_without_an_import_of_its_own_and_loads_no_torch(name: str) -> None:
    program = (
        f"import sys, gradlab as gl; print(gl.{name}.__name__, 'torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    assert run_python(program) == f"gradlab.{name} False False\n"


@pytest.mark.parametrize("name", gradlab.__all__)
def test_every_public_name_resolves_to_what_its_name_says(name: str) -> None:
    value = getattr(gradlab, name)
    assert not isinstance(value, ModuleType)
    assert value.__name__ == name
    assert vars(gradlab)[name] is value, "the second look-up should not call __getattr__"


@pytest.mark.parametrize("name", gradlab.__all__)
def test_no_module_hides_a_public_name(name: str) -> None:
    assert not list(PACKAGE.glob(f"{name}.*"))
    assert not (PACKAGE / name).exists()


def test_type_checkers_see_each_name_where_it_is_loaded_from() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in guarded.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imports for alias in node.names}
    modules = {name for name, module in seen.items() if module == "gradlab"}
    assert modules == set(gradlab._MODULES)
    assert {name: module for name, module in seen.items() if name not in modules} == gradlab._MODULE_OF
    assert sorted(set(seen) - modules) == gradlab.__all__


RECORDS = {
    "Function Gradient": "graph",
    "Curvature": "graph.curvature",
    "Derivation": "symbolic",
    "Step": "symbolic.steps",
    "Jacobian": "numeric.jacobians",
    "Comparison ComponentVerdict": "comparison.record",
    "Attribution": "comparison.attribution",
    "Trajectory": "descent",
    "Grade": "grading",
    "Certificate": "grading.equivalence",
    "CodeGrade": "grading.code.grades",
    "Report": "reports",
}


@pytest.mark.parametrize(("name", "module"), [(name, RECORDS[names]) for names in RECORDS for name in names.split()])
def test_what_a_verb_returns_cannot_be_changed(name: str, module: str) -> None:
    record = getattr(importlib.import_module(f"gradlab.{module}"), name)
    one = object.__new__(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, dataclasses.fields(record)[0].name, None)

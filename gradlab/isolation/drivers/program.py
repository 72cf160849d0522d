"""Calls what a submission defines, once for each case, and returns raw numbers by case and parameter.

What it is told:
    entry: the name of the function or class.  kind: as in `gradlab.grading.code.kinds`.  library, bits: of the arrays.
    parameters: names of the variables asked about.  manual: torch may not differentiate.
    cases: for each the arguments in order, as [name, "input"] or [name, number].

An input named "0/w" is the variable w of case 0. Arrays are views of memory that the grader looks at afterwards;
the parameters of a training step are copies, because it may change those.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import linecache
import sys
import types
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from ._pictures import Pictures
from ._results import NoAnswer, as_array, by_name

STEPS = ("training step", "training loop")


def run(source: str, arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the outcome of every case as arrays named "0/w", and the first case once more as "again/w"."""
    with _module(source) as names:
        exec(compile(source, "submission.py", "exec"), names)  # noqa: S102 - to run it is what this process is for
        return _outcomes(_entry(names, arguments["entry"]), arguments, inputs)


@contextlib.contextmanager
def _module(source: str) -> Generator[dict[str, Any]]:
    """Yield the names of a module that dataclasses, annotations and `inspect` find, as those of an imported file."""
    module = types.ModuleType("submission")
    module.__dict__["display"] = lambda *_, **__: None  # of notebooks
    kept = sys.modules.get("submission")
    sys.modules["submission"] = module
    linecache.cache["submission.py"] = (len(source), None, source.splitlines(keepends=True), "submission.py")
    finder = Pictures()
    sys.meta_path.insert(0, finder)
    try:
        yield module.__dict__
    finally:
        finder.forget()
        del sys.modules["submission"]
        if kept is not None:
            sys.modules["submission"] = kept


def _outcomes(
    entry: Any, arguments: Mapping[str, Any], inputs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    outputs: dict[str, Any] = {}
    dtypes: dict[str, str] = {}
    for number, case in enumerate([*arguments["cases"], arguments["cases"][0]]):
        again = number == len(arguments["cases"])
        label = "again" if again else str(number)
        given = _given(case, "0" if again else label, arguments, inputs)
        try:
            found = _called(entry, given, arguments, inputs.get(f"{'0' if again else label}/above"))
        except Exception as error:
            shapes = ", ".join(
                f"{name} {tuple(value.shape)}" for name, value in given.items() if hasattr(value, "shape")
            )
            error.add_note(f"in a call with {shapes}" if shapes else "in a call")
            raise
        for name, value in found.items():
            outputs[f"{label}/{name}"] = as_array(name, value, dtypes)
    return outputs, {"dtypes": dtypes}


def _entry(names: Mapping[str, Any], wanted: str) -> Any:
    if wanted in names:
        return names[wanted]
    from difflib import get_close_matches

    own = [
        name for name, value in names.items() if callable(value) and getattr(value, "__module__", "") == "submission"
    ]
    near = get_close_matches(wanted, own, 1)
    told = f"did you mean {near[0]!r}, which you defined?" if near else f"you defined {', '.join(own) or 'no function'}"
    raise NoAnswer(f"no function named {wanted!r}; {told}")


def _given(case: Sequence[Any], label: str, arguments: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in case:
        if value != "input":
            given[name] = value
            continue
        array = inputs[f"{label}/{name}"]
        parameter = name in arguments["parameters"]
        if parameter and arguments["kind"] in STEPS:
            array = array.copy()
        given[name] = _as_tensor(array, arguments, parameter) if arguments["library"] == "torch" else array[()]
    return given


def _as_tensor(array: Any, arguments: Mapping[str, Any], parameter: bool) -> Any:
    import torch

    tensor = torch.from_numpy(array)
    leaf = parameter and not arguments["manual"] and arguments["kind"] != "function"
    return tensor.requires_grad_() if leaf and tensor.is_floating_point() else tensor


def _called(entry: Any, given: dict[str, Any], arguments: Mapping[str, Any], above: Any) -> dict[str, Any]:
    import numpy as np

    if arguments["kind"] == "autograd function":
        return _backward_pass(entry, given, arguments, above)
    wanted = list(arguments["parameters"])
    shapes = {name: tuple(given[name].shape) for name in wanted}
    if arguments["library"] == "torch" and arguments["manual"]:
        result = _without_autograd(entry, given)
    else:
        result = _call(entry, given)
    fixed = all(isinstance(given[name], np.generic) for name in wanted)  # numbers cannot be changed in place
    if result is None and arguments["kind"] in STEPS and not fixed:
        return {name: given[name] for name in wanted}
    return by_name(result, shapes, arguments["kind"])


def _call(entry: Any, given: dict[str, Any]) -> Any:
    """Call *entry* by the names of its parameters where it has all of them, in whatever order, and else in order."""
    try:
        accepted = inspect.signature(entry).parameters.values()
    except (TypeError, ValueError):
        return entry(*given.values())
    named = {each.name for each in accepted if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    only_named = [each.kind for each in accepted] == [inspect.Parameter.VAR_KEYWORD]
    return entry(**given) if only_named or set(given) <= named else entry(*given.values())


def _without_autograd(entry: Any, given: dict[str, Any]) -> Any:
    """Return what *entry* does where torch does not differentiate; whoever goes out of their way for it still can."""
    import torch

    def refuse(*_: Any) -> Any:
        raise NoAnswer("torch differentiates here; the gradient is to be derived by hand")

    transforms = importlib.import_module("torch._functorch.eager_transforms")
    kept = {name: getattr(transforms, name) for name in ("_grad_increment_nesting", "_jvp_increment_nesting")}
    try:
        for name in kept:
            setattr(transforms, name, refuse)
        with torch.inference_mode():
            return _call(entry, given)
    finally:
        for name, function in kept.items():
            setattr(transforms, name, function)


def _backward_pass(entry: Any, given: dict[str, Any], arguments: Mapping[str, Any], above: Any) -> dict[str, Any]:
    import torch

    if not (inspect.isclass(entry) and issubclass(entry, torch.autograd.Function)):
        raise NoAnswer(f"{arguments['entry']} is to be a class derived from torch.autograd.Function")
    value = entry.apply(*given.values())
    if not isinstance(value, torch.Tensor):
        raise NoAnswer("forward did not return a tensor")
    wanted = [given[name] for name in arguments["parameters"]]
    if not value.requires_grad:
        raise NoAnswer("the result of forward is cut off from its inputs: nothing can flow back")
    found: tuple[Any, ...] = torch.autograd.grad(
        value, wanted, torch.from_numpy(above).reshape(value.shape), allow_unused=True
    )
    partials = dict(zip(arguments["parameters"], found, strict=True))
    cut = [name for name, partial in partials.items() if partial is None]
    if cut:
        raise NoAnswer(f"backward returned nothing for {', '.join(cut)}")
    return {"value": value.detach(), **partials}

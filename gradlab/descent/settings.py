"""Numbers that a person sets: taken as what they are, or refused with what was read and what to write instead."""

from __future__ import annotations

from typing import Any

_WRONG = {
    "zero": "would never move",
    "negative": "would climb; to climb f, descend -f",
    "infinite": "is not finite",
    "nan": "is not a number",
}


def positive(owner: str, name: str, value: Any) -> float:
    """Return *value* as a float; raises an error that repeats it and says what to write."""
    wanted = f"write a positive number, such as {owner}({name}=0.1)"
    number = _number(name, value, wanted)
    if number != number:
        fault = "nan"
    elif number in (float("inf"), float("-inf")):
        fault = "infinite"
    else:
        fault = "zero" if number == 0 else "negative" if number < 0 else ""
    if fault:
        said = _WRONG[fault] if name == "rate" or fault in ("infinite", "nan") else f"is {fault}"
        raise ValueError(f"{name}={value!r} {said}; {wanted}")
    return number


def fraction(owner: str, name: str, value: Any, *, below: bool = True) -> float:
    """Return *value* as a float from 0 to 1, 1 itself left out if it has to be *below* it.

    Raises ValueError or TypeError, with what was read and what to write.
    """
    wanted = f"write a number from 0 {'to below' if below else 'to'} 1, such as {owner}({name}=0.5)"
    number = _number(name, value, wanted)
    if not (0 <= number < 1 or (number == 1 and not below)):
        raise ValueError(f"{name}={value!r} is not between 0 and 1; {wanted}")
    return number


def not_negative(owner: str, name: str, value: Any) -> float:
    """Return *value* as a finite float that is not negative; raises as `positive` does."""
    wanted = f"write 0 or a positive number, such as {owner}({name}=0.01)"
    number = _number(name, value, wanted)
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name}={value!r} is negative or not finite; {wanted}")
    return number


def count(owner: str, name: str, value: Any) -> int:
    """Return *value* as a whole number of at least 1; raises an error that repeats it and says what to write."""
    wanted = f"write a whole number, such as {owner}({name}=100)"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}={value!r} is not a whole number; {wanted}")
    if value < 1:
        raise ValueError(f"{name}={value!r} is less than 1; {wanted}")
    return int(value)


def _number(name: str, value: Any, wanted: str) -> float:
    if isinstance(value, (bool, str, bytes)):
        raise TypeError(f"{name}={value!r} is not a number; {wanted}")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}={value!r} is not a number; {wanted}") from error
    except OverflowError:
        return float("inf")

"""Variants of the provider's JSON that mean the same as the documented form.

These are an integer with a decimal point (`2.0`), and a single condition without its list (`209` for `[209]`). The
typed decoders reject them; what they reject is decoded a second time with the functions here, so that the documented
form costs no time.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind")

_LARGEST_EXACT = 2**53  # every integer up to here is a float without rounding

# Exceptions of `plain` and `convert` for values that no variant explains. A long integer overflows a float field.
UNREADABLE = (ValueError, OverflowError, RecursionError)


def convert(raw: bytes | msgspec.Raw, kind: type[Kind], conditions: str = "conditions") -> Kind:
    """Return the JSON value `raw` as `kind`, where variants are accepted. Raises one of `UNREADABLE`.

    `conditions` is the name of the field with a list of conditions, at any depth.
    """
    return msgspec.convert(_with_lists(plain(raw), conditions), kind)


def plain(raw: bytes | msgspec.Raw) -> Any:
    """Return a JSON value as dict, list, str, int, float, bool or None; numbers without a fraction are int.

    Raises ValueError for text that is not JSON and RecursionError for too many levels.
    """
    return _plain.decode(raw)


def plain_list(raw: bytes) -> list[Any]:
    """Return the values of a JSON array as `plain` does. Raises ValueError also for JSON that is not an array."""
    return _plain_list.decode(raw)


def as_list(value: Any) -> Any:
    """Return a list of one number for a bare integer, and any other value unchanged."""
    return [value] if type(value) is int else value


def _with_lists(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_with_lists(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: as_list(item) if key == name else _with_lists(item, name) for key, item in value.items()}


def _number(text: str) -> int | float | str:
    """Return the number in a JSON float, from its digits where they end in `.0`, so that none is rounded."""
    whole, _, fraction = text.partition(".")
    number = float(text)
    if math.isinf(number):
        return text  # too large for a float: no field for numbers accepts the text
    if fraction and not fraction.strip("0"):
        return int(whole)
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT else number


_plain = msgspec.json.Decoder(float_hook=_number)
_plain_list = msgspec.json.Decoder(list[Any], float_hook=_number)

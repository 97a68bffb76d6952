"""Mirror image of a record of features: what falls in the record rises in the image, and the reverse.

A detector is written for rising prices only. Its short twin is the same rule on the mirrored record. The annotation of
a field says what becomes of it: a price and a signed distance change their sign, a share or an index with two ends is
subtracted from its whole, and a field with a partner also changes places with that field, so that the high becomes
minus the low. A field without such an annotation is unchanged. Since prices become negative, a distance relative to a
price has to divide by the absolute price.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_type_hints

from quant.chain import Floats

How = Literal["same", "negative", "one_minus", "hundred_minus"]
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Mirror:
    """What becomes of a field in the mirror image, and the field that it changes places with."""

    how: How
    partner: str | None = None


Price: TypeAlias = Annotated[Floats, Mirror("negative")]
Signed: TypeAlias = Annotated[Floats, Mirror("negative")]  # a distance or a vote with a direction
Share: TypeAlias = Annotated[Floats, Mirror("one_minus")]
Percent: TypeAlias = Annotated[Floats, Mirror("hundred_minus")]


def mirror(record: _Record) -> _Record:
    """Return the mirror image of a frozen record of arrays; records within it are mirrored too.

    The image of the image is the record, except for rounding where a share or an index has two ends.
    """
    declared: Any = type(record)
    changed: dict[str, Any] = {
        name: _image(getattr(record, rule.partner or name), rule.how)
        for name, rule in _rules(declared).items()
    }
    for one in fields(record):  # type: ignore[arg-type]  # any dataclass
        value = getattr(record, one.name)
        if is_dataclass(value):
            changed[one.name] = mirror(value)
    return replace(record, **changed)  # type: ignore[type-var]  # any dataclass


def source_of(record: type, name: str) -> str:
    """Return which field of a record its mirror image has under a name: prior_low20 for prior_high20.

    It is the field of the same name where the mirror image exchanges none.
    """
    rule = _rules(record).get(name)
    return name if rule is None else rule.partner or name


@cache
def _rules(record: Any) -> dict[str, Mirror]:
    hints = get_type_hints(record, include_extras=True)
    found = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return {name: rules[0] for name, rules in found.items() if rules}


def _image(value: Any, how: How) -> Any:
    if how == "negative":
        return -value
    if how == "one_minus":
        return 1.0 - value
    if how == "hundred_minus":
        return 100.0 - value
    return value

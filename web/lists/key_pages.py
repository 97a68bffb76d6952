"""Pages of a queryset by key: rows after or before a row, or from a value on, without OFFSET.

All fields of an order have the same direction, together they are unique, and an index has them in this order, so that a
page costs the same at every place of a table. Money is no such field: behind row-level security a comparison of NUMERIC
is no index condition, because it is not leakproof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, GeneratedField, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

_SEPARATOR = "~"
_LARGEST = 2**63 - 1


class InvalidKeyError(ValueError):
    """A text that is no key of the order."""


@dataclass(frozen=True, slots=True)
class Order:
    """The column that a reader sorts by, the fields of the order, and the direction of all."""

    column: str
    fields: tuple[str, ...]
    descending: bool = True

    def names(self, backwards: bool = False) -> list[str]:
        """Return the arguments of `order_by`."""
        sign = "-" if self.descending != backwards else ""
        return [sign + name for name in self.fields]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a page, and whether there are rows before and after it."""

    rows: list[Any]
    has_previous: bool
    has_next: bool


def key_of(row: Any, order: Order) -> str:
    """Return the key of a row as it stands in an address: 1763650000000~12345."""
    return _SEPARATOR.join(str(getattr(row, name)) for name in order.fields)


def parse_key(model: type[Model], order: Order, text: str) -> list[Any]:
    """Return the values of a key. Raises InvalidKeyError for a text that is none."""
    parts = text.split(_SEPARATOR)
    if len(parts) != len(order.fields):
        raise InvalidKeyError(text)
    try:
        fields = {field.name: _typed(field) for field in model._meta.fields}
        values = [fields[name].to_python(one) for name, one in zip(order.fields, parts, strict=True)]
        numbers = [one for one in values if isinstance(one, int | float)]
        if all(-_LARGEST <= one <= _LARGEST for one in numbers):
            return values
    except (ValidationError, ValueError):
        pass
    raise InvalidKeyError(text)


def _typed(field: Field[Any, Any]) -> Field[Any, Any]:
    """Return the field that knows the type of the values, which a generated field does not."""
    return (field.output_field or field) if isinstance(field, GeneratedField) else field


def after_key(
    queryset: QuerySet[Any], order: Order, values: Sequence[Any], backwards: bool = False
) -> list[QuerySet[Any]]:
    """Return the rows that follow a key in the order, or precede it: those with the same first value, and all further.

    Of one condition on the whole key the planner expects too few rows where many have the same first value, as the rows
    of a slot do, and sorts them all. Two conditions also let it prune partitions.
    """
    is_less = order.descending != backwards
    compare, sign = (TupleLessThan, "lt") if is_less else (TupleGreaterThan, "gt")
    first, *others = order.fields
    further = queryset.filter(**{f"{first}__{sign}": values[0]})
    if not others:
        return [further]
    same = queryset.filter(**{first: values[0]})
    if len(others) == 1:
        return [same.filter(**{f"{others[0]}__{sign}": values[1]}), further]
    return [same.filter(compare(Tuple(*others), tuple(values[1:]))), further]


def read_page(
    variants: Sequence[QuerySet[Any]],
    order: Order,
    size: int,
    *,
    key: Sequence[Any] | None = None,
    backwards: bool = False,
    starts_inside: bool = False,
) -> Page:
    """Return a page of the rows of querysets that have no row in common, in one order.

    With `key` it is the page after the row of this key, or before it. `starts_inside` is whether rows may precede a
    page without a key, which begins at a value that the reader chose.
    """
    found = [part for one in variants for part in (after_key(one, order, key, backwards) if key else [one])]
    limited = [one.order_by(*order.names(backwards))[: size + 1] for one in found]
    merged: Iterable[Any] = limited[0]
    if len(limited) > 1:
        merged = limited[0].union(*limited[1:], all=True).order_by(*order.names(backwards))[: size + 1]
    rows = list(merged)
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        return Page(rows[::-1], more, True)
    return Page(rows, key is not None or starts_inside, more)

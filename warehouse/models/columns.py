"""Column kinds and constraints the tables share. Every column is built here, so that none lacks a unit.

Instants are epoch milliseconds UTC (BIGINT), money is NUMERIC, everything measured or computed is double
precision. Names and tickers compare by byte (`COLLATE "C"`): index order then equals numpy's, on every
server.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q

if TYPE_CHECKING:
    AnyField = models.Field[Any, Any]
else:
    AnyField = models.Field  # Django's fields take type arguments in the stubs alone


class MoneyField(AnyField):
    """NUMERIC without a declared scale: a price keeps the digits it came with, 0.05 or 6451.1234, and shows no others.

    Django's DecimalField insists on one scale for all, pads every price to it, and turns a float into its binary
    expansion.
    """

    description = "Decimal number of any scale"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric"

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        return Decimal(repr(value) if isinstance(value, float) else value)

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))


def row_id() -> Any:
    return models.BigAutoField(primary_key=True, db_comment="row number in order of arrival; no unit")


def key(comment: str, **options: Any) -> Any:
    return models.TextField(db_collation="C", db_comment=comment, **options)


def underlying() -> Any:
    return key("underlying, bare: SPX, SPY; no unit")


def epoch_ms(comment: str, **options: Any) -> Any:
    return models.BigIntegerField(db_comment=f"{comment}; epoch milliseconds UTC", **options)


def day(comment: str) -> Any:
    return models.DateField(db_comment=f"{comment}; date, New York")


def money(comment: str, null: bool = True) -> Any:
    return MoneyField(null=null, blank=null, db_comment=comment)


def real(comment: str, null: bool = True) -> Any:
    return models.FloatField(null=null, blank=null, db_comment=comment)


def count(comment: str, null: bool = True, **options: Any) -> Any:
    return models.IntegerField(null=null, blank=null, db_comment=comment, **options)


def big_count(comment: str, null: bool = True, **options: Any) -> Any:
    return models.BigIntegerField(null=null, blank=null, db_comment=comment, **options)


def flag(comment: str, default: bool = False) -> Any:
    return models.BooleanField(default=default, db_default=default, db_comment=f"{comment}; true or false")


def text(comment: str, null: bool = True) -> Any:
    return models.TextField(null=null, blank=null, db_comment=comment)


def texts(comment: str, **options: Any) -> Any:
    return ArrayField(models.TextField(), db_comment=comment, **options)


def json(comment: str) -> Any:
    return models.JSONField(null=True, blank=True, db_comment=comment)


def choice(kind: type[models.TextChoices], comment: str, null: bool = True) -> Any:
    """A text enum; pair it with `one_of` in the model's constraints."""
    named = f"{comment}; one of {', '.join(kind.values)}"
    return models.TextField(choices=kind.choices, null=null, blank=null, db_comment=named)


def method_version() -> Any:
    return models.TextField(db_comment="version of the method that computed the row; no unit")


def one_of(table: str, column: str, kind: type[models.TextChoices]) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{column}__in": kind.values}), name=f"{table}_{column}_known"
    )


def fraction(table: str, column: str) -> models.CheckConstraint:
    inside = Q(**{f"{column}__gte": 0.0}, **{f"{column}__lte": 1.0})
    return models.CheckConstraint(condition=inside, name=f"{table}_{column}_fraction")


def unique(table: str, *columns: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=columns, name=f"{table}_key")

"""Column types and constraints of the tables. All columns are built here, so that each has a comment with a unit.

Instants are epoch milliseconds UTC (BIGINT), money is NUMERIC, everything measured or computed is double
precision. Symbols and tickers compare by byte (`COLLATE "C"`), so that the order of an index equals numpy's on every
server.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Q
from django.db.models.functions import Cast

if TYPE_CHECKING:
    AnyField = models.Field[Any, Any]
else:
    AnyField = models.Field  # only the stubs of Django's fields accept type arguments


class MoneyField(AnyField):
    """NUMERIC without a declared scale: a price keeps exactly its digits, 0.05 or 6451.1234.

    Django's DecimalField requires one scale, pads every price to it, and converts a float to its binary expansion.
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
    """Return the identity column."""
    return models.BigAutoField(primary_key=True, db_comment="row number in order of arrival; no unit")


def key(comment: str, **options: Any) -> Any:
    """Return a text column of a key, compared by byte."""
    return models.TextField(db_collation="C", db_comment=comment, **options)


def underlying() -> Any:
    """Return the column of the underlying."""
    return key("underlying, bare: SPX, SPY; no unit")


def epoch_ms(comment: str, **options: Any) -> Any:
    """Return a column of epoch milliseconds UTC."""
    return models.BigIntegerField(db_comment=f"{comment}; epoch milliseconds UTC", **options)


def day(comment: str, null: bool = False) -> Any:
    """Return a date column."""
    return models.DateField(null=null, blank=null, db_comment=f"{comment}; date, New York")


def money(comment: str, null: bool = True, **options: Any) -> Any:
    """Return a NUMERIC column."""
    return MoneyField(null=null, blank=null, db_comment=comment, **options)


def real(comment: str, null: bool = True) -> Any:
    """Return a double precision column."""
    return models.FloatField(null=null, blank=null, db_comment=comment)


def real_of(column: str, comment: str) -> Any:
    """Return a double precision column that PostgreSQL computes from a NUMERIC one, and stores."""
    real_type = models.FloatField()
    return models.GeneratedField(
        expression=Cast(column, real_type),
        output_field=real_type,
        db_persist=True,
        null=True,
        db_comment=comment,
    )


def count(comment: str, null: bool = True, **options: Any) -> Any:
    """Return an integer column."""
    return models.IntegerField(null=null, blank=null, db_comment=comment, **options)


def big_count(comment: str, null: bool = True, **options: Any) -> Any:
    """Return a bigint column."""
    return models.BigIntegerField(null=null, blank=null, db_comment=comment, **options)


def big_counts(comment: str, **options: Any) -> Any:
    """Return a bigint[] column."""
    return ArrayField(models.BigIntegerField(), db_comment=comment, **options)


def reals(comment: str, **options: Any) -> Any:
    """Return a double precision[] column whose elements may be null."""
    return ArrayField(models.FloatField(null=True), db_comment=comment, **options)


def flag(comment: str, default: bool = False) -> Any:
    """Return a boolean column."""
    return models.BooleanField(default=default, db_default=default, db_comment=f"{comment}; true or false")


def flag_or_unknown(comment: str) -> Any:
    """Return a boolean column that is false in new rows, and NULL in those from before the column."""
    return models.BooleanField(
        null=True, blank=True, db_default=False, db_comment=f"{comment}; true, false or null"
    )


def flag_if_known(comment: str) -> Any:
    """Return a boolean column that may be NULL."""
    return models.BooleanField(null=True, blank=True, db_comment=f"{comment}; true, false or null")


def text(comment: str, null: bool = True) -> Any:
    """Return a text column."""
    return models.TextField(null=null, blank=null, db_comment=comment)


def texts(comment: str, **options: Any) -> Any:
    """Return a text[] column."""
    return ArrayField(models.TextField(), db_comment=comment, **options)


def json(comment: str, null: bool = True) -> Any:
    """Return a jsonb column."""
    return models.JSONField(null=null, blank=True, db_comment=comment)


def choice(kind: type[models.TextChoices], comment: str, null: bool = True) -> Any:
    """Return the column of a text enumeration; add `one_of` to the constraints of the model."""
    named = f"{comment}; one of {', '.join(kind.values)}"
    return models.TextField(choices=kind.choices, null=null, blank=null, db_comment=named)


def method_version() -> Any:
    """Return the column of the method's version."""
    return models.TextField(db_comment="version of the method that computed the row; no unit")


def known_at(large: bool = False) -> Any:
    """Return the column of the time from which a row was available.

    Rows of large tables that were stored before the column existed have NULL, until `manage.py fill_known_at`.
    """
    if large:
        return epoch_ms("from when on the row was available", null=True, blank=True)
    return epoch_ms("from when on the row was available", db_default=Func(function="warehouse_known_ms"))


def computed_at() -> Any:
    """Return the column of the time at which a row was computed again."""
    return epoch_ms("from when on these values are the row's, null for the first ones", null=True, blank=True)


def known_since_timestamp(table: str) -> models.CheckConstraint:
    """Return the CHECK constraint that no row is known before its time."""
    return models.CheckConstraint(condition=Q(known_at__gte=F("timestamp")), name=f"{table}_known_at_later")


def one_of(table: str, column: str, kind: type[models.TextChoices]) -> models.CheckConstraint:
    """Return the CHECK constraint of a text enumeration."""
    return models.CheckConstraint(
        condition=Q(**{f"{column}__in": kind.values}), name=f"{table}_{column}_known"
    )


def fraction(table: str, column: str) -> models.CheckConstraint:
    """Return the CHECK constraint of a fraction from 0 to 1."""
    inside = Q(**{f"{column}__gte": 0.0}, **{f"{column}__lte": 1.0})
    return models.CheckConstraint(condition=inside, name=f"{table}_{column}_fraction")


def unique(table: str, *columns: str) -> models.UniqueConstraint:
    """Return the unique constraint of the key."""
    return models.UniqueConstraint(fields=columns, name=f"{table}_key")

"""Recompute each stored value and compare. Read-only.

Inside a transaction that is rolled back, the stored row is deleted, computed again, and both are compared as text. So
both values have passed through the same columns of the same database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import connection, models, transaction

from ingestion.chains.chain_rows import expiration_rows, gamma_row
from ingestion.chains.closing_chain import NoSnapshot
from ingestion.chains.gamma_exposure import MeasuredGamma, measure_gamma
from ingestion.chains.gamma_inputs import INPUT_COLUMNS, InputsGone, inputs_of
from ingestion.chains.stored_chain import NotWhole, stored_chain
from ingestion.daily.iv_percentile import measure
from ingestion.daily.rollups import flow_of, roll_up_gamma, store_flow
from quant import sessions
from warehouse import clock
from warehouse.models import ExpirationGamma, FlowDay, GammaDay, GammaExposure, IvPercentile

GONE = "the rows it was computed from are no longer stored"


@dataclass(frozen=True, slots=True)
class Audited:
    """Result for one stored row: the columns that differ, or in `impossible` why it cannot be recomputed."""

    figure: str
    differing: tuple[str, ...] = ()
    impossible: str = ""

    def __str__(self) -> str:
        if self.impossible:
            return f"{self.figure}: cannot be recomputed: {self.impossible}"
        return f"{self.figure}: {'differs in ' + ', '.join(self.differing) if self.differing else 'equal'}"


_VERSIONS = ("known_at", "computed_at")


def audit(symbol: str, session: date) -> Iterator[Audited]:
    """Yield the result for every stored row of a symbol's session: gamma snapshots, IV percentile and daily sums.

    The market regime does not belong to a symbol; `calculate_market_regime` recomputes it. Raises ValueError for a date
    without a session.
    """
    bounds = clock.epoch_ms(sessions.open_of(session)), clock.epoch_ms(sessions.close_of(session))
    slots = GammaExposure.objects.filter(symbol=symbol, timestamp__range=bounds).order_by("timestamp")
    for slot in slots.values_list("timestamp", flat=True):
        yield audit_gamma(symbol, slot)
        if ExpirationGamma.objects.filter(symbol=symbol, timestamp=slot).exists():
            yield audit_expirations(symbol, slot)
    by_day: list[tuple[type[models.Model], Callable[[], object]]] = [
        (IvPercentile, lambda: _rank(symbol, session)),
        (GammaDay, lambda: roll_up_gamma(session, is_history=True)),
        (FlowDay, lambda: store_flow(flow_of(session, is_history=True))),
    ]
    for model, make in by_day:
        key = {"symbol": symbol, "date": session}
        if model._default_manager.filter(**key).exists():
            yield _compared(f"{model._meta.db_table} of {session}", model, key, make)


def audit_gamma(symbol: str, slot: int) -> Audited:
    """Recompute the gamma snapshot of a slot (epoch ms) from the rows of historical_greeks.

    Raises GammaExposure.DoesNotExist when no snapshot is stored.
    """
    stored = GammaExposure.objects.get(symbol=symbol, timestamp=slot)
    at = clock.instant(slot).astimezone(sessions.NEW_YORK)

    def make() -> None:
        gamma_row(symbol, slot, _measured(stored)).save(force_insert=True)

    key = {"symbol": symbol, "timestamp": slot}
    return _compared(f"gamma of {at:%Y-%m-%d %H:%M}", GammaExposure, key, make)


def audit_expirations(symbol: str, slot: int) -> Audited:
    """Recompute the gamma by expiration of a slot (epoch ms) from the rows of historical_greeks.

    Raises GammaExposure.DoesNotExist when no snapshot is stored.
    """
    stored = GammaExposure.objects.get(symbol=symbol, timestamp=slot)
    at = clock.instant(slot).astimezone(sessions.NEW_YORK)

    def make() -> None:
        ExpirationGamma.objects.bulk_create(expiration_rows(symbol, slot, _measured(stored)))

    key = {"symbol": symbol, "timestamp": slot}
    return _compared(f"gamma by expiration of {at:%Y-%m-%d %H:%M}", ExpirationGamma, key, make)


def _measured(stored: GammaExposure) -> MeasuredGamma:
    """Compute the gamma of a stored snapshot again, with its inputs as they are stored."""
    inputs = inputs_of(stored)
    gamma = measure_gamma(stored_chain(stored, inputs), inputs.past)
    return replace(gamma, inputs={name: getattr(stored, name) for name in INPUT_COLUMNS})


def _rank(symbol: str, session: date) -> None:
    columns, _ = measure(symbol, session)
    IvPercentile.objects.create(symbol=symbol, date=session, **columns)


def _compared(
    figure: str, model: type[models.Model], key: dict[str, Any], make: Callable[[], object]
) -> Audited:
    with transaction.atomic():
        before = _as_text(model, key)
        model._default_manager.filter(**key).delete()
        try:
            make()
        except (NotWhole, InputsGone, NoSnapshot) as error:
            return Audited(figure, impossible=str(error))
        else:
            after = _as_text(model, key)
        finally:
            transaction.set_rollback(True)
    if not after:
        return Audited(figure, impossible=GONE)
    return Audited(figure, tuple(name for name in before if before[name] != after[name]))


def _as_text(model: type[models.Model], key: dict[str, Any]) -> dict[str, tuple[str | None, ...]]:
    """Return the columns of the rows as text, by key, without the row number and the times of the versions.

    Empty when there is no row.
    """
    fields = model._meta.concrete_fields
    names = [str(field.column) for field in fields if not field.primary_key and field.column not in _VERSIONS]
    columns = ", ".join(f"{connection.ops.quote_name(name)}::text" for name in names)
    where = " AND ".join(f"{connection.ops.quote_name(name)} = %s" for name in key)
    unique = next(rule for rule in model._meta.constraints if isinstance(rule, models.UniqueConstraint))
    order = ", ".join(connection.ops.quote_name(name) for name in unique.fields)
    with connection.cursor() as cursor:
        # Every name is a column of the model.
        cursor.execute(
            f"SELECT {columns} FROM {model._meta.db_table} WHERE {where} ORDER BY {order}",  # noqa: S608
            list(key.values()),
        )
        rows = cursor.fetchall()
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}

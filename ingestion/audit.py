"""Recompute each stored value and compare. Read-only.

Inside a transaction that is rolled back, the stored row is deleted, computed again, and both are compared as text. So
both values have passed through the same columns of the same database. Live, imported and rebuilt rows are treated
alike. What cannot be computed again is named with its reason and does not count as equal: rows whose inputs are no
longer stored, gamma of a chain of which only a band of strikes is stored, and rows of an earlier method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from typing import Any

from django.db import connection, models, transaction

from ingestion.chains.chain_rows import expiration_rows, gamma_row
from ingestion.chains.closing_chain import NoSnapshot
from ingestion.chains.gamma_exposure import MeasuredGamma, measure_gamma
from ingestion.chains.gamma_inputs import INPUT_COLUMNS, InputsGone, inputs_of
from ingestion.chains.stored_chain import NotWhole, stored_chain
from ingestion.daily import volatility_surface
from ingestion.daily.iv_percentile import measure
from ingestion.daily.market_regime import InputsGone as RegimeInputsGone
from ingestion.daily.market_regime import recomputed
from ingestion.daily.rollups import flow_of, roll_up_gamma, store_flow
from quant import sessions
from warehouse import clock
from warehouse.models import (
    ExpirationGamma,
    FlowDay,
    GammaDay,
    GammaExposure,
    HistoricalGreeks,
    IvPercentile,
    MarketRegimeDay,
    SurfacePoint,
    TermDay,
)

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


_VERSIONS, _METHOD = ("known_at", "computed_at"), "method_version"


def audit(symbol: str, session: date) -> Iterator[Audited]:
    """Yield the result for every stored row of a symbol's session: gamma, IV percentile, surface, daily sums.

    The session's market regime, which belongs to all symbols, is the last one. Raises ValueError for a date without a
    session.
    """
    bounds = clock.epoch_ms(sessions.open_of(session)), clock.epoch_ms(sessions.close_of(session))
    slots = GammaExposure.objects.filter(symbol=symbol, timestamp__range=bounds).order_by("timestamp")
    for slot in slots.values_list("timestamp", flat=True):
        yield from audit_slot(symbol, slot)
    surface = cache(lambda: volatility_surface.measure(symbol, session))
    by_day: list[tuple[type[models.Model], Callable[[], object]]] = [
        (IvPercentile, lambda: _rank(symbol, session)),
        (SurfacePoint, lambda: _insert(SurfacePoint, symbol, session, surface().points)),
        (TermDay, lambda: _insert(TermDay, symbol, session, [surface().term])),
        (GammaDay, lambda: roll_up_gamma(session, is_history=True)),
        (FlowDay, lambda: store_flow(flow_of(session, is_history=True))),
    ]
    for model, make in by_day:
        key = {"symbol": symbol, "date": session}
        if model._default_manager.filter(**key).exists():
            yield _compared(f"{model._meta.db_table} of {session}", model, key, make)
    yield from audit_regime(session)


def audit_regime(session: date) -> Iterator[Audited]:
    """Yield the result for the market regime of a session, if it is stored."""
    stored = MarketRegimeDay.objects.filter(date=session).first()
    if stored is None:
        return
    figure = f"{MarketRegimeDay._meta.db_table} of {session}"
    try:
        columns = recomputed(stored)  # before the row is deleted, because it has index levels
    except RegimeInputsGone as error:
        yield Audited(figure, impossible=str(error))
        return
    make = partial(MarketRegimeDay.objects.create, date=session, **columns)
    yield _compared(figure, MarketRegimeDay, {"date": session}, make)


def audit_slot(symbol: str, slot: int) -> Iterator[Audited]:
    """Recompute the gamma of a slot (epoch ms), in total and by expiration, from the rows of historical_greeks.

    Raises GammaExposure.DoesNotExist when no snapshot is stored.
    """
    stored = GammaExposure.objects.get(symbol=symbol, timestamp=slot)
    at = f"{clock.instant(slot).astimezone(sessions.NEW_YORK):%Y-%m-%d %H:%M}"
    key = {"symbol": symbol, "timestamp": slot}
    measured = cache(lambda: _measured(stored))

    def make_snapshot() -> None:
        gamma_row(symbol, slot, measured()).save(force_insert=True)

    def make_expirations() -> None:
        ExpirationGamma.objects.bulk_create(expiration_rows(symbol, slot, measured()))

    yield _compared(f"gamma of {at}", GammaExposure, key, make_snapshot)
    if ExpirationGamma.objects.filter(**key).exists():
        yield _compared(f"gamma by expiration of {at}", ExpirationGamma, key, make_expirations)


def _require_whole(symbol: str, slot: int, contracts: int) -> None:
    """Raise NotWhole unless the contracts that gamma was computed from are stored."""
    stored = HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot).count()
    if stored == 0:
        raise NotWhole(f"its chain of {contracts:,} contracts is no longer stored")
    if stored > contracts:
        raise NotWhole(f"{stored:,} contracts are stored, more than the {contracts:,} it was computed from")
    if stored < contracts:
        raise NotWhole(
            f"gamma is that of the whole chain of {contracts:,} contracts, and only {stored:,} of them are stored, as"
            " within a band of strikes"
        )


def _measured(stored: GammaExposure) -> MeasuredGamma:
    """Compute the gamma of a stored snapshot again, with its inputs as they are stored."""
    inputs = inputs_of(stored)
    _require_whole(str(stored.symbol), int(stored.timestamp), inputs.contracts)
    gamma = measure_gamma(stored_chain(stored, inputs), inputs.past)
    return replace(gamma, inputs={name: getattr(stored, name) for name in INPUT_COLUMNS})


def _rank(symbol: str, session: date) -> None:
    columns, _ = measure(symbol, session)
    IvPercentile.objects.create(symbol=symbol, date=session, **columns)


def _insert(model: type[models.Model], symbol: str, session: date, rows: list[dict[str, Any]]) -> None:
    model._default_manager.bulk_create(model(symbol=symbol, date=session, **columns) for columns in rows)


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
    former, present = ({*rows.get(_METHOD, ())} for rows in (before, after))
    if former != present:
        said = [", ".join(sorted(filter(None, versions))) for versions in (former, present)]
        return Audited(
            figure, impossible="it was computed by method {}, and the present one is {}".format(*said)
        )
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

"""Comparison of the table of trades with the simulator's truth, row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from flow.storing.side_reasons import reasons
from tests.system import expected
from tests.system.expected import Trade
from warehouse.models import OptionsFlow

Key = tuple[str, int, int]  # contract ticker, exchange time, sequence number


@dataclass
class Comparison:
    """The result; `faults` is empty if the table agrees with the truth."""

    trades: int = 0  # of the truth, for the watched symbols
    rows: int = 0
    sides: int = 0  # rows with a side, equal to that of the truth
    unquoted: int = 0  # rows of contracts whose quotes were not subscribed
    repaired: int = 0  # rows from the provider's history
    matched_cancels: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.trades:,} trades, {self.rows:,} rows, {self.repaired:,} of them repaired, "
            f"{self.sides:,} sides, {self.matched_cancels:,} cancels matched, {len(self.faults):,} faults"
        )


def compare(
    trades: list[Trade], quoted: Collection[str], is_repaired: Callable[[int], bool], numbered: bool = True
) -> Comparison:
    """Compare the rows of the table in the time range of `trades` with `trades`.

    `quoted` are the contracts whose quotes the consumer subscribed to. A trade of another contract has no quote, except
    if it is from the provider's history or within a time for which `is_repaired` is true. If REST rows are not
    `numbered`, a repaired row is identified by its values instead of its sequence number.
    """
    comparison = Comparison(trades=len(trades))
    rows = {
        (row.contract_ticker, row.timestamp, row.sequence_number): row
        for row in OptionsFlow.objects.filter(
            timestamp__gte=min(one["ms"] for one in trades), timestamp__lte=max(one["ms"] for one in trades)
        ).order_by(F("timestamp"))
    }
    comparison.rows = len(rows)
    explained = dict(zip(rows, reasons(list(rows.values())), strict=True))
    legs = expected.orders(trades)
    keys = {} if numbered else _keys_by_values(rows, trades)
    for one in trades:
        key = (one["ticker"], one["ms"], one["q"])
        row = rows.pop(keys.get(key, key), None)
        quote_seen = one["ticker"] in quoted
        if row is None:
            if expected.is_kept(one):
                comparison.faults.append(f"missing: {dict(one)}")
            continue
        if row.source == "backfill":
            quote_seen = True
        elif expected.is_seldom_quoted(one) or (not quote_seen and is_repaired(one["ms"])):
            quote_seen = row.quote_age_ms is not None
        if not expected.is_kept(one):
            comparison.faults.append(f"too small to be kept: {dict(one)}")
            continue
        columns = expected.row(one, legs[one["order"]], quote_seen, row.average_size, row.large_size)
        wrong = {
            name: (getattr(row, name), value)
            for name, value in columns.items()
            if getattr(row, name) != value
        }
        if not numbered:
            wrong.pop("sweep_id", None)
        if wrong:
            comparison.faults.append(f"(is, should be) {wrong} of {dict(one)} from {row.source}")
        reason = explained[row.contract_ticker, row.timestamp, row.sequence_number]
        _count(comparison, one, row, quote_seen, reason)
    comparison.faults += [f"no such trade: {key}" for key in rows]
    _cancels(comparison, trades)
    return comparison


def _count(comparison: Comparison, one: Trade, row: OptionsFlow, quote_seen: bool, reason: str) -> None:
    comparison.kinds[one["kind"]] += 1
    comparison.repaired += row.source == "backfill"
    comparison.unquoted += not quote_seen
    comparison.sides += row.side is not None
    if row.side is None:
        comparison.reasons[reason] += 1
        unknown = not quote_seen and one["reason"] in ("", "crossed", "stale_quote")
        wanted = "no quote" if unknown else expected.REASONS.get(one["reason"], "a side")
        if reason != wanted:
            comparison.faults.append(f"no side for {reason!r}, should be {wanted!r}: {dict(one)}")


def _keys_by_values(rows: dict[Key, OptionsFlow], trades: Iterable[Trade]) -> dict[Key, Key]:
    """Return, for trades whose sequence number is not in the table, the key of a row with the same values."""
    unnumbered: dict[tuple[Any, ...], list[Key]] = defaultdict(list)
    for key, row in sorted(rows.items(), key=lambda item: -item[0][2]):
        if key[2] < 0:
            unnumbered[_values(row)].append(key)
    keys: dict[Key, Key] = {}
    for one in trades:
        key = (one["ticker"], one["ms"], one["q"])
        columns = expected.row(one, [one], False, 1.0, None)
        equal = unnumbered.get(tuple(columns[name] for name in _COMPARED)) if key not in rows else None
        if equal:
            keys[key] = equal.pop(0)
    return keys


_COMPARED = ("contract_ticker", "timestamp", "price", "size", "exchange")


def _values(row: OptionsFlow) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _COMPARED)


def _cancels(comparison: Comparison, trades: list[Trade]) -> None:
    """Check that exactly the cancelled trades refer to their cancels.

    A cancel of one of several equal trades is ambiguous; for these the reference is not checked.
    """

    def values(one: Trade) -> tuple[Any, ...]:
        return (one["ticker"], one["price"], one["size"], one["exchange"])

    equal = Counter(values(one) for one in trades if one["kind"] != "cancel")
    canceled = {
        one["cancels"]: one["q"] for one in trades if one["kind"] == "cancel" and equal[values(one)] == 1
    }
    by_q = {one["q"]: one for one in trades}
    # Trades before the first compared one are in the table too, and a cancel may refer to them.
    older = {values(one) for one in trades if one["kind"] == "cancel" and one["cancels"] not in by_q}
    ambiguous = older | {values(one) for one in trades if equal[values(one)] > 1}
    stored = OptionsFlow.objects.filter(sequence_number__in=list(by_q), is_cancel=False)
    for number, canceled_by in stored.values_list("sequence_number", "canceled_by"):
        # A cancel after the last compared trade may or may not be stored yet.
        if values(by_q[number]) in ambiguous or (canceled_by or 0) > max(by_q):
            continue
        if canceled_by != canceled.get(number):
            comparison.faults.append(
                f"canceled by {canceled_by}, should be {canceled.get(number)}: {dict(by_q[number])}"
            )
        comparison.matched_cancels += canceled_by is not None

"""The table beside the truth, row for row."""

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
    """What was found; `faults` is empty where the table is the truth."""

    trades: int = 0  # of the truth, of the watched symbols
    rows: int = 0
    sides: int = 0  # known, and as the truth has them
    unquoted: int = 0  # rows of contracts whose quotes nobody listened to
    repaired: int = 0  # rows that came from the provider's past
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
    """Holds every row of the table from the first of `trades` to the last against them.

    `quoted` are the contracts whose quotes the consumer listened to; a trade of another has none, unless it
    came from the past, which tells all, or stands in a time `is_repaired` names. Where REST rows are not
    `numbered`, a repaired row is known by what it says and not by its sequence number.
    """
    found = Comparison(trades=len(trades))
    rows = {
        (row.contract_ticker, row.timestamp, row.sequence_number): row
        for row in OptionsFlow.objects.filter(
            timestamp__gte=min(one["ms"] for one in trades), timestamp__lte=max(one["ms"] for one in trades)
        ).order_by(F("timestamp"))
    }
    found.rows = len(rows)
    explained = dict(zip(rows, reasons(list(rows.values())), strict=True))
    legs = expected.orders(trades)
    named = {} if numbered else _named(rows, trades)
    for one in trades:
        key = (one["ticker"], one["ms"], one["q"])
        row = rows.pop(named.get(key, key), None)
        seen = one["ticker"] in quoted
        if row is None:
            if expected.is_kept(one, seen):
                found.faults.append(f"missing: {dict(one)}")
            continue
        if row.source == "backfill":
            seen = True
        elif expected.is_seldom_quoted(one) or (not seen and is_repaired(one["ms"])):
            seen = row.quote_age_ms is not None
        if not expected.is_kept(one, seen):
            found.faults.append(f"too small to be kept: {dict(one)}")
            continue
        wanted = expected.row(one, legs[one["order"]], seen, row.average_size)
        wrong = {
            name: (getattr(row, name), value) for name, value in wanted.items() if getattr(row, name) != value
        }
        if not numbered:
            wrong.pop("sweep_id", None)
        if wrong:
            found.faults.append(f"(is, should be) {wrong} of {dict(one)} from {row.source}")
        _count(found, one, row, seen, explained[row.contract_ticker, row.timestamp, row.sequence_number])
    found.faults += [f"nobody traded {key}" for key in rows]
    _cancels(found, trades)
    return found


def _count(found: Comparison, one: Trade, row: OptionsFlow, seen: bool, reason: str) -> None:
    found.kinds[one["kind"]] += 1
    found.repaired += row.source == "backfill"
    found.unquoted += not seen
    found.sides += row.side is not None
    if row.side is None:
        found.reasons[reason] += 1
        unknown = not seen and one["reason"] in ("", "crossed", "stale_quote")
        wanted = "no quote" if unknown else expected.REASONS.get(one["reason"], "a side")
        if reason != wanted:
            found.faults.append(f"no side for {reason!r}, should be {wanted!r}: {dict(one)}")


def _named(rows: dict[Key, OptionsFlow], trades: Iterable[Trade]) -> dict[Key, Key]:
    """For trades whose number the table does not hold: the key of a row that says the same."""
    nameless: dict[tuple[Any, ...], list[Key]] = defaultdict(list)
    for key, row in sorted(rows.items(), key=lambda item: -item[0][2]):
        if key[2] < 0:
            nameless[_likeness(row)].append(key)
    answer: dict[Key, Key] = {}
    for one in trades:
        key = (one["ticker"], one["ms"], one["q"])
        said = expected.row(one, [one], False, 1.0)
        like = nameless.get(tuple(said[name] for name in _ALIKE)) if key not in rows else None
        if like:
            answer[key] = like.pop(0)
    return answer


_ALIKE = ("contract_ticker", "timestamp", "price", "size", "exchange")


def _likeness(row: OptionsFlow) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _ALIKE)


def _cancels(found: Comparison, trades: list[Trade]) -> None:
    """Every stored trade that was taken back names its cancel, and no other does. Among equal trades of one
    contract nothing tells which one is meant: there the number of cancels must be right."""

    def like(one: Trade) -> tuple[Any, ...]:
        return (one["ticker"], one["price"], one["size"], one["exchange"])

    equal = Counter(like(one) for one in trades if one["kind"] != "cancel")
    meant = {one["cancels"]: one["q"] for one in trades if one["kind"] == "cancel" and equal[like(one)] == 1}
    by_q = {one["q"]: one for one in trades}
    # What was traded before the first trade compared is in the table too, and may be the one that is meant.
    older = {like(one) for one in trades if one["kind"] == "cancel" and one["cancels"] not in by_q}
    ambiguous = older | {like(one) for one in trades if equal[like(one)] > 1}
    stored = OptionsFlow.objects.filter(sequence_number__in=list(by_q), is_cancel=False)
    for number, canceled_by in stored.values_list("sequence_number", "canceled_by"):
        # A cancel traded after the last trade compared may be stored already, or not yet.
        if like(by_q[number]) in ambiguous or (canceled_by or 0) > max(by_q):
            continue
        if canceled_by != meant.get(number):
            found.faults.append(
                f"canceled by {canceled_by}, should be {meant.get(number)}: {dict(by_q[number])}"
            )
        found.matched_cancels += canceled_by is not None

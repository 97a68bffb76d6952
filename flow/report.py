"""Recent flow of one underlying: sums, five-minute buckets and the newest trades, for `manage.py flow_report`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from flow.storing.side_reasons import reasons
from quant.sessions import MINUTE_MS
from warehouse.asof.sums import coverage as side_coverage
from warehouse.asof.sums.coverage import SideCoverage
from warehouse.models import FlowOpeningDay, OptionsFlow, StreamGap

BUCKET_MS = 5 * MINUTE_MS
_ADJUSTED = "[0-9]{7}[CP][0-9]{8}$"  # the last digit of the root, and those of the expiration


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of the SQL function `get_flow_summary`: premium in dollars, cancels excluded.

    `total_premium` is that of the trades whose premium is known, None if there are trades and it is known for none.
    """

    total_sweeps: int
    bullish_sweeps: int
    bearish_sweeps: int
    total_premium: Decimal | None
    smart_money_bias: str
    side_coverage: float | None  # share of the sweeps' money whose side is known, None without sweeps


@dataclass(frozen=True, slots=True)
class Bucket:
    """Known premiums of bullish and of bearish trades in the five minutes from epoch ms `start_ms`, dollars.

    None if there are such trades and the premium of none of them is known.
    """

    start_ms: int
    bullish: Decimal | None
    bearish: Decimal | None


@dataclass(frozen=True, slots=True)
class Report:
    """Trades of `symbol` in the `minutes` before `now_ms` (epoch ms): sums, series, newest trades and gaps."""

    symbol: str
    minutes: int
    now_ms: int
    summary: Summary
    unknown_premiums: int  # trades whose premium is unknown, and in no sum
    adjusted: int  # trades of adjusted contracts, whose root ends in a digit
    buckets: list[Bucket]
    trades: list[OptionsFlow]  # the newest trades, newest first
    sides: list[str]  # of each trade: buy, sell, or the reason why it has neither
    coverage: SideCoverage  # for how much of the flow the side is known
    opening: FlowOpeningDay | None  # the last session whose opened and closed contracts are known
    gaps: list[StreamGap]  # gaps of any feed that overlap the window: their trades may be missing


def flow_report(symbol: str, minutes: int, now_ms: int, trades: int = 20) -> Report:
    """Return the flow of the `minutes` before `now_ms` (epoch ms), with at most `trades` of the newest trades."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT total_sweeps, bullish_sweeps, bearish_sweeps, total_premium, smart_money_bias, side_coverage"
            " FROM get_flow_summary(%s, %s)",
            [symbol, minutes],
        )
        summary = Summary(*cursor.fetchone())
    since = now_ms - minutes * MINUTE_MS
    window = OptionsFlow.objects.filter(symbol=symbol, timestamp__gte=since, timestamp__lte=now_ms)
    valid = window.filter(is_cancel=False, canceled_by=None)
    newest = list(window.order_by("-timestamp", "-contract_ticker", "-sequence_number")[:trades])
    gaps = StreamGap.objects.filter(Q(to_ms__gte=since) | Q(to_ms=None), from_ms__lte=now_ms)
    return Report(
        symbol,
        minutes,
        now_ms,
        summary,
        valid.filter(premium=None).count(),
        valid.filter(contract_ticker__regex=_ADJUSTED).count(),
        _buckets(symbol, since, now_ms),
        newest,
        [row.side or reason for row, reason in zip(newest, reasons(newest), strict=True)],
        side_coverage.read(symbol, since, now_ms),
        FlowOpeningDay.objects.filter(symbol=symbol).order_by("-date").first(),
        list(gaps.order_by("from_ms")),
    )


def _buckets(symbol: str, from_ms: int, to_ms: int) -> list[Bucket]:
    """Return one bucket per five minutes of the range, including those without trades, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT timestamp - timestamp %% %s, sentiment, sum(premium) FROM options_flow_history"
            " WHERE symbol = %s AND timestamp >= %s AND timestamp <= %s AND NOT is_cancel"
            " AND canceled_by IS NULL GROUP BY 1, 2",
            [BUCKET_MS, symbol, from_ms, to_ms],
        )
        sums = {(start, sentiment): premium for start, sentiment, premium in cursor.fetchall()}
    return [
        Bucket(start, sums.get((start, "BULLISH"), Decimal(0)), sums.get((start, "BEARISH"), Decimal(0)))
        for start in range(from_ms - from_ms % BUCKET_MS, to_ms + 1, BUCKET_MS)
    ]

"""The flow of one underlying over the last minutes: sums, a picture and the tape. Shown by `manage.py flow_report`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from quant import sessions
from warehouse import clock
from warehouse.models import OptionsFlow
from warehouse.models.enums import Sentiment

MINUTE_MS = 60_000
BUCKET_MS = 5 * MINUTE_MS
BAR = 24  # characters of the longest bar
_COLORS = {Sentiment.BULLISH: "green", Sentiment.BEARISH: "red"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What `get_flow_summary` says; premium in dollars, cancels left out."""

    total_sweeps: int
    bullish_sweeps: int
    bearish_sweeps: int
    total_premium: Decimal
    smart_money_bias: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """Five minutes from epoch ms `start_ms`: dollars of bullish and of bearish prints."""

    start_ms: int
    bullish: Decimal
    bearish: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    symbol: str
    minutes: int
    now_ms: int
    summary: Summary
    buckets: list[Bucket]
    tape: list[OptionsFlow]  # the newest prints, newest first


def flow_report(symbol: str, minutes: int, prints: int = 20) -> Report:
    """The flow of the last `minutes` by the market's clock, with at most `prints` of the tape."""
    now_ms = clock.now_ms()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT total_sweeps, bullish_sweeps, bearish_sweeps, total_premium, smart_money_bias"
            " FROM get_flow_summary(%s, %s)",
            [symbol, minutes],
        )
        summary = Summary(*cursor.fetchone())
    since = now_ms - minutes * MINUTE_MS
    tape = OptionsFlow.objects.filter(symbol=symbol, timestamp__gte=since, timestamp__lte=now_ms)
    newest = list(tape.order_by("-timestamp", "-contract_ticker", "-sequence_number")[:prints])
    return Report(symbol, minutes, now_ms, summary, _buckets(symbol, since, now_ms), newest)


def _buckets(symbol: str, from_ms: int, to_ms: int) -> list[Bucket]:
    """Every five minutes of the range, those without prints too, the oldest first."""
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


def rendered(report: Report, simulated: bool) -> RenderableType:
    """The report for a terminal."""
    summary = report.summary
    mark = "  SIMULATED" if simulated else ""
    head = (
        f"{report.symbol}, the last {report.minutes} minutes to {_time(report.now_ms)} New York{mark}\n"
        f"premium ${summary.total_premium:,.0f}, sweeps {summary.total_sweeps}"
        f" ({summary.bullish_sweeps} bullish, {summary.bearish_sweeps} bearish): {summary.smart_money_bias}\n"
    )
    if not report.tape:
        return Text(f"{head}No prints were stored in this time.")
    return Group(Text(head), _picture(report.buckets), _tape(report.tape))


def _picture(buckets: list[Bucket]) -> Table:
    """Bars from the middle: bearish premium to the left, bullish to the right, on one scale."""
    longest = max(max(bucket.bullish, bucket.bearish) for bucket in buckets) or Decimal(1)
    table = Table(box=None, padding=(0, 1))
    table.add_column()
    table.add_column("bearish $", justify="right")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column("bullish $", justify="right")
    for bucket in buckets:
        table.add_row(
            _time(bucket.start_ms)[:5],
            _short(bucket.bearish),
            Text(_bar(bucket.bearish, longest), style="red"),
            Text(_bar(bucket.bullish, longest), style="green"),
            _short(bucket.bullish),
        )
    return table


def _tape(prints: list[OptionsFlow]) -> Table:
    table = Table(
        "time", "contract", "size", "price", "bid x ask", "premium", "type", "side", "sentiment", "", box=None
    )
    for row in prints:
        quote = "" if row.bid is None or row.ask is None else f"{row.bid} x {row.ask}"
        table.add_row(
            _time(row.timestamp),
            row.contract_ticker.removeprefix("O:"),
            f"{row.size:,}",
            str(row.price),
            quote,
            _short(row.premium),
            row.trade_type,
            row.side or "",
            Text(row.sentiment, style=_COLORS.get(Sentiment(row.sentiment), "")),
            _remarks(row),
        )
    return table


def _remarks(row: OptionsFlow) -> str:
    said = {
        "cancel": row.is_cancel,
        "cancelled": row.canceled_by is not None,
        "unusual": row.is_unusual_volume,
    }
    return ", ".join(word for word, applies in said.items() if applies)


def _bar(premium: Decimal, longest: Decimal) -> str:
    """At least one character for anything at all, so that little does not look like nothing."""
    return "█" * (max(1, round(BAR * premium / longest)) if premium else 0)


def _short(dollars: Decimal) -> str:
    """1234567 as 1.2M: three digits at most and a letter for the rest."""
    for unit, name in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if dollars >= unit:
            return f"{dollars / unit:.{1 if dollars < 100 * unit else 0}f}{name}"
    return f"{dollars:.0f}"


def _time(epoch_ms: int) -> str:
    return f"{clock.instant(epoch_ms).astimezone(sessions.NEW_YORK):%H:%M:%S}"

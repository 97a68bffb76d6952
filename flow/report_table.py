"""Terminal output of `manage.py flow_report`."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flow.report import Bucket, Report
from quant import sessions
from warehouse import clock
from warehouse.asof.sums.coverage import RULE_ACCURACY, SideCoverage
from warehouse.models import FlowOpeningDay, OptionsFlow, StreamGap
from warehouse.models.enums import GapStatus, Sentiment

BAR = 24  # characters of the longest bar
_COLORS = {Sentiment.BULLISH: "green", Sentiment.BEARISH: "red"}


def render(report: Report, simulated: bool) -> RenderableType:
    """Return the report as a renderable for a terminal."""
    summary = report.summary
    mark = "  SIMULATED" if simulated else ""
    heading = (
        f"{report.symbol}, the last {report.minutes} minutes to {_time(report.now_ms)} New York{mark}\n"
        f"premium {_total(report)}, sweeps {summary.total_sweeps}"
        f" ({summary.bullish_sweeps} bullish, {summary.bearish_sweeps} bearish): {summary.smart_money_bias}"
        f" (side known for {_percent(summary.side_coverage)} of the sweeps' premium)\n"
        f"{_coverage(report.coverage)}\n"
    )
    if report.adjusted:
        heading += f"{report.adjusted} trades of adjusted contracts are included\n"
    if report.opening:
        heading += f"{_opening(report.opening)}\n"
    heading += "".join(f"{_gap(gap)}\n" for gap in report.gaps)
    if not report.trades:
        return Text(f"{heading}No trades were stored in this time.")
    return Group(Text(heading), _bar_chart(report.buckets), _trade_table(report))


def _bar_chart(buckets: list[Bucket]) -> Table:
    """Return bars from the middle on one scale: bearish premium to the left, bullish premium to the right."""
    longest = max(max(bucket.bullish or 0, bucket.bearish or 0) for bucket in buckets) or Decimal(1)
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


def _coverage(known: SideCoverage) -> str:
    """Return for how much of the flow the side is known, and how often the rule is right."""
    shares = (
        f"{name} {_percent(known.share(of, 'stream', 'rest'))}"
        f" (stream {_percent(known.share(of, 'stream'))}, requested {_percent(known.share(of, 'rest'))})"
        for name, of in (
            ("premium", "premium"),
            ("trades", "trades"),
            ("sweeps and large trades", "candidates"),
        )
    )
    waiting = known.waiting_candidates
    return (
        f"side known by {', '.join(shares)}\n"
        + (f"quotes of {waiting} trades are still to be requested\n" if waiting else "")
        + f"the quote rule is right in {RULE_ACCURACY} of trades (published)"
    )


def _percent(share: float | None) -> str:
    return "nothing" if share is None else f"{share:.0%}"


def _opening(day: FlowOpeningDay) -> str:
    parts = (
        f"{name} {contracts:,} (${_short(premium)})"
        for name, contracts, premium in (
            ("opened", day.opened_contracts, day.opened_premium),
            ("closed", day.closed_contracts, day.closed_premium),
            ("unknown", day.unknown_contracts, day.unknown_premium),
        )
    )
    return f"{day.contracts:,} contracts of {day.date} by the change of open interest: {', '.join(parts)}"


def _gap(gap: StreamGap) -> str:
    end = "now" if gap.to_ms is None else _time(gap.to_ms)
    state = {
        GapStatus.OPEN: "not repaired yet",
        GapStatus.REPAIRED: f"{gap.repaired} trades were fetched later",
        GapStatus.UNREPAIRABLE: (
            f"{gap.repaired} trades were fetched later, trades of {gap.unrepairable} contracts are still missing"
        ),
    }[GapStatus(gap.status)]
    return f"gap of {gap.feed} from {_time(gap.from_ms)} to {end} ({gap.reason}): {state}"


def _trade_table(report: Report) -> Table:
    table = Table(
        "time", "contract", "size", "price", "bid x ask", "premium", "type", "side", "sentiment", "", box=None
    )
    for row, side in zip(report.trades, report.sides, strict=True):
        quote = "" if row.bid is None or row.ask is None else f"{row.bid} x {row.ask}"
        table.add_row(
            _time(row.timestamp),
            row.contract_ticker.removeprefix("O:"),
            f"{row.size:,}",
            str(row.price),
            quote,
            _short(row.premium),
            row.trade_type,
            side,
            Text(row.sentiment, style=_COLORS.get(Sentiment(row.sentiment), "")),
            _remarks(row),
        )
    return table


def _remarks(row: OptionsFlow) -> str:
    remarks = {
        "cancel": row.is_cancel,
        "cancelled": row.canceled_by is not None,
        "unusual": row.is_unusual_volume,
    }
    return ", ".join(word for word, applies in remarks.items() if applies)


def _total(report: Report) -> str:
    """Return the sum of the known premiums, and the number of trades whose premium is unknown."""
    premium, unknown = report.summary.total_premium, report.unknown_premiums
    total = "unknown" if premium is None else f"${premium:,.0f}"
    return f"{total}, that of {unknown} trades is unknown" if unknown else total


def _bar(premium: Decimal | None, longest: Decimal | int) -> str:
    """Return a bar of at least one character for any premium above zero, so that it differs from no premium."""
    return "█" * (max(1, round(BAR * premium / longest)) if premium else 0)


def _short(dollars: Decimal | None) -> str:
    """Return dollars with at most three digits and a unit letter: 1234567 becomes 1.2M."""
    if dollars is None:
        return "unknown"
    for unit, name in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if dollars >= unit:
            return f"{dollars / unit:.{1 if dollars < 100 * unit else 0}f}{name}"
    return f"{dollars:.0f}"


def _time(epoch_ms: int) -> str:
    return f"{clock.instant(epoch_ms).astimezone(sessions.NEW_YORK):%H:%M:%S}"

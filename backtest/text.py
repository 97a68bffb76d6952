"""A finished backtest as text: one line per detector, and the records that other programs read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from backtest.priced.text import in_one_sentence, option_table, options_of
from backtest.report.no_outcome import in_words
from backtest.report.percentages import interval, percent, signed_percent
from backtest.request import from_json
from warehouse.models import Backtest
from warehouse.models.enums import BacktestStatus

POPULATION = "signals"
HEADINGS = (
    "detector", "signals", "trades", "win rate", "95 %", "chance", "hit", "avg win", "avg loss", "PF", "R", "verdict",
)  # fmt: skip


def as_records(backtest: Backtest) -> dict[str, Any]:
    """Return a finished backtest as JSON has it: one record per detector, and what it depends on.

    A record has the documented names detector, winRate, profitFactor, totalTrades and byRegime, and all numbers of the
    stored result. Numbers that do not exist are null.
    """
    result = backtest.result or {}
    rows = result.get("populations", {}).get(POPULATION, {}).get("detectors", [])
    return {
        "backtest": backtest.id,
        "request": backtest.request,
        "fingerprint": backtest.fingerprint,
        "codeVersion": backtest.code_version,
        "methodVersion": backtest.method_version,
        "guards": backtest.guards,
        "sessions": result.get("sessions"),
        "sessionsWithData": result.get("sessions_with_data"),
        "comparisons": result.get("comparisons"),
        "patterns": result.get("patterns", []),
        "optionTrades": options_of(result, POPULATION),
        "detectors": [_record(row, result["no_data"].get(row["detector"], {})) for row in rows],
    }


def _record(row: Mapping[str, Any], no_data: Mapping[str, int]) -> dict[str, Any]:
    return {
        "detector": row["detector"],
        "winRate": row["win_rate"]["share"],
        "winRateInterval": row["win_rate"]["wilson"],
        "profitFactor": row["profit_factor"],
        "totalTrades": row["trades"],
        "totalSignals": row["signals"],
        "tooFew": row["too_few"],
        "verdict": row["verdict"]["word"],
        "chanceWinRate": row["verdict"]["chance_win_rate"],
        "byRegime": {
            regime: {
                "winRate": one["win_rate"]["share"],
                "winRateInterval": one["win_rate"]["wilson"],
                "profitFactor": one["profit_factor"],
                "totalTrades": one["trades"],
            }
            for regime, one in row["by"]["regime"].items()
        },
        "avgPredicted": row["average_predicted"],
        "avgActual": row["average_actual"],
        "noOutcome": row.get("no_outcome", {}),
        "noData": no_data,
        "numbers": {name: value for name, value in row.items() if name not in ("detector", "by")},
    }


def as_lines(backtest: Backtest) -> Iterator[RenderableType]:
    """Yield what a person reads of a backtest: its state, a table, and what is behind the numbers."""
    request = from_json(backtest.request)
    symbols = ", ".join(request.symbols)
    yield f"Backtest {backtest.id}: {symbols}, {request.timeframe} bars, {request.first} to {request.last}"
    if backtest.status != BacktestStatus.DONE or backtest.result is None:
        yield f"It is {backtest.status}{': ' + str(backtest.error) if backtest.error else ''}."
        return
    result = backtest.result
    table = Table(*HEADINGS)
    rows = result["populations"][POPULATION]["detectors"]
    for row in sorted(rows, key=lambda one: (one["too_few"], -(one["expectancy_r"] or 0.0))):
        table.add_row(*_cells(row, result["no_data"].get(row["detector"], {})))
    yield table
    yield (
        f"{result['signals']:,} signals of {result['firings']:,} firings in {result['sessions_with_data']:,} sessions"
        f" with data of {result['sessions']:,}. R after costs; chance: random entries with the same exits."
    )
    yield from _without_outcome(rows)
    options = options_of(result, POPULATION)
    if options is not None:
        yield option_table(options)
        yield in_one_sentence(options)
    patterns = result.get("patterns", [])  # absent in results from before patterns were measured
    if any(one["total"]["win_rate"]["n"] for one in patterns):
        yield _pattern_table(patterns)
    for comparison in result["comparisons"].items():
        yield f"{comparison[0].capitalize()}: {comparison[1]['sentence']}"
    yield f"Data {backtest.fingerprint}, code {backtest.code_version}, method {backtest.method_version}."


def _without_outcome(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield for each detector how many of its signals have no outcome, and why."""
    for row in rows:
        reasons = row.get("no_outcome", {})  # absent in results from before it was counted
        if reasons:
            yield (
                f"{row['detector']}: {sum(reasons.values()):,} of {row['signals']:,} signals have no outcome"
                f" ({in_words(reasons)})."
            )


def _cells(row: Mapping[str, Any], no_data: Mapping[str, int]) -> list[str]:
    verdict = row["verdict"]
    word = verdict["word"] or ("" if row["signals"] else _why_none(row, no_data))
    return [
        row["detector"],
        f"{row['signals']:,}",
        f"{row['trades']:,}",
        percent(row["win_rate"]["share"]),
        interval(row["win_rate"]["wilson"]),
        percent(verdict["chance_win_rate"]),
        percent(row["target_hit_rate"]["share"]),
        signed_percent(row["average_win"]),
        signed_percent(row["average_loss"]),
        "" if row["profit_factor"] is None else f"{row['profit_factor']:.2f}",
        "" if row["expectancy_r"] is None else f"{row['expectancy_r']:+.2f}",
        f"{word}, too few" if row["too_few"] and word and row["signals"] else word,
    ]


def _pattern_table(patterns: Sequence[Mapping[str, Any]]) -> Table:
    """Return the win rates of the signals on whose bar a pattern held."""
    table = Table("pattern", "outcomes", "win rate", "95 %", "chance", "verdict")
    for one in patterns:
        rate, verdict = one["total"]["win_rate"], one["total"]["verdict"]
        word = verdict["word"] or ""
        table.add_row(
            one["pattern"],
            f"{rate['n']:,}",
            percent(rate["share"]),
            interval(rate["wilson"]),
            percent(verdict["chance_win_rate"]),
            f"{word}, too few" if word and verdict["too_few"] else word,
        )
    return table


def _why_none(row: Mapping[str, Any], no_data: Mapping[str, int]) -> str:
    """Return the most frequent reason for which a detector without signals had no answer."""
    found = max(no_data.items(), key=lambda one: one[1], default=("", 0))
    if found[1]:
        return f"no data: {found[0]} ({found[1]:,} bars)"
    return "no signal" if row["sessions_with_data"] else "not for these symbols"

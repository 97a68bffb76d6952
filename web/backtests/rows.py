"""Rows of stored backtests: state, progress and what was asked for, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.db.models.fields.json import KeyTransform

from backtest.run import UNFINISHED
from signals.detectors.registry import DETECTORS
from warehouse.models import Backtest, BacktestSymbol, Optimization
from warehouse.models.enums import BacktestStatus
from web import formats
from web.signals.naming import detector_title

# Word and class of the badge of each state.
STATES = {
    BacktestStatus.PENDING: ("WAITING", ""),
    BacktestStatus.RUNNING: ("RUNNING", "accent"),
    BacktestStatus.DONE: ("DONE", "good"),
    BacktestStatus.CANCELED: ("CANCELED", "warn"),
    BacktestStatus.FAILED: ("FAILED", "bad"),
}


@dataclass(frozen=True, slots=True)
class PartRow:
    """How far one symbol is: sessions done of all, a share of 0 to 1, and one word or duration."""

    symbol: str
    done: int
    total: int
    share: float
    state: str


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """A backtest in a list. `signals` is None before the end; `share` is the part of the sessions done, 0 to 1."""

    pk: int
    word: str
    tone: str
    is_unfinished: bool
    symbols: str
    range: str
    timeframe: str
    detectors: str
    share: float
    progress: str
    signals: int | None
    made_by: str
    created_at: int
    duration: str
    error: str
    parts: tuple[PartRow, ...]


def newest(most: int) -> list[BacktestRow]:
    """Return the rows of the newest backtests, at most `most`, newest first, in two queries."""
    parts = BacktestSymbol.objects.defer("has_data", "no_data").order_by("symbol")
    # Of the result, which is large, only the number of signals is read.
    found = Backtest.objects.defer("result", "guards").annotate(
        signal_count=KeyTransform("signals", "result")
    )
    return [
        row_of(one, one.signal_count)
        for one in found.prefetch_related(Prefetch("parts", parts)).order_by("-id")[:most]
    ]


def row_of(backtest: Backtest, signals: int | None) -> BacktestRow:
    """Return the row of a backtest whose parts are read."""
    word, tone = STATES[BacktestStatus(backtest.status)]
    parts = tuple(_part(one) for one in backtest.parts.all())
    done, total = sum(one.done for one in parts), sum(one.total for one in parts)
    is_done = backtest.status == BacktestStatus.DONE
    share = 1.0 if is_done else done / total if total else 0.0
    return BacktestRow(
        pk=int(backtest.pk),
        word=word,
        tone=tone,
        is_unfinished=backtest.status in UNFINISHED,
        symbols=", ".join(backtest.symbols),
        range=range_of(backtest),
        timeframe=str(backtest.timeframe),
        detectors=detectors_in_words(backtest.request),
        share=share,
        progress="all sessions" if is_done else f"{done:,} of {total:,} sessions" if total else "not started",
        signals=signals,
        made_by=str(backtest.made_by),
        created_at=int(backtest.created_at),
        duration=duration_of(backtest),
        error=str(backtest.error or ""),
        parts=parts,
    )


def range_of(backtest: Backtest) -> str:
    """Return the range of sessions: 1 Sep 2022 to 13 Sep 2023."""
    return formats.days(backtest.first_session, backtest.last_session)


def duration_of(row: Backtest | Optimization) -> str:
    """Return how long a backtest or an optimisation took in real time, empty before the end."""
    if row.started_at is None or row.finished_at is None:
        return ""
    return formats.duration(max(0, int(row.finished_at) - int(row.started_at)) // 1000)


def detectors_in_words(request: Mapping[str, Any]) -> str:
    """Return which detectors a stored request has: all 19 detectors, or their names."""
    names = request["detectors"]
    if len(names) == len(DETECTORS):
        return f"all {len(names)} detectors"
    return ", ".join(detector_title(one) for one in names) if len(names) < 4 else f"{len(names)} detectors"


def rules_in_words(request: Mapping[str, Any]) -> Iterable[str]:
    """Yield the rules of trading of a stored request, one by one."""
    yield "entry at the first minute after the signal"
    yield "stop before target when one bar holds both"
    yield f"slippage {formats.number(request['slippage'] * 1e4, 1)} basis points"
    if request["commission"]:
        yield f"commission {formats.number(request['commission'] * 1e4, 1)} basis points"
    yield f"least score {formats.number(request['minimum'])}"
    if request["profile"] != "default":
        yield f"profile {formats.words(request['profile'])}"
    if request["wall_exit"]:
        yield "exit before walls"
    if not request["one_at_a_time"]:
        yield "all firings"
    if request.get("priced"):
        share = formats.percent(request["spread_share"], 0)
        yield f"options at {share} of half of the spread"
        yield f"{formats.exact_money(request['option_commission'])} commission per option"
    if request["shuffled"]:
        yield "bars in a random order, in which no detector can have an edge"


def _part(part: BacktestSymbol) -> PartRow:
    done, total = int(part.sessions_done), int(part.sessions)
    if part.finished_at is not None:
        state = f"finished in {formats.duration(part.seconds and round(part.seconds, 1))}"
    else:
        state = "being tested" if done else "waiting"
    return PartRow(str(part.symbol), done, total, done / total if total else 0.0, state)

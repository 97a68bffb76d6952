"""Running of a stored backtest: symbol by symbol, on any number of workers, interrupted and continued at will.

A symbol is the unit of work. Its outcomes and its end are stored in one transaction, so that a killed worker leaves a
symbol that is not finished, and the next worker tests it again with the same result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from backtest import store
from backtest.code_version import code_version
from backtest.document import document
from backtest.engine import backtest_symbol
from backtest.patterns.filling import fill
from backtest.patterns.rates import pattern_rates
from backtest.priced import columns as option_trades
from backtest.request import Request, from_json
from warehouse import market_days
from warehouse.database_sessions import session_lock
from warehouse.models import Backtest, BacktestSymbol
from warehouse.models.enums import BacktestStatus

LOOK_SECONDS = 1.0  # between two looks at whether a backtest was canceled
LOST_AFTER_MS = 120_000  # without a sign of life, after which the work is given to another worker
UNFINISHED = (BacktestStatus.PENDING, BacktestStatus.RUNNING)
RESUMABLE = (BacktestStatus.CANCELED, BacktestStatus.FAILED)
Watch = Callable[[str, int, int], None]


class CanceledError(Exception):
    """The backtest or the optimisation was canceled or deleted while a worker was at it."""


def start(backtest: Backtest, now_ms: int) -> list[str]:
    """Mark a backtest as running and return its symbols that are not finished. `now_ms` is epoch ms."""
    request = from_json(backtest.request)
    count = len(request.sessions(market_days.read()))
    BacktestSymbol.objects.bulk_create(
        [
            BacktestSymbol(
                backtest=backtest,
                symbol=symbol,
                sessions=count,
                sessions_done=0,
                touched_at=now_ms,
            )
            for symbol in request.symbols
        ],
        ignore_conflicts=True,
    )
    Backtest.objects.filter(id=backtest.id, status=BacktestStatus.PENDING).update(
        status=BacktestStatus.RUNNING, started_at=now_ms
    )
    return unfinished(backtest.id)


def unfinished(backtest_id: int) -> list[str]:
    """Return the symbols of a running backtest whose outcomes are not stored."""
    parts = BacktestSymbol.objects.filter(
        backtest_id=backtest_id, backtest__status=BacktestStatus.RUNNING, finished_at=None
    )
    return list(parts.order_by("id").values_list("symbol", flat=True))


def run_symbol(backtest_id: int, symbol: str, clock_ms: Callable[[], int], watch: Watch | None = None) -> str:
    """Test one symbol of a backtest and store its outcomes; return one sentence.

    Nothing happens where the symbol is finished or another worker tests it. `watch` is called after each session with
    the symbol, the sessions done and their number. Raises CanceledError if the backtest was canceled meanwhile.
    """
    with session_lock(f"backtest:{backtest_id}:{symbol}") as is_locked:
        if not is_locked:
            return f"{symbol}: another worker tests it"
        part = BacktestSymbol.objects.filter(backtest_id=backtest_id, symbol=symbol, finished_at=None)
        found = part.select_related("backtest").first()
        if found is None or found.backtest.status != BacktestStatus.RUNNING:
            return f"{symbol}: nothing to do"
        return _test(found, from_json(found.backtest.request), clock_ms, watch)


def finish(backtest_id: int, now_ms: int) -> bool:
    """Store the statistics of a backtest whose symbols are all finished, once; return whether it is done.

    They also fill the win rates of the pattern library (`backtest.patterns.filling`).
    """
    with transaction.atomic():
        backtest = Backtest.objects.select_for_update().filter(id=backtest_id).first()
        if backtest is None or backtest.status != BacktestStatus.RUNNING or unfinished(backtest_id):
            return backtest is not None and backtest.status == BacktestStatus.DONE
        parts = list(backtest.parts.order_by("symbol"))
        request, stored = from_json(backtest.request), store.read_rows(backtest_id)
        outcomes, chance = store.outcomes_of(stored)
        matched = [row["patterns"] for row in stored]
        patterns = pattern_rates(tuple(request.patterns), outcomes, chance, matched)
        options = option_trades.columns_of(stored) if request.priced else None
        backtest.result = document(
            request, market_days.read(), outcomes, chance, parts, patterns=patterns, options=options
        )
        backtest.outcomes = len(outcomes)
        backtest.fingerprint = _joined([str(part.fingerprint) for part in parts])
        backtest.code_version = code_version()
        backtest.status, backtest.finished_at = BacktestStatus.DONE, now_ms
        backtest.save()
        fill(backtest_id, request, patterns)
    return True


def fail(backtest_id: int, error: str, now_ms: int) -> None:
    """Mark an unfinished backtest as failed, with one sentence."""
    fail_unfinished(Backtest.objects.filter(id=backtest_id), error, now_ms)


def cancel(backtest_id: int, now_ms: int) -> bool:
    """Cancel an unfinished backtest; its workers end within seconds. Return whether it was unfinished."""
    return cancel_unfinished(Backtest.objects.filter(id=backtest_id), now_ms)


def resume(backtest_id: int) -> bool:
    """Let a canceled or failed backtest continue; return whether it can."""
    continue_ended(Backtest.objects.filter(id=backtest_id))
    return Backtest.objects.filter(id=backtest_id, status__in=UNFINISHED).exists()


def cancel_unfinished(rows: QuerySet[Any], now_ms: int) -> bool:
    """Cancel the unfinished one of rows of backtests or optimisations; return whether there was one."""
    found = rows.filter(status__in=UNFINISHED)
    return found.update(status=BacktestStatus.CANCELED, finished_at=now_ms) == 1


def fail_unfinished(rows: QuerySet[Any], error: str, now_ms: int) -> None:
    """Mark unfinished ones of rows of backtests or optimisations as failed, with one sentence."""
    rows.filter(status__in=UNFINISHED).update(status=BacktestStatus.FAILED, error=error, finished_at=now_ms)


def continue_ended(rows: QuerySet[Any]) -> None:
    """Let canceled and failed ones of rows of backtests or optimisations wait for a worker again."""
    ended = rows.filter(status__in=RESUMABLE)
    ended.update(status=BacktestStatus.PENDING, error=None, finished_at=None)


def lost_symbols(now_ms: int) -> list[tuple[int, str]]:
    """Return the symbols of running backtests without a sign of life, as pairs of backtest and symbol."""
    parts = BacktestSymbol.objects.filter(
        backtest__status=BacktestStatus.RUNNING, finished_at=None, touched_at__lt=now_ms - LOST_AFTER_MS
    )
    return list(parts.values_list("backtest_id", "symbol"))


def _test(part: BacktestSymbol, request: Request, clock_ms: Callable[[], int], watch: Watch | None) -> str:
    started = looked = time.perf_counter()
    symbol = str(part.symbol)

    def progress(done: int, total: int) -> None:
        nonlocal looked
        if watch:
            watch(symbol, done, total)
        if time.perf_counter() - looked < LOOK_SECONDS:
            return
        looked = time.perf_counter()
        running = BacktestSymbol.objects.filter(id=part.id, backtest__status=BacktestStatus.RUNNING)
        if not running.update(sessions_done=done, touched_at=clock_ms()):
            raise CanceledError(f"backtest {part.backtest_id} was canceled")

    result = backtest_symbol(request, symbol, progress)
    with transaction.atomic():
        store.add_outcomes(part, result)
        part.sessions_done, part.finished_at = len(result.days), clock_ms()
        part.seconds = time.perf_counter() - started
        part.has_data = store.as_digits(result.has_data)
        part.no_data = {name: dict(counts) for name, counts in result.no_data.items()}
        part.fingerprint = result.fingerprint
        part.save()
    return f"{symbol}: {len(result.rows)} firings in {len(result.days)} sessions"


def _joined(names: list[str]) -> str:
    return blake2b("".join(names).encode(), digest_size=8).hexdigest()

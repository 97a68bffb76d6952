"""Celery tasks of backtests."""

from __future__ import annotations

from celery import shared_task

from backtest import run
from backtest.optimiser import run as optimisations
from backtest.run import CanceledError
from warehouse import clock
from warehouse.models import Backtest, Optimization
from warehouse.models.enums import BacktestStatus

LONGEST = 3 * 3600  # seconds of one symbol


@shared_task
def start_backtest(backtest_id: int) -> str:
    """Enqueue the symbols of a stored backtest that are not finished."""
    backtest = Backtest.objects.filter(id=backtest_id).first()
    if backtest is None:
        return f"backtest {backtest_id} does not exist"
    symbols = run.start(backtest, clock.now_ms())
    for symbol in symbols:
        run_symbol.delay(backtest_id, symbol)
    if not symbols:
        run.finish(backtest_id, clock.now_ms())
    return f"{len(symbols)} symbols enqueued"


# Acknowledged at once: a symbol may take longer than the broker waits. `continue_backtests` finds lost symbols.
@shared_task(acks_late=False, time_limit=LONGEST + 60, soft_time_limit=LONGEST)
def run_symbol(backtest_id: int, symbol: str) -> str:
    """Test one symbol of a backtest; the worker of the last one stores the statistics."""
    try:
        said = run.run_symbol(backtest_id, symbol, clock.now_ms)
    except CanceledError as error:
        return str(error)
    except Exception as error:
        run.fail(backtest_id, f"{symbol}: {type(error).__name__}: {error}", clock.now_ms())
        raise
    run.finish(backtest_id, clock.now_ms())
    return said


@shared_task(acks_late=False, time_limit=LONGEST + 60, soft_time_limit=LONGEST)
def run_optimization(optimization_id: int) -> str:
    """Run an optimisation that is not finished."""
    try:
        return optimisations.run(optimization_id, clock.now_ms)
    except CanceledError as error:
        return str(error)
    except Exception as error:
        optimisations.fail(optimization_id, f"{type(error).__name__}: {error}", clock.now_ms())
        raise


@shared_task
def continue_backtests() -> str:
    """Enqueue backtests and optimisations that wait, and those whose worker was lost."""
    lost = run.lost_symbols(clock.now_ms())
    for backtest_id, symbol in lost:
        run_symbol.delay(backtest_id, symbol)
    waiting = Backtest.objects.filter(status=BacktestStatus.PENDING).values_list("id", flat=True)
    for backtest_id in waiting:
        start_backtest.delay(backtest_id)
    pending = Optimization.objects.filter(status=BacktestStatus.PENDING).values_list("id", flat=True)
    for optimization_id in [*pending, *optimisations.lost(clock.now_ms())]:
        run_optimization.delay(optimization_id)
    return f"{len(waiting)} backtests, {len(lost)} symbols and {len(pending)} optimisations enqueued"

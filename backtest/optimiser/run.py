"""Running of a stored optimisation: its backtest, the fit of each fold and of all sessions, and the check.

Every step depends on the request and the stored data alone, and the state of a fit is stored while it runs. So an
interrupted optimisation continues with the same result, on whichever worker.
"""

from __future__ import annotations

from collections.abc import Callable

from backtest.optimiser.request import OptimizationRequest, from_json
from backtest.optimiser.worker import Worker
from backtest.run import LOST_AFTER_MS, UNFINISHED, Watch, cancel_unfinished, continue_ended, fail_unfinished
from warehouse.database_sessions import session_lock
from warehouse.models import Backtest, Optimization
from warehouse.models.enums import BacktestStatus


def create(request: OptimizationRequest, made_by: str, now_ms: int) -> Optimization:
    """Store an optimisation that waits for its worker, and return it. `now_ms` is epoch ms."""
    return Optimization.objects.create(
        status=BacktestStatus.PENDING, request=request.as_json(), made_by=made_by, created_at=now_ms
    )


def cancel(optimization_id: int, now_ms: int) -> bool:
    """Cancel an unfinished optimisation with its backtest; its worker ends within seconds.

    Return whether it was unfinished.
    """
    rows = Optimization.objects.filter(id=optimization_id)
    is_canceled = cancel_unfinished(rows, now_ms)
    if is_canceled:
        # Else `continue_backtests` would have its symbols tested, although nothing needs them.
        cancel_unfinished(Backtest.objects.filter(id__in=rows.values("backtest_id")), now_ms)
    return is_canceled


def resume(optimization_id: int) -> bool:
    """Let a canceled or failed optimisation continue; return whether it can."""
    rows = Optimization.objects.filter(id=optimization_id)
    continue_ended(rows)
    return rows.filter(status__in=UNFINISHED).exists()


def fail(optimization_id: int, error: str, now_ms: int) -> None:
    """Mark an unfinished optimisation as failed, with one sentence."""
    fail_unfinished(Optimization.objects.filter(id=optimization_id), error, now_ms)


def run(optimization_id: int, clock_ms: Callable[[], int], watch: Watch | None = None) -> str:
    """Run an optimisation to its end and return one sentence.

    Nothing happens where it is finished or another worker runs it. `watch` is called with a stage, the steps done and
    their number. Raises CanceledError if it was canceled meanwhile.
    """
    with session_lock(f"optimization:{optimization_id}") as is_locked:
        if not is_locked:
            return f"optimisation {optimization_id}: another worker runs it"
        waiting = Optimization.objects.filter(id=optimization_id, status__in=UNFINISHED)
        if not waiting.update(status=BacktestStatus.RUNNING, touched_at=clock_ms()):
            return f"optimisation {optimization_id}: nothing to do"
        Optimization.objects.filter(id=optimization_id, started_at=None).update(started_at=clock_ms())
        row = Optimization.objects.get(id=optimization_id)
        try:
            return Worker(row, from_json(row.request), clock_ms, watch).run()
        except ValueError as error:
            fail(optimization_id, str(error), clock_ms())
            return f"optimisation {optimization_id} failed: {error}"


def lost(now_ms: int) -> list[int]:
    """Return running optimisations without a sign of life."""
    found = Optimization.objects.filter(status=BacktestStatus.RUNNING, touched_at__lt=now_ms - LOST_AFTER_MS)
    return list(found.values_list("id", flat=True))

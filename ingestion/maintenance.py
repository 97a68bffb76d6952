"""Maintenance of the tables: partitions of the coming week at every call, retention once a day."""

from __future__ import annotations

from dataclasses import asdict

from django.db import OperationalError

from ingestion.daily.rollups import keep_retention
from quant.sessions import DAY_MS
from warehouse import partitions, runs
from warehouse.task_names import RunTask


def keep_tables(now_ms: int) -> str:
    """Create missing partitions and, unless it was done on this UTC day, carry out retention. Return one sentence.

    The claim in the ledger prevents two processes from dropping the same partitions. A partition that stays locked by
    readers fails the run, which is tried again at the next call; other errors are raised.
    """
    missing = [action for action in partitions.plan(now_ms) if action.verb == "create"]
    partitions.apply(missing, now_ms)
    made = f"{len(missing)} partitions created"
    with runs.claim(RunTask.KEEP_RETENTION, "", now_ms - now_ms % DAY_MS) as run:
        if isinstance(run, runs.Refusal):
            return f"{made}; retention: {run}"
        try:
            result = keep_retention(now_ms)
        except OperationalError as error:
            runs.fail(run, str(error).splitlines()[0])
            return f"{made}; retention failed: {error}"
        runs.finish(run, rows=result.deleted, result=asdict(result))
    return f"{made}; {result}"

"""The tables kept in order: partitions of the coming week at every call, retention once a day, by the ledger."""

from __future__ import annotations

from dataclasses import asdict

from django.db import OperationalError

from ingestion.daily.rollups import keep_retention
from quant.sessions import DAY_MS
from warehouse import partitions, runs
from warehouse.task_names import RunTask


def keep_tables(now_ms: int) -> str:
    """Makes the partitions that are missing and, unless it was done this UTC day, carries retention out.

    Returns one sentence. Two at once would drop the same partitions; the claim lets one in. A partition that readers
    do not let go fails the run with that sentence, to be tried again at the next call; anything else is raised.
    """
    missing = [action for action in partitions.plan(now_ms) if action.verb == "create"]
    partitions.apply(missing, now_ms)
    made = f"{len(missing)} partitions made"
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

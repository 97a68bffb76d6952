"""Ranks of the past: those of many symbols together, and those made before their year was filled."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import date

from django.db import transaction

from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import RunKey
from ingestion.bars.bar_times import close_ms
from ingestion.chains.closing_chain import NoSnapshot
from ingestion.daily.iv_percentile import calculate_iv_percentile, levels_before, measure, store
from quant import sessions
from quant.volatility import iv_rank
from warehouse import runs
from warehouse.models import IvPercentile
from warehouse.task_names import RunTask


def rank_session(symbols: Sequence[str], session: date) -> None:
    """Ranks a session of some symbols as `calculate_iv_percentile` does each: rows and DONE in one commit.

    Nobody claims a session: whoever ranks it at the same time comes to the same rows. One without a chain is FAILED.
    Not inside a transaction.
    """
    symbols, slot = sorted(symbols), close_ms(session)
    before = levels_before(symbols, session)
    columns, done = {}, []
    for symbol in symbols:
        try:
            columns[symbol], note = measure(symbol, session, before[symbol])
        except NoSnapshot as error:
            job_results.note_failure(RunKey(RunTask.CALCULATE_IV_PERCENTILE, symbol, slot), str(error))
        else:
            done.append(runs.Done(symbol, slot, 1, {}, note, note["contracts"]))
    with transaction.atomic():
        store(session, columns)
        runs.note_done(RunTask.CALCULATE_IV_PERCENTILE, done)


def rank_again(symbol: str, since: date) -> int:
    """Ranks anew, oldest first, every stored session from `since` on that was ranked in fewer of the sessions before
    it than are stored by now; returns how many. The rank of a session rests on earlier ones alone, so that doing this
    late gives what the right order would have given."""
    found = IvPercentile.objects.filter(symbol=symbol).order_by("date")
    rows = list(found.values_list("date", "current_iv", "data_points"))
    known = [day for day, level, _ in rows if level is not None]
    again = 0
    for day, _, points in rows:
        if day < since:
            continue
        past = sessions.sessions(known[0], day)[-1 - iv_rank.WINDOW_SESSIONS : -1] if known else []
        in_window = bisect.bisect_left(known, day) - bisect.bisect_left(known, past[0]) if past else 0
        if in_window > points:
            calculate_iv_percentile(symbol, day, again=True)
            again += 1
    return again

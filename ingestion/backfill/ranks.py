"""IV ranks of past sessions: of several symbols at once, and again for sessions ranked before their year was filled."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import date

from django.db import transaction

from ingestion.bars.bar_times import close_ms
from ingestion.chains.closing_chain import NoSnapshot
from ingestion.daily.iv_percentile import calculate_iv_percentile, levels_before, measure, store
from quant import sessions
from quant.volatility import iv_rank
from warehouse import runs
from warehouse.models import IvPercentile
from warehouse.task_names import RunTask


def rank_session(symbols: Sequence[str], session: date) -> dict[str, str]:
    """Rank one session of some symbols as `calculate_iv_percentile` does; the rows and DONE are one commit.

    Returns one sentence for each symbol that was not ranked because it has no chain. No run is claimed: a process
    that ranks the session concurrently computes the same rows. Do not call it inside a transaction.
    """
    symbols, slot = sorted(symbols), close_ms(session)
    levels = levels_before(symbols, session)
    columns, done = {}, []
    errors: dict[str, str] = {}
    for symbol in symbols:
        try:
            columns[symbol], note = measure(symbol, session, levels[symbol])
        except NoSnapshot as error:
            errors[symbol] = str(error)
        else:
            done.append(runs.Done(symbol, slot, 1, {}, note, note["contracts"]))
    with transaction.atomic():
        store(session, columns)
        runs.note_done(RunTask.CALCULATE_IV_PERCENTILE, done)
    return errors


def rank_again(symbol: str, first: date) -> int:
    """Recompute ranks that used fewer earlier sessions than are stored now; return how many were recomputed.

    The stored sessions from `first` on are checked, oldest first. A rank depends on earlier sessions only, so
    ranking again gives the same result as ranking in the right order.
    """
    stored = IvPercentile.objects.filter(symbol=symbol).order_by("date")
    rows = list(stored.values_list("date", "current_iv", "data_points"))
    with_level = [day for day, level, _ in rows if level is not None]
    recomputed = 0
    for day, _, points in rows:
        if day < first:
            continue
        window = (
            sessions.sessions(with_level[0], day)[-1 - iv_rank.WINDOW_SESSIONS : -1] if with_level else []
        )
        in_window = (
            bisect.bisect_left(with_level, day) - bisect.bisect_left(with_level, window[0]) if window else 0
        )
        if in_window > points:
            calculate_iv_percentile(symbol, day, again=True)
            recomputed += 1
    return recomputed

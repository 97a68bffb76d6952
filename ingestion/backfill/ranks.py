"""IV ranks and volatility surfaces of past sessions, of several symbols at once.

Sessions ranked before their year was filled are ranked again.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
from django.db import transaction

from ingestion.bars.bar_times import close_ms
from ingestion.chains.closing_chain import NoSnapshot
from ingestion.daily import volatility_surface
from ingestion.daily.iv_percentile import calculate_iv_percentile, measure, store
from quant import sessions
from quant.volatility import iv_rank
from warehouse import clock, runs
from warehouse.asof import iv
from warehouse.task_names import RunTask

_NO_END_MS = clock.epoch_ms(datetime(9999, 1, 1, tzinfo=UTC))


def rank_session(symbols: Sequence[str], session: date) -> dict[str, str]:
    """Rank one session of some symbols and store their surfaces, as the jobs after the close do.

    The rows and DONE are one commit. Returns one sentence for each symbol that was not ranked because it has no chain.
    No run is claimed: a process that ranks the session concurrently computes the same rows. Do not call it inside a
    transaction.
    """
    symbols, slot = sorted(symbols), close_ms(session)
    columns, done = {}, []
    surfaces: dict[str, volatility_surface.Surface] = {}
    errors: dict[str, str] = {}
    for symbol in symbols:
        try:
            columns[symbol], note = measure(symbol, session)
            surfaces[symbol] = volatility_surface.measure(symbol, session)
        except NoSnapshot as error:
            errors[symbol] = str(error)
        else:
            done.append(runs.Done(symbol, slot, 1, {}, note, note["contracts"]))
    with transaction.atomic():
        store(session, columns, is_history=True)
        runs.note_done(RunTask.CALCULATE_IV_PERCENTILE, done)
        for symbol, surface in surfaces.items():
            volatility_surface.store(symbol, session, surface, is_history=True)
        of_surfaces = [
            runs.Done(symbol, slot, len(surface.points) + 1, {}, surface.note, surface.contracts)
            for symbol, surface in surfaces.items()
        ]
        runs.note_done(RunTask.STORE_SURFACE, of_surfaces)
    return errors


def rank_again(symbol: str, first: date) -> int:
    """Recompute ranks that used fewer earlier sessions than are stored now; return how many were recomputed.

    The stored sessions from `first` on are checked, oldest first. A rank depends on earlier sessions only, so
    ranking again gives the same result as ranking in the right order.
    """
    stored = iv.read(symbol, 0, _NO_END_MS)
    rows = list(zip(stored.date.tolist(), stored.data_points.tolist(), strict=True))
    with_level = stored.date[np.isfinite(stored.current_iv)].tolist()
    recomputed = 0
    for day, points in rows:
        if day < first:
            continue
        window = (
            sessions.sessions(with_level[0], day)[-1 - iv_rank.WINDOW_SESSIONS : -1] if with_level else []
        )
        in_window = (
            bisect.bisect_left(with_level, day) - bisect.bisect_left(with_level, window[0]) if window else 0
        )
        if in_window > points:
            calculate_iv_percentile(symbol, day, again=True, is_history=True)
            recomputed += 1
    return recomputed

"""Checks of the arguments of schedule entries. Each raises ValueError with one sentence for invalid ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeGuard

from ingestion.bars.daily_bars_window import YEAR_SESSIONS
from ingestion.bars.live_bars import LATEST_SECOND, SECONDS_AFTER_MINUTE
from ingestion.chains.slots import REGULAR_WINDOW, slots_of
from warehouse.task_names import CeleryTask

_FULL_DAY = date(2026, 11, 18)


def check_cadence(every_minutes: object = 15, window: object = REGULAR_WINDOW) -> None:
    """Check the cadence of option chains in minutes, and the New York window of the slots."""
    if not _is_whole(every_minutes) or not 1 <= every_minutes <= 390:
        raise ValueError(f"every_minutes must be a whole number between 1 and 390, not {every_minutes!r}.")
    if not isinstance(window, str):
        raise ValueError(f"window must look like 09:30-16:00 (New York time), not {window!r}.")
    if not slots_of(_FULL_DAY, every_minutes, window):
        raise ValueError(f"window {window} contains no slot: sessions are open from 09:30 to 16:00 New York.")


def check_closing(minutes_after_close: object = 5, breadth_sessions: object = YEAR_SESSIONS) -> None:
    """Check the minutes to wait after a close, and the number of sessions that breadth may fetch."""
    if not _is_whole(minutes_after_close) or not 0 <= minutes_after_close <= 120:
        raise ValueError(
            f"minutes_after_close must be a whole number between 0 and 120, not {minutes_after_close!r}."
        )
    if not _is_whole(breadth_sessions) or not 2 <= breadth_sessions <= YEAR_SESSIONS:
        raise ValueError(
            f"breadth_sessions must be a whole number between 2 and {YEAR_SESSIONS}, not {breadth_sessions!r}."
        )


def check_live_bars(seconds_after_minute: object = SECONDS_AFTER_MINUTE) -> None:
    """Check the seconds to wait after a minute for the provider to finish its bar."""
    if not _is_whole(seconds_after_minute) or not 0 <= seconds_after_minute <= LATEST_SECOND:
        raise ValueError(
            f"seconds_after_minute must be a whole number between 0 and {LATEST_SECOND}, not {seconds_after_minute!r}."
        )


CHECKS: dict[str, Callable[..., None]] = {
    CeleryTask.INGEST_DUE: check_cadence,
    CeleryTask.CLOSE_DUE: check_closing,
    CeleryTask.FETCH_LIVE_BARS: check_live_bars,
}


def _is_whole(number: object) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool)

"""Command-line arguments that select closed sessions."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import date, datetime, timedelta

from django.core.management.base import CommandError, CommandParser

from quant import sessions


def add_session_arguments(parser: CommandParser) -> None:
    """Add `--date`, and `--to` for a range of sessions."""
    parser.add_argument(
        "--date", type=_day, metavar="YYYY-MM-DD", help="the session (default: the last closed one)"
    )
    parser.add_argument(
        "--to", type=_day, metavar="YYYY-MM-DD", help="last session of a range that starts at --date"
    )


def closed_sessions(first: date | None, last: date | None, now: datetime) -> list[date]:
    """Return the selected closed sessions, oldest first, because a rank depends on earlier sessions.

    Raises CommandError when there is none.
    """
    if first is None:
        if last is not None:
            raise CommandError("--to needs --date as the start of the range.")
        today = sessions.new_york_date(now)
        recent = sessions.sessions(today - timedelta(days=14), today)
        return [day for day in recent if sessions.close_of(day) <= now][-1:]
    closed = [day for day in sessions.sessions(first, last or first) if sessions.close_of(day) <= now]
    if not closed:
        named = f"{first} to {last}" if last else str(first)
        raise CommandError(f"No closed session of the exchange: {named}.")
    return closed


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"a date has the form 2026-11-18, not {text}") from None

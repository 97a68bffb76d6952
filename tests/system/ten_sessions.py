"""Ten sessions around holidays and clock changes, written by hand and not taken from the exchange calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

FULL, EARLY = 27, 15  # quarter hours from 09:30 to 16:00 and to 13:00, both included


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Day:
    """One session: its open (UTC), its number of slots, and instants before the next session without any activity."""

    open: datetime
    slots: int
    quiet: tuple[datetime, ...]

    @property
    def date(self) -> date:
        return self.open.date()

    @property
    def slot_times(self) -> list[datetime]:
        return [self.open + number * timedelta(minutes=15) for number in range(self.slots)]

    @property
    def close(self) -> datetime:
        return self.slot_times[-1]


def day(opens: str, slots: int, *quiet: str) -> Day:
    return Day(at(opens), slots, tuple(map(at, quiet)))


# Between two stretches the chains are switched off, as by an operator.
STRETCHES = (
    # New York's clocks go back on Sunday 2 November at 06:00 UTC: the session opens an hour later in UTC.
    (
        day("2025-10-31 13:30", FULL, "2025-11-01 15:00", "2025-11-02 05:45", "2025-11-02 06:15"),
        day("2025-11-03 14:30", FULL, "2025-11-04 03:00"),
    ),
    # They go forward on Sunday 8 March at 07:00 UTC.
    (
        day("2026-03-06 14:30", FULL, "2026-03-08 06:45", "2026-03-08 07:15", "2026-03-09 13:25"),
        day("2026-03-09 13:30", FULL, "2026-03-10 13:25"),
    ),
    # Independence Day falls on a Saturday: Friday 3 July is the holiday, and the 2nd closes at the usual hour.
    (
        day("2026-07-02 13:30", FULL, "2026-07-03 13:30", "2026-07-03 20:05", "2026-07-05 15:00"),
        day("2026-07-06 13:30", FULL, "2026-07-07 01:00"),
    ),
    # Thanksgiving is Thursday 26 November; the Friday after it closes at 13:00 New York.
    (
        day("2026-11-25 14:30", FULL, "2026-11-26 14:30", "2026-11-26 21:05"),
        day("2026-11-27 14:30", EARLY, "2026-11-27 18:45", "2026-11-27 21:00", "2026-11-29 15:00"),
        day("2026-11-30 14:30", FULL, "2026-12-01 03:00"),
    ),
    # Christmas Eve closes at 13:00; Christmas is a Friday.
    (day("2026-12-24 14:30", EARLY, "2026-12-24 21:05", "2026-12-25 14:30", "2026-12-25 21:05"),),
)
DAYS = tuple(one for stretch in STRETCHES for one in stretch)

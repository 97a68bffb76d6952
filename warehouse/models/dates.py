"""Sessions that differ from the exchange calendar, and dates on which a stock or the market may move."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import EventCertainty, EventKind, EventTiming, Source

EXCEPTIONS = "session_exceptions"
EVENTS = "market_events"
ALL_SYMBOLS = "*"


class SessionException(models.Model):
    """Grain: one date. Key: (date). Written by the calendar watch and edited in the admin.

    Both instants are null when there is no session. Read it through `warehouse.market_days`.
    """

    date = models.DateField(primary_key=True, db_comment="date of the exception; date, New York")
    opens_ms = columns.epoch_ms("open of the session, null without a session", null=True, blank=True)
    closes_ms = columns.epoch_ms("close of the session, null without a session", null=True, blank=True)
    reason = columns.text("statements of provider and calendar, one sentence; no unit", null=False)
    noted_at = columns.epoch_ms("when the difference was last seen")

    class Meta:
        db_table = EXCEPTIONS
        db_table_comment = "Sessions on which the provider differs from the exchange calendar."
        verbose_name = "session exception"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens_ms__lt=models.F("closes_ms")), name=f"{EXCEPTIONS}_hours"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date}"


class MarketEvent(models.Model):
    """Grain: one event of one underlying, or of all. Key: (symbol, kind, date). Kept five years.

    Edited in the admin and imported by `manage.py import_events`. An event that was moved is withdrawn and stored again
    with its new date, so that a reader as of an earlier time sees the date that was expected then.
    """

    id = columns.row_id()
    symbol = columns.key(f"underlying, {ALL_SYMBOLS} for all; no unit")
    kind = columns.choice(EventKind, "kind of the event", null=False)
    date = columns.day("session of the event")
    timing = columns.choice(EventTiming, "when it happens on that date", null=False)
    certainty = columns.choice(EventCertainty, "whether the date was announced or is estimated", null=False)
    note = columns.text("what it is, and where the date comes from; no unit")
    source = columns.choice(Source, "live for one entered in the admin, import for one of a file", null=False)
    withdrawn_at = columns.epoch_ms(
        "from when on it was no longer expected, null while it is", null=True, blank=True
    )
    known_at = columns.known_at()
    computed_at = columns.computed_at()

    class Meta:
        db_table = EVENTS
        db_table_comment = "Earnings and other dates on which an underlying may move."
        verbose_name = "market event"
        constraints = [
            columns.unique(EVENTS, "symbol", "kind", "date"),
            columns.one_of(EVENTS, "kind", EventKind),
            columns.one_of(EVENTS, "timing", EventTiming),
            columns.one_of(EVENTS, "certainty", EventCertainty),
            columns.one_of(EVENTS, "source", Source),
        ]
        indexes = [models.Index(fields=["date"], name="market_events_date_idx")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.symbol} on {self.date}"

"""Days on which the provider's answer about a session stands against the exchange calendar's."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns

TABLE = "session_exceptions"


class SessionException(models.Model):
    """Grain: one day. Key: (date). Written by the calendar watch; kept for good.

    Both instants null: there is no session that day. Read it through `warehouse.market_days`.
    """

    date = models.DateField(primary_key=True, db_comment="day the calendar is overruled; date, New York")
    opens_ms = columns.epoch_ms("open of the session, null where there is none", null=True, blank=True)
    closes_ms = columns.epoch_ms("close of the session, null where there is none", null=True, blank=True)
    reason = columns.text(
        "what the provider says and what the calendar says, one sentence; no unit", null=False
    )
    noted_at = columns.epoch_ms("when the disagreement was last seen")

    class Meta:
        db_table = TABLE
        db_table_comment = "Days on which the provider overrules the exchange calendar."
        verbose_name = "session exception"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens_ms__lt=models.F("closes_ms")), name=f"{TABLE}_hours"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date}"

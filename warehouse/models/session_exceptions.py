"""Sessions on which the provider differs from the exchange calendar."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns

TABLE = "session_exceptions"


class SessionException(models.Model):
    """Grain: one date. Key: (date). Written by the calendar watch; never deleted.

    Both instants are null when there is no session. Read it through `warehouse.market_days`.
    """

    date = models.DateField(primary_key=True, db_comment="date of the exception; date, New York")
    opens_ms = columns.epoch_ms("open of the session, null without a session", null=True, blank=True)
    closes_ms = columns.epoch_ms("close of the session, null without a session", null=True, blank=True)
    reason = columns.text("statements of provider and calendar, one sentence; no unit", null=False)
    noted_at = columns.epoch_ms("when the difference was last seen")

    class Meta:
        db_table = TABLE
        db_table_comment = "Sessions on which the provider differs from the exchange calendar."
        verbose_name = "session exception"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens_ms__lt=models.F("closes_ms")), name=f"{TABLE}_hours"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date}"

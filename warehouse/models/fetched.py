"""What was fetched of the provider and cannot be told from the rows alone."""

from __future__ import annotations

from django.db import models

from warehouse import clock
from warehouse.models import columns

RANGES, LISTINGS = "fetched_range", "contract_listing"


class FetchedRange(models.Model):
    """Grain: one fetched time range. Key: (symbol, kind, until_ms). Kept as long as the rows that it explains.

    Read and written by `ingestion.fetched_ranges`. Ranges may touch and overlap; readers merge them. A minute without
    a trade has no bar, so rows alone do not tell what was fetched.
    """

    id = columns.row_id()
    symbol = columns.key("symbol or contract ticker, empty for all stocks; no unit", blank=True, default="")
    kind = columns.key("what was fetched, such as bars_5m or grouped_daily; no unit")
    after_ms = columns.epoch_ms("start of the range, itself not fetched")
    until_ms = columns.epoch_ms("end of the range, included")

    class Meta:
        db_table = RANGES
        db_table_comment = "Time ranges that were fetched completely from the provider."
        verbose_name = "fetched range"
        indexes = [models.Index(fields=["until_ms", "id"], name="fetched_range_until_idx")]
        constraints = [
            columns.unique(RANGES, "symbol", "kind", "until_ms"),
            models.CheckConstraint(
                condition=models.Q(after_ms__lt=models.F("until_ms")), name=f"{RANGES}_order"
            ),
        ]

    def __str__(self) -> str:
        name = f"{self.kind} {self.symbol}".strip()
        return f"{name} until {clock.new_york_text(self.until_ms)}"


class ContractListing(models.Model):
    """Grain: the contracts of one symbol that expire in one week. Key: (symbol, week).

    Read and written by `ingestion.backfill.contracts`. A newer list of a week replaces the older one. Kept one year
    after the last expiration of the week, as long as the option bars.
    """

    id = columns.row_id()
    symbol = columns.underlying()
    week = columns.day("Monday of the week in which the contracts expire")
    known_as_of = columns.epoch_ms("close of the last session for which the list is complete")
    series = columns.json("strikes by root, expiration and side; dollars or index points", null=False)
    rejected = columns.json("contracts left out, by reason; contracts", null=False)

    class Meta:
        db_table = LISTINGS
        db_table_comment = "Contracts that were listed, by underlying and week of expirations."
        verbose_name = "contract listing"
        constraints = [columns.unique(LISTINGS, "symbol", "week")]

    def __str__(self) -> str:
        return f"{self.symbol} week of {self.week}"

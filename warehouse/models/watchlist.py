"""Watched underlyings."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import UnderlyingKind

TABLE = "watchlist"


class WatchlistEntry(models.Model):
    """Grain: one underlying. Key: (symbol). Edited by operators in the admin; never deleted automatically."""

    symbol = columns.key("underlying, bare: SPX, SPY; no unit", primary_key=True)
    provider_symbol = columns.text(
        "name in the provider's chain endpoint, I:SPX for an index; no unit", null=False
    )
    reference_symbol = columns.text("instrument that follows the same market, SPY for SPX; no unit")
    roots = columns.texts("option roots that belong to the chain, SPX and SPXW; no unit")
    kind = columns.choice(UnderlyingKind, "kind of the underlying", null=False)
    strike_band_pct = columns.real(
        "stored strikes either side of spot, null for the whole chain; percent of spot"
    )
    ingest_chain = columns.flag("fetch and store the chain every slot", default=True)
    ingest_flow = columns.flag("store the trades", default=True)
    active_since_ms = columns.epoch_ms("gaps are counted from this time")

    class Meta:
        db_table = TABLE
        db_table_comment = "Watched underlyings, and what is ingested for them."
        verbose_name, verbose_name_plural = "watchlist entry", "watchlist"
        ordering = ["symbol"]
        constraints = [
            columns.one_of(TABLE, "kind", UnderlyingKind),
            models.CheckConstraint(
                condition=models.Q(strike_band_pct__gt=0.0), name=f"{TABLE}_strike_band_pct_positive"
            ),
            models.CheckConstraint(condition=models.Q(roots__len__gt=0), name=f"{TABLE}_roots_present"),
        ]

    def __str__(self) -> str:
        return str(self.symbol)

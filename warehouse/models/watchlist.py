"""What users of the web edit: watched underlyings, and filters of lists."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from warehouse.models import columns
from warehouse.models.enums import UnderlyingKind

TABLE, FILTERS = "watchlist", "saved_filter"


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


class SavedFilter(models.Model):
    """Grain: one filter of one user. Key: (owner_id, model, name). Written by the web; kept until it is deleted."""

    id = columns.row_id()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,
        related_name="saved_filters",
        db_comment="user who saved it; no unit",
    )
    model = columns.text("list of the admin, such as optionsflow; no unit", null=False)
    name = columns.text("name that the user chose; no unit", null=False)
    query = columns.text("query of the list's address; no unit", null=False)

    class Meta:
        db_table = FILTERS
        db_table_comment = "Filters of lists in the admin that users saved under a name."
        verbose_name = "saved filter"
        constraints = [columns.unique(FILTERS, "owner", "model", "name")]

    def __str__(self) -> str:
        return str(self.name)

"""Filters of lists that users saved."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from warehouse.models import columns

TABLE = "saved_filter"


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
        db_table = TABLE
        db_table_comment = "Filters of lists in the admin that users saved under a name."
        verbose_name = "saved filter"
        constraints = [columns.unique(TABLE, "owner", "model", "name")]

    def __str__(self) -> str:
        return str(self.name)

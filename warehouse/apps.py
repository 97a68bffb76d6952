"""Configuration of the Django app: the clock's offset is stored whenever the database has been migrated."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.conf import settings
from django.db.models.signals import post_migrate


class WarehouseConfig(AppConfig):
    """Tables and functions of the warehouse."""

    name = "warehouse"

    def ready(self) -> None:
        post_migrate.connect(store_clock_offset, sender=self)


def store_clock_offset(using: str, apps: Apps = apps, **rest: Any) -> None:
    """Write `CLOCK_OFFSET_MS` to `warehouse_clock`, for SQL sessions that do not set it themselves.

    Called after each `migrate`, which every start of the stack runs. `apps` are the models as of the last applied
    migration; before the one that creates the table, nothing is written.
    """
    try:
        model = apps.get_model("warehouse", "WarehouseClock")
    except LookupError:
        return
    model._default_manager.using(using).update_or_create(
        id=True, defaults={"offset_ms": int(settings.CLOCK_OFFSET_MS)}
    )

"""`manage.py recompute`: the former name of `manage.py audit`."""

from __future__ import annotations

from ingestion.management.commands.audit import Command

__all__ = ["Command"]

"""Weights of scores that the scanner uses or used."""

from __future__ import annotations

from warehouse.models import ConfluenceConfig
from warehouse.models.enums import ConfigStatus

# Word and class of the badge of each state.
STATES = {
    ConfigStatus.PENDING: ("PENDING", ""),
    ConfigStatus.ACTIVE: ("ACTIVE", "accent"),
    ConfigStatus.RETIRED: ("RETIRED", "plain"),
}


def active() -> ConfluenceConfig | None:
    """Return the weights with which the scanner scores, None for the default ones."""
    return ConfluenceConfig.objects.filter(status=ConfigStatus.ACTIVE).defer("weights").first()


def promoted(most: int) -> list[tuple[ConfluenceConfig, str, str]]:
    """Return weights that are or were active, the last promoted first, each with word and class of its state."""
    found = ConfluenceConfig.objects.exclude(promoted_at=None).defer("weights")
    return [(one, *STATES[ConfigStatus(one.status)]) for one in found.order_by("-promoted_at", "-id")[:most]]

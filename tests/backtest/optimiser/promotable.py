"""Finished optimisations whose weights can be promoted."""

from __future__ import annotations

from backtest.code_version import code_version
from warehouse.models import ConfluenceConfig, Optimization


def optimization(**weights: object) -> Optimization:
    """Return a stored optimisation that is above chance and verified; `weights` are those of its configuration."""
    config = ConfluenceConfig.objects.create(
        name="optimisation 1", status="pending", weights=weights, made_by="optimisation 1", created_at=1
    )
    return Optimization.objects.create(
        status="done", request={}, made_by="test", created_at=1, config=config, label="above chance",
        is_verified=True, code_version=code_version(), result={},
    )  # fmt: skip

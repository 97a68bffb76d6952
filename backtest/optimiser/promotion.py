"""Promotion of weights by a person: from then on the scanner scores with them, until others are promoted or none.

A row of `confluence_configs` that was active once is never active again, so the rows say which weights counted when.
Restoring earlier weights stores them as a new row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from backtest.code_version import code_version
from backtest.verdict import ABOVE
from warehouse.models import ConfluenceConfig, Optimization
from warehouse.models.enums import ConfigStatus

RESTORED = ", restored"


class NotPromotedError(Exception):
    """Why weights cannot be promoted, in one sentence."""


def consequences(optimization: Optimization) -> str:
    """Return in one sentence what the promotion of a finished optimisation's weights means."""
    found = optimization.result or {}
    rate, signals = found.get("expectedWinRate"), found.get("expectedSignalsPerDay") or 0.0
    expected = "an unknown share" if rate is None else f"{rate * 100:.1f} %"
    return (
        f"From the next bar on the scanner scores with these weights: out of sample {expected} of their signals won,"
        f" {signals:.1f} a session, {optimization.label}."
    )


def asks_twice(optimization: Optimization) -> bool:
    """Return whether a person has to confirm a promotion: the numbers out of sample are not above chance."""
    return str(optimization.label) != ABOVE


def refusal(optimization: Optimization) -> str:
    """Return why the weights of an optimisation cannot be promoted in one sentence, empty if they can."""
    config = optimization.config
    if config is None:
        return f"Optimisation {optimization.id} has no weights: wait until it is done."
    if not optimization.is_verified:
        return "A backtest did not give the numbers of this optimisation: it cannot be promoted."
    if optimization.code_version != code_version():
        return "The code has changed since: run the optimisation again, and promote that one."
    if config.status != ConfigStatus.PENDING:
        return f"{config} was promoted before: restore it in the list of weights."
    return ""


def promote(optimization_id: int, username: str, now_ms: int, *, is_sure: bool = False) -> ConfluenceConfig:
    """Make the weights of an optimisation the active ones and return their row. `now_ms` is epoch ms.

    Raises NotPromotedError for an optimisation without weights, one whose numbers a backtest did not reproduce, one of
    other code, weights that were active before, and, unless `is_sure`, one that is not above chance.
    """
    with _alone():
        optimization = Optimization.objects.defer("state", "generations").filter(id=optimization_id).first()
        if optimization is None or optimization.config_id is None:
            raise NotPromotedError(f"Optimisation {optimization_id} has no weights: wait until it is done.")
        config = ConfluenceConfig.objects.select_for_update().get(id=optimization.config_id)
        optimization.config = config
        if reason := refusal(optimization):
            raise NotPromotedError(reason)
        if asks_twice(optimization) and not is_sure:
            raise NotPromotedError(f"It is {optimization.label}: confirm that you want it all the same.")
        _retire(now_ms)
        config.status, config.promoted_at, config.promoted_by = ConfigStatus.ACTIVE, now_ms, username
        config.save(update_fields=["status", "promoted_at", "promoted_by"])
    return config


def restore(config_id: int | None, username: str, now_ms: int) -> ConfluenceConfig | None:
    """Make earlier weights active again, as a new row, or the default ones for None; return the row.

    Raises NotPromotedError for weights that were never active, and for those that are active.
    """
    with _alone():
        active = ConfluenceConfig.objects.select_for_update().filter(status=ConfigStatus.ACTIVE).first()
        earlier = None if config_id is None else ConfluenceConfig.objects.filter(id=config_id).first()
        if config_id is not None and (earlier is None or earlier.promoted_at is None):
            raise NotPromotedError(f"Weights {config_id} were never active: promote their optimisation.")
        if earlier == active:
            name = f"The weights of {active}" if active else "The default weights"
            raise NotPromotedError(f"{name} are active already.")
        _retire(now_ms)
        if earlier is None:
            return None
        return ConfluenceConfig.objects.create(
            name=f"{str(earlier.name).removesuffix(RESTORED)}{RESTORED}",
            status=ConfigStatus.ACTIVE,
            weights=earlier.weights,
            made_by=earlier.made_by,
            created_at=now_ms,
            promoted_at=now_ms,
            promoted_by=username,
        )


@contextmanager
def _alone() -> Iterator[None]:
    """Run a change in a transaction. Raises NotPromotedError if another one made weights active meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise NotPromotedError(
            "Other weights became active at the same moment: look at them first."
        ) from None


def _retire(now_ms: int) -> None:
    ConfluenceConfig.objects.filter(status=ConfigStatus.ACTIVE).update(
        status=ConfigStatus.RETIRED, retired_at=now_ms
    )

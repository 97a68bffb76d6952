"""The rules of scores: those of the settings, and the weights that a person promoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, cast

from django.conf import settings

from signals.context.boost import Profile
from signals.weights import DEFAULT, Weights, weights_of
from warehouse.models import ConfluenceConfig


@dataclass(frozen=True, slots=True)
class WeightHistory:
    """Which weights were active when: the instant of each change, epoch ms, ascending, and the weights from then on."""

    changes: tuple[tuple[int, Weights], ...] = ()

    def at(self, at_ms: int) -> Weights:
        """Return the weights that were active at an instant, the default ones before the first change."""
        return next((weights for from_ms, weights in reversed(self.changes) if from_ms <= at_ms), DEFAULT)


ALWAYS_DEFAULT = WeightHistory()


class ScoringRules(TypedDict):
    """Arguments of `signals.scan.scan`: the profile of the boosts, the least score of a signal, and the weights."""

    profile: Profile
    minimum: float
    weights: WeightHistory


def scoring_rules() -> ScoringRules:
    """Return the rules in SIGNAL_PROFILE and SIGNAL_MINIMUM_SCORE, with the weights of each time."""
    profile = cast(Profile, settings.SIGNAL_PROFILE)  # the settings refuse other names
    return ScoringRules(profile=profile, minimum=settings.SIGNAL_MINIMUM_SCORE, weights=weight_history())


def weights_by_id(config_id: int | None) -> Weights:
    """Return the weights of the row of `confluence_configs` with an id.

    They are the default ones without an id, and if the row was deleted.
    """
    config = None if config_id is None else ConfluenceConfig.objects.filter(id=config_id).first()
    return DEFAULT if config is None else weights_of(config.weights, config.id)


def weight_history() -> WeightHistory:
    """Return the weights of all times: a configuration counts from its promotion until it is retired."""
    changes: list[tuple[int, Weights]] = []
    for config in ConfluenceConfig.objects.exclude(promoted_at=None).order_by("promoted_at", "id"):
        changes.append((int(config.promoted_at or 0), weights_of(config.weights, config.id)))
        if config.retired_at is not None:
            changes.append((int(config.retired_at), DEFAULT))
    # Of a retirement and a promotion at one instant, the promotion counts: it is later in the list.
    return WeightHistory(tuple(sorted(changes, key=lambda each: each[0])))

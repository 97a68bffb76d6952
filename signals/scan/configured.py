"""The rules of scores that the settings choose."""

from __future__ import annotations

from typing import TypedDict, cast

from django.conf import settings

from signals.context.boost import Profile


class ScoringRules(TypedDict):
    """Arguments of `signals.scan.scan`: the profile of the boosts and the least score of a signal."""

    profile: Profile
    minimum: float


def scoring_rules() -> ScoringRules:
    """Return the rules in SIGNAL_PROFILE and SIGNAL_MINIMUM_SCORE."""
    profile = cast(Profile, settings.SIGNAL_PROFILE)  # the settings refuse other names
    return ScoringRules(profile=profile, minimum=settings.SIGNAL_MINIMUM_SCORE)

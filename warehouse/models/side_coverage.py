"""Counts that say for how much of the flow the side is known, in the tables of sums."""

from __future__ import annotations

from typing import Any

from django.db import models

from warehouse.models import columns


def _trades(comment: str) -> Any:
    return columns.big_count(f"{comment}; trades", null=False, db_default=0)


def _premium(comment: str) -> Any:
    return columns.money(f"{comment}; dollars", null=False, db_default=0)


class SideCoverage(models.Model):
    """Trades and premium with a known side, by the origin of their quote: the stream, or a later request (REST).

    Candidates are the trades whose quote is requested where the stream had none: those of a sweep, and those above a
    premium (FLOW_QUOTE_PREMIUM). Legs of packages, late trades and trades at non-market prices never have a side and
    are no candidates.
    """

    stream_sided_trades = _trades("trades with a side by a quote of the stream")
    rest_sided_trades = _trades("trades with a side by a requested quote")
    stream_sided_premium = _premium("premium of trades with a side by a quote of the stream")
    rest_sided_premium = _premium("premium of trades with a side by a requested quote")
    candidates = _trades("trades of sweeps and of large premium that can have a side")
    stream_sided_candidates = _trades("candidates with a side by a quote of the stream")
    rest_sided_candidates = _trades("candidates with a side by a requested quote")
    waiting_candidates = _trades("candidates whose quote is still to be requested")

    class Meta:
        abstract = True

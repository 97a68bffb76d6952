"""What the scanner stores of each symbol at a bar beside its signals: the confluence, and matches of patterns."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from signals.confluence import confluence, side_of
from signals.context import alignment
from signals.features.record import Features
from signals.patterns import library
from signals.patterns.active import active_directions_of
from signals.patterns.matching import matches
from signals.scan.found import METHOD_VERSION, plain
from warehouse.models import ConfluenceBar

log = logging.getLogger(__name__)


def store_bar_rows(records: Sequence[Features], day: dt.date) -> int:
    """Store confluence and new matches of patterns of the last bar of each record; return the number of matches.

    All records end with the same bar.
    Call it in the transaction that has stored the bar's signals: an active one gives the confluence its side, and
    patterns may ask for it.
    """
    patterns = library.read()
    for name, sentence in patterns.refused.items():
        log.warning("the pattern %s is not evaluated: %s", name, sentence)
    instants_ms = [int(features.at_ms[-1]) for features in records[:1]]
    directions = active_directions_of([features.symbol for features in records], instants_ms)
    rows, found = [], 0
    for features in records:
        row = len(features) - 1
        (active,) = directions[features.symbol]
        rows.append(_confluence(features, row, active))
        new = matches(features, row, patterns.patterns, active)
        found += library.store(features.symbol, day, new) if new else 0
    ConfluenceBar.objects.bulk_create(rows, ignore_conflicts=True)
    return found


def _confluence(features: Features, row: int, active: int | None) -> ConfluenceBar:
    frames = alignment.read(features, row)
    side = side_of(frames) if active is None else active
    measured = confluence(features, row, frames, side)
    return ConfluenceBar(
        symbol=features.symbol,
        bar_end=int(features.end_ms[row]),
        side=side,
        overall=measured.overall,
        components={one.name: plain(one) for one in measured.components},
        method_version=METHOD_VERSION,
    )

"""Words about a trade on the tape."""

from __future__ import annotations

from warehouse.models import OptionsFlow
from web.formats import ABSENT


def side_in_words(row: OptionsFlow) -> str:
    """Return where the price is in the quote before the trade: above ask, at ask, between, at bid or below bid."""
    if row.bid is None or row.ask is None:
        return f"{ABSENT} no quote"
    if row.price > row.ask:
        return "above ask"
    if row.price < row.bid:
        return "below bid"
    return "at ask" if row.price == row.ask else "at bid" if row.price == row.bid else "between"

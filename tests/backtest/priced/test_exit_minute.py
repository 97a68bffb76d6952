"""The minute of an exit within its bar, on bars of 15 minutes that a test gives."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from backtest.priced.exit_minute import exit_minute
from quant.market.paths import PathBars
from signals.scan.paths import Path

MINUTE_MS, QUARTER_MS = 60_000, 900_000
BARS = 5


def path(extremes: dict[tuple[int, int], tuple[float, float]], complete: bool = True) -> Path:
    """Return bars at 100 whose minutes have a high and a low of 100, except those given by bar and minute."""
    high, low = np.full((BARS, 15), 100.0), np.full((BARS, 15), 100.0)
    for place, (top, bottom) in extremes.items():
        high[place], low[place] = top, bottom
    prices, none = np.full(BARS, 100.0), np.zeros(BARS, dtype=bool)
    bars = PathBars(
        open=prices, high=high.max(axis=1), low=low.min(axis=1), close=prices, missing=none, empty=none,
        last=np.full(BARS, BARS - 1), minute_open=np.full((BARS, 15), 100.0), minute_high=high, minute_low=low,
        complete=np.full(BARS, complete),
    )  # fmt: skip
    start = QUARTER_MS * np.arange(BARS)
    return Path(bars, start, start + QUARTER_MS, BARS)


LONG = SimpleNamespace(
    direction=1, side=1, reference=100.0, stop_price=99.0, target_prices=(101.5, 102.0, 103.0), bar_end=QUARTER_MS,
    needs_minutes=False,
)  # fmt: skip
_FALLING = {"direction": -1, "side": -1, "stop_price": 101.0, "target_prices": (98.5, 98.0, 97.0)}
SHORT = SimpleNamespace(**vars(LONG) | _FALLING)


def minute(signal, found_path: Path, **rules) -> int | None:
    return exit_minute(
        found_path.outcomes([signal], **rules), found_path, 0, signal.side, rules.get("to_close", False)
    )


@pytest.mark.parametrize(
    ("signal", "extremes", "expected"),
    [
        (LONG, {(2, 7): (101.5, 100.0), (2, 9): (102.0, 98.0)}, (2, 7)),  # the target
        (LONG, {(2, 7): (100.0, 98.9)}, (2, 7)),  # the stop
        (SHORT, {(2, 7): (100.0, 98.5)}, (2, 7)),
        (SHORT, {(3, 0): (101.0, 100.0)}, (3, 0)),
        (
            LONG,
            {(1, 0): (102.0, 98.0), (1, 4): (101.6, 100.0)},
            (1, 4),
        ),  # minutes before the entry do not count
        (LONG, {}, (5, 0)),  # the end of the session
    ],
)
def test_the_first_minute_that_reaches_the_price_is_that_of_the_exit(signal, extremes, expected):
    bar, place = expected
    assert minute(signal, path(extremes)) == bar * QUARTER_MS + place * MINUTE_MS


def test_an_exit_at_the_open_of_a_bar_has_the_start_of_the_bar():
    found = path({(2, 7): (103.0, 102.0)}, complete=False)
    found.bars.open[2] = 102.0
    assert minute(LONG, found) == 2 * QUARTER_MS


def test_without_all_minutes_of_the_bar_the_minute_is_not_known():
    assert minute(LONG, path({(2, 7): (101.5, 100.0)}, complete=False)) is None


def test_a_pin_is_left_at_the_close_and_an_open_trade_not_at_all():
    assert minute(LONG, path({(2, 7): (101.5, 100.0)}), to_close=True) == BARS * QUARTER_MS
    early = Path(
        **{**{name: getattr(path({}), name) for name in ("bars", "start_ms", "end_ms")}, "evaluated": 2}
    )
    assert minute(LONG, early) is None

"""What the launcher asks the simulator before it starts it."""

from __future__ import annotations

import datetime as dt

import pytest

from local.launch.simulator_answers import recorded_chain, session_to_show
from local.servers.binaries import LocalError


def test_the_session_to_show_has_a_breakout_that_goes_with_the_trend():
    # The breakout of 3 November 2026 is against the trend (tests/simulator/intraday/test_with_trend.py).
    assert session_to_show(dt.date(2026, 11, 3)) == dt.date(2026, 11, 2)


def test_a_file_that_is_no_recorded_chain_is_refused(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("hello\n")
    with pytest.raises(LocalError, match=r"quotes\.csv"):
        recorded_chain(str(path))

"""Implied volatility of a panel."""

from __future__ import annotations

import pytest

from tests.warehouse.rows import add_curve, add_iv
from tests.web.dashboard.board import NOON, NOW, at
from web.dashboard import volatility_part
from web.dashboard.volatility_part import ExpectedMove

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def add(day: str, **columns: object) -> None:
    add_iv(day, known_at=at("16:06", day), **columns)


def test_the_last_session_with_rank_percentile_and_expected_moves():
    add("2025-11-14", current_iv=0.2)
    add(
        "2025-11-17",
        current_iv=0.105,
        iv_rank=0.07,
        iv_percentile=0.03,
        iv_regime="EXTREMELY_LOW",
        iv_trend="CONTRACTING",
        iv_52w_low=0.09,
        iv_52w_high=0.27,
        expected_move=135,
        data_points=252,
        is_provisional=False,
    )
    add_curve(NOON, expiration="2025-11-21", total_variance=0.0004, known_at=NOON)
    add_curve(NOON, expiration="2025-12-19", total_variance=0.0100, known_at=NOON)
    found = volatility_part.read("SPX", NOON, 4500.0, NOW)
    assert found is not None
    assert (found.session, found.iv, found.rank, found.percentile) == ("2025-11-17", 0.105, 0.07, 0.03)
    assert (found.sessions, found.is_provisional, found.reason) == (252, False, "")
    assert (found.regime, found.trend, found.low, found.high) == ("EXTREMELY_LOW", "CONTRACTING", 0.09, 0.27)
    assert found.moves == (
        ExpectedMove("2025-11-21", pytest.approx(90.0), pytest.approx(0.02)),
        ExpectedMove("30 days", 135.0, 0.03),
    )


def test_a_settlement_without_time_left_gives_no_expected_move():
    add("2025-11-17", current_iv=0.105)
    add_curve(NOON, expiration="2025-11-18", total_variance=0.0, known_at=NOON)
    add_curve(NOON, expiration="2025-11-19", total_variance=0.0001, known_at=NOON)
    found = volatility_part.read("SPX", NOON, 4500.0, NOW)
    assert found is not None
    assert [move.until for move in found.moves] == ["2025-11-19"]


def test_a_short_series_gives_the_reason_why_there_is_no_rank():
    add("2025-11-17", current_iv=0.105, data_points=7)
    found = volatility_part.read("SPX", None, None, NOW)
    assert found is not None
    assert (found.rank, found.reason) == (None, "a rank needs more than 7 sessions")


def test_without_a_series_there_is_no_volatility():
    assert volatility_part.read("SPX", NOON, 4500.0, NOW) is None

"""Commands compute closed sessions again, oldest first, and reject other arguments with one sentence."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from quant.sessions import close_of
from tests.ingestion.smile_chain import store_chain
from tests.ingestion.stored import store_pair
from warehouse import clock
from warehouse.models import IvPercentile, TermDay

pytestmark = pytest.mark.database

TUESDAY, WEDNESDAY = date(2026, 11, 17), date(2026, 11, 18)


@pytest.fixture
def evening(spx, at_market_time) -> None:
    at_market_time(close_of(WEDNESDAY) + timedelta(minutes=5))


def calculate(*arguments: str) -> str:
    output = io.StringIO()
    call_command("calculate_iv", *arguments, stdout=output)
    return output.getvalue()


def store(day: date, volatility: float) -> None:
    store_pair(clock.epoch_ms(close_of(day)), day + timedelta(days=30), volatility)


def test_range_is_computed_oldest_first(evening):
    store(TUESDAY, 0.16)
    store(WEDNESDAY, 0.18)
    assert calculate("SPX", "--date", "2026-11-14", "--to", "2026-11-20").splitlines() == [
        "SPX 2026-11-16: no chain of SPX is stored for the session of 2026-11-16",
        "SPX 2026-11-17: IV 0.1600, unranked of 0 sessions",
        "SPX 2026-11-18: IV 0.1800, unranked of 1 sessions",
    ]


def test_a_surface_is_computed_again_on_command(evening):
    day = {WEDNESDAY + timedelta(days=30): 0.15}
    store_chain(day, clock.epoch_ms(close_of(WEDNESDAY)))
    for _ in range(2):
        output = io.StringIO()
        call_command("calculate_surface", "SPX", "--date", str(WEDNESDAY), stdout=output)
        assert output.getvalue() == "SPX 2026-11-18: 5 points of the volatility surface\n"
    assert TermDay.objects.get().known_at == clock.epoch_ms(close_of(WEDNESDAY)) + 6 * 60_000
    with pytest.raises(CommandError, match=r"Nothing was calculated\."):
        call_command("calculate_surface", "SPX", "--date", str(TUESDAY), stdout=output)


def test_default_is_the_last_closed_session_of_all_watched_chains(evening):
    store(WEDNESDAY, 0.18)
    calculate()
    calculate()
    assert list(IvPercentile.objects.values_list("symbol", "date")) == [("SPX", WEDNESDAY)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--date", "2026-11-26"), "No closed session of the exchange: 2026-11-26."),
        (("--date", "2026-11-19"), "No closed session of the exchange: 2026-11-19."),
        (("--to", "2026-11-18"), "--to needs --date"),
        (("--date", "yesterday"), "a date has the form 2026-11-18, not yesterday"),
        ((), "Nothing was calculated."),
    ],
    ids=["holiday", "not closed", "no beginning", "no date", "no chain"],
)
def test_invalid_arguments_are_rejected_with_one_sentence(evening, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        calculate(*arguments)

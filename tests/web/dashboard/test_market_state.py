"""The state of the market and of today's chains."""

from __future__ import annotations

import pytest

from tests.web.dashboard.board import MINUTE, NOON, NOW, add_run, at
from web.dashboard import market_state

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SLOTS = [
    "09:30",
    "09:45",
    *(f"{hour}:{minute:02}" for hour in (10, 11) for minute in (0, 15, 30, 45)),
    "12:00",
]


def store(*symbols: str, times: list[str] = SLOTS) -> None:
    for symbol in symbols:
        for time in times:
            add_run(at(time), symbol)


def test_an_open_session_with_every_chain_has_eleven_complete_slots_at_noon():
    store("SPX", "SPY")
    found = market_state.read({"SPX": 1, "SPY": 1}, NOW)
    assert (found.word, found.session, found.is_open) == ("OPEN", "2025-11-18", True)
    assert (found.opens_ms, found.closes_ms) == (at("09:30"), at("16:00"))
    assert (found.next_slot_ms, found.next_open_ms) == (at("12:15"), at("09:30", "2025-11-19"))
    assert (len(found.slots), found.due, found.complete) == (27, 11, 11)
    assert [slot.word for slot in found.slots][10:12] == ["complete", "future"]


def test_a_slot_names_the_symbols_whose_chain_is_missing():
    store("SPX", "SPY", times=SLOTS[:-2])
    add_run(at("11:45"), "SPX")
    add_run(at("11:45"), "SPY", status="FAILED")
    slots = {slot.at_ms: slot for slot in market_state.read({"SPX": 1, "SPY": 1}, NOW).slots}
    assert (slots[at("11:45")].word, slots[at("11:45")].missing) == ("partial", ("SPY",))
    assert (slots[NOON].word, slots[NOON].missing) == ("missing", ("SPX", "SPY"))


@pytest.mark.parametrize(("now", "word"), [(NOON + 2 * MINUTE, "running"), (NOON + 3 * MINUTE, "missing")])
def test_a_slot_is_running_in_its_first_three_minutes(now, word):
    store("SPX", times=SLOTS[:-1])
    assert market_state.read({"SPX": 1}, now).slots[10].word == word


def test_a_chain_that_is_being_fetched_is_not_missing():
    store("SPX", times=SLOTS[:-1])
    add_run(NOON, "SPX", status="STARTED")
    assert market_state.read({"SPX": 1}, NOW).slots[10].word == "running"


def test_slots_from_before_a_symbol_was_watched_are_not_due():
    store("SPX", times=["11:45", "12:00"])
    found = market_state.read({"SPX": at("11:50")}, NOW)
    assert [slot.word for slot in found.slots[:11]] == ["unwatched"] * 9 + ["complete"] * 2
    assert (found.due, found.complete, found.word) == (2, 2, "OPEN")


@pytest.mark.parametrize(
    ("now", "word", "since"),
    [(at("12:15"), "OPEN", None), (at("12:15") + 1, "STALE", at("11:45"))],
)
def test_the_market_is_stale_once_a_newest_chain_is_older_than_two_cadences(now, word, since):
    store("SPX")
    store("NDX", times=SLOTS[:-1])
    found = market_state.read({"SPX": 1, "NDX": 1}, now)
    assert (found.word, found.stale_since_ms) == (word, since)


def test_an_early_close_is_named_and_has_fifteen_slots():
    found = market_state.read({}, at("12:31", "2025-11-28"))
    assert (found.word, len(found.slots), found.closes_ms) == ("EARLY CLOSE", 15, at("13:00", "2025-11-28"))


def test_after_the_close_the_session_of_the_day_is_shown_with_the_next_open():
    found = market_state.read({"SPX": 1}, at("20:14", "2025-11-21"))  # a Friday
    assert (found.word, found.session, found.stale_since_ms) == ("CLOSED", "2025-11-21", None)
    assert found.next_open_ms == at("09:30", "2025-11-24")


def test_on_a_weekend_the_session_is_that_of_friday():
    assert market_state.read({}, at("10:00", "2025-11-23")).session == "2025-11-21"

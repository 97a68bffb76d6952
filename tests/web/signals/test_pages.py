"""Pages of signals: who sees them, filters, documents of the chart, and dismissal."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.partitions import drop_partitions
from tests.roles import as_role
from tests.signals.setup_rows import BAR_END, add_signal, add_step
from tests.web.admin.accounts import logged_in, member
from tests.web.browser.signal_market import NOW, store_signals
from warehouse.models import SignalEvent

pytestmark = [pytest.mark.database]
MINUTE_MS = 60_000


@pytest.fixture
def stored(at_market_time, transactional_db):
    """Signals of 24 November 2026; the market's time is noon."""
    at_market_time(NOW)
    yield store_signals()
    drop_partitions()


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode().partition('class="desk"')[2]).split())


def test_ready_signals_are_first_and_blocked_ones_in_their_filter(stored):
    viewer = logged_in(member("viewer"))
    rows = viewer.get("/signals/").context["rows"]
    assert [(row.symbol, row.state.word) for row in rows] == [
        ("SPY", "SETUP READY"),
        ("SPX", "WATCH"),
        ("SPY", "STOPPED"),
    ]
    assert rows[0].now_r == pytest.approx(0.16, abs=0.01)
    assert [row.title for row in viewer.get("/signals/?show=blocked").context["rows"]] == [
        "Index mean reversion short"
    ]
    assert viewer.get("/signals/?show=below").context["rows"] == []
    assert [row.symbol for row in viewer.get("/signals/?show=all&symbol=spx").context["rows"]] == ["SPX"]
    assert viewer.get("/signals/?day=2026-11-22").context["day"].isoformat() == "2026-11-20"  # a Sunday
    assert viewer.get("/signals/?day=2030-01-01").context["day"].isoformat() == "2026-11-24"


@pytest.mark.parametrize("query", ["show=x", "day=x", "day=0001-01-01", "day=1990-01-02", "day=9999-12-31"])
def test_an_unknown_choice_is_refused(stored, query):
    assert logged_in(member("viewer")).get(f"/signals/?{query}").status_code == 400


def test_the_present_price_is_read_for_the_present_session_only(stored, django_assert_max_num_queries):
    viewer = logged_in(member("viewer"))
    with django_assert_max_num_queries(16):
        viewer.get("/signals/")
    row = viewer.get("/signals/?day=2026-11-24").context["rows"][0]
    assert [level.name for level in row.levels] == [
        "Entry",
        "Stop",
        "Target 1",
        "Target 2",
        "Target 3",
        "Now",
    ]


def test_the_page_of_a_signal_shows_its_values(stored):
    answer = logged_in(member("viewer")).get(f"/signals/{stored['ready'].pk}/")
    strip = {one.name: (one.value, one.detail) for one in answer.context["strip"]}
    assert strip["State"] == ("ACTIVE", "for 44 min")
    assert strip["Now"] == ("450.81", "▲ +0.16 R, at 11:59")
    assert strip["Entry, 11:16"] == ("450.65", "close of the bar 450.60")
    assert strip["Stop"] == ("449.60", "−0.23 % from the entry; risk 1.00 a share from the close")
    assert strip["Target 1 / 2 / 3"] == (
        "452.10 / 452.60 / 453.60",
        "+0.32 % / +0.43 % / +0.65 % from the entry; 1.5 / 2.0 / 3.0 R",
    )
    assert strip["Score, of 100"] == ("87", "base 76.8, boosts +10.4")
    assert strip["Ends"] == ("16:00", "end of the session")
    assert "No backtest has measured it on enough outcomes." in text_of(answer)
    assert "Dismiss" not in text_of(answer)


def test_a_signal_that_has_ended_shows_its_outcome(stored):
    answer = logged_in(member("operator")).get(f"/signals/{stored['stopped'].pk}/")
    strip = {one.name: (one.value, one.detail, one.tone) for one in answer.context["strip"]}
    assert strip["Outcome"] == ("−1.03 R", "after costs", "negative")
    assert strip["Ended at"] == ("451.00", "stop", "")
    assert "Dismiss" not in text_of(answer)


def test_a_dismissed_signal_says_when_it_ended(stored):
    add_step(stored["ready"], "DISMISSED", 40 * MINUTE_MS, reason="earnings", username="operator")
    answer = logged_in(member("viewer")).get(f"/signals/{stored['ready'].pk}/")
    strip = {one.name: (one.value, one.detail) for one in answer.context["strip"]}
    assert strip["Ended"] == ("11:55", "dismissed: earnings")
    assert "Ends" not in strip


def test_the_risk_of_an_index_is_in_points(stored):
    signal = add_signal(symbol="SPX", detector="gamma_flip_bearish", direction="SHORT", stop=451.6)
    answer = logged_in(member("viewer")).get(f"/signals/{signal.pk}/")
    strip = {one.name: (one.value, one.detail) for one in answer.context["strip"]}
    assert strip["Stop"] == ("451.60", "+0.22 % from the close; risk 1.00 points from the close")


def test_the_page_lists_the_conditions_that_held(stored):
    viewer = logged_in(member("viewer"))
    page = text_of(viewer.get(f"/signals/{stored['ready'].pk}/"))
    assert (
        "Why it fired all of these held on the bar of 11:15:00 The bar ended at least 45 min after the open and"
        " at least 30 min before the close Close above the high of 20 bars Relative volume at least 1.5"
        " Close above VWAP Score"
    ) in page
    short = viewer.get(f"/signals/{stored['stopped'].pk}/").context["conditions"]
    assert short[1:3] == [("RSI of the bar before above 70", ""), ("RSI at most 70", "")]
    daily = add_signal(timeframe="1d", bar_end=BAR_END + 1)
    assert viewer.get(f"/signals/{daily.pk}/").context["conditions"] == [
        ("Close above the high of 20 bars", ""),
        ("Relative volume at least 1.2", ""),
    ]


def test_conditions_have_the_values_that_were_stored(stored):
    conditions = [
        {"text": "close above the high of 20 bars", "values": {"prior_high20": 450.1}},
        {"text": "short gamma", "values": {"gamma.positioning": "SHORT_GAMMA", "gamma.agree": 1.0}},
    ]
    signal = add_signal(timeframe="1d", conditions=conditions)
    assert logged_in(member("viewer")).get(f"/signals/{signal.pk}/").context["conditions"] == [
        ("Close above the high of 20 bars", "high 450.10"),
        ("Short gamma", "gamma is SHORT GAMMA"),
    ]


def test_a_volatility_crush_that_has_ended_shows_the_measured_change(stored):
    details = {
        "predicted": -21.3,
        "actual": 0.8,
        "before": 60.0,
        "after": 60.8,
        "contract": "O:SPX261218P04500000",
    }
    add_step(stored["watch"], "EXPIRED", 24 * 60 * MINUTE_MS, reason="volatility rose", details=details)
    answer = logged_in(member("viewer")).get(f"/signals/{stored['watch'].pk}/")
    strip = {one.name: (one.value, one.detail, one.tone) for one in answer.context["strip"]}
    assert strip["Outcome"] == ("+0.8 pt", "measured change of volatility", "negative")
    assert strip["Ended"] == ("Wed 25 Nov 2026 11:30", "volatility rose", "")
    assert "+0.8 points of volatility, −21.3 predicted, O:SPX261218P04500000" in text_of(answer)


def test_the_chart_has_the_bars_of_the_session_and_the_signal(stored):
    viewer = logged_in(member("viewer"))
    address = f"/signals/{stored['ready'].pk}/chart"
    answer = viewer.get(f"{address}.json")
    document = answer.json()
    assert document["sentence"].startswith("▲ LONG from 11:15, entered at 450.65; last close 450.")
    assert document["parts"]["signal"] == {"row": 20, "side": 1, "end": None}
    assert (len(document["rows"]), len(document["parts"]["axis"])) == (
        29,
        78,
    )  # the last bar is known 10 s after its end
    assert [level["name"] for level in document["levels"][:4]] == [
        "Wall above",
        "Wall below",
        "Entry",
        "Stop",
    ]
    assert viewer.get(f"{address}.json", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    minutes = viewer.get(f"{address}.json?timeframe=1m").json()
    assert minutes["parts"]["signal"]["row"] == 104
    ended = viewer.get(f"/signals/{stored['stopped'].pk}/chart.json").json()
    assert ended["parts"]["signal"] == {"row": 14, "side": -1, "end": 20}
    rows = list(csv.reader(io.StringIO(viewer.get(f"{address}.csv").content.decode())))
    assert (rows[0][0], len(rows)) == ("Start of bar (New York)", 30)
    assert viewer.get(f"{address}.json?timeframe=2m").status_code == 400


def test_pages_and_documents_need_the_permission_to_view_signals(stored, client):
    pk = stored["ready"].pk
    assert client.get("/signals/").url == "/admin/login/?next=/signals/"
    assert client.get(f"/signals/{pk}/chart.json").status_code == 401
    clerk = logged_in(User.objects.create_user("clerk", is_staff=True))
    for path in ("/signals/", f"/signals/{pk}/", f"/signals/{pk}/chart.json", f"/signals/{pk}/chart.csv"):
        assert clerk.get(path).status_code == 403
    assert "To see signals you need the group viewer." in text_of(clerk.get("/signals/"))
    assert "/signals/" not in clerk.get("/admin/").content.decode()
    viewer = logged_in(member("viewer"))
    for path in (
        "/signals/999999999999999999999/",
        "/signals/999999999/",
        "/signals/999999999/chart.json",
        "/signals/x/",
    ):
        assert viewer.get(path).status_code == 404


def test_operators_dismiss_active_signals_once_and_with_their_name(stored):
    pk = stored["ready"].pk
    operator = logged_in(member("operator"))
    assert "That cannot be undone." in text_of(operator.get(f"/signals/{pk}/dismiss/"))
    assert SignalEvent.objects.filter(kind="DISMISSED").count() == 0
    with as_role("warehouse_web"):
        assert operator.post(f"/signals/{pk}/dismiss/", {"reason": " earnings "}).url == f"/signals/{pk}/"
        operator.post(f"/signals/{pk}/dismiss/")
        operator.post(f"/signals/{stored['blocked'].pk}/dismiss/")
    (event,) = SignalEvent.objects.filter(kind="DISMISSED")
    assert (event.signal_id, event.symbol, event.username, event.reason) == (
        pk,
        "SPY",
        "operator",
        "earnings",
    )
    assert event.timestamp - BAR_END == pytest.approx(45 * MINUTE_MS, abs=10_000)
    assert operator.get("/signals/").context["rows"][1].state.word == "DISMISSED"
    assert list(LogEntry.objects.values_list("user__username", "change_message")) == [
        ("operator", "Dismissed.")
    ]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("trial\0", "The reason has a null character: write it without one."),
        ("\0", "The reason has a null character: write it without one."),
        ("x" * 301, "The reason has 301 characters: write at most 300."),
    ],
)
def test_a_reason_that_cannot_be_stored_is_refused(stored, reason, sentence):
    operator = logged_in(member("operator"))
    answer = operator.post(f"/signals/{stored['ready'].pk}/dismiss/", {"reason": reason})
    assert f"NOT DISMISSED {sentence}" in text_of(answer)
    assert not SignalEvent.objects.filter(kind="DISMISSED").exists()


def test_a_reason_of_300_characters_is_stored_whole(stored):
    operator = logged_in(member("operator"))
    operator.post(f"/signals/{stored['ready'].pk}/dismiss/", {"reason": "x" * 300})
    assert SignalEvent.objects.get(kind="DISMISSED").reason == "x" * 300


def test_a_signal_that_ends_meanwhile_is_not_dismissed(stored):
    ready = stored["ready"]
    add_step(ready, "TARGET_HIT", 40 * MINUTE_MS, price=452.1)
    operator = logged_in(member("operator"))
    answer = operator.post(f"/signals/{ready.pk}/dismiss/", follow=True)
    assert "is not active any more, so that it was not dismissed." in answer.content.decode()
    assert SignalEvent.objects.filter(kind="DISMISSED").count() == 0


def test_viewers_may_not_dismiss(stored):
    viewer = logged_in(member("viewer"))
    for send in (viewer.get, viewer.post):
        answer = send(f"/signals/{stored['ready'].pk}/dismiss/")
        assert answer.status_code == 403
        assert "Viewers cannot dismiss signals" in text_of(answer)
        assert "you need the group operator. Nothing was changed." in text_of(answer)
    assert SignalEvent.objects.filter(kind="DISMISSED").count() == 0

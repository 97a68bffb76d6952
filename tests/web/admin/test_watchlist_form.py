"""Form of the watchlist: an entry takes no contracts from another symbol, and the provider is asked about it."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from tests.ingestion.market import CALL, page, row
from tests.ports import closed_port
from tests.provider.server import Answer, ScriptedProvider, ok, refusal
from tests.web.admin.accounts import logged_in, member
from warehouse.models import WatchlistEntry
from warehouse.watchlist import add_default_symbols

pytestmark = [pytest.mark.database, pytest.mark.django_db]

CHAIN = "/v3/snapshot/options/"
MSFT = {"symbol": "MSFT", "kind": "stock", "provider_symbol": "MSFT", "roots": "MSFT"}


@pytest.fixture(scope="module")
def server():
    started = ScriptedProvider()
    yield started
    started.stop()


@pytest.fixture
def provider(server, settings):
    server.forget()
    settings.MASSIVE_BASE_URL = server.url
    return server


@pytest.fixture
def operator(db):
    return logged_in(member("operator"))


def add(client, **changes: str):
    form = MSFT | {"ingest_chain": "on"} | changes
    return client.post(reverse("admin:warehouse_watchlistentry_add"), form, follow=True)


def errors(page) -> dict[str, list[str]]:
    return dict(page.context["adminform"].form.errors)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"roots": "AAPL"}, "roots", "The root AAPL belongs to AAPL."),
        ({"roots": "MSFT,AAPL1"}, "roots", "The root AAPL1 belongs to AAPL."),
        ({"provider_symbol": "AAPL"}, "provider_symbol", "AAPL is the provider symbol of AAPL."),
        ({"symbol": "SPXW", "provider_symbol": "SPXW"}, "symbol", "SPXW is a root of SPX; watch SPX."),
        ({"symbol": "BRKB", "provider_symbol": "BRKB"}, "symbol", "BRKB is a root of BRK.B; watch BRK.B."),
        ({"provider_symbol": "SPXW"}, "provider_symbol", "SPXW belongs to SPX."),
        (
            *({"kind": "index", "provider_symbol": "I:NDX", "symbol": "ABC"}, "provider_symbol"),
            "I:NDX belongs to NDX.",
        ),
        (
            *({"symbol": "NDX", "provider_symbol": "NDX", "roots": "NDX"}, "provider_symbol"),
            "The provider symbol of the index NDX is I:NDX.",
        ),
        ({"roots": "MSFT,VIXW"}, "roots", "The root VIXW belongs to VIX."),
        (
            {"provider_symbol": "O:MSFT"},
            "provider_symbol",
            "Write the provider's symbol, such as I:SPX, SPY or BRK.B.",
        ),
        ({"reference_symbol": "I:SPX"}, "reference_symbol", "Write a bare symbol, such as SPY, or nothing."),
    ],
)
def test_what_belongs_to_another_symbol_is_refused(operator, provider, changes, field, sentence):
    add_default_symbols(["AAPL"])
    assert errors(add(operator, **changes)) == {field: [sentence]}
    assert provider.requests == []
    assert list(WatchlistEntry.objects.values_list("symbol", flat=True)) == ["AAPL"]


@pytest.mark.parametrize("answer", [refusal(404), ok({"status": "OK", "results": []})])
def test_a_symbol_without_options_at_the_provider_is_refused(operator, provider, answer):
    provider.tell(f"{CHAIN}XYZQ", answer)
    page = add(operator, symbol="xyzq", provider_symbol="xyzq", roots="xyzq")
    assert errors(page) == {"provider_symbol": ["The provider lists no options of XYZQ."]}
    assert WatchlistEntry.objects.count() == 0
    assert [request.query for request in provider.requests] == ["limit=1"]


def test_a_symbol_with_options_is_stored_in_short_and_logged(operator, provider):
    provider.tell(f"{CHAIN}MSFT", ok(page(row(CALL))))
    saved = add(operator, symbol=" msft ", provider_symbol="msft", roots="msft", reference_symbol="spy")
    assert [message.level_tag for message in saved.context["messages"]] == ["success"]
    entry = WatchlistEntry.objects.get()
    assert (entry.symbol, entry.provider_symbol, entry.roots, entry.reference_symbol) == (
        *("MSFT", "MSFT", ["MSFT"], "SPY"),
    )
    assert (entry.ingest_chain, entry.ingest_flow, entry.strike_band_pct) == (True, False, None)
    assert LogEntry.objects.get().user.username == "operator"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(503), "503"),
        (refusal(403, {"status": "NOT_AUTHORIZED", "message": "no plan"}), "403"),
        (None, "refused"),
    ],
)
def test_an_entry_is_saved_with_a_warning_if_the_provider_gives_no_answer(
    operator, provider, settings, answer, reason
):
    if answer:
        provider.tell(f"{CHAIN}MSFT", answer)
    else:
        settings.MASSIVE_BASE_URL = f"http://127.0.0.1:{closed_port()}"
    warning, _ = [str(message) for message in add(operator).context["messages"]]
    assert warning.startswith("Saved without asking the provider: ")
    assert reason in warning
    assert WatchlistEntry.objects.get().symbol == "MSFT"


def test_a_provider_that_does_not_answer_in_time_is_not_awaited(operator, provider):
    provider.tell(f"{CHAIN}MSFT", Answer(hang=True))
    warning, _ = [str(message) for message in add(operator).context["messages"]]
    assert warning.endswith("/v3/snapshot/options/MSFT did not answer within 3 seconds.")
    assert WatchlistEntry.objects.get().symbol == "MSFT"


def test_an_edit_asks_the_provider_only_for_another_provider_symbol(operator, provider):
    add_default_symbols(["SPX"])
    address = reverse("admin:warehouse_watchlistentry_change", args=["SPX"])
    form = {"kind": "index", "provider_symbol": "I:SPX", "roots": "SPX,SPXW", "strike_band_pct": "20"}
    assert operator.post(address, form).status_code == 302
    assert provider.requests == []
    entry = WatchlistEntry.objects.get()
    assert (entry.strike_band_pct, entry.ingest_chain) == (20.0, False)


def test_the_form_asks_in_the_order_of_use_with_explanations(operator):
    shown = operator.get(reverse("admin:warehouse_watchlistentry_add")).content.decode()
    form = shown.partition('id="watchlistentry_form"')[2].partition("</form>")[0]
    names = re.findall(r'<(?:input|select)[^>]* name="([a-z_]+)"', form)
    fields = [name for name in names if not name.startswith(("_", "csrf"))]
    assert fields == [
        *("symbol", "kind", "provider_symbol", "roots", "reference_symbol"),
        *("ingest_chain", "strike_band_pct", "ingest_flow"),
    ]
    assert "Bare symbol of the underlying: SPX, SPY, BRK.B. It cannot be changed later." in shown
    assert "<textarea" not in shown

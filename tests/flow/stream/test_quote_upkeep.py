"""Start of a consumer: quotes are subscribed, their last values are fetched, and then trades are subscribed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.delivery.spool import Spool
from flow.stream import consumer, quote_upkeep
from flow.stream.batching import BatchLimits
from flow.stream.consumer import Consumer
from flow.stream.first_quotes import FirstQuotes
from flow.stream.housekeeping import Housekeeping
from flow.stream.quote_upkeep import QuoteUpkeep
from flow.stream.rows import Contracts
from flow.stream.subscription import Shard, watch
from flow.stream.trade_sizes import TradeSizes
from provider.stream_client import Stream
from provider.stream_messages import Quote
from tests.flow.stream_server import QUICK, Peer, quote, serving, trade
from tests.flow.trades import CALL, NOON_MS, PUT
from tests.ingestion.fixtures import client_of
from tests.provider.server import Answer, ok, refusal
from tests.warehouse.rows import add_greeks
from warehouse import clock
from warehouse.models import Heartbeat, HistoricalGreeks, StreamGap

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("at_noon")]
PATH = "/v3/snapshot"
QUOTES = f"Q.{CALL},Q.{PUT}"


class Starting:
    """A consumer that starts on a scripted socket and provider, driven as the command does."""

    def __init__(self, directory, client, provider, url: str, gap_from_ms: int | None) -> None:
        self.clock_reads = 0  # at least one in each pass of the decoder
        self.inbox = Inbox(client, "options")
        self.consumer = Consumer(
            Contracts({"SPXW": "SPX"}), TradeSizes(), self.inbox, lambda name: None,
            Spool(directory, 1_000_000), self._now_ms, batch_limits=BatchLimits(age_ms=0, idle_ms=0),
        )  # fmt: skip
        self.upkeep = QuoteUpkeep(self.consumer, lambda quoted: {"T.*"}, FirstQuotes(client_of(provider)))
        self.housekeeping = Housekeeping(self.consumer, Shard(), watch(Shard()), self.upkeep)
        stream = Stream(url, "key", set(), self.consumer.deliver, lambda: True, QUICK)
        self.consumer.start([stream], gap_from_ms, trades_follow=True)
        self.housekeeping.start()

    def _now_ms(self) -> int:
        self.clock_reads += 1
        return clock.now_ms()

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "the condition was not met in time"
            self.housekeeping.run_due()
            Event().wait(0.005)

    def quotes(self) -> dict[str, tuple[float, float, float, float, float]]:
        """Return bid, ask, bid size, ask size and quote age of each stored trade by contract."""
        names = ("bid", "ask", "bid_size", "ask_size", "quote_age_ms")
        found = {}
        for batch in (TradeBatch.decode(self.inbox.get(name) or b"") for name in self.inbox.waiting()):
            values = zip(*(getattr(batch, name).tolist() for name in names), strict=True)
            found |= dict(zip(map(bytes.decode, batch.contract_ticker.tolist()), values, strict=True))
        return found


@pytest.fixture
def start(tmp_path, redis_client, provider) -> Iterator[Callable[..., Starting]]:
    """Return a function that starts a consumer with a stored chain of two contracts; stop it at the end."""
    started = []
    for ticker, kind in ((CALL, "call"), (PUT, "put")):
        add_greeks(
            NOON_MS - 900_000, ticker, option_type=kind, expiration="2026-12-18", underlying_price=6500
        )

    def run(url: str, gap_from_ms: int | None = None) -> Starting:
        started.append(Starting(tmp_path, redis_client, provider, url, gap_from_ms))
        return started[-1]

    yield run
    for one in started:
        one.consumer.stop()


def last_quote(ticker: str, age_ms: int, bid: float, ask: float) -> dict:
    updated = (NOON_MS - age_ms) * 1_000_000
    sizes = {"bid_size": 30, "ask_size": 20, "last_updated": updated}
    return {"ticker": ticker, "last_quote": {"bid": bid, "ask": ask} | sizes}


def rows(*found: dict) -> Answer:
    return ok({"status": "OK", "results": list(found)})


def test_the_first_trade_has_the_quote_fetched_before_it(start, provider):
    provider.tell(PATH, rows(last_quote(CALL, 400, 12.1, 12.5), last_quote(PUT, 400, 11.0, 11.2)))

    def sends(peer: Peer) -> None:
        peer.log_in()
        peer.acknowledge()
        peer.send(quote(NOON_MS - 100, 11.1, 11.3, sym=PUT))
        peer.acknowledge()
        peer.send(trade(1, NOON_MS, sym=CALL), trade(2, NOON_MS, sym=PUT))
        peer.stay()

    with serving(sends) as server:
        one = start(server.url)
        one.until(lambda: len(one.quotes()) == 2)
    asked = [server.asked.get(timeout=10) for _ in range(3)]
    assert [(message["action"], message["params"]) for message in asked[1:]] == [
        ("subscribe", QUOTES),
        ("subscribe", "T.*"),
    ]
    assert len(provider.requests) == 1
    # The quote of the put that the stream sent is newer than the fetched one.
    assert one.quotes() == {CALL: (12.1, 12.5, 30, 20, 400), PUT: (11.1, 11.3, 40, 22, 100)}


def test_the_heartbeat_is_starting_until_trades_are_subscribed(start, provider):
    answered, states = Event(), []
    provider.tell(PATH, rows(last_quote(CALL, 400, 12.1, 12.5)))

    def sends(peer: Peer) -> None:
        peer.log_in()
        peer.hear()
        answered.wait(60)
        peer.status("success", f"subscribed to: Q.{CALL}")
        peer.stay()

    def state() -> tuple[str, bool]:
        one.housekeeping._heartbeat(one.housekeeping._status())
        beat = Heartbeat.objects.get(id="flow_listener")
        return beat.status, beat.metadata["subscribed"]

    with serving(sends) as server:
        one = start(server.url)
        one.until(lambda: one.upkeep.quoted == {CALL, PUT})
        states.append(state())
        answered.set()
        one.until(lambda: one.housekeeping.is_subscribed)
        states.append(state())
    assert states == [("starting", False), ("healthy", True)]


def test_a_plan_without_quotes_starts_trades_and_asks_for_no_quote(start, provider):
    def sends(peer: Peer) -> None:
        peer.log_in()
        peer.hear()
        peer.status("error", "not authorized")
        peer.acknowledge()
        peer.send(trade(1, NOON_MS, sym=CALL))
        peer.stay()

    with serving(sends) as server:
        one = start(server.url)
        one.until(one.quotes)
        assert one.housekeeping.is_subscribed
        one.until(lambda: one.consumer.totals.trades == 1)
    assert provider.requests == []


@pytest.mark.parametrize(
    "answer", [refusal(403, {"status": "NOT_AUTHORIZED"}), rows()], ids=["refused", "without rows"]
)
def test_trades_start_without_quotes_that_the_provider_does_not_have(start, provider, answer):
    provider.tell(PATH, answer)

    def sends(peer: Peer) -> None:
        peer.accept()
        peer.acknowledge()
        peer.send(trade(1, NOON_MS, sym=CALL))
        peer.stay()

    with serving(sends) as server:
        one = start(server.url)
        one.until(one.quotes)
    assert len(provider.requests) == 1
    assert str(one.quotes()[CALL]) == "(nan, nan, nan, nan, nan)"


def test_trades_start_after_the_time_limit_and_quotes_are_added_later(start, provider, monkeypatch):
    monkeypatch.setattr(quote_upkeep, "START_SECONDS", 0.3)
    provider.tell(PATH, Answer(hang=True), rows(last_quote(CALL, 400, 12.1, 12.5)))
    late = Event()

    def sends(peer: Peer) -> None:
        peer.accept()
        peer.acknowledge()
        assert late.wait(60)
        peer.send(trade(1, NOON_MS, sym=CALL))
        peer.stay()

    with serving(sends) as server:
        one = start(server.url)
        one.until(lambda: one.housekeeping.is_subscribed)
        assert len(one.consumer.enricher.quotes) == 0
        provider.released.set()  # ends the attempt that hangs; the next one is answered
        one.until(lambda: len(one.consumer.enricher.quotes) == 1)
        late.set()
        one.until(one.quotes)
    assert one.quotes()[CALL] == (12.1, 12.5, 30, 20, 400)


def test_the_gap_of_an_earlier_consumer_lasts_until_trades_are_subscribed(start, provider, monkeypatch):
    monkeypatch.setattr(consumer, "QUIET_MS", 0)
    provider.tell(PATH, Answer(hang=True), rows())

    def sends(peer: Peer) -> None:
        peer.accept()
        peer.stay()

    with serving(sends) as server:
        one = start(server.url, NOON_MS - 60_000)
        one.until(lambda: provider.requests)
        passes = one.clock_reads + 10
        one.until(lambda: one.clock_reads > passes)
        assert list(StreamGap.objects.values_list("from_ms", "to_ms")) == [(NOON_MS - 60_000, None)]
        subscribed_ms = clock.now_ms()
        provider.released.set()
        one.until(lambda: StreamGap.objects.exclude(to_ms=None).exists())
    assert StreamGap.objects.get().from_ms == NOON_MS - 60_000
    assert StreamGap.objects.get().to_ms >= subscribed_ms


def test_without_a_chain_contracts_are_fetched_before_their_quotes(start, provider):
    HistoricalGreeks.objects.all().delete()
    details = {"ticker": CALL, "contract_type": "call", "expiration_date": "2026-12-18", "strike_price": 6500}
    provider.tell("/v3/snapshot/options/I:SPX", rows({"details": details}))
    provider.tell(PATH, rows(last_quote(CALL, 400, 12.1, 12.5)))

    def sends(peer: Peer) -> None:
        peer.accept()
        peer.acknowledge()
        peer.send(trade(1, NOON_MS, sym=CALL))
        peer.stay()

    with serving(sends) as server:
        one = start(server.url)
        one.until(one.quotes)
    assert [request.path for request in provider.requests] == ["/v3/snapshot/options/I:SPX", PATH]
    assert one.quotes() == {CALL: (12.1, 12.5, 30, 20, 400)}


def test_quotes_lost_with_the_connection_are_fetched_again(start, provider, monkeypatch):
    monkeypatch.setattr(quote_upkeep, "FETCH_SECONDS", 0.0)
    provider.tell(PATH, rows(last_quote(CALL, 400, 12.1, 12.5)), rows(last_quote(CALL, 300, 12.2, 12.6)))

    def drops(peer: Peer) -> None:
        peer.accept()
        peer.acknowledge()
        peer.connection.close()

    def sends(peer: Peer) -> None:
        peer.accept()
        assert fetched.wait(60)
        peer.send(trade(1, NOON_MS, sym=CALL))
        peer.stay()

    fetched = Event()
    with serving(drops, sends) as server:
        one = start(server.url)
        one.until(lambda: len(provider.requests) == 2 and len(one.consumer.enricher.quotes))
        fetched.set()
        one.until(one.quotes)
    assert one.quotes()[CALL] == (12.2, 12.6, 30, 20, 300)


def test_quotes_fetched_before_a_loss_are_not_used(start):
    def sends(peer: Peer) -> None:
        peer.log_in()
        peer.hear()
        peer.connection.send(b"garbage")
        peer.stay()

    added = Event()
    with serving(sends) as server:
        one = start(server.url)
        one.until(lambda: one.consumer.quote_losses == 1)
        one.consumer.add_quotes([_quote(CALL)], 0)
        one.consumer.add_quotes([_quote(PUT)], 1)
        one.consumer.frames.call(added.set)
        assert added.wait(60)
        assert one.consumer.enricher.quotes.at(CALL, NOON_MS) is None
        assert one.consumer.enricher.quotes.at(PUT, NOON_MS) == _quote(PUT)


def _quote(ticker: str) -> Quote:
    return Quote(ticker, NOON_MS - 10, 12.1, 12.5, 30, 20)

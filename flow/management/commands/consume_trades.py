"""`manage.py consume_trades`: consumes the option trades of the watchlist until SIGTERM or Ctrl-C."""

from __future__ import annotations

import gc
import logging
import signal
import threading
import time
from pathlib import Path
from typing import Any, Final

import redis
from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from flow.delivery.inbox import Inbox
from flow.delivery.spool import Spool, SpoolInUse
from flow.stream import statistics, subscription
from flow.stream.consumer import Consumer
from flow.stream.first_quotes import FirstQuotes
from flow.stream.housekeeping import Housekeeping, feed_of, last_safe_ms
from flow.stream.quote_upkeep import QuoteUpkeep
from flow.stream.rows import Contracts, Rows
from flow.stream.subscription import Shard, Watch
from flow.stream.trade_sizes import TradeSizes
from provider.connection import connected
from provider.stream_client import Stream
from quant import sessions
from warehouse import clock
from warehouse.task_names import CeleryTask

TICK_SECONDS: Final = 0.5
START_TICK_SECONDS: Final = 0.05  # until trades are subscribed
STATISTICS_SECONDS: Final = 300.0
LINES_PER_SECOND: Final = 5  # trades shown on the screen; the table receives all of them


class Command(BaseCommand):
    help = "Consumes the live trades of the watchlist and passes them in batches to the flow workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--shard", default="1/1", help="i/n: this consumer's share of the symbols, by hash (default 1/1)"
        )
        parser.add_argument(
            "--trades",
            choices=("all", "chosen"),
            default="all",
            help="all: subscribe to every trade and filter here; chosen: only contracts with subscribed quotes",
        )
        parser.add_argument(
            "--underlyings",
            nargs="*",
            choices=("indices", "stocks"),
            default=settings.FLOW_UNDERLYING_STREAMS,
            help="clusters with prices of underlyings, if the plan includes them (FLOW_UNDERLYING_STREAMS)",
        )

    def handle(self, *, shard: str, trades: str, underlyings: list[str], **options: Any) -> None:
        stop = _until_signalled()
        try:
            own_shard = Shard.parse(shard)
            watch = subscription.watch(own_shard)
            gap_from_ms = last_safe_ms(own_shard)
        except ValueError as error:
            raise CommandError(str(error)) from None
        except Error as error:
            raise CommandError(f"the watchlist cannot be read: {error}") from None
        if not watch.symbols:
            raise CommandError(f"shard {shard} has no symbol on the watchlist with live trades switched on.")
        screen = _Screen(self, Contracts(watch.symbol_of_root))
        consumer = _consumer(own_shard, screen)
        streams = _streams(consumer, watch, underlyings)
        first_quotes = FirstQuotes(lambda: connected(settings, clock.now_ms))
        quotes = QuoteUpkeep(consumer, lambda chosen: _trade_topics(trades, chosen), first_quotes)
        housekeeping = Housekeeping(consumer, own_shard, watch, quotes)
        for line in statistics.banner(watch.symbols, _database(), settings.SIMULATED):
            self.stdout.write(line)
        # Objects that exist now live until the end; freezing them saves the collector from scanning them.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        housekeeping.sync_sizes()
        consumer.start(streams, gap_from_ms, trades_follow=True)
        housekeeping.start()
        try:
            self._run_until_stopped(consumer, housekeeping, stop)
            died = not consumer.is_alive()
        finally:
            # However the loop ended: threads left running would lose trades without recording a gap.
            consumer.stop()
            housekeeping.finish()
        self._write_lines(housekeeping.report())
        if died:
            raise CommandError(f"a thread of the consumer ended: {consumer.failure or 'see the log'}")

    def _run_until_stopped(
        self, consumer: Consumer, housekeeping: Housekeeping, stop: threading.Event
    ) -> None:
        report_at = time.monotonic() + STATISTICS_SECONDS
        state: tuple[bool, str] = (False, "")
        while consumer.is_alive() and not stop.wait(
            START_TICK_SECONDS if housekeeping.is_starting else TICK_SECONDS
        ):
            consumer.check_streams()
            housekeeping.run_due()
            stream = consumer.streams[0]
            if state != (housekeeping.is_subscribed, stream.said):
                state = (housekeeping.is_subscribed, stream.said)
                verb = "✅ Subscribed to" if housekeeping.is_subscribed else "🔌 Connecting to"
                self._write_lines([f"{statistics.PREFIX} {verb} {stream.url} {stream.said}".rstrip()])
            if time.monotonic() >= report_at:
                report_at += STATISTICS_SECONDS
                self._write_lines(housekeeping.report())

    def _write_lines(self, lines: list[str]) -> None:
        for line in lines:
            self.stdout.write(line)
        self.stdout.flush()


class _Screen:
    """Output of trade lines, limited to a readable number per second."""

    def __init__(self, command: BaseCommand, contracts: Contracts) -> None:
        self.contracts = contracts
        self._command = command
        self._second, self._left = 0, LINES_PER_SECOND

    def show(self, rows: Rows) -> None:
        """Write lines of the largest trades. Runs on the decoder's thread, which a closed terminal must not end."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, LINES_PER_SECOND
        chosen = statistics.largest_trades(rows, self._left) if self._left else rows[:0]
        if not len(chosen):
            return
        self._left -= len(chosen)
        tickers = [ticker.decode() for ticker in self.contracts.tickers(chosen).tolist()]
        symbols = [self.contracts.symbols[number] for number in chosen["underlying"].tolist()]
        try:
            for line in statistics.trade_lines(chosen, tickers, symbols):
                self._command.stdout.write(line)
            self._command.stdout.flush()
        except OSError as error:
            logging.getLogger(__name__).warning("trade lines cannot be written: %s", error)
            self._left = 0


def _until_signalled() -> threading.Event:
    """Set by SIGTERM, and by Ctrl-C unless a script started the command in the background, which ignores it."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: stop.set())
    return stop


def _consumer(shard: Shard, screen: _Screen) -> Consumer:
    feed = feed_of(shard)
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=5,
        socket_connect_timeout=2,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),  # the publisher retries itself, and uses the spool meanwhile
    )
    directory = Path(settings.FLOW_SPOOL_DIRECTORY) / feed.replace(" ", "-").replace("/", "-of-")
    try:
        spool = Spool(directory, settings.FLOW_SPOOL_MAX_BYTES)
    except (SpoolInUse, OSError) as error:
        raise CommandError(f"the spool cannot be used: {error}") from None
    return Consumer(
        screen.contracts,
        TradeSizes(),
        Inbox(client, feed),
        lambda batch_id: current_app.send_task(
            CeleryTask.STORE_TRADES, (batch_id,), queue="flow", retry=False
        ),
        spool,
        clock.now_ms,
        screen.show,
    )


def _streams(consumer: Consumer, watch: Watch, underlyings: list[str]) -> list[Stream]:
    """Return the options stream, without topics yet, and one stream per cluster with prices of watched underlyings."""
    topics: dict[str, set[str]] = {"options": set()}
    for cluster in underlyings:
        index = cluster == "indices"
        topics[cluster] = {
            f"V.I:{symbol}" if index else f"A.{symbol}"
            for symbol, kind in watch.kinds.items()
            if (kind == "index") == index
        }
    base = settings.MASSIVE_STREAM_URL.rstrip("/")
    return [
        Stream(f"{base}/{cluster}", settings.MASSIVE_API_KEY, wanted, consumer.deliver, _is_open)
        for cluster, wanted in topics.items()
        if wanted or cluster == "options"
    ]


def _trade_topics(trades: str, quoted: set[str]) -> set[str]:
    return {"T.*"} if trades == "all" else {f"T.{ticker}" for ticker in quoted}


def _is_open() -> bool:
    return sessions.is_open(clock.now())


def _database() -> str:
    place = connection.settings_dict
    return f"{place['HOST']}:{place['PORT']}/{place['NAME']}"

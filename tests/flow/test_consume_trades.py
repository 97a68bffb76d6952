"""The command consume_trades as a process: it publishes trades, reports its state and stops cleanly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import connection

from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.management.commands import consume_trades
from local.servers.hold import ROOT
from tests.flow.stream_server import Peer, quote, serving, trade

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture
def start(stack, tmp_path, redis_client):
    """Return a function that starts the command on the test's database and a socket; kill it at the end."""
    from warehouse.watchlist import add_default_symbols

    add_default_symbols(["SPX"])
    started: list[subprocess.Popen[str]] = []

    def run(url: str) -> subprocess.Popen[str]:
        environment = os.environ | {
            "DATABASE_URL": stack.owner_url(connection.settings_dict["NAME"]),
            "DATABASE_ROLE": "warehouse_writer",
            "MASSIVE_STREAM_URL": url,
            "FLOW_SPOOL_DIRECTORY": str(tmp_path),
            "PYTHONUNBUFFERED": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "manage.py", "consume_trades"],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_command_publishes_trades_and_stops_cleanly_on_sigterm(start, redis_client):
    from warehouse.models import ContractSizeDay, Heartbeat

    now = time.time_ns() // 1_000_000

    def sends(peer: Peer) -> None:
        peer.accept()
        peer.send(quote(now - 10), trade(1, now, s=250))
        peer.stay()

    with serving(sends) as server:
        process = start(server.url)
        lines = [process.stdout.readline()]
        while "@ $" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], "the command ended before its first trade"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "[FlowListener] Watching symbols: SPX\n" in lines
    assert lines[-1] == "[FlowListener] 📈 SPX 6500C 250 @ $12.40 ($310K premium)\n"
    assert "  Trades processed: 1\n" in output
    inbox = Inbox(redis_client, "options")
    (batch,) = [TradeBatch.decode(inbox.get(name)) for name in inbox.waiting()]
    assert (batch.sequence_number.tolist(), batch.quote_age_ms.tolist()) == ([1], [10.0])
    (message,) = redis_client.lrange("warehouse:flow", 0, -1)
    assert json.loads(message)["headers"]["task"] == "flow.tasks.store_trades"
    beat = Heartbeat.objects.get(id="flow_listener")
    assert (beat.status, beat.metadata["safe_ms"], beat.metadata["trades"]) == ("stopping", now, 1)
    size = ContractSizeDay.objects.get(symbol="SPX")
    assert (size.trades, size.contracts) == (1, 250)


@pytest.mark.parametrize(
    ("at_the_start", "stops"),
    [(signal.SIG_IGN, False), (signal.default_int_handler, True)],
    ids=["in the background", "in a terminal"],
)
def test_ctrl_c_ends_it_unless_it_was_started_in_the_background(at_the_start, stops):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, at_the_start)
        stop = consume_trades._until_signalled()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set() is stops
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

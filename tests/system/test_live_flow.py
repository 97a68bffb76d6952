"""Every trade from the socket to the table, compared with the simulator's truth, without and with failures.

`make chaos` injects faults for CHAOS_SECONDS and prints the progress.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from flow.delivery.inbox import Inbox
from tests.partitions import drop_partitions
from tests.simulator import streams
from tests.system.live import CONSUMER, FLOW_WORKER, OTHER_WORKER, PATIENCE, Live, running
from warehouse.models import DeadLetter, StreamGap

pytestmark = pytest.mark.processes

SECONDS = float(os.environ.get("CHAOS_SECONDS", "0"))  # 0: each fault once
RATE = int(os.environ.get("CHAOS_TRADES_PER_SECOND", "400"))
SYMBOLS = os.environ.get("CHAOS_SYMBOLS", "IWM NDX").split()
SEED = int(os.environ.get("CHAOS_SEED", "7"))
NUMBERED = os.environ.get("CHAOS_SEQUENCE_NUMBERS", "1") == "1"  # whether REST rows have sequence numbers
CALM_ROWS = 120
SHORT = timedelta(seconds=60)
QUIET_SECONDS = 6.0  # longer than any pause between trades, even on a slow machine
KNOWN_ROWS = 60  # stored rows of a new consumer, after which it has measured the rate of its trades


@pytest.fixture
def live(stack, tmp_path, transactional_db) -> Iterator[Live]:
    with running(stack, tmp_path, SYMBOLS, timedelta(seconds=SECONDS) or SHORT) as live:
        streams.run(live.server, rest_sequence_numbers=NUMBERED, seed=SEED)
        live.start(RATE)
        yield live
    drop_partitions()


class Storm:
    """Every fault once, then faults in random order; after each one the trades must flow again."""

    def __init__(self, live: Live, report: Callable[[str], None]) -> None:
        self.live, self.report = live, report
        self.done: Counter[str] = Counter()
        self.copies: dict[str, bytes] = {}
        self.slowest = 0.0
        self.faults: dict[str, Callable[[], None]] = {
            "flow worker killed": self.kill_worker,
            "other worker killed": lambda: self.kill(OTHER_WORKER),
            "frames garbled, cut off and doubled": self.spoil_frames,
            "socket cut": lambda: self.apply_fault("cut"),
            "consumer killed": lambda: self.kill(CONSUMER),
            "Valkey killed": lambda: self.live.kill_server("valkey"),
            "PostgreSQL killed": lambda: self.live.kill_server("postgres"),
            "socket stalled": self.stall,
        }

    def run(self, seconds: float) -> None:
        dice, until = random.Random(SEED), time.monotonic() + seconds
        for name in self.faults:
            self.inject(name)
        while time.monotonic() < until:
            self.inject(dice.choice(list(self.faults)))

    def inject(self, name: str) -> None:
        started = time.monotonic()
        self.faults[name]()
        self.live.flows_again()
        took = time.monotonic() - started
        self.done[name] += 1
        self.slowest = max(self.slowest, took)
        self.report(f"{name}: trades flow again after {took:.1f} s, {self.live.rows():,} rows")

    def kill_worker(self) -> None:
        self.live.kill_service(FLOW_WORKER)
        self.live.eventually(lambda: self.live.inbox.size() > 2)
        self.copies |= self.live.batches()
        self.live.start_service(FLOW_WORKER)

    def kill(self, name: str) -> None:
        self.live.kill_service(name)
        self.live.start_service(name)

    def spoil_frames(self) -> None:
        for kind in ("garbage", "truncated", "duplicate"):
            self.apply_fault(kind, times=2)

    def stall(self) -> None:
        self.live.eventually(lambda: self.live.rows(self.live.listening_ms) > KNOWN_ROWS)
        self.apply_fault("silent", seconds=QUIET_SECONDS)

    def apply_fault(self, kind: str, **details: float) -> None:
        self.live.eventually(lambda: streams.apply_fault(self.live.server, kind, **details)["connections"])


def test_the_table_equals_the_truth_before_and_after_all_faults(live, capsys):
    def report(line: str) -> None:
        if SECONDS:
            with capsys.disabled():
                sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")

    live.eventually(lambda: live.rows(live.since_ms) > CALM_ROWS)
    calm = live.compare(live.caught_up())
    assert (calm.faults, calm.repaired) == ([], 0)
    assert calm.sides > 20
    assert calm.kinds["sweep"] + calm.kinds["split"] > 10

    storm = Storm(live, report)
    started = time.monotonic()
    storm.run(SECONDS)
    last_ms = live.settle()
    live.deliver_again(storm.copies)
    live.eventually(lambda: Inbox(live.broker, "options").size() == 0)
    duration = time.monotonic() - started
    live.repair(PATIENCE + SECONDS)
    result = live.compare(last_ms, NUMBERED)
    gaps = list(StreamGap.objects.order_by("from_ms"))
    for name, value in (
        ("faults and repair", f"{duration:.0f} s and {time.monotonic() - started - duration:.0f} s"),
        ("faults", ", ".join(f"{count} x {name}" for name, count in storm.done.items())),
        (
            "ended by themselves",
            ", ".join(f"{count} x {name}" for name, count in live.restarted.items()) or "none",
        ),
        ("slowest recovery", f"{storm.slowest:.1f} s"),
        ("batches delivered twice", f"{2 * len(storm.copies)}"),
        ("gaps", ", ".join(f"{gap.to_ms - gap.from_ms:,} ms ({gap.repaired} repaired)" for gap in gaps)),
        ("table", str(result)),
        ("kinds", str(dict(result.kinds))),
        ("without a side", str(dict(result.reasons))),
    ):
        report(f"{name}: {value}")
    assert result.faults == []
    assert result.repaired > 0, "the faults lost no trade, so nothing was tested"
    assert {gap.status for gap in gaps} == {"REPAIRED"}
    assert not DeadLetter.objects.exists()

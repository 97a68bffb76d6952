"""Every trade from the socket to the table, beside the simulator's own truth: in calm, and through every fault.

`make chaos` runs the storm for as long as CHAOS_SECONDS says and tells how it goes.
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

SECONDS = float(os.environ.get("CHAOS_SECONDS", "0"))  # 0: once through all faults
RATE = int(os.environ.get("CHAOS_TRADES_PER_SECOND", "400"))
SYMBOLS = os.environ.get("CHAOS_SYMBOLS", "IWM NDX").split()
SEED = int(os.environ.get("CHAOS_SEED", "7"))
NUMBERED = os.environ.get("CHAOS_SEQUENCE_NUMBERS", "1") == "1"  # whether REST rows carry them
CALM_ROWS = 120
SHORT = timedelta(seconds=60)
QUIET_SECONDS = 6.0  # longer than the stream's own pace explains, even where the machine is late with it
KNOWN_ROWS = 60  # stored of a consumer's own: by then it knows the pace of its trades


@pytest.fixture
def live(stack, tmp_path, transactional_db) -> Iterator[Live]:
    with running(stack, tmp_path, SYMBOLS, timedelta(seconds=SECONDS) or SHORT) as live:
        streams.run(live.server, rest_sequence_numbers=NUMBERED, seed=SEED)
        live.start(RATE)
        yield live
    drop_partitions()


class Storm:
    """Every fault once, or again and again in an order of chance; after each the trades must flow again."""

    def __init__(self, live: Live, tell: Callable[[str], None]) -> None:
        self.live, self.tell = live, tell
        self.done: Counter[str] = Counter()
        self.copies: dict[str, bytes] = {}
        self.slowest = 0.0
        self.faults: dict[str, Callable[[], None]] = {
            "flow worker killed": self.kill_worker,
            "other worker killed": lambda: self.kill(OTHER_WORKER),
            "frames garbled, cut off and doubled": self.spoil_frames,
            "socket cut": lambda: self.strike("cut"),
            "consumer killed": lambda: self.kill(CONSUMER),
            "Valkey killed": lambda: self.live.kill_server("valkey"),
            "PostgreSQL killed": lambda: self.live.kill_server("postgres"),
            "socket stalled": self.stall,
        }

    def rage(self, seconds: float) -> None:
        dice, until = random.Random(SEED), time.monotonic() + seconds
        for name in self.faults:
            self.suffer(name)
        while time.monotonic() < until:
            self.suffer(dice.choice(list(self.faults)))

    def suffer(self, name: str) -> None:
        began = time.monotonic()
        self.faults[name]()
        self.live.flows_again()
        took = time.monotonic() - began
        self.done[name] += 1
        self.slowest = max(self.slowest, took)
        self.tell(f"{name}: trades flow again after {took:.1f} s, {self.live.rows():,} rows")

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
            self.strike(kind, times=2)

    def stall(self) -> None:
        self.live.eventually(lambda: self.live.rows(self.live.listening_ms) > KNOWN_ROWS)
        self.strike("silent", seconds=QUIET_SECONDS)

    def strike(self, kind: str, **details: float) -> None:
        self.live.eventually(lambda: streams.strike(self.live.server, kind, **details)["connections"])


def test_in_calm_and_after_every_kill_and_cut_the_table_is_the_truth_row_for_row(live, capsys):
    def tell(line: str) -> None:
        if SECONDS:
            with capsys.disabled():
                sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")

    live.eventually(lambda: live.rows(live.since_ms) > CALM_ROWS)
    calm = live.compare(live.caught_up())
    assert (calm.faults, calm.repaired) == ([], 0)
    assert calm.sides > 20
    assert calm.kinds["sweep"] + calm.kinds["split"] > 10

    storm = Storm(live, tell)
    began = time.monotonic()
    storm.rage(SECONDS)
    last_ms = live.settle()
    live.deliver_again(storm.copies)
    live.eventually(lambda: Inbox(live.broker, "options").size() == 0)
    raged = time.monotonic() - began
    live.repair(PATIENCE + SECONDS)
    found = live.compare(last_ms, NUMBERED)
    gaps = list(StreamGap.objects.order_by("from_ms"))
    for name, value in (
        ("storm and repair", f"{raged:.0f} s and {time.monotonic() - began - raged:.0f} s"),
        ("faults", ", ".join(f"{count} x {name}" for name, count in storm.done.items())),
        (
            "ended by themselves",
            ", ".join(f"{count} x {name}" for name, count in live.restarted.items()) or "none",
        ),
        ("slowest recovery", f"{storm.slowest:.1f} s"),
        ("batches delivered twice", f"{2 * len(storm.copies)}"),
        ("gaps", ", ".join(f"{gap.to_ms - gap.from_ms:,} ms ({gap.repaired} repaired)" for gap in gaps)),
        ("table", str(found)),
        ("kinds", str(dict(found.kinds))),
        ("without a side", str(dict(found.reasons))),
    ):
        tell(f"{name}: {value}")
    assert found.faults == []
    assert found.repaired > 0, "the storm lost nothing: it was no storm"
    assert {gap.status for gap in gaps} == {"REPAIRED"}
    assert not DeadLetter.objects.exists()

"""Backfill in real processes: after kills, interrupts, failures, and in workers, it stores the same rows.

BACKFILL_KILLS=20 kills it that often instead of four times.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.launch.services import worker
from local.servers.processes import is_alive, wait_until
from tests.recorder import recorder, requests_of
from tests.simulator.servers import simulator
from tests.system import backfills
from warehouse.models import ContractListing, FetchedRange, IngestionRun
from warehouse.models.enums import RunStatus
from warehouse.watchlist import add_default_symbols

pytestmark = pytest.mark.processes

NOW = datetime(2026, 12, 1, 22, 0, tzinfo=UTC)  # a Tuesday after the close; the Friday before closed early
KILLS = int(os.environ.get("BACKFILL_KILLS", "4"))
REQUEST = ("--symbols", "AAPL", "--days", "6", "--tables", "greeks,gamma,iv")
SESSIONS = 3  # 27 and 30 November and 1 December; the 26th was Thanksgiving
PACE = 60.0  # requests per second, slow enough to be killed meanwhile
SLOW_PACE = 8.0  # slow enough to be interrupted at a given request


@pytest.fixture(scope="module")
def clock_offset_ms() -> int:
    return (NOW - datetime.now(UTC)) // timedelta(milliseconds=1)


@pytest.fixture(scope="module")
def simulated(clock_offset_ms) -> Iterator[str]:
    with simulator("--seed", "7", "--clock-offset-ms", str(clock_offset_ms)) as server:
        yield server.base_url


@pytest.fixture(scope="module")
def recorded(simulated) -> Iterator[str]:
    with recorder(simulated) as base_url:
        yield base_url


@pytest.fixture(scope="module")
def environment(django_db_setup, stack, broker_url, recorded, clock_offset_ms) -> dict[str, str]:
    from django.db import connection

    return {
        "DATABASE_URL": stack.owner_url(connection.settings_dict["NAME"]),
        "DATABASE_ROLE": "warehouse_writer",
        "REDIS_URL": broker_url,
        "CLOCK_OFFSET_MS": str(clock_offset_ms),
        "MASSIVE_BASE_URL": recorded,
    }


@pytest.fixture(scope="module")
def launcher(environment, tmp_path_factory) -> Iterator[backfills.Launcher]:
    started = backfills.Launcher({**os.environ, **environment}, tmp_path_factory.mktemp("backfill"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """The result of an undisturbed backfill, filled by the first test that needs it."""
    return {}


@pytest.fixture
def expected(warehouse, launcher, undisturbed, recorded) -> dict[str, Any]:
    """The rows of an undisturbed backfill and its requests; the tables are empty again."""
    add_default_symbols(["AAPL"])
    requests_of(recorded, forget=True)
    if not undisturbed:
        done = launcher.run(*REQUEST)
        assert done.status == 0, done.output
        undisturbed.update(rows=backfills.tables(), requests=requests_of(recorded, forget=True))
        backfills.empty_tables()
    return undisturbed


def finished() -> set[str]:
    """Return the contracts and weeks of contract lists that are recorded as fetched, as in their requests."""
    tickers = FetchedRange.objects.filter(kind="bars_5m").values_list("symbol", flat=True)
    mondays = ContractListing.objects.values_list("week", flat=True)
    return {f"/v2/aggs/ticker/{ticker}/" for ticker in tickers} | {
        f"expiration_date.gte={monday}" for monday in mondays
    }


def children_of(process: int) -> list[int]:
    """Return the process ids of a backfill's compute processes."""
    with suppress(FileNotFoundError):  # it has ended
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def progress(recorded: str) -> int:
    """Return the number of served requests and finished sessions, which determines when to kill."""
    done = IngestionRun.objects.filter(status=RunStatus.DONE)
    computed = done.filter(task__regex="^(backfill_chain|calculate_iv)").count()
    return len(requests_of(recorded)) + computed


def test_after_random_kills_it_stores_the_same_rows_and_repeats_nothing(expected, launcher, recorded):
    steps = len(expected["requests"]) + 2 * SESSIONS
    draw = random.Random(KILLS)
    finished_at: list[tuple[int, set[str]]] = []
    for _ in range(KILLS):
        until = progress(recorded) + draw.randrange(1, max(3, 2 * steps // KILLS))
        process = launcher.start(*REQUEST, pace=PACE)
        wait_until(lambda at=until, one=process: progress(recorded) >= at or not is_alive(one), 120)
        computing = children_of(process)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process, signal.SIGKILL)
        launcher.end()
        assert wait_until(lambda those=computing: not any(map(is_alive, those)), 60)
        finished_at.append((len(requests_of(recorded)), finished()))
    done = launcher.run(*REQUEST)
    assert done.status == 0, done.output
    requests = requests_of(recorded)
    assert finished_at[-1][1], "it was killed before anything was finished"
    for position, known in finished_at:
        again = [address for address in requests[position:] if any(name in address for name in known)]
        assert again == []
    assert set(requests) == set(expected["requests"])
    assert backfills.tables() == expected["rows"]


# A request that a backfill sends while it prepares, and one that it sends while it fetches.
MOMENTS = pytest.mark.parametrize(
    "sent", ["/v3/reference/options/contracts", "/O:"], ids=["preparing", "at work"]
)


@MOMENTS
def test_killed_compute_processes_end_it_with_one_sentence(
    expected, environment, launcher, recorded, tmp_path, sent
):
    slow = {**os.environ, **environment, "MASSIVE_REQUESTS_PER_SECOND": str(SLOW_PACE)}
    process = backfills.start(slow, tmp_path / "output", *REQUEST)
    assert wait_until(
        lambda: any(sent in address for address in requests_of(recorded)) and children_of(process.pid), 120
    )
    for child in children_of(process.pid):
        with suppress(ProcessLookupError):  # it has ended with the others
            os.kill(child, signal.SIGKILL)
    assert process.wait(60) == 1
    assert (tmp_path / "output").read_text().splitlines()[-1] == (
        "CommandError: A compute process was killed, possibly because memory ran out. Finished jobs are kept: run the"
        " same command again."
    )
    assert launcher.run(*REQUEST).status == 0
    assert backfills.tables() == expected["rows"]


def test_a_second_run_sends_no_request_and_changes_nothing(expected, launcher, recorded):
    first = launcher.run(*REQUEST)
    requests_of(recorded, forget=True)
    second = launcher.run(*REQUEST)
    assert (first.status, second.status) == (0, 0)
    assert requests_of(recorded) == []
    assert "Nothing is left to do" in second.output
    assert backfills.tables() == expected["rows"]


def test_a_dry_run_prints_the_estimate_and_stores_nothing(expected, launcher):
    done = launcher.run(*REQUEST, "--dry-run")
    assert done.status == 0
    assert "66 jobs, 60 requests" in done.output
    assert not any(rows for name, rows in backfills.tables().items() if name != "HistoricalBar")


def test_workers_store_the_same_rows(expected, launcher, fleet):
    child = fleet.start(worker("backfill"))
    done = launcher.run(*REQUEST, "--queue")
    child.kill()
    assert done.status == 0, done.output
    assert backfills.tables() == expected["rows"]


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("/v3/reference/options/contracts", signal.SIGINT),
        ("/O:", signal.SIGINT),
        ("/O:", signal.SIGTERM),
    ],
    ids=["Ctrl-C while preparing", "Ctrl-C at work", "SIGTERM at work"],
)
def test_ctrl_c_and_sigterm_end_it_with_one_sentence_about_continuing(
    expected, environment, launcher, recorded, tmp_path, sent, number
):
    slow = {**os.environ, **environment, "MASSIVE_REQUESTS_PER_SECOND": str(SLOW_PACE)}
    process = backfills.start(slow, tmp_path / "output", *REQUEST)
    assert wait_until(lambda: any(sent in address for address in requests_of(recorded)), 120)
    children = children_of(process.pid)
    process.send_signal(number)
    assert process.wait(60) == 130
    assert wait_until(lambda: not any(map(is_alive, children)), 60)
    output = (tmp_path / "output").read_text()
    assert output.splitlines()[-1] == (
        "CommandError: Stopped. Nothing is lost: run the same command again to continue. Finished requests are not"
        " repeated."
    )
    assert "Traceback" not in output
    assert launcher.run(*REQUEST).status == 0
    assert backfills.tables() == expected["rows"]


def test_missing_data_is_counted_by_reason(expected, environment, simulated, tmp_path):
    add_default_symbols(["GONE"])
    limit = {"path": "/v2/aggs/ticker/O:", "kind": "status", "status": 429, "times": 12, "retry_after": "0"}
    split = {
        "path": "/v3/reference/options/contracts.*AAPL",
        "kind": "patch",
        "patch": {"shares_per_contract": 10},
    }
    for fault in (limit, split):
        httpx.post(f"{simulated}/simulator/faults", json=fault).raise_for_status()
    direct = backfills.Launcher({**os.environ, **environment, "MASSIVE_BASE_URL": simulated}, tmp_path)
    done = direct.run("--symbols", "AAPL,GONE", *REQUEST[2:])
    direct.stop()
    assert done.status == 0, done.output
    counts = counted(done.output)
    assert counts["answered 429"] == 12
    assert counts["adjusted"] == 1
    assert counts["symbols without data"] == 1
    assert counts["half days"] == 1
    assert counts["contracts without a trade"] > 0
    assert counts["stale"] + counts["no_trade"] > 0
    assert "jobs not finished" not in counts


def counted(output: str) -> dict[str, int]:
    """Return the counts of the final table, by reason."""
    cells = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in output.splitlines()
        if line.startswith("│")
    ]
    return {row[0]: int(row[1].replace(",", "")) for row in cells if len(row) == 3 and row[1]}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--symbols", "NOPE"), "Not on the watchlist: NOPE; add it with `manage.py seed --symbols NOPE`."),
        (("--days", "0"), "--days must be 1 to 365, because greeks are kept for a year; it is 0."),
        (
            ("--tables", "greeks,rho"),
            "--tables must name some of bars, greeks, gamma, iv, regime, flow; not rho.",
        ),
        (("--every", "5m"), "--every must be close or 15m, not 5m."),
        (("--until", "2030-01-01"), "--until 2030-01-01 is in the future."),
        (
            ("--band", "0"),
            "--band must be above 0 and at most 100 percent, --max-dte must be at least 1 day.",
        ),
    ],
)
def test_an_invalid_request_is_rejected_with_one_sentence(transactional_db, arguments, sentence):
    from django.core.management import CommandError, call_command

    add_default_symbols(["AAPL"])
    with pytest.raises(CommandError) as rejected:
        call_command("backfill", *arguments)
    assert str(rejected.value) == sentence

"""The stages common to `make up` and `make demo`, from an empty clone to a running warehouse."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.request import urlopen

from local.launch import environment, services, simulator_answers
from local.launch.console import Stages
from local.launch.recorded_time import newest_recorded
from local.launch.stack import LOCK, Stack, describe, withdraw
from local.launch.supervisor import Interrupted, Running, ServiceError, Supervisor
from local.servers import databases, ports
from local.servers.binaries import LocalError
from local.servers.databases import Purpose
from local.servers.hold import ROOT, Held, hold
from local.servers.locks import FileLock
from local.servers.processes import end_with_parent, wait_until

LOCAL = ROOT / ".local"
READY_SECONDS = 60.0
MASSIVE_BASE_URL = "https://api.massive.com"
MASSIVE_STREAM_URL = "wss://socket.massive.com"


class Warehouse:
    """One run of all services of this clone. Call `start`, then `serve`, and always `stop`."""

    def __init__(self, stages: Stages, when_simulated: Purpose, chain: str | None = None) -> None:
        self.simulated = not environment.given("MASSIVE_API_KEY")
        if chain and not self.simulated:
            raise LocalError("CHAIN is served by the simulator; unset MASSIVE_API_KEY to use it.")
        self.web_url = ""
        self._stages = stages
        self._purpose = when_simulated if self.simulated else databases.WAREHOUSE
        self._chain = chain
        self._held: Held | None = None
        self._supervisor = Supervisor(LOCAL / "logs", stages.say, self._between)
        self._supervisor.handle_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._stack: Stack
        self._web: Running

    def start(self) -> None:
        """Run all stages until the services run. Raises LocalError, ServiceError or Interrupted."""
        database_url, redis_url = environment.own_servers() or self._embedded_servers()
        offset_ms, symbol = self._market_clock(database_url)
        port = ports.free_port()
        base, stream = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        self._stack = Stack(
            database_url=database_url,
            redis_url=redis_url,
            massive_base_url=base if self.simulated else os.environ.get("MASSIVE_BASE_URL", MASSIVE_BASE_URL),
            massive_stream_url=(
                stream if self.simulated else os.environ.get("MASSIVE_STREAM_URL", MASSIVE_STREAM_URL)
            ),
            clock_offset_ms=offset_ms,
            simulated=self.simulated,
            secret_key=environment.secret_key(LOCAL),
        )
        with self._stages.stage("Creating the tables"):
            self.run("migrate", services.MIGRATE.split())
        with self._stages.stage("Watchlist, schedules, admin user", writes_lines=True):
            symbols = ["--symbols", symbol] if symbol else []
            self.run("seed", ["python", "manage.py", "seed", *symbols], shown=True, **self._login())
        if self.simulated:
            self._simulator(port)
        if self.simulated and not self._chain:
            # Before the first chain, whose gamma is compared with that of the last sessions.
            with self._stages.stage("Loading history of the simulated market", writes_lines=True):
                self.run("preload", ["python", "manage.py", "preload_simulated"], shown=True)
        self._services()
        describe(LOCAL, self._stack)

    def run(self, name: str, command: list[str], *, shown: bool = False, **variables: str) -> None:
        """Run one command to its end, with the login that owns the schema and more environment variables.

        Raises ServiceError on failure.
        """
        given = environment.of(self._stack, name, "") | variables
        self._supervisor.run(name, command, given, shown=shown)

    def show_dashboard(self) -> None:
        """Print the address of the dashboard and how to log in."""
        command = ["python", "-m", "local.launch.login_hint", f"{self.web_url}/admin/"]
        with self._stages.stage("Ready", writes_lines=True):
            self.run("login_hint", command, shown=True, **self._login())

    def _login(self) -> dict[str, str]:
        """Return the variable with the password of a new admin user, whose servers are only on this machine."""
        return {"ADMIN_PASSWORD": environment.admin_password(LOCAL)} if self._held else {}

    def wait_for_web(self) -> None:
        """Wait until the admin responds. Raises ServiceError when it does not."""
        with self._stages.stage("Waiting for the admin to answer"):
            self._supervisor.wait_for(
                self._web, lambda: _answers(f"{self.web_url}/admin/login/"), READY_SECONDS
            )

    def serve(self, seconds: float = float("inf")) -> None:
        """Supervise the services for `seconds`, or until Ctrl-C."""
        until = time.monotonic() + seconds
        with suppress(Interrupted):
            while time.monotonic() < until:
                self._supervisor.tend()

    def stop(self) -> None:
        """Stop all services and release the embedded servers."""
        with self._stages.stage("Stopping all services"):
            withdraw(LOCAL)
            self._supervisor.stop()
            if self._held:
                self._held.release()

    def _embedded_servers(self) -> tuple[str, str]:
        with self._stages.stage("Starting PostgreSQL and Valkey"):
            self._held = hold(LOCAL / "servers")
            databases.prepare(self._held, self._purpose)
        return self._held.owner_url(self._purpose.database), self._held.redis_url(self._purpose.redis_number)

    def _market_clock(self, database_url: str) -> tuple[int, str]:
        """Return the offset of the market clock in milliseconds, and the symbol of a recorded chain or ''."""
        if not self.simulated:
            return int(os.environ.get("CLOCK_OFFSET_MS", "0")), ""
        with self._stages.stage("Setting the market's clock"):
            # Imported inside the stage, so that its line is shown: the exchange calendars load for a second.
            from local.launch import market_clock

            now = dt.datetime.now(dt.UTC)
            if not self._chain:
                newest = newest_recorded(database_url)
                return market_clock.offset_now(now, newest, simulator_answers.session_to_show), ""
            symbol, stamp = simulator_answers.recorded_chain(self._chain)
            return market_clock.offset_for(stamp, now), symbol

    def _simulator(self, port: int) -> None:
        with self._stages.stage("Starting the simulated market (no MASSIVE_API_KEY is set)"):
            service = services.simulator(port, self._stack.clock_offset_ms, self._chain)
            running = self._supervisor.start(service, environment.of(self._stack, service.name, service.role))
            self._supervisor.wait_for(running, lambda: _listens(port), READY_SECONDS)

    def _services(self) -> None:
        port = ports.free_port(8000)
        with self._stages.stage("Starting web, workers, beat and the consumer of live trades"):
            bind = f"127.0.0.1:{port}"
            self._web, *_ = [
                self._supervisor.start(service, environment.of(self._stack, service.name, service.role))
                for service in (
                    services.web(bind),
                    services.worker(),
                    services.flow_worker(),
                    services.bars_worker(),
                    services.repair_worker(),
                    services.backtest_worker(),
                    services.beat(),
                    services.consumer(),
                )
            ]
        self.web_url = f"http://{bind}"

    def _between(self) -> None:
        self._stages.tick()
        if self._held and self._held.lost_keeper():
            self._stages.say("The keeper of the servers was killed; starting a new one")
            self._held.ensure()


def supervised(run: Callable[[Stages], None], title: str) -> int:
    """Call `run` as the only supervisor of this clone. Returns the exit code; errors are printed in one line."""
    stages = Stages()
    stages.say(title)
    lock = FileLock(LOCAL / LOCK)
    if "MAKELEVEL" in os.environ:
        # When make is killed, Ctrl-C in the terminal no longer reaches this process.
        end_with_parent(signal.SIGTERM)
    try:
        LOCAL.mkdir(exist_ok=True)
        # Retried, because `running` takes this lock for an instant.
        if not wait_until(lock.try_exclusive, 0.5):
            raise LocalError("This clone already runs `make up` or `make demo`; stop that with Ctrl-C first.")
        run(stages)
    except Interrupted:
        return 130  # the exit code of a command ended by Ctrl-C
    except (LocalError, ServiceError) as error:
        stages.say(f"{error}")
        return 1
    except PermissionError as error:
        stages.say(f"{error.filename} belongs to another user; run as that user, or use your own clone.")
        return 1
    finally:
        lock.release()
    return 0


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own URL on loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

"""`manage.py backtest`: test detectors on past sessions, here or on the Celery workers."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from backtest import run, store
from backtest.guards.look_ahead import look_ahead
from backtest.guards.warm_up import warm_up
from backtest.request import COSTS, MOST_DAYS, MOST_SEED, Request, checked, from_json, last_closed
from backtest.text import as_lines, as_records
from signals.context.boost import PROFILES
from signals.detectors.registry import ALIASES, BY_NAME, named
from signals.scan.found import plain
from warehouse import clock, market_days, queries
from warehouse.console import INTERRUPTED, MOST_ID, console_on, number, sigterm_interrupts, whole
from warehouse.models import Backtest
from warehouse.models.enums import BacktestStatus
from warehouse.task_names import CeleryTask


class Command(BaseCommand):
    help = (
        "Tests detectors on stored sessions: the scanner's own signals, the outcome of each, and random entries beside "
        "them. It can be stopped with Ctrl-C or SIGTERM; --resume continues, with the same result."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
        add("detectors", nargs="*", help="names, such as breakout_bullish (default: all)")
        add("--symbols", type=_words, help="for example SPY,SPX (default: every watched symbol)")
        add(
            "--days",
            type=whole(0, MOST_DAYS),
            default=90,
            help="calendar days back from the last closed session (default 90)",
        )
        add("--from", dest="first", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="first date")
        add("--to", dest="last", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="last date")
        add("--timeframe", choices=("15m", "1d"), default="15m", help="length of the bars (default 15m)")
        add("--costs", choices=tuple(COSTS), default="default", help="default: 1 basis point of slippage")
        add("--profile", choices=PROFILES, default=settings.SIGNAL_PROFILE, help="of the boosts")
        add(
            "--minimum-score",
            type=number(0, 100),
            default=settings.SIGNAL_MINIMUM_SCORE,
            help="of a signal, 0 to 100",
        )
        add("--wall-exit", action="store_true", help="leave a trade before the wall ahead of it")
        add("--priced", action="store_true", help="also price every outcome with an option")
        add(
            "--spread-share",
            type=number(0, 1),
            default=1.0,
            help="of half of an option's spread, 0 to 1 (default 1)",
        )
        add(
            "--option-commission",
            type=number(0, 100),
            default=0.65,
            help="dollars per contract and fill (default 0.65)",
        )
        add("--all-firings", action="store_true", help="also firings while a signal of the detector lives")
        add("--shuffle", action="store_true", help="test a market whose bars have a random order")
        add("--check-lookahead", action="store_true", help="refuse if a feature uses later facts")
        add("--check-warmup", action="store_true", help="print how much history each feature needs")
        add("--seed", type=whole(0, MOST_SEED), default=1, help="of all random numbers (default 1)")
        add("--fleet", action="store_true", help="let the Celery workers of the queue `backtest` do it")
        add("--resume", type=whole(1, MOST_ID), metavar="ID", help="continue a stored backtest")
        add("--cancel", type=whole(1, MOST_ID), metavar="ID", help="cancel a running backtest")
        add(
            "--delete",
            type=whole(1, MOST_ID),
            metavar="ID",
            help="delete a stored backtest with its outcomes",
        )
        add("--format", choices=("table", "json"), default="table", help="of the result (default table)")

    def handle(self, **options: Any) -> None:
        if options["cancel"] is not None:
            self._cancel(options["cancel"])
            return
        if options["delete"] is not None:
            self._delete(options["delete"])
            return
        console = console_on(self.stderr if options["format"] == "json" else self.stdout)
        is_new = options["resume"] is None
        backtest = self._created(options) if is_new else self._resumed(options["resume"])
        request = from_json(backtest.request)
        if options["check_lookahead"] or options["check_warmup"]:
            self._check(backtest, request, options, console)
        if options["fleet"]:
            current_app.send_task(CeleryTask.START_BACKTEST, (backtest.id,))
            console.print(
                f"Backtest {backtest.id} is enqueued: `manage.py backtest --resume {backtest.id}` joins in."
            )
            return
        with sigterm_interrupts():
            try:
                self._run(backtest, console)
            except KeyboardInterrupt:
                console.print(
                    f"Stopped. Finished symbols are kept: `manage.py backtest --resume {backtest.id}` continues."
                )
                raise SystemExit(INTERRUPTED) from None
            except run.CanceledError as error:
                raise CommandError(f"{error}.") from None
        backtest.refresh_from_db()
        if options["format"] == "json":
            self.stdout.write(json.dumps(as_records(backtest), indent=2))
        else:
            for line in as_lines(backtest):
                console.print(line)

    def _created(self, options: dict[str, Any]) -> Backtest:
        now = clock.now()
        last = options["last"] or last_closed(market_days.read(), now)
        first = options["first"] or _before(last, options["days"])
        watched = [str(entry.symbol) for entry in queries.watchlist_entries()]
        costs = COSTS[options["costs"]]
        request = Request(
            symbols=tuple(options["symbols"] or watched),
            detectors=tuple(_names(options["detectors"])),
            first=first,
            last=last,
            timeframe=options["timeframe"],
            profile=options["profile"],
            minimum=options["minimum_score"],
            slippage=costs.slippage,
            commission=costs.commission,
            wall_exit=options["wall_exit"],
            priced=options["priced"],
            spread_share=options["spread_share"],
            option_commission=options["option_commission"],
            one_at_a_time=not options["all_firings"],
            shuffled=options["shuffle"],
            seed=options["seed"],
            until_ms=clock.epoch_ms(now),
        )
        try:
            tested = checked(request, watched, market_days.read(), now)
        except ValueError as error:
            raise CommandError(str(error)) from None
        return store.create(tested, "manage.py backtest", clock.epoch_ms(now))

    def _resumed(self, backtest_id: int) -> Backtest:
        found = Backtest.objects.filter(id=backtest_id).first()
        if found is None:
            raise CommandError(f"There is no backtest {backtest_id}.")
        if found.status != BacktestStatus.DONE:
            run.resume(backtest_id)
            found.refresh_from_db()
        return found

    def _cancel(self, backtest_id: int) -> None:
        if not run.cancel(backtest_id, clock.now_ms()):
            raise CommandError(f"There is no unfinished backtest {backtest_id}.")
        self.stdout.write(f"Backtest {backtest_id} is canceled; finished symbols are kept for --resume.")

    def _delete(self, backtest_id: int) -> None:
        run.cancel(backtest_id, clock.now_ms())
        deleted, _ = Backtest.objects.filter(id=backtest_id).delete()
        if not deleted:
            raise CommandError(f"There is no backtest {backtest_id}.")
        self.stdout.write(f"Backtest {backtest_id} is deleted.")

    def _check(self, backtest: Backtest, request: Request, options: dict[str, Any], console: Console) -> None:
        results = dict(backtest.guards)
        if options["check_warmup"]:
            needs = warm_up(request)
            results["warm_up"] = plain(needs)
            table = Table("detector", "bars before its first answer")
            for name, bars in needs.detectors.items():
                table.add_row(name, f"{bars:,}")
            console.print(table)
            failing = ", ".join(needs.failing)
            console.print(
                f"These still depend on where their history begins: {failing}."
                if failing
                else "Warm-up check passed: no indicator depends on where its history begins."
            )
        found = look_ahead(request) if options["check_lookahead"] else None
        if found is not None:
            results["look_ahead"] = plain(found)
        Backtest.objects.filter(id=backtest.id).update(guards=results)
        if found is not None and found.differing:
            names = ", ".join(found.differing)
            run.fail(backtest.id, f"look-ahead: {names}", clock.now_ms())
            raise CommandError(f"These use facts from after their bar: {names}. Nothing was tested.")
        if found is not None:
            console.print(f"Look-ahead check passed on {found.bars} bars.")

    def _run(self, backtest: Backtest, console: Console) -> None:
        symbols = run.start(backtest, clock.now_ms())
        bars = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("sessions"),
            TimeElapsedColumn(),
            console=console,
        )
        with bars:
            tasks = {symbol: bars.add_task(symbol, total=None) for symbol in symbols}

            def watch(symbol: str, done: int, total: int) -> None:
                bars.update(tasks[symbol], completed=done, total=total)

            for symbol in symbols:
                said = run.run_symbol(backtest.id, symbol, clock.now_ms, watch)
                if not console.is_terminal:
                    bars.console.print(said)
        if not run.finish(backtest.id, clock.now_ms()):
            left = ", ".join(run.unfinished(backtest.id))
            raise CommandError(
                f"Other workers still test {left}: `manage.py backtest --resume {backtest.id}` shows the result later."
            )


def _names(wanted: list[str]) -> Iterator[str]:
    """Yield the names of detectors; those of an alias in its place. Raises CommandError for an unknown one."""
    for name in wanted or BY_NAME:
        try:
            yield from (one.name for one in named(name))
        except KeyError:
            raise CommandError(
                f"{name!r} is no detector; there are {', '.join(BY_NAME)}. {_aliases()}"
            ) from None


def _aliases() -> str:
    """Return the other names of detectors in words."""
    return " ".join(
        f"{alias} is another name of {' and '.join(one.name for one in found)}."
        for alias, found in ALIASES.items()
    )


def _words(text: str) -> list[str]:
    return [word.strip().upper() for word in text.split(",") if word.strip()]


def _before(day: dt.date, days: int) -> dt.date:
    """Return the date a number of days before another one, the first date of the calendar where there is none."""
    return dt.date.fromordinal(max(day.toordinal() - days, 1))

"""`manage.py optimize_confluence`: fit the weights of scores, and measure them on sessions that no fit has seen."""

from __future__ import annotations

import argparse
import json
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from backtest.optimiser import run
from backtest.optimiser.optimize import request_of
from backtest.optimiser.request import MOST_SIGNALS, SIZES
from backtest.report.percentages import interval, percent
from backtest.request import MOST_DAYS
from backtest.run import CanceledError
from warehouse import clock
from warehouse.console import INTERRUPTED, MOST_ID, console_on, number, whole
from warehouse.models import Optimization
from warehouse.models.enums import BacktestStatus
from warehouse.task_names import CeleryTask


class Command(BaseCommand):
    help = (
        "Fits weights, least scores and exits with a genetic algorithm, and measures them out of sample. The result is "
        "pending until a person promotes it. It can be stopped with Ctrl-C; --resume continues, with the same result."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
        add(
            "--symbols",
            type=lambda text: text.upper().split(","),
            help="for example SPY,SPX (default: all watched)",
        )
        add(
            "--days",
            type=whole(1, MOST_DAYS),
            default=90,
            help="sessions back from the last closed one (default 90)",
        )
        add(
            "--target",
            type=number(0, 1),
            default=0.65,
            help="win rate from which on the expectancy decides (default 0.65)",
        )
        add("--folds", type=whole(*SIZES["folds"][1:]), default=5, help="tests out of sample (default 5)")
        add(
            "--least-train",
            type=whole(*SIZES["least_train"][1:]),
            default=40,
            help="sessions before the first test (default 40)",
        )
        add(
            "--least-signals",
            type=number(0, MOST_SIGNALS),
            default=5.0,
            help="signals a session, at least (default 5)",
        )
        add(
            "--most-signals",
            type=number(0, MOST_SIGNALS),
            default=20.0,
            help="signals a session, at most (default 20)",
        )
        add(
            "--least-outcomes",
            type=whole(*SIZES["least_outcomes"][1:]),
            default=100,
            help="outcomes of a fit, at least (default 100)",
        )
        add(
            "--generations",
            type=whole(*SIZES["generations"][1:]),
            default=50,
            help="of the genetic algorithm (default 50)",
        )
        add(
            "--population",
            type=whole(*SIZES["population"][1:]),
            default=60,
            help="of the genetic algorithm (default 60)",
        )
        add("--seed", type=whole(*SIZES["seed"][1:]), default=1, help="of all random numbers (default 1)")
        add("--fleet", action="store_true", help="let a Celery worker of the queue `backtest` do it")
        add("--resume", type=whole(1, MOST_ID), metavar="ID", help="continue a stored optimisation")
        add("--cancel", type=whole(1, MOST_ID), metavar="ID", help="cancel a running optimisation")
        add("--format", choices=("table", "json"), default="table", help="of the result (default table)")

    def handle(self, **options: Any) -> None:
        if options["cancel"] is not None:
            if not run.cancel(options["cancel"], clock.now_ms()):
                raise CommandError(f"There is no unfinished optimisation {options['cancel']}.")
            self.stdout.write(f"Optimisation {options['cancel']} is canceled; --resume continues it.")
            return
        is_new = options["resume"] is None
        row = self._created(options) if is_new else self._resumed(options["resume"])
        if options["fleet"]:
            current_app.send_task(CeleryTask.RUN_OPTIMIZATION, (row.id,))
            self.stdout.write(f"Optimisation {row.id} is enqueued.")
            return
        self._run(row, options["format"] == "json")
        row.refresh_from_db()
        if row.status != BacktestStatus.DONE:
            raise CommandError(
                f"Optimisation {row.id} is {row.status}: {row.error or 'another worker runs it'}."
            )
        if options["format"] == "json":
            self.stdout.write(
                json.dumps({"optimization": row.id, "verified": row.is_verified, **row.result}, indent=2)
            )
        else:
            self._print(row)

    def _created(self, options: dict[str, Any]) -> Optimization:
        names = (
            "target", "folds", "least_train", "least_signals", "most_signals", "least_outcomes", "generations",
            "population", "seed",
        )  # fmt: skip
        try:
            request = request_of(
                options["symbols"], options["days"], clock.now(), **{name: options[name] for name in names}
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        return run.create(request, "manage.py optimize_confluence", clock.now_ms())

    def _resumed(self, optimization_id: int) -> Optimization:
        run.resume(optimization_id)
        found = Optimization.objects.filter(id=optimization_id).first()
        if found is None:
            raise CommandError(f"There is no optimisation {optimization_id}.")
        return found

    def _run(self, row: Optimization, is_json: bool) -> None:
        console = console_on(self.stderr if is_json else self.stdout)
        bars = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        tasks: dict[str, Any] = {}

        def watch(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        with bars:
            try:
                said = run.run(row.id, clock.now_ms, watch)
            except KeyboardInterrupt:
                console.print(f"Stopped: `manage.py optimize_confluence --resume {row.id}` continues.")
                raise SystemExit(INTERRUPTED) from None
            except CanceledError as error:
                raise CommandError(f"{error}.") from None
        console.print(said)

    def _print(self, row: Optimization) -> None:
        console, found = console_on(self.stdout), row.result or {}
        table = Table("test", "sessions", "in sample", "out of sample", "95 %", "signals a session", "R")
        for one in found["folds"]:
            rate = one["out_of_sample"]["win_rate"]
            table.add_row(
                f"{one['first']} to {one['last']}",
                str(one["sessions"]),
                percent(one["in_sample"]["win_rate"]["share"]),
                percent(rate["share"]),
                interval(rate["wilson"]),
                f"{one['out_of_sample']['signals_per_session']:.1f}",
                ""
                if one["out_of_sample"]["expectancy_r"] is None
                else f"{one['out_of_sample']['expectancy_r']:+.2f}",
            )
        console.print(table)
        luck = found["overfitting"] or {}
        console.print(
            f"Expected: {percent(found['expectedWinRate'])} of {found['expectedSignalsPerDay']:.1f} signals a session,"
            f" {row.label}. In sample it seems {percent(found['all_sessions']['win_rate']['share'])}."
        )
        console.print(
            f"{found['trials']:,} distinct weights were tried on these data; probability of overfitting "
            f"{percent(luck.get('probability')) or 'unknown'}, deflated Sharpe ratio "
            f"{percent(luck.get('deflated_sharpe')) or 'unknown'}."
        )
        if not row.is_verified:
            console.print(
                "A backtest with the weights of the folds gives other numbers: the result cannot be promoted."
            )
            return
        console.print("A backtest with the weights of each fold gives the same numbers.")
        console.print(
            f"Weights {row.config_id} are pending: the scanner does not use them until a person promotes them at"
            f" {reverse('optimization', args=[row.id])}."
        )

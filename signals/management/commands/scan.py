"""`manage.py scan SYMBOL`: print why each detector fires on the newest bar or does not."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.table import Table

from quant import sessions
from signals import market_view
from signals.anchors import EARLIEST, LATEST
from signals.features.build import build
from signals.features.record import Features
from signals.scan.configured import scoring_rules
from signals.scan.explain import answers, context_lines
from signals.scan.scan import detectors_for, scan_session
from signals.scan.store import SIDES, of_session
from warehouse import asof, clock, market_days
from warehouse.console import console_on
from warehouse.market_days import MarketDays


class Command(BaseCommand):
    help = "Print the answer of each detector on a symbol's newest bar, and the signals of the session."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("symbol", help="watched symbol, such as SPY")
        parser.add_argument(
            "--as-of", help="instant in New York time, such as 2026-11-24T15:01; by default the present"
        )
        parser.add_argument("--conditions", action="store_true", help="list every condition with its answer")

    def handle(self, *, symbol: str, as_of: str | None, conditions: bool, **options: Any) -> None:
        at_ms = clock.now_ms() if as_of is None else _instant_ms(as_of)
        market = market_days.read()
        day = _last_session(market, at_ms)
        open_ms, _ = market.hours_ms(day)
        with asof.at(at_ms):
            view = market_view.read([symbol], open_ms, at_ms, delay_ms=settings.SIGNAL_DELAY_MS)
        if symbol not in view.symbols:
            raise CommandError(f"{symbol} is not watched: add it to the watchlist, or name a symbol of it.")
        features = build(view, symbol, day)
        if features is None:
            raise CommandError(
                f"No bar of {symbol} in the session of {day} was known at {clock.new_york_text(at_ms)}: name a later"
                " instant with --as-of, or look at the bars of the symbol."
            )
        self._print(features, view, symbol, day, conditions)

    def _print(
        self, features: Features, view: market_view.MarketView, symbol: str, day: dt.date, conditions: bool
    ) -> None:
        console = console_on(self.stdout)
        row = len(features) - 1
        console.print(f"{symbol}, bar that ended {clock.new_york_text(int(features.end_ms[row]))}")
        table = Table("detector", "answer", "reason", "base score")
        kind = view.symbols[symbol].kind
        for one in answers(features, row, detectors_for(symbol, kind, "15m")):
            score = "" if one.state != "fired" or one.score is None else f"{one.score:.1f}"
            table.add_row(one.detector.name, one.state, one.reason, score)
            for text, holds in one.conditions if conditions else ():
                table.add_row("", {True: "yes", False: "no", None: "not known"}[holds], text, "")
        console.print(table)
        engines = Table("engine", "quality")
        for name, text in context_lines(features, row):
            engines.add_row(name, text)
        console.print(engines)
        console.print(_signals(view, symbol, day))


def _signals(view: market_view.MarketView, symbol: str, day: dt.date) -> Table | str:
    """Return the signals of a session as computed from what the view knows, and whether each is stored."""
    found = scan_session(view, symbol, day, **scoring_rules()).signals
    if not found:
        return "No detector fired in this session up to this bar."
    stored = {
        (one.detector, SIDES[one.direction], one.bar_end)
        for one in of_session([symbol], *market_days.read().hours_ms(day))
    }
    signals = Table(
        *("signal of the session", "bar", "direction", "score", "disposition", "stored"),
        title="Signals that are computed now from the stored data; the scanner stores those of the bars that it scans",
    )
    for signal in found:
        key = (signal.detector.name, signal.direction, signal.bar_end)
        signals.add_row(
            signal.detector.name,
            clock.new_york_text(signal.bar_end),
            "long" if signal.direction > 0 else "short",
            f"{signal.score.base:.1f} → {signal.score.final:.1f}",
            signal.score.disposition,
            "yes" if key in stored else "no",
        )
    return signals


def _last_session(market: MarketDays, at_ms: int) -> dt.date:
    """Return the newest session that had opened at an instant."""
    day = sessions.new_york_date(clock.instant(at_ms))
    hours = market.hours(day)
    return day if hours is not None and clock.epoch_ms(hours.opens) <= at_ms else market.before(day, 1)


def _instant_ms(text: str) -> int:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--as-of {text} is no instant: write it as 2026-11-24T15:01.") from error
    if not EARLIEST < instant.date() <= LATEST:
        raise CommandError(
            f"--as-of {text} is out of range: write an instant after {EARLIEST}, up to {LATEST}."
        )
    return clock.epoch_ms(instant if instant.tzinfo else instant.replace(tzinfo=sessions.NEW_YORK))

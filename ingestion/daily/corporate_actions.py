"""Fetching of splits and cash dividends, once per session before its open.

The splits of all stocks are one list, because market breadth adjusts the bars of all of them. Dividends are fetched by
symbol, whole lists, so that a correction or a withdrawal by the provider is seen. A symbol that is added in between is
fetched at the next poll, or by its backfill.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingestion.daily import action_rows
from ingestion.daily.action_rows import Action, Stored
from ingestion.provider_client import massive_client
from provider.client import MassiveClient
from provider.connection import Connect
from provider.errors import NotEntitled, NotFound, ProviderError, Retryable, Unauthorized
from quant.sessions import new_york_date
from warehouse import clock, market_days, queries, runs
from warehouse.asof.corporate_actions import LONGEST_CLOSURE, has_dividends
from warehouse.loading.known_at import store_in_time
from warehouse.models import IngestionRun
from warehouse.models.enums import ActionKind, RunStatus, Source, UnderlyingKind
from warehouse.task_names import RunTask

BEFORE_OPEN = dt.timedelta(hours=2)
FIRST_SPLITS = dt.timedelta(days=1826)  # the first list: as far back as daily bars are kept
REPEATED = dt.timedelta(days=14)  # how far each later list reaches back, for splits that were listed late


@dataclass(slots=True)
class Fetched:
    """What was fetched: lists, rows of them by outcome, and rows left out by reason.

    `refused` is why the plan has no such list, `failed` the last error of the provider.
    """

    what: str
    lists: int = 0
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    refused: str = ""
    failed: str = ""

    def __str__(self) -> str:
        if not (self.lists or self.refused or self.failed):
            return f"{self.what}: nothing is due"
        counted = f"{self.lists} lists, {self.new} new, {self.changed} changed, {self.withdrawn} withdrawn"
        left_out = ", ".join(f"{number} {reason}" for reason, number in sorted(self.rejected.items()))
        return "; ".join(filter(None, (f"{self.what}: {counted}", left_out, self.refused, self.failed)))


@dataclass(frozen=True, slots=True)
class _Listed:
    """The actions of a list, what was left out of it, and what could not be decoded."""

    actions: list[Action]
    left_out: Counter[str]
    undecoded: Counter[str]

    @property
    def rejected(self) -> Counter[str]:
        return self.left_out + self.undecoded


@dataclass(frozen=True, slots=True)
class _Source:
    """A kind of list, and how it is read: `read` gets the symbol and the session of the list before."""

    task: RunTask
    kind: ActionKind
    read: Callable[[MassiveClient, str, dt.date | None], _Listed]


def watched_stocks() -> list[str]:
    """Return the watched symbols that can have dividends: all but indices."""
    entries = queries.watched_chains()
    return [str(entry.symbol) for entry in entries if entry.kind != UnderlyingKind.INDEX]


def fetch_splits(now_ms: int, connect: Connect = massive_client) -> Fetched:
    """Fetch the splits of all stocks, unless they were fetched for the session.

    A plan without the list is no failure: it is said once, and asked again for the next session. A failure of the
    provider is recorded in the ledger, and the next call repeats the request.
    """

    def read(client: MassiveClient, _: str, before: dt.date | None) -> _Listed:
        first = before - REPEATED if before else new_york_date(clock.instant(now_ms)) - FIRST_SPLITS
        pages = client.splits(first)
        return _Listed(*action_rows.of_splits(pages.rows), pages.rejected)

    source = _Source(RunTask.FETCH_SPLITS, ActionKind.SPLIT, read)
    return _fetch("splits", source, [""], now_ms, connect)


def splits_are_known() -> bool:
    """Return whether the splits of all stocks were ever fetched."""
    return _fetched_before(RunTask.FETCH_SPLITS, "") is not None


def fetch_dividends(symbols: Sequence[str], now_ms: int, connect: Connect = massive_client) -> Fetched:
    """Fetch the dividends of stocks and ETFs that were not fetched for the session; errors as in `fetch_splits`.

    After an error that every request would meet, the remaining symbols are left to the next call.
    """

    def read(client: MassiveClient, symbol: str, _: dt.date | None) -> _Listed:
        pages = client.dividends(symbol)
        return _Listed(*action_rows.of_dividends(symbol, pages.rows), pages.rejected)

    source = _Source(RunTask.FETCH_DIVIDENDS, ActionKind.CASH_DIVIDEND, read)
    return _fetch("dividends", source, symbols, now_ms, connect)


def dividends_are_known(symbol: str) -> bool:
    """Return whether the dividends of a symbol were ever fetched, or stored from elsewhere."""
    return _fetched_before(RunTask.FETCH_DIVIDENDS, symbol) is not None or has_dividends(symbol)


def _fetch(what: str, source: _Source, symbols: Sequence[str], now_ms: int, connect: Connect) -> Fetched:
    fetched, (day, slot) = Fetched(what), _session(now_ms)
    due = _not_done(source.task, symbols, slot)
    if not due:
        return fetched
    with connect() as client:
        for symbol in due:
            with runs.claim(source.task, symbol, slot) as run:
                if isinstance(run, runs.Refusal):
                    continue
                if not _fetch_list(client, source, run, day, fetched):
                    break
    return fetched


def _fetch_list(
    client: MassiveClient, source: _Source, run: runs.Run, day: dt.date, fetched: Fetched
) -> bool:
    """Fetch and store one list and count it in `fetched`; return whether a further request may succeed."""
    before = _fetched_before(source.task, run.symbol)
    try:
        if not fetched.refused:
            listed = source.read(client, run.symbol, before)
    except (NotEntitled, NotFound) as error:
        fetched.refused = str(error)
    except ProviderError as error:
        fetched.failed = str(error)
        runs.fail(run, fetched.failed)
        return not isinstance(error, Retryable | Unauthorized)
    if fetched.refused:
        runs.finish(run, result={"refused": fetched.refused})
        return True

    def store() -> Stored:
        stored = action_rows.store(
            source.kind,
            listed.actions,
            run.symbol,
            day,
            source=Source.BACKFILL if before is None else Source.LIVE,
            is_whole=not listed.undecoded,
        )
        runs.finish(run, rows=stored.new + stored.changed, rejected=listed.rejected or None)
        return stored

    stored = store_in_time(store)
    fetched.lists, fetched.new = fetched.lists + 1, fetched.new + stored.new
    fetched.changed, fetched.withdrawn = (
        fetched.changed + stored.changed,
        fetched.withdrawn + stored.withdrawn,
    )
    fetched.rejected += listed.rejected
    return True


def _session(now_ms: int) -> tuple[dt.date, int]:
    """Return the newest session that has opened or opens within two hours, whose lists are due, and its open."""
    soon = clock.instant(now_ms) + BEFORE_OPEN
    last = new_york_date(soon)
    found = market_days.hours(last - LONGEST_CLOSURE, last)
    day = max(day for day, hours in found.items() if hours.opens <= soon)
    return day, clock.epoch_ms(found[day].opens)


def _not_done(task: RunTask, symbols: Sequence[str], slot: int) -> list[str]:
    """Return the symbols without a finished run; one query, because this is asked every minute."""
    runs_done = IngestionRun.objects.filter(task=task, symbol__in=symbols, slot=slot, status=RunStatus.DONE)
    done = set(runs_done.values_list("symbol", flat=True))
    return [symbol for symbol in symbols if symbol not in done]


def _fetched_before(task: RunTask, symbol: str) -> dt.date | None:
    """Return the session of the newest list that was fetched, None before the first one."""
    fetched = IngestionRun.objects.filter(task=task, symbol=symbol, status=RunStatus.DONE, rows__isnull=False)
    newest = fetched.order_by("-slot").values_list("slot", flat=True).first()
    return None if newest is None else new_york_date(clock.instant(newest))

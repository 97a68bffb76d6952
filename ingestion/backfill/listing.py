"""Which contracts of an underlying there were: asked of the provider once, a week of expirations at a time.

The ledger remembers the answer in the DONE run of that week. A week that is over is known for good; one that is not
is known as of its asking, and asked again when a later session wants it, because strikes are added until the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.bar_times import close_ms
from ingestion.chain_columns import Floats
from ingestion.massive import massive_client
from ingestion.slots import session_date
from provider.client import MassiveClient
from provider.reference import Contract
from quant import sessions
from quant.contracts import BadTickerError, format_ticker, parse_tickers
from warehouse import clock, runs
from warehouse.models import IngestionRun
from warehouse.models.enums import RunStatus

STANDARD_SHARES = 100.0
_WEEK = timedelta(days=7)
_SIDES = {True: "C", False: "P"}


class NotListedError(Exception):
    """The contracts of a week were never asked for."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Standard contracts in ticker order, all arrays of shape (n,); strikes in dollars or index points.

    `rejected` counts those left out: bad_ticker, adjusted (a root with a digit, or a deliverable other than 100
    shares: its strike is not comparable with the underlying's price). `requests` were sent to the provider.
    """

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    multiplier: Floats
    rejected: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def __len__(self) -> int:
        return len(self.ticker)

    def pick(self, rows: NDArray[Any]) -> Listed:
        """The contracts a boolean mask or an index array names; counts stay behind."""
        arrays = [f.name for f in fields(self) if f.name not in ("rejected", "requests")]
        return Listed(**{name: getattr(self, name)[rows] for name in arrays})


class _Week(NamedTuple):
    """Expirations from `monday` to Sunday."""

    monday: date

    @property
    def task(self) -> str:
        return f"list_contracts_{self.monday:%G-W%V}"

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def known_ms(self, until: date) -> int:
        """As of when the list of this week must be known for sessions up to `until`; epoch ms."""
        return close_ms(_last_session(min(until, self.sunday)))


def listed_contracts(
    symbol: str,
    first: date,
    last: date,
    max_dte: int,
    connect: Callable[[], AbstractContextManager[MassiveClient]] = massive_client,
) -> Listed:
    """Contracts that may have traded in the sessions from `first` to `last`, up to `max_dte` days from expiration.

    Weeks the ledger knows cost no request; a kill costs the week in
    work. Raises one of provider.errors where the provider fails. Not inside a transaction.
    """
    weeks, requests = list(_weeks(first, last + timedelta(days=max_dte))), 0
    known = _remembered(symbol, weeks, min(last, _last_closed()))
    missing = [week for week in weeks if week not in known]
    if missing:
        with connect() as client:
            for week in missing:
                known[week], asked = _ask(client, symbol, week)
                requests += asked
    return _listed([known[week] for week in weeks], first, last + timedelta(days=max_dte), requests)


def remembered_contracts(symbol: str, session: date, max_dte: int) -> Listed:
    """The same for one session from the ledger alone. Raises NotListedError where a week was never asked for."""
    weeks = list(_weeks(session, session + timedelta(days=max_dte)))
    known = _remembered(symbol, weeks, session)
    for week in weeks:
        if week not in known:
            raise NotListedError(
                f"the contracts of {symbol} that expire from {week.monday} on were not listed yet"
            )
    return _listed([known[week] for week in weeks], session, session + timedelta(days=max_dte), 0)


def _weeks(first: date, last: date) -> Iterator[_Week]:
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield _Week(monday)
        monday += _WEEK


def _remembered(symbol: str, weeks: list[_Week], until: date) -> dict[_Week, dict[str, Any]]:
    """What the ledger holds of the weeks, as known at `until` or later."""
    found = IngestionRun.objects.filter(
        task__in=[week.task for week in weeks], symbol=symbol, status=RunStatus.DONE
    ).order_by("slot")
    newest = {
        task: (slot, result or {}) for task, slot, result in found.values_list("task", "slot", "result")
    }
    return {
        week: newest[week.task][1]
        for week in weeks
        if week.task in newest and newest[week.task][0] >= week.known_ms(until)
    }


def _ask(client: MassiveClient, symbol: str, week: _Week) -> tuple[dict[str, Any], int]:
    """Asks for one week and has the ledger remember it; the answer and the requests it took."""
    today = session_date(clock.now())
    rows: dict[str, Contract] = {}
    asked = 0
    # Around the day of expiration a contract may stand in either list; the others need one question only.
    for expired, possible in (
        (True, week.monday <= today),
        (False, week.sunday >= today - timedelta(days=1)),
    ):
        if possible:
            pages = client.contracts(
                symbol,
                expired=expired,
                expiration_date_gte=week.monday,
                expiration_date_lte=week.sunday,
            )
            asked += pages.pages
            rows |= {row.ticker: row for row in pages.rows}
    answer = _standard(list(rows.values()))
    with runs.claim(week.task, symbol, week.known_ms(_last_closed())) as run:
        if isinstance(run, runs.Run):
            runs.finish(run, contracts=len(rows), rejected=answer["rejected"], result=answer)
    return answer, asked


def _last_session(day: date) -> date:
    """The day itself where it is a session, else the last one before it."""
    return sessions.previous_session(day + timedelta(days=1))


def _last_closed() -> date:
    now = clock.now()
    last = _last_session(session_date(now))
    return last if sessions.close_of(last) <= now else sessions.previous_session(last)


def _standard(rows: list[Contract]) -> dict[str, Any]:
    """The standard contracts, written tightly: a week of SPX has five thousand. {root: {day: {C or P: strikes}}}."""
    rejected: Counter[str] = Counter()
    try:
        terms = parse_tickers([row.ticker for row in rows])
    except BadTickerError as error:
        bad = set(error.indices)
        rejected["bad_ticker"] = len(bad)
        rows = [row for index, row in enumerate(rows) if index not in bad]
        terms = parse_tickers([row.ticker for row in rows])
    series: dict[str, dict[str, dict[str, list[float]]]] = {}
    columns = (
        terms.root.tolist(),
        terms.expiration.astype("U10").tolist(),
        terms.is_call,
        terms.strike.tolist(),
    )
    for row, root, day, is_call, strike in zip(rows, *columns, strict=True):
        if is_adjusted(root, row):
            rejected["adjusted"] += 1
            continue
        sides = series.setdefault(root, {}).setdefault(day, {})
        sides.setdefault(_SIDES[bool(is_call)], []).append(strike)
    return {"series": series, "rejected": dict(rejected)}


def is_adjusted(root: str, contract: Contract) -> bool:
    """Whether a contract delivers something else than 100 shares: after a split or a merger its root has a digit,
    its size differs, or other things are delivered with it."""
    shares = contract.shares_per_contract
    other_size = shares is not None and shares != STANDARD_SHARES
    return root[-1:].isdigit() or other_size or bool(contract.additional_underlyings)


def _listed(answers: list[dict[str, Any]], first: date, last: date, requests: int) -> Listed:
    roots: list[str] = []
    days: list[str] = []
    calls: list[bool] = []
    strikes: list[float] = []
    rejected: Counter[str] = Counter()
    for answer in answers:
        rejected.update(answer["rejected"])
        for root, by_day in answer["series"].items():
            for day, by_side in by_day.items():
                if not first.isoformat() <= day <= last.isoformat():
                    continue
                for is_call, side in _SIDES.items():
                    held = by_side.get(side, [])
                    strikes += held
                    roots += [root] * len(held)
                    days += [day] * len(held)
                    calls += [is_call] * len(held)
    root_column, expiration = np.array(roots, dtype="U6"), np.array(days, dtype="datetime64[D]")
    is_calls, strike = np.array(calls, dtype=np.bool_), np.array(strikes, dtype=np.float64)
    ticker = format_ticker(root_column, expiration, is_calls, strike) if roots else np.array([], dtype="U1")
    multiplier = np.full(len(strike), STANDARD_SHARES)
    whole = Listed(ticker, root_column, expiration, is_calls, strike, multiplier)
    ordered = whole.pick(np.argsort(ticker))
    columns = {name: getattr(ordered, name) for name in ("ticker", "root", "expiration", "is_call", "strike")}
    return Listed(**columns, multiplier=ordered.multiplier, rejected=rejected, requests=requests)

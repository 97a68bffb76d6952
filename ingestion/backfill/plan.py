"""From a wish to pieces of work: every piece that is not done yet, and what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ingestion import fetched_ranges
from ingestion.backfill.backfill_request import Table, Wish
from ingestion.backfill.engine import job_results
from ingestion.backfill.engine.jobs import Job, RunKey, Stage
from ingestion.backfill.prepare import Choice, Preparation
from ingestion.backfill.rebuild import option_bars
from ingestion.backfill.selection import Selected
from ingestion.bars.bar_times import close_ms
from ingestion.bars.breadth import year_before
from ingestion.bars.historical_bars import task_of
from ingestion.fetched_ranges import Stretch
from provider.symbols import bare
from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse.models import WatchlistEntry
from warehouse.models.enums import RunStatus, Timeframe
from warehouse.task_names import RunTask

_MINUTES_A_SESSION, _MINUTES_A_PAGE = 390, 50_000
_ByDay = dict[tuple[str, date], RunKey]


@dataclass(slots=True)
class Plan:
    """`jobs` are to be done, `done` counts the pieces that were finished before. `keys` names all the work in the
    ledger by stage, `fetched` what of contracts' bars it has already; `rows_at_most` and `bars_at_most` bound what the
    jobs will store."""

    jobs: list[Job] = field(default_factory=list)
    done: Counter[Stage] = field(default_factory=Counter)
    keys: dict[Stage, list[RunKey]] = field(default_factory=lambda: {stage: [] for stage in Stage})
    fetched: dict[str, list[Stretch]] = field(default_factory=dict)
    rows_at_most: int = 0
    bars_at_most: int = 0

    @property
    def requests(self) -> int:
        return sum(job.requests for job in self.jobs)


def plan(wish: Wish, preparation: Preparation) -> Plan:
    """All the work of a wish but its trades. Asks the ledger alone."""
    found = Plan()
    chains: _ByDay = {}
    refused = {prepared.symbol for prepared in preparation.symbols if prepared.refused}
    known = [entry for entry in wish.entries if entry.symbol not in refused]
    if Table.BARS in wish.tables:
        for place, entry in enumerate(known):
            _bars(found, wish, entry, _turn(wish, place, len(known)))
    if wish.rebuilds:
        slots = {day: [slot.at_ms for slot in wish.slots(day)] for day in wish.sessions}
        for prepared in preparation.symbols:
            if prepared.choice is not None:
                fetched = _contracts(found, wish, prepared.symbol, prepared.choice)
                chains |= _chains(found, wish, slots, prepared.symbol, prepared.choice.selected, fetched)
    if Table.IV in wish.tables:
        _iv(found, wish, [str(entry.symbol) for entry in known], chains)
    if Table.REGIME in wish.tables:
        _regime(found, wish, chains)
    return found


def _turn(wish: Wish, place: int, count: int) -> date:
    """When it is the turn of work that no chain waits for: among the contracts of the first half of the sessions, not
    before them, it leaves no processor without work."""
    return wish.sessions[place * len(wish.sessions) // (2 * count)]


def _bars(found: Plan, wish: Wish, entry: WatchlistEntry, turn: date) -> None:
    """The underlying's daily and minute bars, each as one stretch."""
    first, last = wish.sessions[0], wish.sessions[-1]
    wanted = Stretch(close_ms(sessions.previous_session(first)), close_ms(last))
    for frame, bars_a_session in ((Timeframe.DAY, 1), (Timeframe.MINUTE, _MINUTES_A_SESSION)):
        task, symbol = task_of(frame), bare(entry.provider_symbol)
        gaps = fetched_ranges.missing(wanted, fetched_ranges.covered(task, symbol))
        run = RunKey(task, symbol, gaps[-1].until_ms if gaps else wanted.until_ms)
        found.keys[Stage.BARS].append(run)
        if not gaps:
            found.done[Stage.BARS] += 1
            continue
        bars = len(wish.sessions) * bars_a_session
        arguments = (str(entry.provider_symbol), frame.value, first.isoformat(), last.isoformat())
        requests = -(-bars // _MINUTES_A_PAGE)
        found.rows_at_most += bars
        found.jobs.append(Job(Stage.BARS, str(entry.symbol), turn, run, arguments, requests=requests))


def _contracts(found: Plan, wish: Wish, symbol: str, choice: Choice) -> dict[int, RunKey]:
    """The bars of every wanted contract; those not fetched yet by their row in the list."""
    selected = choice.selected
    rows, tickers = selected.rows.tolist(), choice.listed.ticker[selected.rows].tolist()
    known = fetched_ranges.covered_by(option_bars.TASK, tickers)
    found.fetched |= known
    missing: dict[int, RunKey] = {}
    places = {day: place for place, day in enumerate(wish.sessions)}
    for row, ticker, first, last in zip(rows, tickers, selected.first, selected.last, strict=True):
        wanted = Stretch(close_ms(sessions.previous_session(first)), close_ms(last))
        gaps = fetched_ranges.missing(wanted, known.get(ticker, []))
        if not gaps:
            found.keys[Stage.CONTRACTS].append(RunKey(option_bars.TASK, ticker, known[ticker][-1].until_ms))
            found.done[Stage.CONTRACTS] += 1
            continue
        run = missing[row] = RunKey(option_bars.TASK, ticker, gaps[-1].until_ms)
        days = places[last] - places[first] + 1
        found.keys[Stage.CONTRACTS].append(run)
        found.bars_at_most += days * _MINUTES_A_SESSION * MINUTE_MS // option_bars.FRAME_MS
        found.jobs.append(
            Job(
                Stage.CONTRACTS,
                symbol,
                first,
                run,
                (ticker, first.isoformat(), last.isoformat()),
                requests=-(-days * _MINUTES_A_SESSION // _MINUTES_A_PAGE),
            )
        )
    return missing


def _chains(
    found: Plan,
    wish: Wish,
    slots_ms: Mapping[date, Sequence[int]],
    symbol: str,
    selected: Selected,
    fetched: Mapping[int, RunKey],
) -> _ByDay:
    """The sessions to rebuild from those bars; the run that ends each, by symbol and day."""
    ends: _ByDay = {}
    depth = wish.depth
    task, numbers = (
        f"{RunTask.BACKFILL_CHAIN}_{depth}",
        (int(depth.full), depth.band_pct, depth.max_dte, depth.contracts),
    )
    keys = {day: [RunKey(task, symbol, at_ms) for at_ms in slots] for day, slots in slots_ms.items()}
    rows = job_results.rows_of(key for slots in keys.values() for key in slots)
    for day, slots in keys.items():
        ends[symbol, day] = slots[-1]
        unfinished = [key for key in slots if key not in rows or rows[key].status != RunStatus.DONE]
        wanted = selected.by_session[day].tolist()
        found.keys[Stage.CHAINS] += slots
        if not unfinished:
            found.done[Stage.CHAINS] += 1
        elif wanted:
            found.rows_at_most += len(unfinished) * (len(wanted) + 1)
            # Slots are rebuilt in order: the last one's end is the session's.
            run = ends[symbol, day] = unfinished[-1]
            arguments = (symbol, day.isoformat(), wish.every, *numbers)
            after = tuple(fetched[row] for row in wanted if row in fetched)
            found.jobs.append(Job(Stage.CHAINS, symbol, day, run, arguments, after))
    return ends


def _iv(found: Plan, wish: Wish, symbols: Sequence[str], chains: _ByDay) -> None:
    """Every session's rank after its chain and after the rank of the session before."""
    for symbol in symbols:
        keys = {day: RunKey(RunTask.CALCULATE_IV_PERCENTILE, symbol, close_ms(day)) for day in wish.sessions}
        _in_turn(
            found,
            Stage.IV,
            symbol,
            keys,
            {day: [chains[symbol, day]] for day in wish.sessions if (symbol, day) in chains},
        )


def _regime(found: Plan, wish: Wish, chains: _ByDay) -> None:
    """Every session's regime after all its chains, the daily bars of all stocks, and the regime before."""
    stocks: dict[date, RunKey] = {}
    known = fetched_ranges.covered(RunTask.GROUPED_DAILY, "")
    first = wish.sessions[0]
    days = sessions.sessions(year_before(first)[0], wish.sessions[-1])
    past = len(days) - len(wish.sessions)
    for place, day in enumerate(days):
        gaps = fetched_ranges.missing(Stretch(close_ms(sessions.previous_session(day)), close_ms(day)), known)
        run = stocks[day] = RunKey(RunTask.GROUPED_DAILY, "", close_ms(day))
        found.keys[Stage.STOCKS].append(run)
        if gaps:
            turn = day if place >= past else _turn(wish, place, past)
            found.jobs.append(Job(Stage.STOCKS, "", turn, run, (day.isoformat(),), requests=1))
        else:
            found.done[Stage.STOCKS] += 1
    keys = {day: RunKey(RunTask.CALCULATE_MARKET_REGIME, "", close_ms(day)) for day in wish.sessions}
    after = {
        day: [stocks[day], *(run for (_, at), run in chains.items() if at == day)] for day in wish.sessions
    }
    after[first] += [run for day, run in stocks.items() if day < first]
    _in_turn(found, Stage.REGIME, "", keys, after)


def _in_turn(
    found: Plan, stage: Stage, symbol: str, keys: dict[date, RunKey], after: dict[date, list[RunKey]]
) -> None:
    """One job a session, each after the one before it, because a day's numbers rest on the rows before it."""
    rows = job_results.rows_of(keys.values())
    before: tuple[RunKey, ...] = ()
    for day, run in keys.items():
        found.keys[stage].append(run)
        if run in rows and rows[run].status == RunStatus.DONE:
            found.done[stage] += 1
            continue
        arguments = (symbol, day.isoformat()) if symbol else (day.isoformat(),)
        found.jobs.append(Job(stage, symbol, day, run, arguments, (*before, *after.get(day, ()))))
        found.rows_at_most += 1
        before = (run,)

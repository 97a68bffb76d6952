"""Plan of a backfill: every job that is not done yet, and the jobs that it depends on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from ingestion import fetched_ranges
from ingestion.backfill.backfill_request import BackfillRequest, Table
from ingestion.backfill.engine.jobs import Job, RunKey, Stage
from ingestion.backfill.engine.ledger import read_finished
from ingestion.backfill.prepare import ContractSelection, PreparedData
from ingestion.backfill.rebuild import option_bars
from ingestion.backfill.selection import SelectedContracts
from ingestion.backfill.totals import StageTotals
from ingestion.backfill.underlying_bars import MINUTES_PER_SESSION, bar_jobs, requests_for, spread_session
from ingestion.bars.bar_times import close_ms
from ingestion.bars.breadth import year_before
from ingestion.fetched_ranges import Stretch
from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

_RunsBySession = dict[tuple[str, date], RunKey]  # by symbol and session


@dataclass(slots=True)
class Plan:
    """Jobs to do, and what was done before.

    `totals` has the number of all runs of each stage, and what the finished ones stored. `fetched` are the stretches of
    bars that were fetched of each contract before. `max_rows` and `max_bars` are upper bounds of what the jobs will
    store, `before_requests` the requests that are needed only for bars before the sessions.
    """

    jobs: list[Job] = field(default_factory=list)
    totals: dict[Stage, StageTotals] = field(
        default_factory=lambda: {stage: StageTotals() for stage in Stage}
    )
    fetched: dict[str, list[Stretch]] = field(default_factory=dict)
    max_rows: int = 0
    max_bars: int = 0
    before_requests: int = 0

    @property
    def requests(self) -> int:
        """Expected number of requests of all jobs."""
        return sum(job.requests for job in self.jobs)

    def add_runs(self, stage: Stage, keys: Collection[RunKey]) -> set[RunKey]:
        """Count the runs of a stage, and return those that the ledger has as DONE."""
        self.totals[stage].runs += len(keys)
        return self._add_finished(stage, keys)

    def add_ranges(self, stage: Stage, fetched: Collection[RunKey], missing: int) -> None:
        """Count the runs of a stage whose ranges were fetched before, and the number of those that are missing.

        What was fetched before may have no run: the ledger deletes it after 90 days, and a longer stretch has another.
        """
        finished = self._add_finished(stage, fetched)
        self.totals[stage].runs += len(fetched) + missing
        self.totals[stage].done += len(fetched) - len(finished)

    def _add_finished(self, stage: Stage, keys: Collection[RunKey]) -> set[RunKey]:
        finished = read_finished(keys)
        for row in finished.values():
            self.totals[stage].add_done(stage, 1, row.rows)
            self.totals[stage].counts.update(row.rejected)
        return set(finished)


def plan(
    request: BackfillRequest,
    data: PreparedData,
    first_days: Mapping[Timeframe, date] = MappingProxyType({}),
) -> Plan:
    """Return all jobs of a request except those for trades. Reads the fetched ranges and the ledger only.

    `first_days` are the first sessions, by timeframe, of the bars that detectors need.
    """
    result = Plan()
    chain_runs: _RunsBySession = {}
    without_data = {prepared.symbol for prepared in data.symbols if prepared.error}
    entries = [entry for entry in request.entries if entry.symbol not in without_data]
    if Table.BARS in request.tables:
        found = bar_jobs(request, entries, first_days)
        result.jobs += found.jobs
        result.max_rows += found.rows
        result.before_requests += found.before_requests
        result.add_ranges(Stage.BARS, found.fetched, len(found.jobs))
    if request.rebuilds_chains:
        slots = {day: [slot.at_ms for slot in request.slots(day)] for day in request.sessions}
        for prepared in data.symbols:
            if prepared.contracts is not None:
                bar_runs = _add_contract_bars(result, request, prepared.symbol, prepared.contracts)
                chain_runs |= _add_chains(
                    result, request, slots, prepared.symbol, prepared.contracts.selected, bar_runs
                )
    if Table.IV in request.tables:
        _add_ranks(result, request, [str(entry.symbol) for entry in entries], chain_runs)
    if Table.REGIME in request.tables:
        _add_regimes(result, request, chain_runs)
    return result


def _add_contract_bars(
    result: Plan, request: BackfillRequest, symbol: str, contracts: ContractSelection
) -> dict[int, RunKey]:
    """Add the bars of every selected contract; return the runs of the unfetched ones by row of the contract table."""
    selected = contracts.selected
    rows, tickers = selected.rows.tolist(), contracts.table.ticker[selected.rows].tolist()
    fetched = fetched_ranges.covered_by(option_bars.TASK, tickers)
    result.fetched |= fetched
    bar_runs: dict[int, RunKey] = {}
    fetched_runs: list[RunKey] = []
    positions = {day: position for position, day in enumerate(request.sessions)}
    for row, ticker, first, last in zip(rows, tickers, selected.first, selected.last, strict=True):
        needed = Stretch(close_ms(sessions.previous_session(first)), close_ms(last))
        gaps = fetched_ranges.missing(needed, fetched.get(ticker, []))
        if not gaps:
            fetched_runs.append(RunKey(option_bars.TASK, ticker, fetched[ticker][-1].until_ms))
            continue
        run = bar_runs[row] = RunKey(option_bars.TASK, ticker, gaps[-1].until_ms)
        days = positions[last] - positions[first] + 1
        result.max_bars += days * MINUTES_PER_SESSION * MINUTE_MS // option_bars.FRAME_MS
        result.jobs.append(
            Job(
                Stage.CONTRACTS,
                symbol,
                first,
                (run,),
                (ticker, first.isoformat(), last.isoformat()),
                requests=requests_for(option_bars.FRAME, days),
            )
        )
    result.add_ranges(Stage.CONTRACTS, fetched_runs, len(bar_runs))
    return bar_runs


def _add_chains(
    result: Plan,
    request: BackfillRequest,
    slots_ms: Mapping[date, Sequence[int]],
    symbol: str,
    selected: SelectedContracts,
    bar_runs: Mapping[int, RunKey],
) -> _RunsBySession:
    """Add the sessions to rebuild from those bars; return the last run of each by symbol and session."""
    last_runs: _RunsBySession = {}
    depth = request.depth
    task = f"{RunTask.BACKFILL_CHAIN}_{depth}"
    depth_arguments = (int(depth.full), depth.band_pct, depth.max_dte, depth.contracts)
    keys = {day: [RunKey(task, symbol, at_ms) for at_ms in slots] for day, slots in slots_ms.items()}
    finished = result.add_runs(Stage.CHAINS, [key for slots in keys.values() for key in slots])
    for day, slots in keys.items():
        last_runs[symbol, day] = slots[-1]
        unfinished = tuple(key for key in slots if key not in finished)
        rows = selected.by_session[day].tolist()
        if unfinished and rows:
            result.max_rows += len(unfinished) * (len(rows) + 1)
            # Slots are rebuilt in order, so the session is finished when its last slot is.
            last_runs[symbol, day] = unfinished[-1]
            arguments = (symbol, day.isoformat(), request.every, *depth_arguments)
            after = tuple(bar_runs[row] for row in rows if row in bar_runs)
            result.jobs.append(Job(Stage.CHAINS, symbol, day, unfinished, arguments, after))
    return last_runs


def _add_ranks(
    result: Plan, request: BackfillRequest, symbols: Sequence[str], chain_runs: _RunsBySession
) -> None:
    """Add the rank of every session, after its chain and after the rank of the session before."""
    for symbol in symbols:
        keys = {
            day: RunKey(RunTask.CALCULATE_IV_PERCENTILE, symbol, close_ms(day)) for day in request.sessions
        }
        _add_consecutive_jobs(
            result,
            Stage.IV,
            symbol,
            keys,
            {day: [chain_runs[symbol, day]] for day in request.sessions if (symbol, day) in chain_runs},
        )


def _add_regimes(result: Plan, request: BackfillRequest, chain_runs: _RunsBySession) -> None:
    """Add the regime of every session, after all its chains, the daily bars of all stocks and the regime before."""
    stock_runs: dict[date, RunKey] = {}
    fetched_runs: list[RunKey] = []
    fetched = fetched_ranges.covered(RunTask.GROUPED_DAILY, "")
    first = request.sessions[0]
    days = sessions.sessions(year_before(first)[0], request.sessions[-1])
    earlier = len(days) - len(request.sessions)
    for index, day in enumerate(days):
        needed = Stretch(close_ms(sessions.previous_session(day)), close_ms(day))
        run = stock_runs[day] = RunKey(RunTask.GROUPED_DAILY, "", close_ms(day))
        if fetched_ranges.missing(needed, fetched):
            session = day if index >= earlier else spread_session(request, index, earlier)
            result.jobs.append(Job(Stage.STOCKS, "", session, (run,), (day.isoformat(),), requests=1))
        else:
            fetched_runs.append(run)
    result.add_ranges(Stage.STOCKS, fetched_runs, len(days) - len(fetched_runs))
    keys = {day: RunKey(RunTask.CALCULATE_MARKET_REGIME, "", close_ms(day)) for day in request.sessions}
    after = {
        day: [stock_runs[day], *(run for (_, session), run in chain_runs.items() if session == day)]
        for day in request.sessions
    }
    after[first] += [run for day, run in stock_runs.items() if day < first]
    _add_consecutive_jobs(result, Stage.REGIME, "", keys, after)


def _add_consecutive_jobs(
    result: Plan, stage: Stage, symbol: str, keys: dict[date, RunKey], after: dict[date, list[RunKey]]
) -> None:
    """Add one job per session, each after the one before it, because it is computed from the rows of that one."""
    finished = result.add_runs(stage, keys.values())
    previous: tuple[RunKey, ...] = ()
    for day, run in keys.items():
        if run in finished:
            continue
        arguments = (symbol, day.isoformat()) if symbol else (day.isoformat(),)
        result.jobs.append(Job(stage, symbol, day, (run,), arguments, (*previous, *after.get(day, ()))))
        result.max_rows += 1
        previous = (run,)

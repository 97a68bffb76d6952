"""Estimate of a plan, printed before it starts."""

from __future__ import annotations

from datetime import timedelta

from ingestion.backfill.backfill_request import BackfillRequest
from ingestion.backfill.engine.jobs import Stage
from ingestion.backfill.plan import Plan

LONG = timedelta(hours=1)


def describe(request: BackfillRequest, plan: Plan, pace: float | None) -> list[str]:
    """Return sentences about a request and its plan: what is rebuilt, the requests, the time and the rows.

    `pace` is the limit in requests per second, None without a limit.
    """
    symbols = ", ".join(str(entry.symbol) for entry in request.entries)
    first, last = request.sessions[0], request.sessions[-1]
    depth = request.depth
    contracts = (
        f"every contract within {depth.band_pct:g} % of spot and {depth.max_dte} days of expiration"
        if depth.full
        else f"about {depth.contracts} contracts around 30 to 45 days"
    )
    frequency = "at each close" if request.every == "close" else "every 15 minutes"
    subject = f"{symbols}: {len(request.sessions)} sessions from {first} to {last}, tables {_tables(request)}"
    lines = [f"{subject}{f'; {contracts}, {frequency}' if request.rebuilds_chains else ''}."]
    finished_runs = sum(totals.done for totals in plan.totals.values())
    finished = f"; {finished_runs:,} runs were finished before" if finished_runs else ""
    if not plan.jobs:
        return [*lines, f"Nothing is left to do{finished}."]
    rows = f"at most {plan.max_rows:,} rows" + (
        f" from at most {plan.max_bars:,} bars" if plan.max_bars else ""
    )
    before = (
        f" ({plan.before_requests:,} of them for bars before these sessions)" if plan.before_requests else ""
    )
    lines.append(
        f"{len(plan.jobs):,} jobs, {plan.requests:,} requests{before}, {_time(plan, pace)}, {rows}{finished}."
    )
    trades = sum(job.stage is Stage.FLOW for job in plan.jobs)
    if trades:
        lines.append("Trades need requests for each contract and session, which take most of the time.")
    return lines


def _tables(request: BackfillRequest) -> str:
    return ", ".join(sorted(request.tables))


def _time(plan: Plan, pace: float | None) -> str:
    if pace is None:
        return "no limit on requests (the provider is on this machine)"
    needed = timedelta(seconds=plan.requests / pace)
    duration = (
        f"{needed / timedelta(hours=1):.1f} hours"
        if needed > LONG
        else f"{needed / timedelta(minutes=1):.1f} minutes"
    )
    return f"{duration} at {pace:g} requests per second"

"""What a plan will cost, said before it begins."""

from __future__ import annotations

from datetime import timedelta

from ingestion.backfill.backfill_request import Wish
from ingestion.backfill.engine.jobs import Stage
from ingestion.backfill.plan import Plan

LONG = timedelta(hours=1)


def describe(wish: Wish, plan: Plan, pace: float | None) -> list[str]:
    """Sentences: what is wanted, and its requests, time and rows. `pace` is in requests a second, None without one."""
    symbols = ", ".join(str(entry.symbol) for entry in wish.entries)
    first, last = wish.sessions[0], wish.sessions[-1]
    depth = wish.depth
    contracts = (
        f"every contract within {depth.band_pct:g} % of spot and {depth.max_dte} days"
        if depth.full
        else f"about {depth.contracts} contracts around 30 to 45 days"
    )
    often = "at each close" if wish.every == "close" else "every 15 minutes"
    wanted = f"{symbols}: {len(wish.sessions)} sessions from {first} to {last}, tables {_tables(wish)}"
    lines = [f"{wanted}{f'; {contracts}, {often}' if wish.rebuilds else ''}."]
    done = plan.done.total()
    before = f"; {done:,} pieces were finished before" if done else ""
    if not plan.jobs:
        return [*lines, f"Nothing is left to do{before}."]
    rows = f"at most {plan.rows_at_most:,} rows" + (
        f" from at most {plan.bars_at_most:,} bars" if plan.bars_at_most else ""
    )
    lines.append(
        f"{len(plan.jobs):,} pieces of work, {plan.requests:,} requests, {_time(plan, pace)}, {rows}{before}."
    )
    trades = sum(job.stage is Stage.FLOW for job in plan.jobs)
    if trades:
        lines.append(
            "Trades are asked for contract by contract and session by session: they take the most of it."
        )
    return lines


def _tables(wish: Wish) -> str:
    return ", ".join(sorted(wish.tables))


def _time(plan: Plan, pace: float | None) -> str:
    if pace is None:
        return "no limit of requests (a provider on this machine)"
    needs = timedelta(seconds=plan.requests / pace)
    said = (
        f"{needs / timedelta(hours=1):.1f} hours"
        if needs > LONG
        else f"{needs / timedelta(minutes=1):.1f} minutes"
    )
    return f"{said} at {pace:g} a second"

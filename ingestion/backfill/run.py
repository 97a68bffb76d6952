"""A plan carried out, in this process or by the fleet, watched, and summed up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from rich.console import Console

from ingestion.backfill.backfill_request import Table, Wish
from ingestion.backfill.engine.celery_engine import Fleet, Message
from ingestion.backfill.engine.clients import Clients
from ingestion.backfill.engine.handlers import Perform, remembering, together
from ingestion.backfill.engine.job_loop import Hands, work
from ingestion.backfill.engine.job_queue import Board
from ingestion.backfill.engine.jobs import End, Stage
from ingestion.backfill.engine.local_engine import Here
from ingestion.backfill.engine.process_pool import Computers
from ingestion.backfill.plan import Plan
from ingestion.backfill.prepare import Preparation
from ingestion.backfill.progress import Progress
from ingestion.backfill.ranks import rank_again
from ingestion.backfill.summary import Summary, summarise


def run(
    wish: Wish,
    preparation: Preparation,
    plan: Plan,
    clients: Clients,
    perform: Mapping[Stage, Perform],
    tasks: Mapping[Stage, Message] | None,
    console: Console,
) -> Summary:
    """Does the plan's jobs: by `tasks` over the fleet where they are given, else here by `perform`.

    Raises KeyboardInterrupt after the work in hand has ended, and what a job raised that nobody foresaw.
    """
    board = Board(plan.jobs)
    with ExitStack() as stack:
        traffic = None if tasks else lambda: clients.traffic
        progress = stack.enter_context(Progress(console, plan.jobs, traffic))
        hands: Hands
        if tasks:
            hands = Fleet(tasks, lambda text: console.print(text, soft_wrap=True))
        else:
            # Before there are threads.
            computers = stack.enter_context(
                Computers(partial(remembering, preparation.lists(), wish.sessions[-1]))
            )
            ways = {**perform, **stack.enter_context(together(plan.fetched))}
            hands = stack.enter_context(Here(clients, ways, computers))
        work(board, hands, progress)
    if Table.IV in wish.tables:
        for entry in wish.entries:
            rank_again(str(entry.symbol), wish.sessions[0])
    failed = sum(outcome.end is End.FAILED for outcome in board.outcomes.values())
    return summarise(wish.sessions, preparation, plan, clients.traffic, failed + len(board.left))

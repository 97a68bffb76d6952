"""Execution of a plan, on this machine or by Celery workers, with progress output and a summary."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from copy import deepcopy
from functools import partial

from rich.console import Console

from ingestion.backfill.backfill_request import BackfillRequest, Table
from ingestion.backfill.engine.celery_engine import CeleryEngine, CeleryTask
from ingestion.backfill.engine.clients import Clients
from ingestion.backfill.engine.computing import Computer
from ingestion.backfill.engine.fetching import Handler, shared_commit_handlers
from ingestion.backfill.engine.jobs import Job, Outcome, Stage
from ingestion.backfill.engine.local_engine import LocalEngine
from ingestion.backfill.engine.process_pool import ProcessPool
from ingestion.backfill.engine.scheduler import Engine, JobQueue, run_jobs
from ingestion.backfill.plan import Plan
from ingestion.backfill.prepare import PreparedData
from ingestion.backfill.progress import Progress
from ingestion.backfill.ranks import rank_again
from ingestion.backfill.summary import Summary, summarise


def run(
    request: BackfillRequest,
    data: PreparedData,
    plan: Plan,
    clients: Clients,
    handlers: Mapping[Stage, Handler],
    tasks: Mapping[Stage, CeleryTask] | None,
    console: Console,
) -> Summary:
    """Execute the jobs of a plan and return a summary.

    With `tasks` the jobs are sent to Celery workers, otherwise they are executed here with `handlers`. Raises
    KeyboardInterrupt after the running jobs have ended, and the unexpected error of a job.
    """
    queue = JobQueue(plan.jobs)
    totals = deepcopy(plan.totals)
    with ExitStack() as stack:
        traffic = None if tasks else lambda: clients.traffic
        progress = stack.enter_context(Progress(console, plan.jobs, traffic))
        engine: Engine
        if tasks:
            engine = CeleryEngine(tasks, lambda text: console.print(text, soft_wrap=True))
        else:
            # The processes are forked before any thread is started.
            processes = stack.enter_context(
                ProcessPool(partial(Computer, data.contract_lists(), request.sessions[-1]))
            )
            thread_handlers = {**handlers, **stack.enter_context(shared_commit_handlers(plan.fetched))}
            engine = stack.enter_context(LocalEngine(clients, thread_handlers, processes))

        def job_ended(job: Job, outcome: Outcome) -> None:
            totals[job.stage].add_outcome(job, outcome)
            progress.job_ended(job, outcome)

        run_jobs(queue, engine, job_ended, progress.tick)
    if Table.IV in request.tables:
        for entry in request.entries:
            rank_again(str(entry.symbol), request.sessions[0])
    return summarise(request.sessions, data, totals, clients.traffic, queue.unfinished)

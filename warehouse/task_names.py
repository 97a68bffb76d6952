"""Names of tasks: those in the ledger `ingestion_runs`, and those of Celery messages and schedules."""

from __future__ import annotations

from enum import StrEnum


class RunTask(StrEnum):
    """Values of `ingestion_runs.task`. A prefix is followed by what distinguishes the runs of that kind."""

    INGEST_CHAIN = "ingest_chain"
    IMPORT_CHAIN = "import_chain"
    IMPORT_BARS = "import_bars"  # prefix: timeframe
    BACKFILL_CHAIN = "backfill_chain"  # prefix: depth
    BACKFILL_FLOW = "backfill_flow"
    BARS = "bars"  # prefix: timeframe
    GROUPED_DAILY = "grouped_daily"
    STORE_BARS = "store_bars"
    LIVE_BARS = "live_bars"
    CALCULATE_IV_PERCENTILE = "calculate_iv_percentile"
    STORE_SURFACE = "store_surface"
    CALCULATE_MARKET_REGIME = "calculate_market_regime"
    ROLL_UP = "roll_up"
    STORE_OPENING_FLOW = "store_opening_flow"
    KEEP_RETENTION = "keep_retention"
    WATCH_CALENDAR = "watch_calendar"
    FETCH_SPLITS = "fetch_splits"
    FETCH_DIVIDENDS = "fetch_dividends"
    SCAN_SIGNALS = "scan_signals"
    SCAN_DAILY = "scan_daily"
    REPLAY_SIGNALS = "replay_signals"


class CeleryTask(StrEnum):
    """Names under which Celery tasks are sent, routed and scheduled."""

    INGEST_CHAIN = "ingestion.tasks.ingest_chain"
    INGEST_DUE = "ingestion.tasks.ingest_due"
    CLOSE_DUE = "ingestion.tasks.close_due"
    FETCH_LIVE_BARS = "ingestion.tasks.fetch_live_bars"
    SUM_INTERVALS = "ingestion.tasks.sum_intervals"
    KEEP_PARTITIONS = "ingestion.tasks.keep_partitions"
    WATCH_CALENDAR = "ingestion.tasks.watch_calendar"
    FETCH_CORPORATE_ACTIONS = "ingestion.tasks.fetch_corporate_actions"
    BACKFILL = "ingestion.tasks.backfill"
    STORE_TRADES = "flow.tasks.store_trades"
    SWEEP_INBOX = "flow.tasks.sweep_inbox"
    KEEP_FLOW = "flow.tasks.keep_flow"
    FETCH_QUOTES = "flow.tasks.fetch_quotes"
    REPAIR_FEED = "flow.tasks.repair_feed"
    BACKFILL_TRADES = "flow.tasks.backfill_trades"
    SCAN_DUE = "signals.tasks.scan_due"
    SCAN = "signals.tasks.scan"
    SCAN_DAY = "signals.tasks.scan_day"
    REPLAY = "signals.tasks.replay"
    START_BACKTEST = "backtest.tasks.start_backtest"
    RUN_BACKTEST_SYMBOL = "backtest.tasks.run_symbol"
    RUN_OPTIMIZATION = "backtest.tasks.run_optimization"
    CONTINUE_BACKTESTS = "backtest.tasks.continue_backtests"
    WATCH_HEALTH = "monitoring.tasks.watch_health"


# Names used before a task was renamed or moved. Messages that still wait under them are executed.
RENAMED = {
    "flow.tasks.backfill_prints": CeleryTask.BACKFILL_TRADES,
    "flow.tasks.repair_gap": CeleryTask.REPAIR_FEED,
    "ingestion.tasks.watch_health": CeleryTask.WATCH_HEALTH,
}

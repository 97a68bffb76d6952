"""Optimisations of the weights of scores, and the weights that they ever tried."""

from __future__ import annotations

from django.db import models

from warehouse.models import columns
from warehouse.models.enums import BacktestStatus
from warehouse.models.setups.backtests import Backtest
from warehouse.models.setups.configs import ConfluenceConfig

TABLE, TRIED = "optimizations", "tried_genomes"


class Optimization(models.Model):
    """Grain: one optimisation. Key: (id). Kept until it is deleted by hand.

    `request` decides the result together with the stored data. `result` has the numbers in sample and out of sample,
    and `config` the weights that a person may promote.
    """

    id = columns.row_id()
    status = columns.choice(BacktestStatus, "how far it is", null=False)
    request = columns.json("symbols, sessions, target, limits, algorithm, seed; no unit", null=False)
    made_by = columns.text("user or command that asked for it; no unit", null=False)
    created_at = columns.epoch_ms("when it was asked for")
    started_at = columns.epoch_ms("when a worker began, null before", null=True, blank=True)
    touched_at = columns.epoch_ms("last sign of life of its worker, null before", null=True, blank=True)
    finished_at = columns.epoch_ms("when it ended, null before", null=True, blank=True)
    backtest = models.ForeignKey(
        Backtest,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        db_comment="backtest whose firings it chooses from, null before; no unit",
    )
    progress = columns.json("stage, fold and generation, null before; no unit")
    generations = columns.json(
        "best weights of each generation in sample, by fit, null before; units in the names"
    )
    state = columns.json("what a worker needs to continue, null before and after; no unit")
    result = columns.json("numbers in sample and out of sample, null before the end; units in the names")
    label = columns.text("verdict on the numbers out of sample, null before the end; no unit")
    is_verified = columns.flag("a backtest with the weights of each fold gave the same numbers out of sample")
    config = models.ForeignKey(
        ConfluenceConfig,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="optimizations",
        db_comment="weights that it made, null before the end; no unit",
    )
    fingerprint = columns.text("short name of the stored data that were read, null before; no unit")
    code_version = columns.text("short name of the code that computed it, null before the end; no unit")
    error = columns.text("why it failed, in one sentence; no unit")

    class Meta:
        db_table = TABLE
        db_table_comment = "Optimisations of the weights of scores."
        verbose_name = "optimisation"
        constraints = [columns.one_of(TABLE, "status", BacktestStatus)]

    def __str__(self) -> str:
        return f"Optimisation {self.id}"


class TriedGenome(models.Model):
    """Grain: one set of weights tried on one set of stored data. Key: (fingerprint, genome). Never deleted.

    Their number and the variance of their Sharpe ratios say how much of a best result luck explains.
    """

    id = columns.row_id()
    fingerprint = columns.text("short name of the stored data; no unit", null=False)
    genome = columns.text("short name of the weights; no unit", null=False)
    sharpe = columns.real("Sharpe ratio of the sums of R, null without variation; per session")

    class Meta:
        db_table = TRIED
        db_table_comment = "Sets of weights that were ever tried, by the data on which they were."
        verbose_name = "tried genome"
        constraints = [columns.unique(TRIED, "fingerprint", "genome")]

    def __str__(self) -> str:
        return f"{self.genome} on {self.fingerprint}"

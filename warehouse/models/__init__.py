"""Tables of the warehouse, one module per subject."""

from __future__ import annotations

from warehouse.models.bars import CorporateAction, HistoricalBar
from warehouse.models.daily import ContractSizeDay, FlowDay, FlowOpeningDay, GammaDay
from warehouse.models.dates import MarketEvent, SessionException
from warehouse.models.fetched import ContractListing, FetchedRange
from warehouse.models.flow import OptionsFlow
from warehouse.models.gamma import ExpirationGamma, GammaExposure
from warehouse.models.greeks import ExpirationCurve, HistoricalGreeks
from warehouse.models.iv import IvPercentile, SurfacePoint, TermDay
from warehouse.models.operations import DeadLetter, Heartbeat, RepairContract, StreamGap, WarehouseClock
from warehouse.models.regime import MarketRegimeDay
from warehouse.models.runs import IngestionRun
from warehouse.models.setups.backtests import Backtest, BacktestOutcome, BacktestSymbol
from warehouse.models.setups.configs import ConfluenceConfig
from warehouse.models.setups.confluence import ConfluenceBar
from warehouse.models.setups.optimizations import Optimization, TriedGenome
from warehouse.models.setups.patterns import Pattern, PatternMatch
from warehouse.models.setups.signals import Signal, SignalEvent
from warehouse.models.slots import FlowSlot, GammaSlot
from warehouse.models.superseded import SupersededRow
from warehouse.models.watchlist import SavedFilter, WatchlistEntry

__all__ = [
    "Backtest",
    "BacktestOutcome",
    "BacktestSymbol",
    "ConfluenceBar",
    "ConfluenceConfig",
    "ContractListing",
    "ContractSizeDay",
    "CorporateAction",
    "DeadLetter",
    "ExpirationCurve",
    "ExpirationGamma",
    "FetchedRange",
    "FlowDay",
    "FlowOpeningDay",
    "FlowSlot",
    "GammaDay",
    "GammaExposure",
    "GammaSlot",
    "Heartbeat",
    "HistoricalBar",
    "HistoricalGreeks",
    "IngestionRun",
    "IvPercentile",
    "MarketEvent",
    "MarketRegimeDay",
    "Optimization",
    "OptionsFlow",
    "Pattern",
    "PatternMatch",
    "RepairContract",
    "SavedFilter",
    "SessionException",
    "Signal",
    "SignalEvent",
    "StreamGap",
    "SupersededRow",
    "SurfacePoint",
    "TermDay",
    "TriedGenome",
    "WarehouseClock",
    "WatchlistEntry",
]

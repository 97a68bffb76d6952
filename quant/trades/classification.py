"""Classification of option trades: type, side, sentiment and aggressiveness.

There are two profiles. "default" follows common usage: intermarket sweeps by OPRA condition and clusters over several
exchanges are sweeps, packages are neutral, and prices at the quote are not beyond it. "documented" follows the wording
of the project's flow document literally. Trades that cannot be classified are NEUTRAL, and `side` gives the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from quant.thresholds import TRADE_RULES, Profile, TradeRules
from quant.trades import conditions as condition
from quant.trades.clusters import Clusters, Rows, Windows, find_clusters, find_windows
from quant.trades.side import CENT_DUST, NONE_INSIDE, SIDES, Codes, classify_side, direction, literal_side
from quant.trades.trade_rate import trade_rates
from quant.trades.trade_values import Trades

METHOD_VERSION = "flow-2"

# Ascending precedence: a trade that is several of them is the last.
TRADE_TYPES = ("REGULAR", "LARGE", "SPLIT", "BLOCK", "SWEEP")
SENTIMENTS = ("BEARISH", "NEUTRAL", "BULLISH")
AGGRESSIVENESS = ("PASSIVE", "NORMAL", "AGGRESSIVE")

_TYPE_LABELS = np.array(TRADE_TYPES, dtype=object)
_SENTIMENT_LABELS = np.array(SENTIMENTS, dtype=object)
_AGGRESSIVENESS_LABELS = np.array(AGGRESSIVENESS, dtype=object)
_SIDE_LABELS = np.array(SIDES, dtype=object)


@dataclass(frozen=True, slots=True)
class Classification:
    """Classification of a batch, in its order, all of shape (n,). Codes index the tuples of this module.

    Where `side` names a reason why the quote does not count (NONE_NO_QUOTE and all after it), the trade
    is NEUTRAL and NORMAL, and neither above the ask nor below the bid.
    """

    trade_type_code: Codes
    side_code: Codes
    sentiment_code: Codes
    aggressiveness_code: Codes
    premium: Floats  # price * size * multiplier, dollars
    is_sweep: Bools
    is_block: Bools
    is_split: Bools
    is_above_ask: Bools
    is_below_bid: Bools
    is_unusual_volume: Bools
    is_cancel: Bools
    is_late: Bools
    sweep_first: Rows  # row of the first trade of its sweep, -1 for none
    split_first: Rows

    @property
    def trade_type(self) -> NDArray[Any]:
        """Labels of TRADE_TYPES, object array of shape (n,)."""
        return _TYPE_LABELS[self.trade_type_code]

    @property
    def side(self) -> NDArray[Any]:
        """BUY, SELL or NONE and the rule or reason behind it: labels of SIDES, object array (n,)."""
        return _SIDE_LABELS[self.side_code]

    @property
    def sentiment(self) -> NDArray[Any]:
        """Labels of SENTIMENTS, object array of shape (n,)."""
        return _SENTIMENT_LABELS[self.sentiment_code]

    @property
    def aggressiveness(self) -> NDArray[Any]:
        """Labels of AGGRESSIVENESS, object array of shape (n,)."""
        return _AGGRESSIVENESS_LABELS[self.aggressiveness_code]

    @property
    def direction(self) -> Codes:
        """+1 bought, -1 sold, 0 unknown, shape (n,)."""
        return direction(self.side_code)


# Infinite and extreme numbers compare correctly; numpy's warnings are not needed.
@np.errstate(over="ignore", invalid="ignore")
def classify(trades: Trades, profile: Profile = "default", rules: TradeRules | None = None) -> Classification:
    """Classify a batch of trades; `rules` overrides the profile's numbers.

    A sweep cluster is found only among the trades given: a batch must contain whole windows.
    """
    rules = rules or TRADE_RULES[profile]
    bits = condition.flags(trades.conditions)
    side = literal_side(trades) if rules.literal else classify_side(trades, bits, rules)
    quoted = side <= NONE_INSIDE
    above = quoted & (trades.price > trades.ask + CENT_DUST)
    below = quoted & (trades.price < trades.bid - CENT_DUST)
    clusters = _clusters(trades, bits, rules)
    sweep, split = _sweeps_and_splits(bits, clusters, rules)
    average = np.where(trades.average_size > 0, trades.average_size, rules.average_size)
    block = (trades.size >= rules.block_size) | (trades.size >= rules.block_multiple * average)
    # Where the mean is small, trades of twice the mean are common: a large trade is also one of the largest 5 %.
    large = (trades.size >= rules.large_multiple * average) & ~(trades.size <= trades.large_size)
    kind = np.zeros(len(trades), dtype=np.int8)
    # In ascending precedence, each overwriting the one before.
    for code, applies in enumerate((large, split, block, sweep), 1):
        kind[applies] = code
    return Classification(
        trade_type_code=kind,
        side_code=side,
        sentiment_code=_sentiment(trades, side, rules),
        aggressiveness_code=_aggressiveness(trades, quoted, rules),
        premium=trades.price * trades.size * trades.multiplier,
        is_sweep=sweep,
        is_block=block,
        is_split=split,
        is_above_ask=above,
        is_below_bid=below,
        is_unusual_volume=(trades.size > trades.large_size)
        | ((trades.day_volume > trades.open_interest) & (trades.size >= rules.unusual_size)),
        is_cancel=bits & condition.IS_CANCEL != 0,
        is_late=bits & condition.IS_LATE != 0,
        sweep_first=clusters.sweep,
        split_first=clusters.split,
    )


def windows(trades: Trades, bits: NDArray[np.uint8], rules: TradeRules) -> Windows:
    """Return the windows in which clusters are found, see `quant.trades.clusters`; `bits` (n,) are condition flags.

    Cancels, late trades, packages and trades at non-market prices are in none.
    """
    apart = condition.IS_CANCEL | condition.IS_LATE | condition.IS_COMPLEX | condition.IS_MLTI_WORD
    member = bits & (apart | condition.IS_NOT_MARKET) == 0
    rate = trades.trade_rate
    if (unknown := np.isnan(rate)).any():
        counted = bits & condition.IS_CANCEL == 0
        measured = trade_rates(
            trades.contract, trades.timestamp, trades.sequence_number, counted, rules.rate_period_ms
        )
        rate = np.where(unknown, measured, rate)
    return find_windows(trades.contract, trades.timestamp, trades.sequence_number, rate, member, rules)


def _clusters(trades: Trades, bits: NDArray[np.uint8], rules: TradeRules) -> Clusters:
    if rules.literal:
        return Clusters(*(np.full(len(trades), -1, dtype=np.intp) for _ in range(2)))
    return find_clusters(windows(trades, bits, rules), trades.exchange, trades.size, rules)


def _sweeps_and_splits(bits: NDArray[np.uint8], clusters: Clusters, rules: TradeRules) -> tuple[Bools, Bools]:
    if rules.literal:
        sweep: Bools = bits & (condition.IS_SWEEP_WORD | condition.IS_MLTI_WORD) != 0
        return sweep, np.zeros_like(sweep)
    by_condition = bits & (condition.IS_ISO | condition.IS_SWEEP_WORD) != 0
    package = bits & (condition.IS_COMPLEX | condition.IS_MLTI_WORD) != 0
    return by_condition | (clusters.sweep >= 0), package | (clusters.split >= 0)


def _sentiment(trades: Trades, side: Codes, rules: TradeRules) -> Codes:
    """Return the sentiment: calls bought and puts sold are bullish, the reverse bearish, otherwise neutral."""
    signed = direction(side)
    if not rules.literal:
        bought = (signed > 0) & (trades.price >= trades.ask - CENT_DUST)
        sold = (signed < 0) & (trades.price <= trades.bid + CENT_DUST)
        signed = bought.astype(np.int8) - sold.astype(np.int8)
    return (np.where(trades.is_call, signed, -signed) + 1).astype(np.int8)


def _aggressiveness(trades: Trades, quoted: Bools, rules: TradeRules) -> Codes:
    """Return the labels of the documents; PASSIVE means at or slightly beyond the quote."""
    code = np.ones(len(trades), dtype=np.int8)
    margin = rules.aggressive_spread * (trades.ask - trades.bid) + CENT_DUST
    beyond = (trades.price > trades.ask + margin) | (trades.price < trades.bid - margin)
    at_quote = (trades.price <= trades.bid + CENT_DUST) | (trades.price >= trades.ask - CENT_DUST)
    code[quoted & at_quote] = 0
    code[quoted & beyond] = 2
    return code

"""Choice of the contract that a setup buys."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from backtest.priced.stored import StoredOptions
from quant import sessions
from quant.contracts import is_adjusted, parse_tickers
from quant.market.option_trades import RULES, OptionRules, choose
from warehouse import clock

NO_CHAIN = "no chain known at the entry"
NO_EXPIRATION = "no expiration within the allowed days"
NO_DELTA = "no contract with an allowed delta"


@dataclass(frozen=True, slots=True)
class Contract:
    """A standard contract; `strike` is in dollars or index points."""

    ticker: str
    root: str
    expiration: dt.date
    is_call: bool
    strike: float

    @property
    def settles_ms(self) -> int:
        """Settlement, epoch ms."""
        return clock.epoch_ms(sessions.settlement_instant(self.root, self.expiration))


def choose_contract(
    stored: StoredOptions, day: dt.date, at_ms: int, side: int, is_daily: bool, rules: OptionRules = RULES
) -> Contract | str:
    """Return the contract that is bought at an instant of a session, epoch ms, or why there is none.

    It is a standard call for a long setup (`side` 1) and a put for a short one, of the nearest expiration within the
    allowed calendar days in which one has an allowed delta, by the newest snapshot of the session and the one before
    that was known at the instant.
    """
    slot_ms = stored.newest_slot(day, at_ms)
    if slot_ms is None:
        return NO_CHAIN
    least, most = rules.days_daily if is_daily else rules.days_intraday
    found = [
        (sessions.settlement_instant(root, expiration), name)
        for name in stored.expirations(slot_ms)
        for root, expiration in (_terms(name),)
        if least <= (expiration - day).days <= most and not root[-1].isdigit()
    ]
    if not found:
        return NO_EXPIRATION
    for _, name in sorted(found):
        contract = _of_expiration(stored, slot_ms, name, side, rules)
        if contract is not None:
            return contract
    return NO_DELTA


def _terms(name: str) -> tuple[str, dt.date]:
    """Return root and expiration of a common beginning of tickers, O:SPXW261218."""
    year, month, day = (int(name[place:][:2]) for place in (-6, -4, -2))
    return name[2:-6], dt.date(2000 + year, month, day)


def _of_expiration(
    stored: StoredOptions, slot_ms: int, name: str, side: int, rules: OptionRules
) -> Contract | None:
    listed = stored.contracts(slot_ms, name)
    terms = parse_tickers(listed.contract_ticker)
    usable = (terms.is_call == (side > 0)) & ~is_adjusted(terms.root, listed.multiplier)
    row = choose(listed.delta, terms.strike, usable, rules)
    if row < 0:
        return None
    return Contract(
        ticker=str(listed.contract_ticker[row]),
        root=str(terms.root[row]),
        expiration=terms.expiration[row].item(),
        is_call=side > 0,
        strike=float(terms.strike[row]),
    )

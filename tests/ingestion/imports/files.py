"""Small files in the layouts that users have: end-of-day rows with one contract each, and a quote table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from quant.contracts import format_ticker
from quant.pricing import black_scholes
from quant.sessions import close_of, years_to_expiry

EOD_HEADER = (
    "underlying,underlying_last, exchange,optionroot,optionext,type,expiration,quotedate,strike,last,bid,ask,volume,"
    "openinterest,impliedvol,delta,gamma,theta,vega,optionalias"
)
TABLE_HEADER = (
    "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,"
    "Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
)
PREAMBLE = '\nStandard & Poors 500 Index,Last: {spot},Change: 1.25\n"Date: {stamp}",Bid: 1,Ask: 2,Size: 1*1,Volume: 0\n'


def eod_rows(
    day: date,
    volatility: float,
    expiration: date,
    spot: float = 2700.0,
    strikes: Sequence[float] = (2600, 2700, 2800),
) -> list[str]:
    """Return a chain without carry whose numbers follow Black-Scholes: theta per year, vega per whole volatility."""
    rows = []
    for is_call in (True, False):
        for strike in strikes:
            years = float(years_to_expiry("SPXW", expiration, close_of(day)))
            terms = (np.array([is_call]), spot, np.array([strike]), np.array([years]), 0.0, 0.0)
            price = float(black_scholes.price(*terms, volatility)[0])
            greeks = black_scholes.greeks(*terms, volatility)
            ticker = str(format_ticker("SPXW", expiration, is_call, strike))[2:]
            numbers = [greeks.delta[0], greeks.gamma[0], greeks.theta[0] * 365, greeks.vega[0] * 100]
            written = ",".join(f"{number:.6f}" for number in numbers)
            rows.append(
                f"SPXW,{spot},W,{ticker},,{'call' if is_call else 'put'},{expiration:%m/%d/%Y},{day:%m/%d/%Y},"
                f"{strike:g},0,{price - 0.05:.4f},{price + 0.05:.4f},{100 if is_call else 150},1000,{volatility},"
                f"{written},{ticker}"
            )
    return rows


def eod_file(path: Path, rows: Sequence[str], header: str = EOD_HEADER) -> Path:
    path.write_text("\ufeff" + "\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def quote_table(path: Path, rows: Sequence[str], stamp: str, spot: str = "6,500.25") -> Path:
    text = PREAMBLE.format(spot=spot, stamp=stamp) + "\n".join((TABLE_HEADER, *rows)) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def pair(expiration: str, call: str, put: str, strike: str, call_numbers: str, put_numbers: str) -> str:
    """Return a line of a quote table; the numbers are last, net, bid, ask, volume, IV, delta, gamma, open interest."""
    return f"{expiration},{call},{call_numbers},{strike},{put},{put_numbers}"

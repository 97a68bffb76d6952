"""Meaning of a file's columns, from their usual headers or as named by the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Headers are compared by their letters and digits only, in lower case: "Strike Price", strike_price and [STRIKE_PRICE]
# are the same. If several columns match, the synonym that comes first here is used.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "quote_date": (
        "quotedatetime",
        "quotedate",
        "date",
        "datadate",
        "tradedate",
        "asof",
        "timestamp",
        "datetime",
    ),
    "underlying": ("underlyingsymbol", "underlying", "underlyingticker", "rootsymbol", "root"),
    "spot": (
        "underlyinglast",
        "underlyingprice",
        "spot",
        "stockprice",
        "underlyingclose",
        "activeunderlyingprice",
    ),
    "contract": (
        *("contractticker", "contractsymbol", "optionsymbol", "occsymbol", "osi", "contract"),
        *("optionalias", "optionroot", "contractid", "option"),
    ),
    "type": ("type", "optiontype", "callput", "putcall", "cp", "cpflag", "right", "kind"),
    "expiration": (
        "expiration",
        "expirationdate",
        "expirdate",
        "expirydate",
        "expiry",
        "expiredate",
        "exdate",
    ),
    "strike": ("strike", "strikeprice"),
    "bid": ("bid", "bidprice", "bestbid", "bid1545", "bideod", "closebid"),
    "ask": ("ask", "askprice", "offer", "bestask", "bestoffer", "ask1545", "askeod", "closeask"),
    "last": ("last", "lastprice", "lastsale", "lasttradeprice", "close", "price"),
    "volume": ("volume", "vol", "tradevolume", "totalvolume"),
    "open_interest": ("openinterest", "oi", "openint"),
    "implied_volatility": (
        "impliedvol",
        "impliedvolatility",
        "iv",
        "ivmid",
        "meaniv",
        "impliedvolatility1545",
    ),
    "delta": ("delta", "delta1545"),
    "gamma": ("gamma", "gamma1545"),
    "theta": ("theta", "theta1545"),
    "vega": ("vega", "vega1545"),
    "multiplier": ("multiplier", "contractmultiplier", "sharespercontract", "contractsize"),
    "exercise_style": ("exercisestyle", "optionstyle", "style"),
}


class UnknownLayout(Exception):
    """The file cannot be read as a chain; the message is one sentence for the user."""


def find_columns(header: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """Return the position of each known column.

    `named` maps names of `SYNONYMS` to headers of the file and takes precedence. Raises UnknownLayout if a name
    or header does not exist.
    """
    normalised = [_normalised(name) for name in header]
    positions = {}
    for name, synonyms in SYNONYMS.items():
        matches = [
            normalised.index(_normalised(synonym))
            for synonym in synonyms
            if _normalised(synonym) in normalised
        ]
        if matches:
            positions[name] = matches[0]
    for name, column_header in named.items():
        if name not in SYNONYMS:
            raise UnknownLayout(f"{name} is not a name of a column; the names are {', '.join(SYNONYMS)}")
        if _normalised(column_header) not in normalised:
            raise UnknownLayout(f"the file has no column {column_header!r}; it has {', '.join(header)}")
        positions[name] = normalised.index(_normalised(column_header))
    return positions


def require_columns(positions: Mapping[str, object], symbol: str | None) -> None:
    """Raise UnknownLayout, naming what is missing, if the columns are not enough to identify contracts."""
    missing = [] if "quote_date" in positions else ["quote_date"]
    if "contract" not in positions:
        missing += [name for name in ("type", "expiration", "strike") if name not in positions]
        if "underlying" not in positions and symbol is None:
            missing.append("underlying (or --symbol)")
    if "implied_volatility" not in positions:
        missing += [name for name in ("bid", "ask") if name not in positions]
    if missing:
        first = missing[0].split()[0]
        raise UnknownLayout(
            f'no column was recognised as {", ".join(missing)}; name it as --column {first}="its header"'
        )


def _normalised(header: str) -> str:
    return "".join(letter for letter in header.lower() if letter.isalnum())

"""What the columns of a file hold: told by their usual names, or by the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Headers are compared in small letters and digits alone: "Strike Price", strike_price and [STRIKE_PRICE] are one.
# Of several columns the name that stands first here counts.
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
}


class UnknownLayout(Exception):
    """The file cannot be read as a chain; the message is one sentence for the user."""


def find_columns(header: Sequence[str], told: Mapping[str, str]) -> dict[str, int]:
    """The position of each column that is known. `told` maps names of `SYNONYMS` to headers and goes before them.

    Raises UnknownLayout for a name or header that does not exist.
    """
    written = [_plain(name) for name in header]
    found = {}
    for name, synonyms in SYNONYMS.items():
        places = [written.index(_plain(synonym)) for synonym in synonyms if _plain(synonym) in written]
        if places:
            found[name] = places[0]
    for name, title in told.items():
        if name not in SYNONYMS:
            raise UnknownLayout(f"there is no column to be named {name}; the names are {', '.join(SYNONYMS)}")
        if _plain(title) not in written:
            raise UnknownLayout(f"the file has no column {title!r}; it has {', '.join(header)}")
        found[name] = written.index(_plain(title))
    return found


def require(found: Mapping[str, object], symbol: str | None) -> None:
    """Raises UnknownLayout naming what is missing to make contracts of the rows."""
    missing = [] if "quote_date" in found else ["quote_date"]
    if "contract" not in found:
        missing += [name for name in ("type", "expiration", "strike") if name not in found]
        if "underlying" not in found and symbol is None:
            missing.append("underlying (or --symbol)")
    if "implied_volatility" not in found:
        missing += [name for name in ("bid", "ask") if name not in found]
    if missing:
        first = missing[0].split()[0]
        raise UnknownLayout(
            f'no column was find_columns as {", ".join(missing)}; name it as --column {first}="its header"'
        )


def _plain(header: str) -> str:
    return "".join(letter for letter in header.lower() if letter.isalnum())

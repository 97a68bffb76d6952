"""The statements of the readers also run where the large tables are distributed by symbol."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import pytest

from warehouse import asof

LARGE = ("historical_greeks", "options_flow_history", "historical_bars")
OF_ALL_SYMBOLS = {"warehouse.asof.bars._ALL_STOCKS"}  # one day of one timeframe, by an index of its own


def statements() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every statement of the readers."""
    for module in pkgutil.walk_packages(asof.__path__, "warehouse.asof."):
        for name, value in vars(import_module(module.name)).items():
            if name.isupper() and isinstance(value, str) and "SELECT" in value:
                yield f"{module.name}.{name}", value


def problems(name: str, sql: str) -> list[str]:
    """Return the rules that a statement breaks."""
    tables = re.findall(r"\bFROM\s+(\w+|\()", sql)
    found = [
        word for word in ("LATERAL", "RECURSIVE", "JOIN", "UNION", "OFFSET") if re.search(rf"\b{word}\b", sql)
    ]
    found += [word for word in ("INSERT", "UPDATE", "DELETE") if re.search(rf"\b{word}\b", sql)]
    if len(tables) != 1:
        found.append("not one table")
    if set(tables) & set(LARGE):
        by_symbol = re.search(r"\bsymbol = (%\(symbol\)s|ANY\(%\(symbols\)s\))", sql)
        if not by_symbol and name not in OF_ALL_SYMBOLS:
            found.append("no symbol")
        if not re.search(r'"timestamp" (=|BETWEEN) %\(', sql):
            found.append("no bound of time on both sides")
    return found


def test_every_statement_reads_one_table_by_symbol_and_time():
    found = dict(statements())
    assert len(found) >= 15
    assert {table for sql in found.values() for table in LARGE if table in sql} == set(LARGE)
    assert {name: problems(name, sql) for name, sql in found.items() if problems(name, sql)} == {}


OF_ONE_SLOT = 'WHERE symbol = %(symbol)s AND "timestamp" = %(at)s'
NO_BOUND = "no bound of time on both sides"


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        (f"SELECT 1 FROM historical_bars CROSS JOIN LATERAL (SELECT 1) x {OF_ONE_SLOT}", "LATERAL"),
        (f"WITH RECURSIVE x AS (SELECT 1 FROM historical_bars {OF_ONE_SLOT})", "RECURSIVE"),
        (f"SELECT 1 FROM historical_greeks JOIN watchlist USING (symbol) {OF_ONE_SLOT}", "JOIN"),
        ('SELECT 1 FROM historical_greeks WHERE "timestamp" = %(at)s', "no symbol"),
        ("SELECT 1 FROM historical_greeks WHERE symbol = %(symbol)s", NO_BOUND),
        ('SELECT 1 FROM historical_greeks WHERE symbol = %(symbol)s AND "timestamp" <= %(at)s', NO_BOUND),
        ("SELECT 1 FROM (SELECT 1 FROM gamma_slots) g", "not one table"),
        ("DELETE FROM gamma_slots RETURNING (SELECT 1)", "DELETE"),
    ],
)
def test_a_statement_that_breaks_a_rule_is_found(sql, problem):
    assert problem in problems("", sql)

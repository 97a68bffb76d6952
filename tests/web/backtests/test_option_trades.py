"""Option trades on the page of a backtest, in its exports, and in what the command prints."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from backtest.text import as_lines
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.web.admin.accounts import logged_in, member
from tests.web.backtests.stored import DAY, NOW, asked, finished, outcome, short, watch, words
from warehouse.models import Backtest

pytestmark = [pytest.mark.database]


def option(profit: float | None, source: str = "quote", reason: str = "") -> dict:
    if profit is None:
        return {"option_reason": reason}
    return {
        "option_contract": "O:SPY261204C00450000", "option_entry": 5.0, "option_exit": 5.0 * (1 + profit),
        "option_pnl": profit, "option_entry_source": "quote", "option_exit_source": source,
        "option_modelled": source == "model", "option_reason": "",
    }  # fmt: skip


@pytest.fixture
def backtest(at_market_time, transactional_db) -> Backtest:
    """Four signals: a stored win, a modelled one, a loss, and one without a chain."""
    at_market_time(NOW)
    watch()
    made = asked("SPY", priced=True)
    trades = (option(0.4), option(0.2, "model"), option(-0.5, "bar"), option(None, reason="no chain"))
    return finished(made, [outcome(made, DAY, bar, 1.0, **one) for bar, one in enumerate(trades)])


def test_the_page_shows_modelled_shares_beside_every_figure(backtest):
    answer = logged_in(member("viewer")).get(f"/backtests/{backtest.pk}/")
    table = answer.context["options"]
    assert [cell.text for cell in table.rows[0].cells[:7]] == [
        "3",
        "1 (33 %)",
        "66.7 %",
        "21 to 94 %",
        "50.0 %, n = 2",
        "+30.0 %",
        "−50.0 %",
    ]
    assert (table.rows[0].name, table.rows[0].is_grey) == ("Breakout bullish", True)
    assert [(row.name, row.cells[0].text) for _, rows in table.groups for row in rows] == [
        ("SPY", "3"),
        ("WEAK UPTREND", "3"),
    ]
    text = words(answer)
    assert (
        "3 of 4 signals have an option trade, 1 of them with a modelled price. Not priced: 1 no chain."
        in text
    )
    assert "options at 100 % of half of the spread, $0.65 commission per option" in text


def test_a_backtest_that_is_not_priced_has_no_option_trades(backtest):
    answer = logged_in(member("viewer")).get(f"/backtests/{short(1.0).pk}/")
    assert answer.context["options"] is None
    assert "Option trades" not in words(answer)


def test_exports_have_the_option_trades(backtest):
    viewer = logged_in(member("viewer"))
    sent = b"".join(viewer.get(f"/backtests/{backtest.pk}/outcomes.csv").streaming_content).decode()
    found = list(csv.DictReader(io.StringIO(sent)))
    rows = [{name.partition(" ")[0]: value for name, value in row.items()} for row in found]
    assert [row["option_reason"] for row in rows] == ["", "", "", "no chain"]
    assert float(rows[0]["option_pnl"]) == 0.4
    total = viewer.get(f"/backtests/{backtest.pk}/result.json").json()["optionTrades"]["total"]
    assert (total["trades"], total["modelled"], total["win_rate"]["k"]) == (3, 1, 2)


def test_the_command_prints_option_trades(backtest):
    out = io.StringIO()
    console = Console(file=out, width=200)
    for line in as_lines(backtest):
        console.print(line)
    text = " ".join(out.getvalue().replace("┃", " ").replace("│", " ").split())
    assert "breakout_bullish, too few 3 1 (33.3%) 66.7% 21% to 94% +30.00% -50.00% 1.20 +3.33%" in text
    assert (
        "3 of 4 signals have an option trade, 1 of them with a modelled price; not priced: 1 no chain."
        in text
    )


def test_an_operator_asks_for_option_prices_in_the_form(backtest, redis_client):
    operator = logged_in(member("operator"))
    form = {
        "first": "2026-09-01",
        "last": "2026-11-23",
        "timeframe": "15m",
        "costs": "default",
        "profile": "default",
    }
    operator.post("/backtests/", form | {"minimum": "60", "priced": "on"})
    request = Backtest.objects.latest("id").request
    assert (request["priced"], request["spread_share"], request["option_commission"]) == (True, 1.0, 0.65)

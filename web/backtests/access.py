"""Who may see backtests, and who may ask for them, cancel and continue them."""

from __future__ import annotations

from web.access import data_needs, needs

VIEW, RUN = "warehouse.view_backtest", "warehouse.add_backtest"

for_viewers = needs(VIEW)
for_operators = needs(RUN)
data_for_viewers = data_needs(VIEW, "backtests")

"""Who may see the pages of signals, and who may dismiss one."""

from __future__ import annotations

from web.access import data_needs, needs

VIEW, DISMISS = "warehouse.view_signal", "warehouse.add_signalevent"

for_viewers = needs(VIEW)
for_operators = needs(DISMISS)
data_for_viewers = data_needs(VIEW, "signals")

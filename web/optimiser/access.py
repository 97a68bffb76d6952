"""Who may see optimisations, who may ask for them and cancel them, and who may promote weights."""

from __future__ import annotations

from web.access import data_needs, needs

VIEW, RUN = "warehouse.view_optimization", "warehouse.add_optimization"
PROMOTE = "warehouse.change_confluenceconfig"

for_viewers = needs(VIEW)
for_operators = needs(RUN)
for_promoters = needs(PROMOTE)
data_for_viewers = data_needs(VIEW, "optimisations")

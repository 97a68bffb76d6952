"""`make up`: run the embedded servers and all services until Ctrl-C."""

from __future__ import annotations

import sys

from local.launch.console import Stages
from local.launch.stages import Warehouse, supervised
from local.servers import databases


def up(stages: Stages) -> None:
    """Start everything and supervise it until Ctrl-C."""
    warehouse = Warehouse(stages, databases.SIMULATED)
    try:
        warehouse.start()
        warehouse.wait_for_web()
        warehouse.show_dashboard()
        market = "SIMULATED market data" if warehouse.simulated else "market data from Massive.com"
        stages.say(f"           {market}; Ctrl-C stops everything")
        warehouse.serve()
    finally:
        warehouse.stop()


if __name__ == "__main__":
    sys.exit(supervised(up, "Options warehouse: starting everything on this machine"))

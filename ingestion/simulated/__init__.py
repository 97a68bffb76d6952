"""History of a new simulated warehouse: bars by the ordinary way, other tables from sums of the simulator."""

"""Option trades: columns, conditions, side, clusters, classification."""

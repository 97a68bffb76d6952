"""Pages of the optimiser: optimisations, and the promotion of their weights."""

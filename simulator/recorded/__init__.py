"""A recorded option chain that is served instead of the synthetic one."""

"""A recorded option chain served in place of the synthetic one."""

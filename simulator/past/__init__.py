"""Past sessions of the simulated market in sums: dealer gamma by slot, trades by interval, volatility by session.

A warehouse that starts with the market has no history of its own. These sums are computed from the state of the market,
without building chains and trades, so that a year takes seconds.
"""

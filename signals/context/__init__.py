"""Context engines: what gamma, volatility, flow, the market regime and higher timeframes say about a setup.

Each engine has two functions: `read` takes its context from one row of a record of features, and `boost` says how much
that context changes the score of a firing, and why.
"""

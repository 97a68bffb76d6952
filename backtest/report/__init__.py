"""What a backtest says: rates with intervals, returns, drawdown and equity, in total and per group."""

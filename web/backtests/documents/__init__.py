"""Documents of the charts of a backtest, from its stored outcomes."""

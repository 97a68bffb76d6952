"""Pages of Strategy Backtesting."""

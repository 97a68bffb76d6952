"""Backtests of detectors on stored sessions, their statistics, and the optimiser of scores."""

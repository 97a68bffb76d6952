"""Checks of the data and the detectors that a backtest rests on."""

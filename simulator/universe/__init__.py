"""The simulated instruments: their options, cash dividends, splits and spin-offs, by rule."""

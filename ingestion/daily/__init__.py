"""Work after the close: IV percentile, market regime, roll-ups."""

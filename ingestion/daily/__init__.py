"""Jobs after the close: IV percentile, market regime, daily sums, and the daily calendar check."""

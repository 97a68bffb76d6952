"""Trade setups: the market as of an instant, detectors, context engines, scores and the scanner."""

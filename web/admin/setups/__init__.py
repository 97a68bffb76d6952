"""Admin pages of signals, patterns and weights of scores."""

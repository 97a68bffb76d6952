"""Tables of trade setups: signals and their lifecycle, patterns, and the weights of scores."""

"""Watch lists of volatility: ramps before events, falls after them, and the term structure of the VIX."""

"""Data documents of the volatility page: surface, smile of one expiration, term structure, history of skew."""

"""The synthetic market: prices, contracts, chains, bars and trades."""

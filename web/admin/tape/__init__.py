"""Page of the tape: trades with the implied volatility and open interest of their contract, and sums of the trades."""

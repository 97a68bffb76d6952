"""Prices of the simulated market by methods of its own: Black's formula on the forward, and a trinomial tree."""

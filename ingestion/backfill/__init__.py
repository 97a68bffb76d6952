"""Months of the past from what the provider keeps of them: contract lists, option bars and the underlying's bars.

listing      which contracts there were, asked once per week of expirations
selection    which of them a session wants: nearest the money at that session's own price
option_bars  their bars, one request per contract for the whole range
trades       the bars behind one slot, those too old or empty left out and counted
parity       the forward of each expiration, from calls and puts that traded at the slot
volatility   implied volatility from the out-of-the-money side, and greeks from it
rebuild      a session's slots out of our own tables into greeks rows and gamma snapshots

Nothing here knows a price from after the slot it computes. The provider has no past quotes below its dearest plan
and no past open interest at all: bids and offers stay NULL, and gamma is weighted by volume unless we recorded the
open interest ourselves.
"""

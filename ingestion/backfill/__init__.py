"""Months of the past from what the provider keeps of them: contract lists, option bars and the underlying's bars.

What is to be done:
wish, selection    the sessions, tables and depth asked for; the contracts nearest the money at a session's own price
listing, listed    which contracts there were, asked once, eight weeks of expirations at a time
lists              what the ledger remembers of that, week by week
prepare, plan      what must be known first; then every piece of work that is not done, and what it rests on
estimate           what that costs, said before it begins

Who does it:
work, board        the loop, and which piece may be done next
here               this machine: fetchers are threads, computers are processes; group_commit stores for many
clients            a provider client for each thread, one pace for all; forks begins processes that end with us
fleet              the Celery workers instead
stages             how each kind of work is done, whoever does it; its end is in the ledger
progress, summary  what the operator sees

How a session is rebuilt:
option_bars        bars of contracts, one request each for the whole range
trades             the bars behind one slot, those too old or empty left out and counted
volatility         carry by put-call parity, implied volatility from the trades of both sides of a strike
slot_chain, gamma  the chain with greeks, and dealer gamma by recorded open interest or by volume
rebuild            a session of some symbols, out of our own tables; slots_storing commits it
ranks              IV ranks of a session's symbols, and those made before their year was filled, made again

Nothing here knows a price from after the slot it computes. The provider has no past quotes below its dearest plan
and no past open interest at all: bids and offers stay NULL, and gamma is weighted by volume unless we recorded the
open interest ourselves.
"""

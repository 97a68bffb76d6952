"""Backfill: months of history rebuilt from contract lists, option bars and bars of the underlyings.

What to do:
backfill_request   the requested symbols, sessions, tables and depth, validated
selection          the contracts of each session that are nearest the money at the session's own price
contracts/         lists of past contracts: fetched once per eight weeks of expirations, stored in the ledger per week
prepare            the bars and contract lists that the plan needs
plan               every job that is not done yet, and the jobs it depends on
estimate           requests, time and rows of a plan, printed before it starts

How jobs are executed (engine/). Each job returns its outcome through the future that the engine gives for it:
jobs               a job, its stage and its outcome
scheduler          which job may start next, and the loop that submits jobs and collects their outcomes
local_engine       this machine: threads that fetch, processes that compute
fetching           what the threads do; group_commit is one commit for the answers of several threads
computing          what the processes do; process_pool starts them, forked makes them end with their parent
celery_engine      the Celery workers instead of this machine; the only engine that reads results from the ledger
clients            one provider client per thread, and one rate limit for all of them
ledger             reads the runs of jobs
run                the whole plan, executed
progress           output while it runs
totals, summary    what was stored and left out, by stage

How a session is rebuilt (rebuild/, and ranks):
option_bars        bars of contracts, one request per contract for the whole range
last_trades        the newest bars before a slot; contracts without any are left out and counted
volatility         carry by put-call parity, and implied volatility from the trades of both sides of a strike
slot_chain, gamma  the chain with greeks, and dealer gamma by recorded open interest or by volume
sessions           one session of some symbols, computed from stored rows; slot_store commits it
ranks              IV ranks of a session; recomputes those that were computed before their year was filled

No computation uses a price from after its slot. The provider has past quotes only in its most expensive plan, and no
past open interest at all: bids and offers stay NULL, and gamma is weighted by volume unless the open interest was
recorded live.
"""

"""Backfill: months of history rebuilt from contract lists, option bars and bars of the underlyings.

What to do:
backfill_request   the requested symbols, sessions, tables and depth, validated
selection          the contracts of each session that are nearest the money at the session's own price
contracts/         lists of past contracts: fetched once per eight weeks of expirations, stored in the ledger per week
prepare            the bars and contract lists that the plan needs
plan               every job that is not done yet, and the jobs it depends on
estimate           requests, time and rows of a plan, printed before it starts

How jobs are executed (engine/):
job_loop           the loop that hands out jobs, and the protocol of the engines
job_queue          which job may start next
local_engine       this machine: threads that fetch, processes that compute
thread_pool        threads for jobs that wait for the provider
process_pool       processes for jobs that compute; forked starts processes that end with their parent
group_commit       one commit for the answers of several threads
celery_engine      the Celery workers instead of this machine
clients            one provider client per thread, and one rate limit for all of them
handlers           the function that executes the jobs of each stage; the result is stored in the ledger
job_results        results of jobs, read from the ledger
run                the whole plan, executed
progress, summary  output for the operator

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

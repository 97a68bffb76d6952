"""Option chains of live slots: fetch, check, compute, store."""

-- Copy what the ledger knows was fetched. Rows that are there already stay, so it may run again.
INSERT INTO fetched_range (symbol, kind, after_ms, until_ms)
SELECT symbol, task, (result ->> 'from_ms')::bigint, slot
FROM ingestion_runs
WHERE status = 'DONE' AND result ? 'from_ms' AND (result ->> 'from_ms')::bigint < slot
ON CONFLICT (symbol, kind, until_ms) DO NOTHING;

-- A task list_contracts_2026-W47 holds the contracts that expire in that ISO week; the newest list is copied.
INSERT INTO contract_listing (symbol, week, known_as_of, series, rejected)
SELECT DISTINCT ON (symbol, task) symbol, to_date(right(task, 8), 'IYYY"-W"IW'), slot, result -> 'series',
       coalesce(result -> 'rejected', '{}')
FROM ingestion_runs
WHERE status = 'DONE' AND starts_with(task, 'list_contracts_') AND result ? 'series'
ORDER BY symbol, task, slot DESC
ON CONFLICT (symbol, week) DO NOTHING;

-- The market's clock in SQL: real time plus the connection setting warehouse.clock_offset_ms (0 when unset), as in
-- quant.sessions.market_now. STABLE, so that partitions are pruned when a query starts.
CREATE OR REPLACE FUNCTION warehouse_now_ms() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint
         + coalesce(nullif(current_setting('warehouse.clock_offset_ms', true), '')::bigint, 0)
$$;

COMMENT ON FUNCTION warehouse_now_ms() IS 'The market''s clock; epoch milliseconds UTC.';
REVOKE ALL ON FUNCTION warehouse_now_ms() FROM PUBLIC;

-- The market's clock in SQL: real time plus an offset, as in quant.sessions.market_now. The offset is the connection
-- setting warehouse.clock_offset_ms where it is set, as in every process of the application, else that of
-- warehouse_clock, which each migrate writes. STABLE, so that partitions are pruned when a query starts. In PL/pgSQL,
-- which keeps the plan of its query for the session and does not plan it where the setting is set.
CREATE OR REPLACE FUNCTION warehouse_now_ms() RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_offset_ms bigint := nullif(current_setting('warehouse.clock_offset_ms', true), '')::bigint;
BEGIN
    IF v_offset_ms IS NULL THEN
        SELECT c.offset_ms INTO v_offset_ms FROM warehouse_clock c;
    END IF;
    RETURN floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint + coalesce(v_offset_ms, 0);
END
$$;

COMMENT ON FUNCTION warehouse_now_ms() IS 'The market''s clock; epoch milliseconds UTC.';
REVOKE ALL ON FUNCTION warehouse_now_ms() FROM PUBLIC;

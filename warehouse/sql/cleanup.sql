-- Retention functions of the documents. For partitioned tables they drop whole partitions and return their number, for
-- the others they delete rows and return their number. Trades and gamma snapshots are removed only after their sums by
-- day and by 15 minutes are stored. `manage.py retention` stores the sums first, deletes in chunks, and shows the plan before.

CREATE OR REPLACE FUNCTION warehouse_drop_expired(p_table text) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_expired text;
    v_dropped bigint := 0;
BEGIN
    PERFORM warehouse_partition_policy(p_table); -- raises an error for a table without partitions
    FOR v_expired IN
        SELECT w.partition FROM warehouse_partitions() w
        WHERE w.parent = p_table AND w.to_ms <= warehouse_retained_from_ms(p_table)
          AND NOT warehouse_is_kept(w.partition)
    LOOP
        PERFORM warehouse_drop_partition(v_expired);
        v_dropped := v_dropped + 1;
    END LOOP;
    RETURN v_dropped;
END
$$;

CREATE OR REPLACE FUNCTION cleanup_old_greeks() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT warehouse_drop_expired('historical_greeks') $$;

CREATE OR REPLACE FUNCTION cleanup_old_flow() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$ SELECT warehouse_drop_expired('options_flow_history') $$;

CREATE OR REPLACE FUNCTION cleanup_old_iv() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM iv_percentile_cache
        WHERE date < (to_timestamp(warehouse_now_ms() / 1000) AT TIME ZONE 'America/New_York')::date - 731
        RETURNING 1
    ) SELECT count(*) FROM gone
$$;

-- In PL/pgSQL, because it is created before the table gamma_slots.
CREATE OR REPLACE FUNCTION cleanup_old_gamma() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_deleted bigint;
BEGIN
    DELETE FROM gamma_exposure_snapshots g
    WHERE g."timestamp" < warehouse_now_ms() - 90::bigint * 86400000
      AND EXISTS (SELECT FROM gamma_slots s WHERE s.symbol = g.symbol AND s."timestamp" = g."timestamp")
      AND EXISTS (
          SELECT FROM gamma_daily d
          WHERE d.symbol = g.symbol AND d.date = (to_timestamp(g."timestamp" / 1000) AT TIME ZONE 'UTC')::date
      );
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    RETURN v_deleted;
END
$$;

CREATE OR REPLACE FUNCTION cleanup_old_regime() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM market_regime_history
        WHERE date < (to_timestamp(warehouse_now_ms() / 1000) AT TIME ZONE 'America/New_York')::date - 1826
        RETURNING 1
    ) SELECT count(*) FROM gone
$$;

COMMENT ON FUNCTION warehouse_drop_expired(text) IS 'Drops every partition wholly past retention, except those with imported bars; returns how many.';
COMMENT ON FUNCTION cleanup_old_greeks() IS 'Drops weeks of historical_greeks past one year; returns partitions.';
COMMENT ON FUNCTION cleanup_old_flow() IS 'Drops days of options_flow_history past 90 days; returns partitions.';
COMMENT ON FUNCTION cleanup_old_iv() IS 'Deletes rows of iv_percentile_cache past two years; returns rows.';
COMMENT ON FUNCTION cleanup_old_gamma() IS 'Deletes summed rows of gamma_exposure_snapshots past 90 days; returns rows.';
COMMENT ON FUNCTION cleanup_old_regime() IS 'Deletes rows of market_regime_history past five years; returns rows.';

REVOKE ALL ON FUNCTION warehouse_drop_expired(text), cleanup_old_greeks(), cleanup_old_flow(), cleanup_old_iv(),
    cleanup_old_gamma(), cleanup_old_regime() FROM PUBLIC;

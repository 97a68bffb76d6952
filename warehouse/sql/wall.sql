-- The wall: as of an instant, warehouse_reader and warehouse_web see only what was known then. RESTRICTIVE, because a
-- permissive policy would be one more way to see a row. The bound on "timestamp" is a plain function, which is inlined
-- and prunes partitions; that on known_at is a subquery, evaluated once per query.
CREATE POLICY as_of ON historical_greeks AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING ("timestamp" <= warehouse_as_of_ms() AND coalesce(known_at, fetched_at) <= (SELECT warehouse_as_of_ms()));

CREATE POLICY as_of ON options_flow_history AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING ("timestamp" <= warehouse_as_of_ms() AND coalesce(known_at, received_at) <= (SELECT warehouse_as_of_ms()));

CREATE POLICY as_of ON historical_bars AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING ("timestamp" <= warehouse_as_of_ms()
       AND coalesce(known_at, warehouse_bar_known_ms("timestamp", timeframe)) <= (SELECT warehouse_as_of_ms()));

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['gamma_exposure_snapshots', 'gamma_slots', 'flow_slots'] LOOP
        EXECUTE format('CREATE POLICY as_of ON %I AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web '
                       'USING ("timestamp" <= warehouse_as_of_ms() AND known_at <= (SELECT warehouse_as_of_ms()))',
                       v_table);
        EXECUTE format('CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON %I FOR EACH ROW '
                       'EXECUTE FUNCTION warehouse_keep_versions(''symbol'', ''timestamp'')', v_table);
    END LOOP;
    FOREACH v_table IN ARRAY ARRAY['iv_percentile_cache', 'flow_daily', 'gamma_daily', 'market_regime_history',
                                   'superseded_rows'] LOOP
        EXECUTE format('CREATE POLICY as_of ON %I AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web '
                       'USING (known_at <= (SELECT warehouse_as_of_ms()))', v_table);
    END LOOP;
    FOREACH v_table IN ARRAY ARRAY['iv_percentile_cache', 'flow_daily', 'gamma_daily'] LOOP
        EXECUTE format('CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON %I FOR EACH ROW '
                       'EXECUTE FUNCTION warehouse_keep_versions(''symbol'', ''date'')', v_table);
    END LOOP;
END
$$;

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON market_regime_history FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('date');

-- Inserted bars get known_at from their INSERT, because a trigger would slow down loading.
CREATE TRIGGER keep_versions BEFORE UPDATE ON historical_bars FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'timeframe', 'timestamp');

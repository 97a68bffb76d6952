-- Reverses wall.sql.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'historical_greeks', 'options_flow_history', 'historical_bars', 'gamma_exposure_snapshots', 'gamma_slots',
        'flow_slots', 'iv_percentile_cache', 'flow_daily', 'gamma_daily', 'market_regime_history', 'superseded_rows'
    ] LOOP
        EXECUTE format('DROP POLICY as_of ON %I', v_table);
        EXECUTE format('DROP TRIGGER IF EXISTS keep_versions ON %I', v_table);
    END LOOP;
END
$$;

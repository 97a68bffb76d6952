-- The walls and the versions of the tables of surfaces and events, as wall.sql defines them for the tables before.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['iv_surface_daily', 'iv_term_daily', 'market_events'] LOOP
        EXECUTE format('CREATE POLICY as_of ON %I AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web '
                       'USING (known_at <= (SELECT warehouse_as_of_ms()))', v_table);
    END LOOP;
END
$$;

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON iv_surface_daily FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'date', 'tenor_days', 'delta');

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON iv_term_daily FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'date');

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON market_events FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'kind', 'date');

-- Events are entered in the admin.
GRANT INSERT, UPDATE, DELETE ON market_events TO warehouse_web;
CREATE POLICY edits ON market_events TO warehouse_web USING (true) WITH CHECK (true);

-- Their former versions are kept by the trigger, which runs with the rights of the editor.
GRANT INSERT ON superseded_rows TO warehouse_web;
CREATE POLICY keeps_events ON superseded_rows FOR INSERT TO warehouse_web WITH CHECK (table_name = 'market_events');

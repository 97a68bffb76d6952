-- The walls of signals, and what the web may change: users dismiss signals, edit patterns and promote weights.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['signals', 'signal_events', 'pattern_matches'] LOOP
        EXECUTE format('CREATE POLICY as_of ON %I AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web '
                       'USING (known_at <= (SELECT warehouse_as_of_ms()))', v_table);
    END LOOP;
END
$$;

GRANT INSERT ON signal_events TO warehouse_web;
CREATE POLICY dismisses ON signal_events FOR INSERT TO warehouse_web WITH CHECK (kind = 'DISMISSED');

GRANT INSERT, UPDATE, DELETE ON pattern_library TO warehouse_web;
CREATE POLICY edits ON pattern_library TO warehouse_web USING (true) WITH CHECK (true);

GRANT UPDATE ON confluence_configs TO warehouse_web;
CREATE POLICY promotes ON confluence_configs FOR UPDATE TO warehouse_web USING (true) WITH CHECK (true);

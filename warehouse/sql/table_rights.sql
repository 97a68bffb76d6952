-- warehouse_writer: workers, beat and consumer. warehouse_web: reads all, edits the watchlist. warehouse_reader: reads.
-- Grants and policies are defined on the parents only, because rows are accessed through them and not through a partition.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[{tables}] LOOP
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, warehouse_reader, warehouse_web, warehouse_writer', v_table);
        EXECUTE format('GRANT SELECT ON %I TO warehouse_reader, warehouse_web', v_table);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO warehouse_writer', v_table);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('DROP POLICY IF EXISTS reads ON %I', v_table);
        EXECUTE format('CREATE POLICY reads ON %I FOR SELECT TO warehouse_reader, warehouse_web USING (true)', v_table);
        EXECUTE format('DROP POLICY IF EXISTS writes ON %I', v_table);
        EXECUTE format('CREATE POLICY writes ON %I TO warehouse_writer USING (true) WITH CHECK (true)', v_table);
    END LOOP;
END
$$;

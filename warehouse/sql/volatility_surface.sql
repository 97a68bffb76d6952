-- The walls and the versions of the tables of surfaces, as wall.sql defines them for the tables before.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['iv_surface_daily', 'iv_term_daily'] LOOP
        EXECUTE format('CREATE POLICY as_of ON %I AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web '
                       'USING (known_at <= (SELECT warehouse_as_of_ms()))', v_table);
    END LOOP;
END
$$;

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON iv_surface_daily FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'date', 'tenor_days', 'delta');

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON iv_term_daily FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'date');

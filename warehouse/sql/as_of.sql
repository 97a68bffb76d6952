-- Reading as of a past instant. A session that sets warehouse.as_of_ms (epoch milliseconds UTC) sees the rows that were
-- known then; without the setting it sees all rows. The setting restricts warehouse_reader and warehouse_web, not
-- writers, by the policies of wall.sql.

-- The instant as of which the session reads. No SET clause, because it would prevent inlining, and then no partition
-- would be pruned by the policies. Every name in it is qualified instead.
CREATE OR REPLACE FUNCTION warehouse_as_of_ms() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    nullif(pg_catalog.current_setting('warehouse.as_of_ms', true), '')::bigint, 9223372036854775807
);

-- From when on the rows of this transaction are known: 10 seconds after its start. A storing transaction commits within
-- 8 seconds of its start or is rolled back, so a reader as of an instant sees the same rows at any later time.
CREATE OR REPLACE FUNCTION warehouse_known_ms() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint + 10000
         + warehouse_now_ms() - floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint -- the clock's offset
$$;

-- From when on a live warehouse knows a bar: 30 seconds after its end. A daily bar starts at midnight New York and ends
-- with a full session, a weekly bar starts on Monday. No SET clause, for inlining.
CREATE OR REPLACE FUNCTION warehouse_bar_known_ms(p_timestamp bigint, p_timeframe text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_timestamp + 30000 + CASE p_timeframe
    WHEN '1m' THEN 60000 WHEN '5m' THEN 300000 WHEN '15m' THEN 900000 WHEN '1h' THEN 3600000 WHEN '4h' THEN 14400000
    WHEN '1d' THEN 57600000 ELSE 403200000
END;

-- known_at of a bar that is stored when rows become known at p_known: that time, if the bar has ended within a day, as
-- when it is stored live. Else the bar is history, and known_at is that of a live bar.
CREATE OR REPLACE FUNCTION warehouse_stored_bar_known_ms(p_timestamp bigint, p_timeframe text, p_known bigint)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN public.warehouse_bar_known_ms(p_timestamp, p_timeframe) > p_known - 86400000
    THEN greatest(public.warehouse_bar_known_ms(p_timestamp, p_timeframe), p_known)
    ELSE public.warehouse_bar_known_ms(p_timestamp, p_timeframe)
END;

-- Trigger of tables whose rows may be computed again. Its arguments are the columns of the key.
-- INSERT: known_at is by default that of the transaction, and never before the row's timestamp. UPDATE: the old row is kept in superseded_rows, the new one
-- keeps known_at and gets computed_at. An update that changes no other column, or is_adjusted alone, is not a new version.
CREATE OR REPLACE FUNCTION warehouse_keep_versions() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_new CONSTANT jsonb := to_jsonb(NEW);
    v_old jsonb;
    v_versions CONSTANT text[] := ARRAY['id', 'known_at', 'computed_at', 'is_adjusted'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.known_at := greatest(coalesce(NEW.known_at, warehouse_known_ms()), (v_new ->> 'timestamp')::bigint);
        RETURN NEW;
    END IF;
    v_old := to_jsonb(OLD);
    NEW.known_at := coalesce(OLD.known_at, NEW.known_at);
    NEW.computed_at := OLD.computed_at;
    IF v_new - v_versions = v_old - v_versions THEN
        RETURN NEW;
    END IF;
    NEW.computed_at := warehouse_known_ms();
    INSERT INTO superseded_rows (table_name, key, row, known_at, superseded_at)
    VALUES (coalesce((SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = TG_RELID), TG_TABLE_NAME),
            (SELECT jsonb_object_agg(k, v_old -> k) FROM unnest(TG_ARGV) k), v_old - 'id',
            coalesce(OLD.computed_at, NEW.known_at, (v_old ->> 'timestamp')::bigint), NEW.computed_at);
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION warehouse_as_of_ms() IS
    'The instant as of which the session reads, the largest bigint without one; epoch milliseconds UTC.';
COMMENT ON FUNCTION warehouse_known_ms() IS
    'From when on the rows of this transaction are known; epoch milliseconds UTC.';
COMMENT ON FUNCTION warehouse_bar_known_ms(bigint, text) IS
    'From when on a live warehouse knows a bar; epoch milliseconds UTC.';
COMMENT ON FUNCTION warehouse_stored_bar_known_ms(bigint, text, bigint) IS
    'known_at of a bar stored by a transaction whose rows are known at p_known; epoch milliseconds UTC.';
COMMENT ON FUNCTION warehouse_keep_versions() IS 'Trigger: keeps a row in superseded_rows before it is changed.';

REVOKE ALL ON FUNCTION warehouse_as_of_ms(), warehouse_known_ms(), warehouse_bar_known_ms(bigint, text),
    warehouse_stored_bar_known_ms(bigint, text, bigint), warehouse_keep_versions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION warehouse_as_of_ms(), warehouse_known_ms(), warehouse_bar_known_ms(bigint, text),
    warehouse_stored_bar_known_ms(bigint, text, bigint)
TO warehouse_reader, warehouse_web, warehouse_writer;
GRANT EXECUTE ON FUNCTION warehouse_keep_versions() TO warehouse_writer;

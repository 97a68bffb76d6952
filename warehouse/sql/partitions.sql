-- Partitions are created and dropped only by these functions, which run with the rights of the owner.
-- pg_temp is last in every search_path. Otherwise a temporary table of the caller would hide a real one.

CREATE OR REPLACE FUNCTION warehouse_partition_policy(
    p_table text, OUT unit text, OUT name_format text, OUT retention_days integer
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    CASE p_table
        WHEN 'historical_greeks' THEN
            unit := 'week';  name_format := '"_w"YYYYMMDD'; retention_days := 365;
        WHEN 'options_flow_history' THEN
            unit := 'day';   name_format := '"_d"YYYYMMDD'; retention_days := 90;
        WHEN 'historical_bars' THEN
            unit := 'month'; name_format := '"_m"YYYYMM';   retention_days := 1826;
        ELSE
            RAISE EXCEPTION '% is not a partitioned table of the warehouse: name %', coalesce(p_table, 'NULL'),
                'historical_greeks, options_flow_history or historical_bars' USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;

-- The partition that holds p_ms: calendar units of UTC, whatever the session's time zone.
CREATE OR REPLACE FUNCTION warehouse_partition_of(
    p_table text, p_ms bigint, OUT partition text, OUT from_ms bigint, OUT to_ms bigint
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_policy record;
    v_from timestamp;
BEGIN
    SELECT * INTO v_policy FROM warehouse_partition_policy(p_table);
    v_from := date_trunc(v_policy.unit, timestamp '1970-01-01' + p_ms * interval '1 millisecond');
    partition := p_table || to_char(v_from, v_policy.name_format);
    from_ms := extract(epoch FROM v_from)::bigint * 1000;
    to_ms := extract(epoch FROM v_from + ('1 ' || v_policy.unit)::interval)::bigint * 1000;
END
$$;

-- Times before this one are past retention; epoch ms.
CREATE OR REPLACE FUNCTION warehouse_retained_from_ms(p_table text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT warehouse_now_ms() - retention_days::bigint * 86400000 FROM warehouse_partition_policy(p_table)
$$;

-- Existing partitions from the catalog: bounds in epoch ms, estimated rows, bytes with indexes.
CREATE OR REPLACE FUNCTION warehouse_partitions()
RETURNS TABLE (parent text, partition text, from_ms bigint, to_ms bigint, estimated_rows bigint, bytes bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT p.relname::text, c.relname::text, b.bound[1]::bigint, b.bound[2]::bigint,
           greatest(c.reltuples, 0)::bigint, pg_total_relation_size(c.oid)
    FROM pg_inherits i
    JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (
        SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(-?\d+)''\) TO \(''(-?\d+)''\)') AS bound
    ) b
    WHERE p.relnamespace = 'public'::regnamespace
      AND p.relname IN ('historical_greeks', 'options_flow_history', 'historical_bars')
      AND c.relkind = 'r'
    ORDER BY 1, 3
$$;

-- Creates the missing partitions for [p_first_ms, p_last_ms] and returns their number. For the functions below, which
-- check the range.
--   1. Nearly every call finds nothing missing and returns without a lock.
--   2. Take the advisory lock, so that of two writers that miss the same partition the second finds it created. It
--      searches with a query, which has its own snapshot. to_regclass would read the session's catalog cache, which
--      waiting for an advisory lock does not refresh.
--   3. CREATE TABLE ... LIKE, then ATTACH. Unlike CREATE ... PARTITION OF, this does not block readers and writers of
--      the parent. EXCLUDING IDENTITY, because a partition uses the parent's identity (required by PostgreSQL 17).
CREATE OR REPLACE FUNCTION warehouse_create_partitions(p_table text, p_first_ms bigint, p_last_ms bigint)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_missing record;
    v_made integer := 0;
    v_locked boolean := false;
    v_ms bigint := p_first_ms;
BEGIN
    IF p_first_ms IS NULL OR p_last_ms IS NULL OR p_last_ms < p_first_ms THEN
        RAISE EXCEPTION 'the range from % to % is empty', p_first_ms, p_last_ms
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WHILE v_ms <= p_last_ms LOOP
        SELECT * INTO v_missing FROM warehouse_partition_of(p_table, v_ms);
        IF NOT EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = v_missing.partition
        ) THEN
            IF NOT v_locked THEN
                PERFORM pg_advisory_xact_lock(hashtextextended('warehouse partitions', 0));
                v_locked := true;
                CONTINUE;
            END IF;
            EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL EXCLUDING IDENTITY)',
                           v_missing.partition, p_table);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
                           p_table, v_missing.partition, v_missing.from_ms, v_missing.to_ms);
            v_made := v_made + 1;
        END IF;
        v_ms := v_missing.to_ms;
    END LOOP;
    RETURN v_made;
END
$$;

-- Creates the missing partitions of a range. Times outside retention or more than 8 days ahead are rejected, so that a
-- wrong time creates no partition.
CREATE OR REPLACE FUNCTION warehouse_ensure_partitions(p_table text, p_first_ms bigint, p_last_ms bigint)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF p_first_ms < warehouse_retained_from_ms(p_table) OR p_last_ms > warehouse_now_ms() + 8 * 86400000 THEN
        RAISE EXCEPTION 'a partition of % for % to % is outside retention or more than 8 days ahead',
            p_table, p_first_ms, p_last_ms USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN warehouse_create_partitions(p_table, p_first_ms, p_last_ms);
END
$$;

-- Creates the missing months of bars of a file, which are kept whatever their age: from 1990, with which the exchange
-- calendar begins, to the present.
CREATE OR REPLACE FUNCTION warehouse_ensure_imported_months(p_first_ms bigint, p_last_ms bigint)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF p_first_ms < 631152000000 OR p_last_ms > warehouse_now_ms() THEN
        RAISE EXCEPTION 'imported bars begin in 1990 and end before the present, not % to %', p_first_ms, p_last_ms
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN warehouse_create_partitions('historical_bars', p_first_ms, p_last_ms);
END
$$;

-- Whether a partition holds bars of a file, which are kept.
CREATE OR REPLACE FUNCTION warehouse_is_kept(p_partition text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_kept boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'public.historical_bars'::regclass
               AND inhrelid = to_regclass(format('public.%I', p_partition))) THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE source = ''import'')', p_partition) INTO v_kept;
    END IF;
    RETURN v_kept;
END
$$;

-- Drops one partition that is completely past retention. A day of trades is dropped only when each of its symbols has a
-- row in flow_daily and flow_slots has as many trades, because the sums are kept for years and cannot be computed later. Waits one second for its lock: a
-- DROP that waits behind a long reader blocks every later reader. The caller tries again.
CREATE OR REPLACE FUNCTION warehouse_drop_partition(p_partition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET lock_timeout = '1s'
AS $$
DECLARE
    v_found record;
    v_unsummed boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('warehouse partitions', 0));
    SELECT * INTO v_found FROM warehouse_partitions() w WHERE w.partition = p_partition;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not a partition of the warehouse', coalesce(p_partition, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF v_found.to_ms > warehouse_retained_from_ms(v_found.parent) THEN
        RAISE EXCEPTION '% holds times that are still retained', p_partition
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF warehouse_is_kept(p_partition) THEN
        RAISE EXCEPTION '% holds imported bars, which are kept', p_partition
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF v_found.parent = 'options_flow_history' THEN
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM (SELECT symbol, count(*) AS trades FROM public.%I'
            '    WHERE NOT is_cancel AND canceled_by IS NULL GROUP BY symbol) f'
            ' WHERE NOT EXISTS (SELECT FROM public.flow_daily d WHERE d.symbol = f.symbol AND d.date = $1)'
            ' OR f.trades <> coalesce((SELECT sum(s.trades) FROM public.flow_slots s WHERE s.symbol = f.symbol'
            '    AND s."timestamp" > $2 AND s."timestamp" <= $3), 0))',
            p_partition
        ) INTO v_unsummed USING (to_timestamp(v_found.from_ms / 1000) AT TIME ZONE 'UTC')::date,
            v_found.from_ms, v_found.to_ms;
        IF v_unsummed THEN
            RAISE EXCEPTION '% holds trades that are not summed; manage.py retention --apply sums and drops them',
                p_partition USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
    END IF;
    EXECUTE format('DROP TABLE public.%I', p_partition);
END
$$;

COMMENT ON FUNCTION warehouse_partition_policy(text) IS 'Calendar unit and retention in days of a partitioned table.';
COMMENT ON FUNCTION warehouse_partition_of(text, bigint) IS 'Name and bounds (epoch ms) of the partition that holds a time.';
COMMENT ON FUNCTION warehouse_retained_from_ms(text) IS 'Start of retention of a partitioned table; epoch ms.';
COMMENT ON FUNCTION warehouse_partitions() IS 'All partitions: bounds in epoch ms, estimated rows, bytes.';
COMMENT ON FUNCTION warehouse_ensure_partitions(text, bigint, bigint) IS 'Creates the missing partitions of a range; returns their number.';
COMMENT ON FUNCTION warehouse_create_partitions(text, bigint, bigint) IS 'Creates the missing partitions of a checked range; returns their number.';
COMMENT ON FUNCTION warehouse_ensure_imported_months(bigint, bigint) IS 'Creates the missing months of imported bars; returns their number.';
COMMENT ON FUNCTION warehouse_is_kept(text) IS 'Whether a partition holds imported bars, which are kept.';
COMMENT ON FUNCTION warehouse_drop_partition(text) IS 'Drops one partition that is completely past retention.';

REVOKE ALL ON FUNCTION warehouse_partition_policy(text), warehouse_partition_of(text, bigint),
    warehouse_retained_from_ms(text), warehouse_partitions(), warehouse_ensure_partitions(text, bigint, bigint),
    warehouse_create_partitions(text, bigint, bigint), warehouse_ensure_imported_months(bigint, bigint),
    warehouse_is_kept(text), warehouse_drop_partition(text) FROM PUBLIC;

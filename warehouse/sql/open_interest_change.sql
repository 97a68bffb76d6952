-- Open interest of a chain is that of the end of the session before. So the change of a session is the open interest in
-- the chain of the next one less that in its own. The last snapshot of each session is read; "next" is the next day with
-- a stored chain within a week, which is not the next session where that has none: next_date names it.
-- The queries are planned at each call with the times as constants, so that only their partitions are planned.
CREATE OR REPLACE FUNCTION get_open_interest_change(p_symbol text, p_date date)
RETURNS TABLE (
    contract_ticker text, option_type text, strike numeric, expiration date, open_interest integer, next_date date,
    next_open_interest integer, change integer, reason text
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    v_from_ms CONSTANT bigint := extract(epoch FROM p_date::timestamp AT TIME ZONE 'America/New_York') * 1000;
    v_next_ms CONSTANT bigint := extract(epoch FROM (p_date + 1)::timestamp AT TIME ZONE 'America/New_York') * 1000;
    v_week_ms CONSTANT bigint := v_next_ms + 7 * 86400000::bigint;
    v_slot bigint;
    v_first bigint;
    v_next_slot bigint;
    v_next_date date;
BEGIN
    PERFORM warehouse_check_symbol(p_symbol, 'historical_greeks');
    IF p_date IS NULL THEN
        RAISE EXCEPTION 'p_date is NULL: name a session, such as ''2026-11-18''' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT max(g."timestamp") INTO v_slot FROM historical_greeks g
    WHERE g.symbol = p_symbol AND g."timestamp" >= v_from_ms AND g."timestamp" < v_next_ms;
    IF v_slot IS NULL THEN
        RETURN;
    END IF;
    SELECT min(g."timestamp") INTO v_first FROM historical_greeks g
    WHERE g.symbol = p_symbol AND g."timestamp" >= v_next_ms AND g."timestamp" < v_week_ms;
    v_next_date := (to_timestamp(v_first / 1000.0) AT TIME ZONE 'America/New_York')::date;
    SELECT max(g."timestamp") INTO v_next_slot FROM historical_greeks g
    WHERE g.symbol = p_symbol AND g."timestamp" >= v_first
      AND g."timestamp" < extract(epoch FROM (v_next_date + 1)::timestamp AT TIME ZONE 'America/New_York')::bigint * 1000;
    RETURN QUERY
    SELECT coalesce(b.contract_ticker, a.contract_ticker), coalesce(b.option_type, a.option_type),
           coalesce(b.strike, a.strike), coalesce(b.expiration, a.expiration), b.open_interest, v_next_date,
           a.open_interest, a.open_interest - b.open_interest,
           CASE WHEN a.open_interest - b.open_interest IS NOT NULL THEN NULL
                WHEN b.contract_ticker IS NULL THEN 'not_in_chain'
                WHEN b.open_interest IS NULL THEN 'unknown'
                WHEN v_next_slot IS NULL THEN 'no_next_chain'
                WHEN a.contract_ticker IS NOT NULL THEN 'next_unknown'
                WHEN b.expiration < v_next_date THEN 'expired'
                ELSE 'not_in_next_chain' END
    FROM (SELECT * FROM historical_greeks g WHERE g.symbol = p_symbol AND g."timestamp" = v_slot) b
    FULL JOIN (SELECT * FROM historical_greeks g WHERE g.symbol = p_symbol AND g."timestamp" = v_next_slot) a
      ON a.symbol = b.symbol AND a.contract_ticker = b.contract_ticker
    ORDER BY 1;
END
$$;

COMMENT ON FUNCTION get_open_interest_change(text, date) IS
    'Open interest per contract after a session less that before it, with the reason where it is unknown; contracts.';
REVOKE ALL ON FUNCTION get_open_interest_change(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION get_open_interest_change(text, date) TO warehouse_reader, warehouse_web, warehouse_writer;

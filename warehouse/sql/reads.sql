-- Read functions of the documents, with the columns that the documents print.
-- Parameters begin with p_. A parameter named like a column would make `symbol = symbol` true for every row.

-- Raises an error unless p_symbol is on the watchlist or has rows in p_table: an answer of zeros to a misspelled symbol
-- would look like a quiet market. The watchlist has few rows and is read first; p_table, whose partitions all have to be
-- planned, is read for other symbols only.
CREATE OR REPLACE FUNCTION warehouse_check_symbol(p_symbol text, p_table text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_stored boolean;
    v_error text;
BEGIN
    IF EXISTS (SELECT FROM watchlist w WHERE w.symbol = p_symbol) THEN
        RETURN;
    END IF;
    IF p_symbol IS NULL THEN
        v_error := 'p_symbol is NULL: name a symbol, such as ''SPX''';
    ELSIF upper(p_symbol) !~ '^[A-Z][A-Z0-9.]*$' THEN
        v_error := format('%L is not a symbol: write it bare, such as ''SPX'' or ''BRK.B''', p_symbol);
    ELSIF p_symbol <> upper(p_symbol) THEN
        v_error := format('%L is not in upper case: write %L', p_symbol, upper(p_symbol));
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE symbol = $1)', p_table) INTO v_stored USING p_symbol;
        IF v_stored THEN
            RETURN;
        END IF;
        v_error := format('%L is not on the watchlist and has no rows in %s: name a symbol of the watchlist',
                          p_symbol, p_table);
    END IF;
    RAISE EXCEPTION '%', v_error USING ERRCODE = 'invalid_parameter_value';
END
$$;

CREATE OR REPLACE FUNCTION get_latest_iv_percentile(p_symbol text)
RETURNS TABLE (
    symbol text, current_iv double precision, iv_rank double precision, iv_percentile double precision, iv_regime text
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM warehouse_check_symbol(p_symbol, 'iv_percentile_cache');
    RETURN QUERY
    SELECT c.symbol, c.current_iv, c.iv_rank, c.iv_percentile, c.iv_regime
    FROM iv_percentile_cache c
    WHERE c.symbol = p_symbol
    ORDER BY c.date DESC
    LIMIT 1;
END
$$;

-- Counts the trades of the last p_minutes by the market's clock, or before the instant as of which the session reads.
-- Cancels and trades canceled by then are excluded.
-- A sweep counts once, however many trades it has, with the direction of the larger part of its premium.
-- total_premium is that of the trades whose premium is known: 0 without trades, NULL if it is known for none of them.
-- smart_money_bias: one side has sweeps, and at least 1.5 times those of the other.
-- side_coverage: share of the sweeps' trades, by price x size, whose side is known; NULL without sweeps. The bias says
-- nothing about the others. side_accuracy: published share of sides that the rule finds correctly.
-- The query is planned at each call with the time as a constant, so that partitions of other days are excluded at
-- planning. Planning for all retained days takes longer than the query.
CREATE OR REPLACE FUNCTION get_flow_summary(p_symbol text, p_minutes integer)
RETURNS TABLE (
    symbol text, total_sweeps bigint, bullish_sweeps bigint, bearish_sweeps bigint, total_premium numeric,
    smart_money_bias text, side_coverage double precision, side_accuracy text
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    v_since_ms CONSTANT bigint := least(warehouse_now_ms(), warehouse_as_of_ms()) - p_minutes::bigint * 60000;
    v_days CONSTANT integer := (warehouse_partition_policy('options_flow_history')).retention_days;
BEGIN
    PERFORM warehouse_check_symbol(p_symbol, 'options_flow_history');
    IF p_minutes IS NULL OR p_minutes NOT BETWEEN 1 AND v_days * 1440 THEN
        RAISE EXCEPTION 'p_minutes is %: give a number from 1 to %, the % days for which trades are kept',
            coalesce(p_minutes::text, 'NULL'), v_days * 1440, v_days USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
    SELECT p_symbol, s.total, s.bullish, s.bearish, t.premium,
           CASE WHEN s.bullish > 0 AND 2 * s.bullish >= 3 * s.bearish THEN 'BULLISH'
                WHEN s.bearish > 0 AND 2 * s.bearish >= 3 * s.bullish THEN 'BEARISH'
                ELSE 'NEUTRAL' END,
           (coalesce(s.sided, 0) / nullif(s.swept, 0))::double precision, '57-64 %'
    FROM (
        -- The trades are read once, because planning one more scan of the partitions takes longer than the scan. The
        -- trades of sweeps are kept as arrays, and grouped below.
        SELECT CASE WHEN count(*) = 0 THEN 0 ELSE sum(f.premium) END AS premium,
               array_agg(coalesce(f.sweep_id, f.sequence_number)) FILTER (WHERE f.is_sweep) AS sweeps,
               array_agg(f.contract_ticker) FILTER (WHERE f.is_sweep) AS tickers,
               array_agg(f."timestamp" / 86400000) FILTER (WHERE f.is_sweep) AS days,
               array_agg(f.price * f.size) FILTER (WHERE f.is_sweep) AS money,
               array_agg(f.side IS NOT NULL) FILTER (WHERE f.is_sweep) AS has_side,
               array_agg(CASE f.sentiment WHEN 'BULLISH' THEN 1 WHEN 'BEARISH' THEN -1 ELSE 0 END)
                   FILTER (WHERE f.is_sweep) AS signs
        FROM trades_as_of f
        WHERE f.symbol = p_symbol
          AND f."timestamp" >= v_since_ms
          AND NOT f.is_cancel
          AND f.canceled_by IS NULL
    ) t CROSS JOIN LATERAL (
        SELECT count(*) AS total,
               count(*) FILTER (WHERE g.signed > 0) AS bullish,
               count(*) FILTER (WHERE g.signed < 0) AS bearish,
               sum(g.sided) AS sided,
               sum(g.money) AS swept
        FROM (
            -- One row per sweep. Sequence numbers are those of a session.
            SELECT sum(u.money) AS money,
                   sum(u.money) FILTER (WHERE u.has_side) AS sided,
                   sum(u.money * u.sign) AS signed
            FROM unnest(t.sweeps, t.tickers, t.days, t.money, t.has_side, t.signs)
                AS u(sweep, ticker, day, money, has_side, sign)
            GROUP BY u.sweep, u.ticker, u.day
        ) g
    ) s;
END
$$;

CREATE OR REPLACE FUNCTION get_latest_gamma_exposure(p_symbol text)
RETURNS TABLE (
    symbol text, dealer_positioning text, gamma_wall_resistance numeric, gamma_wall_support numeric,
    expected_behavior text
)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM warehouse_check_symbol(p_symbol, 'gamma_exposure_snapshots');
    RETURN QUERY
    SELECT g.symbol, g.dealer_positioning, g.gamma_wall_resistance, g.gamma_wall_support, g.expected_behavior
    FROM gamma_exposure_snapshots g
    WHERE g.symbol = p_symbol
    ORDER BY g."timestamp" DESC
    LIMIT 1;
END
$$;

CREATE OR REPLACE FUNCTION get_current_market_regime()
RETURNS TABLE (
    date date, market_regime text, vix_level numeric, vix_regime text, breadth_regime text,
    confidence_score double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT r.date, r.market_regime, r.vix_level, r.vix_regime, r.breadth_regime, r.confidence_score
    FROM market_regime_history r
    ORDER BY r.date DESC
    LIMIT 1
$$;

COMMENT ON FUNCTION warehouse_check_symbol(text, text) IS
    'Raises an error for a symbol that is neither on the watchlist nor stored in the table.';
COMMENT ON FUNCTION get_latest_iv_percentile(text) IS 'The latest session''s IV and its rank; fractions.';
COMMENT ON FUNCTION get_flow_summary(text, integer) IS
    'Sweeps, known premium (dollars) of all trades, the sweeps'' bias and its side coverage over the last minutes, cancels excluded.';
COMMENT ON FUNCTION get_latest_gamma_exposure(text) IS 'Dealer positioning, walls and expected behavior of the latest slot.';
COMMENT ON FUNCTION get_current_market_regime() IS 'The market regime of the latest session.';

REVOKE ALL ON FUNCTION warehouse_check_symbol(text, text), get_latest_iv_percentile(text),
    get_flow_summary(text, integer), get_latest_gamma_exposure(text), get_current_market_regime() FROM PUBLIC;

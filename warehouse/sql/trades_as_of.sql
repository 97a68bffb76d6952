-- Trades as of the instant as of which the session reads: without cancels that were not known yet, and with the class
-- and quote that an amended trade had then, which superseded_rows keeps. It has all columns of options_flow_history but
-- amended_at and premium_float. Symbol and time of an earlier version are those of its key, which an index serves.
-- Without the setting warehouse.as_of_ms the rows are those of the table. security_invoker, so that the policies of the
-- caller apply.
CREATE OR REPLACE VIEW trades_as_of WITH (security_invoker = true) AS
SELECT
    t.id, t.symbol, t."timestamp", t.contract_ticker, t.sequence_number, t.price, t.size, t.premium, t.trade_type,
    t.sentiment, t.aggressiveness, t.is_sweep, t.is_block, t.is_above_ask, t.is_below_bid, t.is_unusual_volume,
    t.strike, t.expiration, t.option_type, t.dte, t.underlying_price, t.underlying_age_ms, t.bid, t.ask,
    t.quote_age_ms, t.average_size, t.side, t.sweep_id, t.exchange, t.conditions, t.is_cancel,
    CASE WHEN t.canceled_at IS NULL OR t.canceled_at <= warehouse_as_of_ms() THEN t.canceled_by END AS canceled_by,
    t.source, t.received_at, t.method_version, t.known_at, t.canceled_at, t.multiplier, t.first_report,
    t.last_report, t.large_size, t.trade_rate, t.quote_source
FROM options_flow_history t
WHERE t.amended_at IS NULL OR t.amended_at <= warehouse_as_of_ms()
UNION ALL
SELECT
    v.id, (s.key ->> 'symbol') COLLATE "C", (s.key ->> 'timestamp')::bigint, v.contract_ticker, v.sequence_number,
    v.price, v.size, v.premium, v.trade_type,
    v.sentiment, v.aggressiveness, v.is_sweep, v.is_block, v.is_above_ask, v.is_below_bid, v.is_unusual_volume,
    v.strike, v.expiration, v.option_type, v.dte, v.underlying_price, v.underlying_age_ms, v.bid, v.ask,
    v.quote_age_ms, v.average_size, v.side, v.sweep_id, v.exchange, v.conditions, v.is_cancel,
    CASE WHEN v.canceled_at IS NULL OR v.canceled_at <= warehouse_as_of_ms() THEN v.canceled_by END AS canceled_by,
    v.source, v.received_at, v.method_version, v.known_at, v.canceled_at, v.multiplier, v.first_report,
    v.last_report, v.large_size, v.trade_rate, v.quote_source
FROM superseded_rows s CROSS JOIN LATERAL jsonb_populate_record(NULL::options_flow_history, s.row) v
WHERE s.table_name = 'options_flow_history' AND s.superseded_at > warehouse_as_of_ms()
    AND s.known_at <= warehouse_as_of_ms();

COMMENT ON VIEW trades_as_of IS 'Trades as they were known at the instant as of which the session reads.';
GRANT SELECT ON trades_as_of TO warehouse_reader, warehouse_web, warehouse_writer;

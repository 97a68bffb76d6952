-- What the web may change: users ask for backtests, cancel and delete them.
GRANT INSERT, UPDATE, DELETE ON backtests TO warehouse_web;
GRANT DELETE ON backtest_symbols, backtest_outcomes TO warehouse_web;

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['backtests', 'backtest_symbols', 'backtest_outcomes'] LOOP
        EXECUTE format('CREATE POLICY edits ON %I TO warehouse_web USING (true) WITH CHECK (true)', v_table);
    END LOOP;
END
$$;

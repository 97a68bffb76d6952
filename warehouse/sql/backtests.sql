-- What the web may change: users ask for backtests and cancel them.
GRANT INSERT, UPDATE ON backtests TO warehouse_web;
CREATE POLICY asks ON backtests FOR INSERT TO warehouse_web WITH CHECK (status = 'pending');
CREATE POLICY cancels ON backtests FOR UPDATE TO warehouse_web USING (true) WITH CHECK (true);

-- What the web may change: users ask for optimisations and cancel them, and promote or restore weights.
GRANT INSERT, UPDATE ON optimizations TO warehouse_web;
CREATE POLICY asks ON optimizations FOR INSERT TO warehouse_web WITH CHECK (status = 'pending');
CREATE POLICY cancels ON optimizations FOR UPDATE TO warehouse_web USING (true) WITH CHECK (true);

GRANT INSERT ON confluence_configs TO warehouse_web;
CREATE POLICY restores ON confluence_configs FOR INSERT TO warehouse_web WITH CHECK (true);

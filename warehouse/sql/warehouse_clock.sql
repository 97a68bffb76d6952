-- The row exists from the start. Every role reads it, the owner alone writes it.
INSERT INTO warehouse_clock (offset_ms) VALUES (0);
REVOKE ALL ON warehouse_clock FROM PUBLIC, warehouse_reader, warehouse_web, warehouse_writer;
GRANT SELECT ON warehouse_clock TO warehouse_reader, warehouse_web, warehouse_writer;
ALTER TABLE warehouse_clock ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS reads ON warehouse_clock;
CREATE POLICY reads ON warehouse_clock FOR SELECT TO warehouse_reader, warehouse_web, warehouse_writer USING (true);

-- The rules of roles.sql for a table that was added later.
REVOKE ALL ON session_exceptions FROM PUBLIC, warehouse_reader, warehouse_web, warehouse_writer;
GRANT SELECT ON session_exceptions TO warehouse_reader, warehouse_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON session_exceptions TO warehouse_writer;
ALTER TABLE session_exceptions ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS reads ON session_exceptions;
CREATE POLICY reads ON session_exceptions FOR SELECT TO warehouse_reader, warehouse_web USING (true);
DROP POLICY IF EXISTS writes ON session_exceptions;
CREATE POLICY writes ON session_exceptions TO warehouse_writer USING (true) WITH CHECK (true);

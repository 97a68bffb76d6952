-- The wall and the versions of gamma_by_expiration, as wall.sql defines them for the tables that existed then.
CREATE POLICY as_of ON gamma_by_expiration AS RESTRICTIVE FOR SELECT TO warehouse_reader, warehouse_web
USING ("timestamp" <= warehouse_as_of_ms() AND known_at <= (SELECT warehouse_as_of_ms()));

CREATE TRIGGER keep_versions BEFORE INSERT OR UPDATE ON gamma_by_expiration FOR EACH ROW
EXECUTE FUNCTION warehouse_keep_versions('symbol', 'timestamp', 'root', 'expiration');

-- Roles belong to the cluster: several databases share them, and two migrations may run at the same time. They may log
-- in, because the nodes of a distributed database connect to each other as the current role. They have no password, so
-- that nobody can log in as them until an administrator sets one. The migration login uses them with SET ROLE, which
-- from PostgreSQL 16 on must be granted explicitly: creating a role gives its creator only the right to grant it.
DO $$
DECLARE
    v_role text;
    v_privilege text := CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['warehouse_reader', 'warehouse_writer', 'warehouse_web'] LOOP
        BEGIN
            IF to_regrole(v_role) IS NULL THEN
                EXECUTE format('CREATE ROLE %I LOGIN', v_role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- a migration of another database was faster
        END;
        BEGIN
            IF NOT pg_has_role(current_user, v_role, v_privilege) THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
            END IF;
        EXCEPTION WHEN unique_violation THEN
            NULL; -- likewise
        END;
    END LOOP;
    -- Reading as of an instant takes the reader's role inside a transaction. Without inheriting its privileges, because
    -- the reader's policies would restrict the writer too.
    IF current_setting('server_version_num')::integer >= 160000 THEN
        BEGIN
            GRANT warehouse_reader TO warehouse_writer, warehouse_web WITH INHERIT FALSE, SET TRUE;
        EXCEPTION WHEN unique_violation THEN
            NULL; -- likewise
        END;
    END IF;
END
$$;

CREATE ROLE app LOGIN PASSWORD 'pw';
CREATE ROLE clerk LOGIN PASSWORD 'pw';
CREATE SCHEMA s;
CREATE TABLE s.t (id int PRIMARY KEY);
INSERT INTO s.t VALUES (1);
GRANT ALL ON s.t TO app;
-- app
SELECT usename, usesysid = (SELECT oid FROM pg_roles WHERE rolname = 'app') AS mine FROM pg_stat_activity WHERE pid = pg_backend_pid();
SELECT * FROM s.t;
INSERT INTO s.t VALUES (2);
DROP TABLE s.t;
CREATE TABLE s.u (a int);
CREATE TABLE mine (a int);
ALTER SCHEMA s RENAME TO r;
DROP SCHEMA s;
GRANT USAGE ON SCHEMA s TO clerk;
SELECT has_schema_privilege('s', 'usage'), has_schema_privilege('app', 's', 'create'), has_schema_privilege('public', 'usage'), has_schema_privilege('public', 'create');
SELECT has_schema_privilege('nosuch', 'usage');
SELECT has_schema_privilege('s', 'select');
SET search_path = s, public;
SELECT * FROM t;
-- super
GRANT USAGE ON SCHEMA s TO app WITH GRANT OPTION;
GRANT SELECT ON SCHEMA s TO app;
GRANT USAGE ON SCHEMA nosuch TO app;
-- app
SELECT * FROM s.t;
SELECT * FROM t;
INSERT INTO s.t VALUES (2);
CREATE TABLE s.u (a int);
GRANT USAGE ON SCHEMA s TO clerk;
GRANT CREATE ON SCHEMA s TO clerk;
RESET search_path;
-- super
GRANT CREATE ON SCHEMA s TO app;
GRANT CREATE ON SCHEMA public TO app;
-- app
CREATE TABLE s.u (a int);
CREATE TABLE mine (a int);
ALTER TABLE mine SET SCHEMA s;
SELECT nspname, nspowner = 10 AS super, has_schema_privilege(oid, 'create') FROM pg_namespace WHERE nspname = 's';
-- super
DROP ROLE clerk;
REVOKE USAGE ON SCHEMA s FROM app;
REVOKE USAGE ON SCHEMA s FROM app CASCADE;
DROP ROLE clerk;
CREATE SCHEMA AUTHORIZATION app;
CREATE SCHEMA theirs AUTHORIZATION nobody;
ALTER SCHEMA s OWNER TO app;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
-- app
CREATE TABLE app.x (a int);
SELECT current_schema();
CREATE TABLE y (a int);
SELECT * FROM app.y;
-- super
ALTER SCHEMA s RENAME TO r;
-- app
CREATE TABLE r.z (a int);
SELECT * FROM public.mine;
DROP SCHEMA r;
DROP SCHEMA r CASCADE;
-- super
REASSIGN OWNED BY app TO millrace_other;
DROP OWNED BY app CASCADE;
DROP ROLE app;

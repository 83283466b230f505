CREATE ROLE app LOGIN PASSWORD 'pw';
CREATE ROLE boss LOGIN CREATEROLE PASSWORD 'pw';
CREATE ROLE staff;
CREATE USER clerk WITH PASSWORD 'pw' IN ROLE staff;
CREATE ROLE app;
CREATE ROLE pg_app;
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE u (id int PRIMARY KEY, n int);
CREATE SEQUENCE q;
INSERT INTO t VALUES (1, 'a'), (2, 'b');
INSERT INTO u VALUES (1, 10);
-- app
SELECT current_user, session_user;
SELECT * FROM t;
INSERT INTO t VALUES (3, 'c');
UPDATE t SET v = 'x';
DELETE FROM t;
TRUNCATE t;
DROP TABLE t;
ALTER TABLE t ADD COLUMN w int;
ALTER TABLE t RENAME TO s;
SELECT nextval('q');
CREATE ROLE other;
DROP ROLE clerk;
ALTER ROLE clerk LOGIN;
GRANT SELECT ON t TO clerk;
SELECT has_table_privilege('t', 'select'), has_table_privilege('app', 't', 'insert, delete'), pg_has_role('staff', 'member');
SELECT has_table_privilege('t', 'fly');
SELECT has_table_privilege('nobody', 't', 'select');
SELECT rolpassword FROM pg_roles WHERE rolname = 'app';
SET ROLE clerk;
-- super
GRANT SELECT ON t TO app;
GRANT INSERT, UPDATE ON TABLE t TO app WITH GRANT OPTION;
GRANT USAGE ON t TO app;
GRANT FLY ON t TO app;
GRANT SELECT ON nowhere TO app;
GRANT SELECT ON t TO nobody;
GRANT SELECT ON SEQUENCE t TO app;
GRANT SELECT ON t TO PUBLIC WITH GRANT OPTION;
-- app
SELECT * FROM t;
INSERT INTO t VALUES (3, 'c');
INSERT INTO t VALUES (3, 'd') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
UPDATE t SET v = 'x' WHERE id = 1;
DELETE FROM t WHERE id = 1;
SELECT * FROM t JOIN u USING (id);
INSERT INTO t SELECT id, 'u' FROM u;
INSERT INTO u SELECT id, 1 FROM t;
SELECT (SELECT max(n) FROM u);
GRANT INSERT ON t TO clerk;
GRANT SELECT ON t TO clerk;
GRANT INSERT, DELETE ON t TO clerk;
GRANT INSERT ON u TO clerk;
-- clerk
INSERT INTO t VALUES (4, 'd');
INSERT INTO t VALUES (5, 'e') RETURNING id;
SELECT * FROM t;
SET ROLE staff;
SELECT current_user, session_user;
INSERT INTO t VALUES (6, 'f');
RESET ROLE;
SELECT current_user;
SET ROLE app;
SET ROLE nobody;
-- super
REVOKE INSERT ON t FROM app;
REVOKE INSERT ON t FROM app CASCADE;
REVOKE GRANT OPTION FOR UPDATE ON t FROM app;
GRANT SELECT ON u TO staff;
GRANT USAGE ON SEQUENCE q TO PUBLIC;
SELECT grantor <> grantee AS other, grantee, privilege_type, is_grantable FROM information_schema.table_privileges WHERE table_name IN ('t', 'u') AND grantee IN ('app', 'clerk', 'staff', 'PUBLIC');
-- clerk
INSERT INTO t VALUES (7, 'g');
SELECT * FROM u;
SELECT nextval('q'), currval('q');
SELECT setval('q', 10);
-- app
UPDATE t SET v = 'y' WHERE id = 2;
GRANT UPDATE ON t TO clerk;
SELECT * FROM u;
-- super
CREATE VIEW w AS SELECT n FROM u;
GRANT SELECT ON w TO app;
CREATE VIEW x AS SELECT t.id, w.n FROM t, w;
GRANT SELECT ON x TO app;
ALTER VIEW w OWNER TO app;
-- app
SELECT * FROM w;
SELECT * FROM x;
DROP VIEW w;
DROP VIEW x;
-- super
ALTER VIEW w OWNER TO staff;
-- app
SELECT * FROM w;
-- super
ALTER TABLE t OWNER TO boss;
ALTER TABLE t OWNER TO nobody;
DROP ROLE boss;
DROP ROLE app;
DROP ROLE nobody;
DROP ROLE IF EXISTS nobody;
-- boss
SELECT count(*) FROM t;
CREATE ROLE temp LOGIN PASSWORD 'pw';
CREATE ROLE big SUPERUSER;
GRANT staff TO temp;
GRANT staff TO temp;
GRANT temp TO staff;
ALTER ROLE temp RENAME TO temp2;
DROP ROLE boss;
GRANT SELECT ON t TO temp2;
ALTER TABLE t OWNER TO temp2;
-- temp2
SELECT * FROM u;
SELECT count(*) FROM t;
CREATE ROLE mine;
-- boss
REVOKE staff FROM temp2;
-- temp2
SELECT * FROM u;
-- super
DROP ROLE temp2;
DROP OWNED BY temp2;
DROP ROLE temp2;
REASSIGN OWNED BY boss TO app;
-- boss
SELECT * FROM t;
-- app
DELETE FROM t WHERE id > 3;
GRANT DELETE ON t TO boss;
-- super
SELECT relname, relowner::regclass IS NOT NULL FROM pg_class WHERE relname = 't' AND pg_get_userbyid(relowner) = 'app';
REVOKE ALL ON t FROM app;
-- app
SELECT * FROM t;
GRANT SELECT ON t TO app;
SELECT count(*) FROM t;
-- super
ALTER ROLE app NOLOGIN;
ALTER ROLE app CONNECTION LIMIT 3 VALID UNTIL '2030-01-01 00:00:00+00' CREATEDB;
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit, rolvaliduntil FROM pg_roles WHERE rolname IN ('app', 'boss', 'clerk', 'staff', 'temp2');
DROP OWNED BY app, boss, clerk CASCADE;
DROP VIEW IF EXISTS x, w;
DROP TABLE IF EXISTS t, u;
DROP SEQUENCE q;
DROP ROLE clerk, staff, boss, app;

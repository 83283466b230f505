-- PostgreSQL 15 documentation, reference: SQL commands, DEALLOCATE to VALUES.

-- DEALLOCATE, EXECUTE, PREPARE
-- script outside
PREPARE p AS SELECT 1 AS a;
EXECUTE p;
PREPARE p AS SELECT 2;
PREPARE q (int, text) AS SELECT $1 + 1, $2 || '!';
EXECUTE q (1, 'a');
EXECUTE q ('5', 7);
EXECUTE q (1);
EXECUTE q (1, 'a', 2);
EXECUTE q ('x', 'a');
EXECUTE q (1 + 1, upper('b'));
PREPARE r AS INSERT INTO dept VALUES ($1, $2) RETURNING id;
EXECUTE r (90, 'ninety');
DELETE FROM dept WHERE id = 90;
PREPARE s AS SELECT $1;
EXECUTE s ('text');
PREPARE u (nosuch) AS SELECT $1;
PREPARE v (int) AS SELECT $2;
EXECUTE nosuch;
DEALLOCATE PREPARE p;
DEALLOCATE p;
DEALLOCATE ALL;
EXECUTE q (1, 'a');
PREPARE w AS CREATE TABLE x (a int);
-- end

-- DELETE and INSERT … ON CONFLICT
INSERT INTO dept VALUES (1, 'x') ON CONFLICT DO NOTHING;
INSERT INTO dept VALUES (1, 'x'), (9, 'y') ON CONFLICT (id) DO NOTHING RETURNING id;
INSERT INTO dept VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET name = excluded.name, city = dept.city || '+' || excluded.city RETURNING *;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'z' WHERE dept.city = 'Ulm' RETURNING *;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (name) DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (nosuch) DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT DO UPDATE SET name = 'y';
INSERT INTO dept VALUES (9, 'x'), (9, 'y') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
INSERT INTO dept VALUES (9, 'x'), (9, 'y') ON CONFLICT (id) DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT ON CONSTRAINT dept_pkey DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT ON CONSTRAINT nosuch DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = name;
INSERT INTO dept AS d VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = d.name || excluded.name RETURNING name;
INSERT INTO emp (id, name, email) VALUES (1, 'x', 'bob@x.org') ON CONFLICT (email) DO UPDATE SET name = 'y' RETURNING id, name;
INSERT INTO emp (id, name, email) VALUES (1, 'x', 'bob@x.org') ON CONFLICT (id) DO NOTHING;
INSERT INTO emp (id, name, email) VALUES (77, 'x', 'bob@x.org') ON CONFLICT (id) DO NOTHING;
INSERT INTO pairs VALUES (1, 1, 'n') ON CONFLICT (b, a) DO UPDATE SET v = excluded.v RETURNING *;
INSERT INTO pairs VALUES (1, 1, 'n') ON CONFLICT (a) DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET (name, city) = (excluded.name, 'c') RETURNING *;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = 2;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = NULL;
INSERT INTO nums VALUES (1, 1) ON CONFLICT DO NOTHING;
INSERT INTO nums VALUES (1, 1) ON CONFLICT (n) DO NOTHING;
INSERT INTO dept VALUES (1, 'x') ON CONFLICT (id) WHERE id > 0 DO NOTHING;
INSERT INTO dept SELECT id, 'c' || id FROM dept WHERE id < 3 ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id, name;

-- DISCARD, DO
-- script outside
SET application_name = 'x';
PREPARE p AS SELECT 1;
DISCARD PLANS;
DISCARD SEQUENCES;
DISCARD TEMP;
EXECUTE p;
DISCARD ALL;
EXECUTE p;
SHOW application_name;
-- end
DISCARD ALL;
DISCARD nosuch;
DO 'BEGIN END';
DO $$ BEGIN RAISE NOTICE 'x'; END $$;

-- DROP …
DROP ACCESS METHOD m;
DROP AGGREGATE a(int);
DROP CAST (int AS text);
DROP COLLATION c;
DROP DATABASE nosuch;
DROP DOMAIN d;
DROP EVENT TRIGGER e;
DROP EXTENSION e;
DROP FOREIGN TABLE f;
DROP FUNCTION nosuch(int);
DROP FUNCTION IF EXISTS nosuch(int);
DROP LANGUAGE l;
DROP MATERIALIZED VIEW dept;
DROP OPERATOR @@@ (int, int);
DROP POLICY p ON emp;
DROP PROCEDURE p();
DROP PUBLICATION p;
DROP RULE r ON emp;
DROP SEQUENCE nosuch;
DROP SEQUENCE counted_id_seq;
DROP SERVER s;
DROP STATISTICS s;
DROP SUBSCRIPTION s;
DROP TABLESPACE t;
DROP TEXT SEARCH PARSER p;
DROP TRIGGER t ON emp;
DROP TYPE nosuch;
DROP TYPE IF EXISTS nosuch;
DROP USER nosuch;
DROP USER IF EXISTS nosuch;
DROP VIEW nosuch;
DROP VIEW emp_dept;
DROP INDEX dept_pkey;
DROP NOSUCH x;
DROP TABLE;
DROP TABLE dept CASCADE RESTRICT;

-- EXPLAIN
EXPLAIN NOSUCH;
EXPLAIN SELECT nosuch;
EXPLAIN (NOSUCH) SELECT 1;
EXPLAIN (FORMAT nosuch) SELECT 1;

-- GRANT and REVOKE
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA nosuch TO PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT CONNECT ON DATABASE nosuch TO PUBLIC;
GRANT EXECUTE ON FUNCTION abs(int) TO PUBLIC;
GRANT USAGE ON TYPE int4 TO PUBLIC;
GRANT SELECT ON dept, emp TO PUBLIC WITH GRANT OPTION;
GRANT SELECT ON dept TO nosuch, PUBLIC;
GRANT ON dept TO PUBLIC;
GRANT SELECT dept TO PUBLIC;
REVOKE SELECT ON dept FROM PUBLIC CASCADE;
REVOKE SELECT ON nosuch FROM PUBLIC;

-- IMPORT FOREIGN SCHEMA, LISTEN, LOAD, LOCK, MERGE, NOTIFY
IMPORT FOREIGN SCHEMA s FROM SERVER r INTO public;
LISTEN channel;
UNLISTEN *;
UNLISTEN channel;
NOTIFY channel, 'x';
LOAD 'nosuch';
LOCK TABLE dept IN ACCESS EXCLUSIVE MODE;
LOCK dept;
LOCK nosuch;
MERGE INTO dept d USING emp e ON d.id = e.dept WHEN MATCHED THEN DELETE;
MERGE INTO dept d USING (VALUES (1)) v (i) ON d.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm' WHEN NOT MATCHED THEN INSERT VALUES (v.i, 'n');

-- REASSIGN OWNED, REFRESH, REINDEX, SECURITY LABEL
REFRESH MATERIALIZED VIEW dept;
REFRESH MATERIALIZED VIEW nosuch;
REINDEX INDEX emp_dept;
REINDEX TABLE nosuch;
SECURITY LABEL ON TABLE dept IS 'x';

-- SELECT: its reference page
SELECT * FROM dept FOR UPDATE;
SELECT id FROM dept WHERE id = 1 FOR SHARE;
SELECT id FROM dept ORDER BY id FOR NO KEY UPDATE NOWAIT;
SELECT id FROM dept ORDER BY id LIMIT 1 FOR KEY SHARE SKIP LOCKED;
SELECT d.id FROM dept d JOIN emp e ON d.id = e.dept WHERE e.id = 1 FOR UPDATE OF d;
SELECT d.id FROM dept d FOR UPDATE OF dept;
SELECT d.id FROM dept d FOR UPDATE OF nosuch;
SELECT count(*) FROM dept FOR UPDATE;
SELECT DISTINCT id FROM dept FOR UPDATE;
SELECT id FROM dept UNION SELECT 1 FOR UPDATE;
SELECT id FROM dept GROUP BY id FOR UPDATE;
SELECT id, row_number() OVER () FROM dept FOR UPDATE;
SELECT d.id FROM dept d LEFT JOIN emp e ON true WHERE false FOR UPDATE;
SELECT generate_series(1, 2) FROM dept FOR UPDATE;
SELECT 1 FOR UPDATE;
VALUES (1) FOR UPDATE;
TABLE dept;
TABLE ONLY dept;
TABLE dept ORDER BY id LIMIT 1;
TABLE nosuch;
SELECT * INTO newdept FROM dept;
SELECT id INTO TEMP newdept FROM dept;
SELECT * FROM ONLY (dept);
SELECT * FROM dept TABLESAMPLE SYSTEM (100);
SELECT * FROM dept TABLESAMPLE BERNOULLI (100) REPEATABLE (1);
SELECT id, FROM dept;
SELECT id name city FROM dept;
SELECT FROM WHERE;
SELECT id FROM dept WHERE;
SELECT id FROM dept GROUP;
SELECT id FROM dept ORDER id;
SELECT (id FROM dept);
SELECT id FROM (dept);
SELECT id FROM dept, ;
SELECT DISTINCT;
SELCT 1;
SELECT 1 1;
SELECT id FROM dept WHERE id = ;
SELECT id FROM dept WHERE id IN;
SELECT id FROM dept WHERE AND true;
SELECT id FROM dept HAVING;
SELECT * FROM dept NATURAL;
SELECT * FROM dept JOIN;
SELECT * FROM dept LEFT emp;
SELECT * FROM dept ORDER BY id ASC DESC;
SELECT * FROM dept LIMIT;
SELECT ((1);
SELECT 1);
SELECT 'unterminated;
SELECT "unterminated;
SELECT CAST(1 int);
SELECT CAST(1 AS);
SELECT 1::;
SELECT f(;
SELECT f(1,);
SELECT ARRAY[1,;
SELECT CASE WHEN 1 THEN;
SELECT 1 BETWEEN 2;
SELECT 1 IS;
SELECT NOT;
SELECT -;
SELECT interval;
SELECT count(*) OVER;
SELECT extract(year date '2020-01-01');
SELECT position('a', 'b');
SELECT substring('abc' FROM);
SELECT trim(BOTH);
SELECT overlay('a' PLACING 'b');
SELECT row(1;
SELECT a.*.b FROM dept a;
SELECT * FROM dept WHERE id == 1;
SELECT * FROM dept WHERE id = 1 = 2;
SELECT * FROM dept a b;
SELECT * FROM dept AS;
WITH q AS SELECT 1 SELECT * FROM q;
WITH q AS (SELECT 1);
INSERT dept VALUES (1);
INSERT INTO dept;
INSERT INTO dept VALUES 1;
INSERT INTO dept () VALUES (1);
INSERT INTO dept (id VALUES (1);
INSERT INTO dept VALUES (1) ON CONFLICT;
UPDATE dept;
UPDATE dept SET;
UPDATE dept SET name;
UPDATE SET name = 1;
UPDATE dept name = 'x';
DELETE FROM;
DELETE FROM dept WHERE;
CREATE TABLE x;
CREATE TABLE (a int);
CREATE TABLE x (a);
CREATE TABLE x (a int PRIMARY);
CREATE TABLE x (a int) PRIMARY KEY (a);
CREATE VIEW x;
CREATE INDEX x ON dept;
CREATE UNIQUE TABLE x (a int);
DROP dept;
ALTER TABLE dept ADD;
ALTER TABLE dept DROP;
TRUNCATE;
COPY dept;
SET;
SHOW;
BEGIN BEGIN;
PREPARE x;
EXECUTE;
DECLARE x;
FETCH;
GRANT;
EXPLAIN;
COMMENT ON dept IS 'x';

-- SET, SHOW, RESET
-- script
SET LOCAL work_mem = '64MB';
SET application_name TO 'corpus';
SHOW application_name;
RESET application_name;
SET search_path = public, pg_catalog;
SHOW search_path;
SET search_path TO DEFAULT;
SHOW search_path;
SET LOCAL extra_float_digits = 0;
SELECT 0.1::float8 + 0.2::float8, 1::float4 / 3;
RESET ALL;
SELECT 0.1::float8 + 0.2::float8;
SET LOCAL bytea_output = 'escape';
SELECT '\x0061ff'::bytea;
SET LOCAL client_min_messages = warning;
SHOW client_min_messages;
SET SESSION statement_timeout = '5s';
SHOW statement_timeout;
SET lock_timeout = 100;
SHOW lock_timeout;
SET TimeZone = 'UTC';
SET NAMES 'UTF8';
SET client_encoding = 'LATIN1';
SET standard_conforming_strings = on;
SET my.custom = 'value';
SHOW my.custom;
-- end
SET nosuch = 1;
SHOW nosuch;
RESET nosuch;
SET work_mem = 'abc';
SET statement_timeout = -5;
SET server_version = '16';
SET standard_conforming_strings = off;
SET transaction_isolation = 'nosuch';
SET client_min_messages = nosuch;
SET DateStyle = 'nosuch';
SET extra_float_digits = 100;
SET CONSTRAINTS ALL DEFERRED;
SET XML OPTION DOCUMENT;
SELECT current_setting('server_version_num')::int / 10000;
SHOW server_encoding;
SHOW integer_datetimes;
SHOW DateStyle;
SHOW IntervalStyle;
SHOW is_superuser;
SELECT current_setting('session_authorization') = session_user;
SHOW TRANSACTION ISOLATION LEVEL;
SHOW TIME ZONE;
SHOW max_identifier_length;
SHOW transaction_read_only;

-- TRUNCATE
-- script
CREATE TABLE t1 (a int PRIMARY KEY);
CREATE TABLE t2 (a serial);
INSERT INTO t1 VALUES (1), (2);
INSERT INTO t2 DEFAULT VALUES;
TRUNCATE t1, t2;
SELECT count(*) FROM t1;
INSERT INTO t2 DEFAULT VALUES;
SELECT * FROM t2;
TRUNCATE TABLE ONLY t1 CONTINUE IDENTITY CASCADE;
TRUNCATE rich;
TRUNCATE nosuch;
TRUNCATE t1, t1;
-- end
TRUNCATE dept RESTRICT CASCADE;

-- VACUUM
VACUUM dept;
-- script outside
VACUUM;
VACUUM dept;
VACUUM FULL dept;
VACUUM (ANALYZE, VERBOSE false) dept;
VACUUM nosuch;
VACUUM (NOSUCH) dept;
ANALYZE;
CHECKPOINT;
-- end

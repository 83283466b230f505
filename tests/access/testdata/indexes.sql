CREATE ROLE maker LOGIN PASSWORD 'pw';
CREATE ROLE user1 LOGIN PASSWORD 'pw';
GRANT CREATE ON SCHEMA public TO maker;
-- maker
CREATE TABLE t (id int PRIMARY KEY, email text UNIQUE, n int);
CREATE INDEX ON t (n);
GRANT SELECT, INSERT ON t TO user1;
-- user1
INSERT INTO t VALUES (1, 'a', 5), (2, 'b', 6);
INSERT INTO t VALUES (3, 'a', 5);
SELECT id FROM t WHERE email = 'b';
SELECT id FROM t WHERE n > 5;
CREATE INDEX ON t (n);
DROP INDEX t_n_idx;
COMMENT ON INDEX t_n_idx IS 'x';
ALTER INDEX t_n_idx RENAME TO x;
ALTER TABLE t ADD UNIQUE (n);
ALTER TABLE t DROP CONSTRAINT t_email_key;
SELECT id FROM t FOR UPDATE;
-- maker
COMMENT ON INDEX t_n_idx IS 'by n';
SELECT obj_description('t_n_idx'::regclass, 'pg_class');
-- super
ALTER TABLE t OWNER TO user1;
REVOKE CREATE ON SCHEMA public FROM maker;
SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('t', 't_pkey', 't_email_key', 't_n_idx');
GRANT SELECT ON ALL TABLES IN SCHEMA public TO maker;
DROP OWNED BY maker;
DROP ROLE maker;
-- user1
DROP INDEX t_n_idx;
ALTER TABLE t DROP CONSTRAINT t_email_key;
DROP TABLE t;
-- super
DROP ROLE user1;

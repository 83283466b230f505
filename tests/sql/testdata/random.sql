-- What tests/random found.

-- Conditions that are false or NULL before any row is read.
CREATE TABLE t (id int PRIMARY KEY, x int);
CREATE TABLE u (id int PRIMARY KEY, x int);
INSERT INTO t VALUES (1, 1), (2, NULL);
INSERT INTO u VALUES (1, 1), (3, 3);
CREATE MATERIALIZED VIEW none AS SELECT x FROM t WHERE 1 IS NULL;
CREATE MATERIALIZED VIEW no_groups AS SELECT x, count(*) AS n FROM t WHERE false GROUP BY x;
CREATE MATERIALIZED VIEW zero AS SELECT count(*) AS n, sum(x) AS s FROM t WHERE NULL::boolean;
CREATE MATERIALIZED VIEW no_pairs AS SELECT t.id FROM t JOIN u ON t.x = u.x AND 1 IS NULL;
CREATE MATERIALIZED VIEW left_only AS SELECT t.id, u.id AS uid FROM t LEFT JOIN u ON t.x = u.x AND false;
INSERT INTO t VALUES (3, 3);
SELECT * FROM none;
SELECT * FROM no_groups;
SELECT * FROM zero;
SELECT * FROM no_pairs;
SELECT * FROM left_only;
SELECT t.id, u.id AS uid FROM t LEFT JOIN u ON t.x = u.x AND false;
SELECT t.id, u.id AS uid FROM t JOIN u ON t.x = u.x AND false;
SELECT t.id, u.id AS uid FROM t FULL JOIN u ON t.x = u.x AND true;

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

-- Derived tables with aggregates that nobody reads, joined.
CREATE MATERIALIZED VIEW unread AS SELECT u.id, g.n FROM (SELECT x, count(*) AS n, min(id) AS least, max(id) AS most FROM t GROUP BY x) AS g JOIN u ON g.x = u.x;
SELECT * FROM unread;
CREATE MATERIALIZED VIEW unread_left AS SELECT count(u.x) AS n FROM u LEFT JOIN (SELECT count(*) AS n, sum(x) AS s, max(id) AS most FROM t) AS g ON u.id = g.n;
SELECT * FROM unread_left;
CREATE MATERIALIZED VIEW unread_all AS SELECT 'one' AS one FROM (SELECT count(*) AS n, sum(x) AS s FROM t) AS g;
SELECT * FROM unread_all;
INSERT INTO t VALUES (10, 3);
UPDATE t SET x = 1 WHERE id = 3;
SELECT * FROM unread;
SELECT * FROM unread_left;
SELECT * FROM unread_all;

-- Types that do not meet in USING.
CREATE TABLE w (id text PRIMARY KEY, x numeric(4,1));
SELECT count(*) FROM t JOIN w USING (id);
SELECT count(*) FROM t NATURAL JOIN w;
SELECT x, t.id FROM t LEFT JOIN w USING (x);

-- Of two columns that USING merges in an inner join, the one that needs no cast shows.
CREATE TABLE coarse (x numeric(10,2));
CREATE TABLE fine (x numeric);
INSERT INTO coarse VALUES (1.5), (2);
INSERT INTO fine VALUES (1.500), (2.0000);
SELECT * FROM coarse JOIN fine USING (x);
SELECT * FROM fine JOIN coarse USING (x);
SELECT x FROM coarse LEFT JOIN fine USING (x);
SELECT x FROM coarse FULL JOIN fine USING (x);

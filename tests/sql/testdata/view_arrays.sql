-- array_agg in views: values in their order, NULL last, taken back when rows change or go. (PostgreSQL has them in the order
-- of the rows, so they are written in the order of their values.)
CREATE TABLE g (id int PRIMARY KEY, k int, x int, t text);
CREATE MATERIALIZED VIEW gv AS SELECT k, array_agg(x) AS xs, array_agg(DISTINCT t) AS ts, array_agg(x) FILTER (WHERE x > 2) AS big, array_agg(DISTINCT x) FILTER (WHERE t = 'a') AS a FROM g GROUP BY k;
CREATE MATERIALIZED VIEW gall AS SELECT array_agg(t) AS ts, count(*) AS n FROM g;
SELECT * FROM gall;
INSERT INTO g VALUES (1, 1, 1, 'a'), (2, 1, 2, 'a'), (3, 1, 2, 'a'), (4, 1, 5, 'b'), (5, 2, 7, 'c'), (6, 2, NULL, NULL);
SELECT * FROM gv ORDER BY k;
SELECT * FROM gall;
DELETE FROM g WHERE id = 2;
SELECT * FROM gv ORDER BY k;
UPDATE g SET x = 6 WHERE id = 4;
SELECT * FROM gv ORDER BY k;
DELETE FROM g WHERE k = 2;
SELECT * FROM gv ORDER BY k;
SELECT * FROM gall;
CREATE MATERIALIZED VIEW gj AS SELECT k, jsonb_agg(DISTINCT t) AS ts FROM g GROUP BY k;
INSERT INTO g VALUES (7, 3, 1, NULL), (8, 3, 2, NULL), (9, 3, 3, 'a');
SELECT k, ts FROM gj WHERE k = 3;
DELETE FROM g WHERE id = 7;
SELECT k, ts FROM gj WHERE k = 3;
DELETE FROM g WHERE id = 8;
SELECT k, ts FROM gj WHERE k = 3;
DELETE FROM g WHERE k = 3;

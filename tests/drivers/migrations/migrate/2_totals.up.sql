BEGIN;
CREATE MATERIALIZED VIEW totals AS SELECT kind, sum(amount) AS total FROM events GROUP BY kind;
ALTER TABLE orders ADD COLUMN tags text[] DEFAULT '{}';
INSERT INTO events VALUES ('a', 1), ('a', 2);
COMMIT;

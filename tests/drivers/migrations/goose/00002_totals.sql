-- +goose Up
CREATE MATERIALIZED VIEW totals AS SELECT kind, sum(amount) AS total FROM events GROUP BY kind;
ALTER TABLE orders ADD COLUMN tags text[] DEFAULT '{}';
INSERT INTO events VALUES ('a', 1), ('a', 2);

-- +goose Down
DROP MATERIALIZED VIEW totals;
ALTER TABLE orders DROP COLUMN tags;

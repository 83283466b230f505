CREATE STREAM events (kind text, amount numeric);
CREATE TABLE orders (id bigserial PRIMARY KEY, note text NOT NULL);
INSERT INTO orders (note) VALUES ('first');

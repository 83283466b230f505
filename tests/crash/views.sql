CREATE MATERIALIZED VIEW by_writer WITH (state = 'memory') AS
SELECT writer, count(*) AS events, sum(amount) AS amount, min(seq) AS first, max(seq) AS last FROM events GROUP BY writer;
CREATE MATERIALIZED VIEW by_owner AS
SELECT a.owner, count(*) AS events, sum(e.amount) AS amount, max(a.balance) AS richest
FROM events e JOIN accounts a ON a.id = e.account GROUP BY a.owner;
CREATE MATERIALIZED VIEW poor WITH (state = 'memory') AS SELECT id, owner, balance FROM accounts WHERE balance < 1000;
CREATE MATERIALIZED VIEW poor_owners AS SELECT owner, count(*) AS accounts, sum(balance) AS balance FROM poor GROUP BY owner;
CREATE MATERIALIZED VIEW account_events WITH (state = 'memory') AS
SELECT a.id, a.balance, e.id AS event, e.amount FROM accounts a LEFT JOIN events e ON e.account = a.id;
CREATE MATERIALIZED VIEW entries_by_writer AS
SELECT writer, count(*) AS entries, sum(part) AS parts, min(seq) AS first, max(seq) AS last FROM entries GROUP BY writer;
CREATE MATERIALIZED VIEW entry_accounts WITH (state = 'memory', partitions = 4) AS
SELECT e.id, e.seq, a.owner, a.balance FROM entries e JOIN accounts a ON a.id = e.account;

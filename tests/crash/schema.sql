CREATE TABLE accounts (id bigint PRIMARY KEY, owner text NOT NULL, balance bigint NOT NULL);
CREATE TABLE counters (writer bigint PRIMARY KEY, n bigint NOT NULL) WITH (state = 'memory');
CREATE STREAM events (id bigint KEY, writer bigint, seq bigint, part int, account bigint, amount numeric);
CREATE TABLE entries (id bigint PRIMARY KEY, writer bigint NOT NULL, seq bigint NOT NULL, part int NOT NULL, account bigint NOT NULL, UNIQUE (writer, seq, part)) WITH (state = 'memory');
CREATE INDEX accounts_balance ON accounts (balance DESC, id);
CREATE INDEX entries_account ON entries (account);

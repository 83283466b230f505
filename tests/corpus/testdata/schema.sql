-- What all statements of the corpus find. Names are short on purpose.
CREATE TABLE dept (id int PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE emp (id int PRIMARY KEY, name text NOT NULL, dept int, salary numeric(10,2), hired date, boss int, email varchar(30) UNIQUE);
CREATE TABLE nums (n int, m int, x double precision, s text);
CREATE TABLE empty (a int, b text);
CREATE TABLE kinds (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(8,2),
  t text, vc varchar(10), c char(5), by bytea, u uuid, d date, tm time, ts timestamp, tz timestamptz, iv interval, j json, jb jsonb,
  ai int[], at text[]);
CREATE TABLE counted (id serial PRIMARY KEY, v text DEFAULT 'none', n int CHECK (n > 0), at timestamptz DEFAULT '2020-01-01 00:00:00+00');
CREATE TABLE pairs (a int, b int, v text, PRIMARY KEY (a, b));
CREATE TABLE "Mixed Case" ("Id" int PRIMARY KEY, "select" text, "ünï" text);
CREATE SEQUENCE seq START 10 INCREMENT 5;
CREATE INDEX emp_dept ON emp (dept);
CREATE VIEW rich AS SELECT id, name, salary FROM emp WHERE salary > 3000;
INSERT INTO dept VALUES (1, 'sales', 'Bern'), (2, 'research', 'Ulm'), (3, 'stores', NULL), (4, 'board', 'Bern');
INSERT INTO emp VALUES (1, 'ada', 2, 5200.50, '2015-03-01', NULL, 'ada@x.org'), (2, 'bob', 2, 3100.00, '2018-07-15', 1, 'bob@x.org'),
  (3, 'cyd', 1, 2800.00, '2019-01-31', 1, NULL), (4, 'dan', 1, 2800.00, '2020-02-29', 3, 'dan@x.org'), (5, 'eve', 3, NULL, '2021-12-31', 1, NULL),
  (6, 'fay', NULL, 4100.25, NULL, 1, 'fay@x.org');
INSERT INTO nums VALUES (1, 10, 0.5, 'one'), (2, 20, 1.5, 'two'), (2, 21, -1.5, 'Two'), (3, NULL, 2.25, 'three'), (NULL, 40, 'NaN', NULL), (5, 50, 'Infinity', '');
INSERT INTO kinds VALUES
  (1, true, 1, 100, 10000000000, 1.5, 2.5, 123.456, 99.95, 'text', 'varchar', 'char', '\xdeadbeef', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
   '2021-03-04', '13:14:15.5', '2021-03-04 13:14:15.5', '2021-03-04 13:14:15.5+02', '1 day 02:03:04', '{"a": 1, "b": [1, 2]}', '{"b": [1, 2], "a": 1}', '{1,2,3}', '{x,"y z",NULL}'),
  (2, false, -32768, -2147483648, -9223372036854775808, -0.25, 1e300, -0.001, -1.10, '', '', '', '', '00000000-0000-0000-0000-000000000000',
   '0001-01-01', '00:00:00', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999+00', '-3 mons -2 days', '[]', '{}', '{}', '{}'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, true, 7, 42, 42, 'Infinity', 'NaN', 'NaN', 0.00, 'Ünïcödé ☃', 'äöü', 'ab', '\x00ff', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
   'infinity', '24:00:00', 'infinity', '-infinity', '1 year 2 mons 3 days 04:05:06.789', '"s"', 'null', '{NULL,5}', '{a,b,c}');
INSERT INTO counted (v, n) VALUES ('a', 1), ('b', 2), (DEFAULT, 3);
INSERT INTO pairs VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c'), (2, 2, NULL);
INSERT INTO "Mixed Case" VALUES (1, 'x', 'ä'), (2, 'y', 'ö');

-- Types in storage: what a column of each type takes, keeps and compares, also as a key.
-- script
CREATE TABLE k2 (k smallint PRIMARY KEY, v real);
INSERT INTO k2 VALUES (1, 0.1), (-32768, 'NaN'), (32767, '-Infinity');
INSERT INTO k2 VALUES (1.4, 0);
INSERT INTO k2 VALUES (32768, 0);
INSERT INTO k2 VALUES (5, 1e39);
SELECT * FROM k2 ORDER BY k;
SELECT v FROM k2 WHERE k = 1::bigint;
SELECT k FROM k2 WHERE v = 0.1;
SELECT k FROM k2 WHERE v = 0.1::real;
-- end
-- script
CREATE TABLE kn (k numeric PRIMARY KEY, v numeric(6,2));
INSERT INTO kn VALUES (1, 1.005), (1.10, 2.345), ('NaN', 'NaN'), (-5e20, -0.004);
INSERT INTO kn VALUES (1.0, 5);
INSERT INTO kn VALUES (1.1000, 5);
INSERT INTO kn VALUES (3, 10000);
INSERT INTO kn VALUES (3, 9999.995);
SELECT * FROM kn ORDER BY k;
SELECT v FROM kn WHERE k = 1.100;
SELECT v FROM kn WHERE k = 1::float8;
SELECT k FROM kn WHERE k > 1 ORDER BY k DESC;
-- end
-- script
CREATE TABLE kd (k date PRIMARY KEY, ts timestamp(3), tz timestamptz(0), tm time(1), iv interval hour to minute);
INSERT INTO kd VALUES ('2020-02-29', '2020-02-29 01:02:03.4567', '2020-02-29 01:02:03.5+01', '01:02:03.46', '1 day 01:02:03');
INSERT INTO kd VALUES ('infinity', '-infinity', 'infinity', '24:00', '-1:00');
INSERT INTO kd VALUES ('2020-02-29', NULL, NULL, NULL, NULL);
SELECT * FROM kd ORDER BY k;
SELECT k FROM kd WHERE k < '2021-01-01';
SELECT k FROM kd WHERE k = timestamp '2020-02-29';
-- end
-- script
CREATE TABLE kt (k text PRIMARY KEY, c char(3) UNIQUE, v varchar(4));
INSERT INTO kt VALUES ('', 'a', 'x'), ('A', 'b', 'y   '), ('a', 'c', NULL), ('ä', 'd', '1234   ');
INSERT INTO kt VALUES ('b', 'a  ', 'x');
INSERT INTO kt VALUES ('b', 'abcd', 'x');
INSERT INTO kt VALUES ('b', 'abc   ', 'x');
INSERT INTO kt VALUES ('', 'zz', 'x');
SELECT *, length(v) FROM kt ORDER BY k;
SELECT k FROM kt WHERE c = 'a';
SELECT k FROM kt WHERE k > 'A' ORDER BY k DESC;
-- end
-- script
CREATE TABLE kb (k bytea PRIMARY KEY, b boolean, u uuid UNIQUE);
INSERT INTO kb VALUES ('\x', true, NULL), ('\x00', false, '11111111-1111-1111-1111-111111111111'), ('\xff', NULL, NULL);
INSERT INTO kb VALUES ('\x0000', true, '11111111111111111111111111111111');
SELECT * FROM kb ORDER BY k;
SELECT * FROM kb WHERE k >= '\x00' ORDER BY k;
-- end
-- script
CREATE TABLE kf (k double precision PRIMARY KEY, v int);
INSERT INTO kf VALUES (0, 1), ('NaN', 2), ('Infinity', 3), (0.1, 4), (-1e-300, 5);
INSERT INTO kf VALUES (-0.0, 9);
INSERT INTO kf VALUES ('NaN', 9);
SELECT * FROM kf ORDER BY k;
SELECT v FROM kf WHERE k = 0;
SELECT v FROM kf WHERE k = 'NaN';
-- end
-- script
CREATE TABLE ki (k interval PRIMARY KEY, v int);
INSERT INTO ki VALUES ('1 month', 1), ('1 day', 2);
INSERT INTO ki VALUES ('30 days', 3);
INSERT INTO ki VALUES ('24 hours', 4);
SELECT * FROM ki ORDER BY k;
-- end
-- script
CREATE TABLE kj (k jsonb PRIMARY KEY, v json);
INSERT INTO kj VALUES ('{"b":1,"a":2}', '{"b": 1,  "a":2}'), ('[1]', 'null');
INSERT INTO kj VALUES ('{"a":2,"b":1.0}', '1');
SELECT * FROM kj ORDER BY k;
-- end
-- script
CREATE TABLE ka (k int[] PRIMARY KEY, v text[]);
INSERT INTO ka VALUES ('{1,2}', '{a,NULL}'), ('{}', '{}'), ('{NULL}', NULL);
INSERT INTO ka VALUES (ARRAY[1,2], NULL);
SELECT * FROM ka ORDER BY k;
SELECT v[1] FROM ka WHERE k = '{1,2}';
-- end

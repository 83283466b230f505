-- PostgreSQL 15 documentation, chapter 6: data manipulation.

-- 6.1 inserting
-- script
INSERT INTO dept VALUES (10, 'new', 'Rome');
INSERT INTO dept (id, name) VALUES (11, 'x');
INSERT INTO dept (name, id) VALUES ('y', 12);
INSERT INTO dept VALUES (13, 'z');
INSERT INTO dept (id, name, city) VALUES (14, 'a', DEFAULT), (15, 'b', NULL), (16, 'c', 'Rom' || 'e');
INSERT INTO dept SELECT id + 100, name, city FROM dept WHERE id < 3;
INSERT INTO dept (id, name) SELECT n + 200, s FROM nums WHERE n IS NOT NULL AND m <> 21;
SELECT * FROM dept ORDER BY id;
-- end
INSERT INTO dept VALUES (1, 'dup');
INSERT INTO dept VALUES (20);
INSERT INTO dept VALUES (20, 'a', 'b', 'c');
INSERT INTO dept (id, name) VALUES (20);
INSERT INTO dept (id) VALUES (20, 'a');
INSERT INTO dept (id, id) VALUES (20, 21);
INSERT INTO dept (id, nosuch) VALUES (20, 21);
INSERT INTO nosuch VALUES (1);
INSERT INTO dept VALUES ('x', 'a');
INSERT INTO dept VALUES ('20', 5), (21, true);
INSERT INTO dept VALUES (20.6, 'rounded') RETURNING id;
INSERT INTO dept VALUES (true, 'x');
INSERT INTO dept VALUES (20, 'a'), (21);
INSERT INTO dept VALUES (20, 'a'), (20, 'b');
INSERT INTO dept DEFAULT VALUES;
INSERT INTO dept VALUES (DEFAULT, 'a');
INSERT INTO dept VALUES (20, name);
INSERT INTO dept SELECT 20;
INSERT INTO dept SELECT 20, 'a', 'b', 'c';
INSERT INTO dept (id, name) (SELECT 20, 'a');
INSERT INTO dept TABLE dept;
INSERT INTO dept VALUES (20, (SELECT max(name) FROM emp)) RETURNING *;
INSERT INTO counted DEFAULT VALUES RETURNING v, n;
INSERT INTO counted (n) VALUES (0);
INSERT INTO counted (n) VALUES (-1), (5);
INSERT INTO emp (id, name, salary) VALUES (50, 'x', 123456789.01);
INSERT INTO emp (id, name, salary) VALUES (50, 'x', 12345678.019) RETURNING salary;
INSERT INTO emp (id, name, email) VALUES (50, 'x', 'ada@x.org');
INSERT INTO emp (id, name, email) VALUES (50, 'x', 'a mail address that is far too long to fit');
INSERT INTO emp (id, name, email) VALUES (50, 'x', 'spaces                              ') RETURNING length(email);
INSERT INTO emp (id, name, hired) VALUES (50, 'x', '2020-13-01');
INSERT INTO kinds (id, c, vc) VALUES (50, 'toolong', 'x');
INSERT INTO kinds (id, i2) VALUES (50, 40000);
INSERT INTO kinds (id, i2) VALUES (50, '40000');
INSERT INTO kinds (id, ai[1]) VALUES (50, 7) RETURNING ai;
INSERT INTO kinds (id, ai) VALUES (50, ARRAY[1,NULL]), (51, '{}'), (52, NULL) RETURNING ai;
INSERT INTO rich VALUES (60, 'v', 9000);
INSERT INTO dept AS d (id, name) VALUES (20, 'x') RETURNING d.id, d.name AS n;
INSERT INTO dept AS d VALUES (20, 'x') RETURNING dept.id;
INSERT INTO pairs VALUES (1, 1, 'dup');
INSERT INTO pairs VALUES (NULL, 1, 'x');
INSERT INTO pairs VALUES (9, 9, 'x') RETURNING a + b AS total, upper(v);
INSERT INTO "Mixed Case" ("Id", "select") VALUES (3, 'z') RETURNING "ünï" IS NULL;
INSERT INTO dept VALUES (20, 'a') RETURNING nosuch;
INSERT INTO dept VALUES (20, 'a') RETURNING count(*);
INSERT INTO dept VALUES (20, 'a') RETURNING (SELECT count(*) FROM dept WHERE id = 20);
INSERT INTO dept SELECT 20, 'a' WHERE false;
INSERT INTO dept VALUES (generate_series(30, 32), 'srf');
INSERT INTO dept (id, name) SELECT generate_series(30, 32), 'srf' RETURNING id;
INSERT INTO dept (id, name) WITH q AS (SELECT 40 AS i) SELECT i, 'cte' FROM q RETURNING *;
WITH q AS (SELECT 40 AS i) INSERT INTO dept (id, name) SELECT i, 'cte' FROM q RETURNING *;

-- 6.2 updating
-- script
UPDATE dept SET city = 'Paris' WHERE id = 3;
UPDATE dept SET name = upper(name), city = name WHERE id < 3;
UPDATE dept SET (name, city) = ('swap', 'ped') WHERE id = 4;
UPDATE dept SET city = DEFAULT WHERE id = 1;
SELECT * FROM dept ORDER BY id;
UPDATE emp SET salary = salary * 1.10;
UPDATE emp SET salary = 0 WHERE salary IS NULL;
UPDATE emp SET (dept, boss) = (SELECT id, id FROM dept WHERE name = 'stores') WHERE name = 'fay';
UPDATE emp e SET name = d.name FROM dept d WHERE d.id = e.dept AND d.id = 3;
SELECT id, name, dept, salary, boss FROM emp ORDER BY id;
-- end
UPDATE dept SET id = 1 WHERE id = 2;
UPDATE dept SET id = 2 WHERE id = 2;
UPDATE dept SET id = id + 100;
UPDATE dept SET name = NULL;
UPDATE dept SET nosuch = 1;
UPDATE nosuch SET a = 1;
UPDATE dept SET name = 'a', name = 'b';
UPDATE dept SET dept.name = 'a';
UPDATE dept SET name = 'x' WHERE nosuch = 1;
UPDATE dept SET name = 5 WHERE id = 1 RETURNING name;
UPDATE dept SET id = 'x';
UPDATE dept SET id = name;
UPDATE dept SET name = 'x' WHERE id;
UPDATE dept SET name = 'x' WHERE id = 100;
UPDATE dept SET name = 'x' WHERE false;
UPDATE dept SET (name, city) = (1, 2, 3);
UPDATE dept SET (name, city) = ROW('a', 'b') WHERE id = 1 RETURNING *;
UPDATE dept SET (name, city) = (SELECT 'a', 'b') WHERE id = 1 RETURNING *;
UPDATE dept SET (name, city) = (SELECT 'a');
UPDATE dept SET (name, city) = (SELECT name, city FROM emp);
UPDATE dept SET name = (SELECT name FROM emp WHERE emp.dept = dept.id ORDER BY id LIMIT 1) WHERE id < 3 RETURNING id, name;
UPDATE dept SET name = count(*);
UPDATE dept SET name = 'x' WHERE count(*) > 1;
UPDATE emp SET salary = e2.salary FROM emp e2 WHERE e2.id = emp.boss AND emp.id IN (2, 3) RETURNING emp.id, emp.salary, e2.name;
UPDATE emp SET salary = 1 FROM nosuch;
UPDATE emp SET salary = 1 FROM emp;
UPDATE kinds SET ai[2] = 99 WHERE id = 1 RETURNING ai;
UPDATE kinds SET jb = jb || '{"c": 3}' WHERE id = 1 RETURNING jb;
UPDATE kinds SET jb['a'] = '2' WHERE id = 1 RETURNING jb;
UPDATE emp SET email = 'ada@x.org' WHERE id = 2;
UPDATE counted SET n = n - 1;
UPDATE counted SET v = DEFAULT WHERE v = 'a' RETURNING *;
-- differs: unique keys hold at the end of a statement, not after each row
UPDATE pairs SET a = b, b = a RETURNING a, b, v;
UPDATE rich SET name = 'x';
UPDATE dept d SET name = 'x' WHERE dept.id = 1;
UPDATE dept SET name = 'x' ORDER BY id;
UPDATE dept SET name = 'x' LIMIT 1;
UPDATE dept SET name = name RETURNING id, city AS town;
UPDATE emp SET salary = 99999999999;
UPDATE dept, emp SET name = 'x';
WITH q AS (SELECT 1 AS i) UPDATE dept SET name = 'x' FROM q WHERE id = i RETURNING *;
UPDATE dept SET name = 'x' WHERE CURRENT OF nosuch_cursor;

UPDATE emp SET salary = 1 FROM dept d WHERE d.id = emp.dept AND emp.id = 3 RETURNING *;
UPDATE emp SET salary = 1 FROM dept d WHERE d.id = emp.dept AND emp.id = 3 RETURNING emp.*;
UPDATE emp SET salary = 1 FROM dept d WHERE d.id = emp.dept AND emp.id = 3 RETURNING city;
UPDATE emp SET salary = 1 FROM dept d WHERE d.id = emp.dept AND emp.id = 3 RETURNING id;

-- 6.3 deleting
DELETE FROM dept WHERE id = 1;
DELETE FROM dept;
DELETE dept;
DELETE FROM dept WHERE id = 1 RETURNING *;
DELETE FROM emp USING dept d WHERE d.id = emp.dept AND d.name = 'sales' RETURNING emp.id, d.name;
DELETE FROM emp e USING emp b WHERE b.id = e.boss AND b.name = 'cyd' RETURNING e.name, b.name;
DELETE FROM emp WHERE dept IN (SELECT id FROM dept WHERE city = 'Bern') RETURNING id;
DELETE FROM emp WHERE NOT EXISTS (SELECT FROM dept WHERE dept.id = emp.dept) RETURNING id;
DELETE FROM nosuch;
DELETE FROM dept WHERE nosuch;
DELETE FROM dept WHERE 1;
DELETE FROM dept WHERE NULL;
DELETE FROM dept AS d WHERE d.id = 2 RETURNING d.*;
DELETE FROM rich;
DELETE FROM dept LIMIT 1;
DELETE FROM ONLY dept WHERE id = 3;
DELETE * FROM dept;
WITH gone AS (DELETE FROM dept RETURNING id) SELECT count(*) FROM gone;

-- 6.4 returning
-- script
INSERT INTO counted (v, n) VALUES ('r', 9) RETURNING v AS val, n * 2, at;
UPDATE counted SET n = n + 1 WHERE v = 'r' RETURNING n;
DELETE FROM counted WHERE v = 'r' RETURNING v || '!' AS gone, at;
DELETE FROM counted WHERE v = 'r' RETURNING v;
-- end
INSERT INTO dept VALUES (20, 'a') RETURNING;
DELETE FROM dept WHERE id = 1 RETURNING dept, city;
UPDATE dept SET name = 'q' WHERE id = 1 RETURNING name = 'q' AS changed, pg_typeof(id);

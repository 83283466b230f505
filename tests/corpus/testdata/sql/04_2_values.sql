-- PostgreSQL 15 documentation, 4.2 and 4.3: value expressions, calling functions.

-- 4.2.1 column references, 4.2.2 parameters
SELECT emp.name, e2.name FROM emp JOIN emp e2 ON emp.boss = e2.id WHERE emp.id = 2;
SELECT emp.name FROM emp e WHERE e.id = 1;
SELECT name FROM emp, dept;
SELECT nosuch FROM emp;
SELECT emp.nosuch FROM emp;
SELECT nosuch.id FROM emp;
SELECT e FROM emp e WHERE id = 1;
SELECT dept FROM dept WHERE id = 1;
SELECT $1::int;
SELECT $0;
SELECT $99999999999;

-- 4.2.3 subscripts
SELECT ai[1], ai[2], ai[10], ai[0] FROM kinds ORDER BY id;
SELECT ai[1:2], ai[2:], ai[:1], ai[:] FROM kinds WHERE id = 1;
SELECT ai['1'] FROM kinds WHERE id = 1;
SELECT ai[NULL] FROM kinds WHERE id = 1;
SELECT (ARRAY[[1,2],[3,4]])[2][1];
SELECT ('{a,b}'::text[])[2];
SELECT ai[1.5] FROM kinds WHERE id = 1;
SELECT id[1] FROM kinds;
SELECT jb['a'], jb['b'][0], jb['zz'] FROM kinds WHERE id = 1;
SELECT t[1] FROM kinds;
SELECT (string_to_array('a,b,c', ','))[2];

-- 4.2.4 field selection
SELECT (e).name FROM emp e WHERE id = 1;
SELECT (e).* FROM emp e WHERE id = 1;
SELECT (ROW(1, 'a')).f1;
SELECT (e).nosuch FROM emp e;

-- 4.2.5 operators
SELECT 1 + '1';
SELECT '1' + '1';
SELECT 'a' + 1;
SELECT true + true;
SELECT 1 + true;
SELECT date '2020-01-31' + 1, 1 + date '2020-01-31', date '2020-01-31' - date '2020-01-01';
SELECT - 'a';
SELECT NOT 1;
SELECT 1 AND true;
SELECT NULL + 1, NULL || 'a', - NULL::int;
SELECT 'a' || NULL::int;
SELECT 1 || 2;
SELECT 'a' < 1;
SELECT 1 = '1', '1' = 1, 1 = 1.0, 1.0 = '1';
SELECT 1 = 'x';
SELECT '1'::text = 1;
SELECT 2::smallint + 2::bigint, 2::real + 1, 2 + 1.5, 1.5 + 2::double precision;
SELECT 32767::smallint + 1::smallint;
SELECT 2147483647 + 1;
SELECT 9223372036854775807 + 1;
SELECT 1 / 0;
SELECT 1 % 0;
SELECT 1.0 / 0;
SELECT 1::float8 / 0;
SELECT -2147483648 / -1;
SELECT (-2147483648)::int / (-1);
SELECT - (-2147483648)::int;
SELECT 300 * 300::smallint, 300::smallint * 300::smallint;

-- 4.2.6 function calls
SELECT sqrt(2), pg_catalog.sqrt(4), "sqrt"(9), SQRT(16);
SELECT public.sqrt(2);
SELECT nosuch(1);
SELECT sqrt();
SELECT sqrt(1, 2);
SELECT sqrt('4');
SELECT sqrt('x');
SELECT sqrt(NULL);
SELECT sqrt(true);
SELECT length('abc', 'UTF8');
SELECT upper(1);
SELECT name(dept) FROM dept WHERE id = 1;
SELECT concat(1, 'a', NULL, true), concat();
SELECT concat(VARIADIC ARRAY['a','b']);
SELECT concat_ws(',', VARIADIC ARRAY['a','b']);
SELECT abs(ALL 1);
SELECT abs(DISTINCT 1);
SELECT upper('a' ORDER BY 1);
SELECT abs(*);

-- 4.2.7 aggregate expressions
SELECT count(*), count(n), count(DISTINCT n), count(ALL n) FROM nums;
SELECT sum(n), avg(n), min(n), max(n) FROM nums;
SELECT array_agg(n ORDER BY n DESC NULLS LAST) FROM nums;
SELECT string_agg(s, ',' ORDER BY s), string_agg(DISTINCT s, ';' ORDER BY s DESC) FROM nums;
SELECT string_agg(DISTINCT s, ',' ORDER BY n) FROM nums;
SELECT string_agg(s ORDER BY s, ',') FROM nums;
SELECT array_agg(DISTINCT n ORDER BY n DESC) FROM nums;
SELECT count(*) FILTER (WHERE n > 1), sum(m) FILTER (WHERE n IS NULL) FROM nums;
SELECT count(*) FILTER (WHERE n) FROM nums;
SELECT count(*) FILTER (WHERE count(*) > 1) FROM nums;
SELECT sum(sum(n)) FROM nums;
SELECT sum(n) FROM nums WHERE sum(n) > 1;
SELECT n, count(*) FROM nums;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m) FROM nums;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY m) FROM nums;
SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY m) FROM nums;
SELECT mode() WITHIN GROUP (ORDER BY n) FROM nums;
SELECT rank(20) WITHIN GROUP (ORDER BY m) FROM nums;
SELECT count(*) WITHIN GROUP (ORDER BY n) FROM nums;
SELECT sum(DISTINCT n), avg(DISTINCT m) FROM nums;
SELECT count(DISTINCT *) FROM nums;
SELECT count() FROM nums;
SELECT count(n, m) FROM nums;
SELECT sum(s) FROM nums;
SELECT count(*) FROM empty;
SELECT sum(a), max(b), array_agg(a), string_agg(b, ',') FROM empty;
SELECT (SELECT sum(e.salary) FROM emp e WHERE e.dept = d.id) FROM dept d ORDER BY d.id;
SELECT (SELECT max(d.id)) FROM dept d;
SELECT max(count(*)) OVER () FROM nums GROUP BY n;
SELECT count(emp.*) FROM emp;
SELECT count((n, m)) FROM nums;

-- 4.2.8 window function calls
SELECT id, row_number() OVER (ORDER BY id) FROM emp ORDER BY id;
SELECT id, sum(salary) OVER (PARTITION BY dept ORDER BY id) FROM emp ORDER BY id;
SELECT id, count(*) OVER () FROM emp ORDER BY id;
SELECT id, count(*) FILTER (WHERE salary > 3000) OVER (PARTITION BY dept) FROM emp ORDER BY id;
SELECT id, row_number() FILTER (WHERE id > 1) OVER (ORDER BY id) FROM emp;
SELECT id, sum(id) OVER w, avg(id) OVER (w ROWS 1 PRECEDING) FROM emp WINDOW w AS (ORDER BY id) ORDER BY id;
SELECT id, sum(id) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM emp WHERE id < 1;
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM emp;
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW) FROM emp;
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING) FROM emp;
SELECT id, sum(id) OVER (ORDER BY id ROWS -1 PRECEDING) FROM emp;
SELECT id, sum(id) OVER (ORDER BY id ROWS id PRECEDING) FROM emp;
SELECT id, sum(id) OVER (GROUPS 1 PRECEDING) FROM emp;
SELECT id, sum(id) OVER (RANGE 1 PRECEDING) FROM emp;
SELECT id, sum(id) OVER (ORDER BY id, name RANGE 1 PRECEDING) FROM emp;
SELECT id, sum(id) OVER (ORDER BY name RANGE 1 PRECEDING) FROM emp;
SELECT id, sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM emp ORDER BY id;
SELECT id, sum(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM emp ORDER BY id;
SELECT id FROM emp ORDER BY id;
SELECT sum(id) OVER (ORDER BY hired RANGE '1 year' PRECEDING) FROM emp ORDER BY id;
SELECT id FROM emp WHERE row_number() OVER () = 1;
SELECT count(*) FROM emp HAVING row_number() OVER () = 1;
SELECT sum(count(*) OVER ()) FROM emp;
SELECT sum(id) OVER (PARTITION BY count(*)) FROM emp;
SELECT sum(id) OVER w FROM emp;
SELECT sum(id) OVER (w PARTITION BY dept) FROM emp WINDOW w AS (ORDER BY id);
SELECT sum(id) OVER (w ORDER BY dept) FROM emp WINDOW w AS (ORDER BY id);
SELECT sum(id) OVER (w) FROM emp WINDOW w AS (ORDER BY id ROWS 1 PRECEDING);
SELECT 1 FROM emp WINDOW w AS (ORDER BY id), w AS (ORDER BY name);
SELECT sum(DISTINCT id) OVER () FROM emp;
SELECT string_agg(name, ',' ORDER BY name) OVER () FROM emp;
SELECT abs(1) OVER ();
SELECT row_number();
SELECT rank() OVER (ORDER BY dept), dept FROM emp ORDER BY 2, 1;

-- 4.2.9 type casts
SELECT CAST(id AS text) || 'x' FROM dept WHERE id = 1;
SELECT '2021-02-30'::date;
SELECT 'abc'::int;
SELECT ''::int;
SELECT ' 42 '::int, '-0'::int, '+7'::int;
SELECT '1.5'::int;
SELECT 1.5::int, 2.5::int, -1.5::int, 0.5::float8::int, 1.5::float8::int;
SELECT 3000000000::int;
SELECT '3000000000'::int;
SELECT 40000::smallint;
SELECT 1::boolean, 0::boolean, 'on'::boolean, 'n'::boolean;
SELECT true::int, true::text, false::text;
SELECT 1.0::boolean;
SELECT 1::bigint::boolean;
SELECT 1::text::int::numeric(4,2);
SELECT 123.456::numeric(5,2), 123.456::numeric(3);
SELECT 123.456::numeric(4,2);
SELECT 'abcdef'::varchar(3), 'abcdef'::char(3), 'ab'::char(4) || '|';
SELECT now()::date = current_date;
SELECT '2020-01-01'::date::timestamp, '2020-01-01 10:00'::timestamp::date, '2020-01-01 10:00'::timestamp::time;
SELECT '1'::integer::date;
SELECT 'x'::nosuchtype;
SELECT 'x'::nowhere.int4;
SELECT CAST(1 AS int[]);
SELECT CAST('{1,2}' AS int[]), ARRAY[1,2]::text[], '{1,2}'::text[]::int[];
SELECT ARRAY['a']::int[];
SELECT 'a'::text::varchar(1), NULL::int, NULL::text::date;
SELECT pg_typeof(1), pg_typeof(1.0), pg_typeof('a'), pg_typeof(NULL), pg_typeof(1e0), pg_typeof(true);
SELECT pg_typeof(1::smallint + 1), pg_typeof(1 + 1::bigint), pg_typeof(1::real + 1.0), pg_typeof(1 + 1.0);
SELECT pg_typeof('a' || 'b'), pg_typeof(current_date), pg_typeof('a'::varchar(3)), pg_typeof(ARRAY[1,2]);

-- 4.2.10 collation expressions
SELECT name COLLATE "C" FROM emp ORDER BY name COLLATE "C" DESC;
SELECT 'a' COLLATE "nowhere";
SELECT 1 COLLATE "C";
SELECT 'a' COLLATE "POSIX" < 'B';
-- differs: the collations that there are order alike, and are not kept apart
SELECT 'a' COLLATE "C" < 'b' COLLATE "POSIX";
SELECT 'a' COLLATE pg_catalog."default";
SELECT max(name COLLATE "C") FROM emp;

-- 4.2.11 scalar subqueries
SELECT name, (SELECT count(*) FROM emp WHERE dept = d.id) FROM dept d ORDER BY id;
SELECT (SELECT id FROM dept);
SELECT (SELECT id FROM dept WHERE id > 100);
SELECT (SELECT id, name FROM dept WHERE id = 1);
SELECT (SELECT 1) + (SELECT 2);
SELECT (VALUES (7));
SELECT (TABLE empty);
SELECT (SELECT name FROM dept ORDER BY id DESC LIMIT 1);
SELECT 1 + (SELECT 'x');
SELECT (SELECT) IS NULL;

-- 4.2.12 array constructors
SELECT ARRAY[1,2,3+4], ARRAY[1,2,22.7]::integer[], ARRAY['a', NULL];
SELECT ARRAY[[1,2],[3,4]];
SELECT ARRAY[ARRAY[1,2], ARRAY[3,4]];
SELECT ARRAY[1, 'x'];
SELECT ARRAY[1, '2'], ARRAY[1, 2.5], ARRAY[NULL, 1];
SELECT ARRAY[];
SELECT ARRAY[]::int[], ARRAY[NULL];
SELECT ARRAY(SELECT id FROM dept ORDER BY id), ARRAY(SELECT id FROM dept WHERE false);
SELECT ARRAY(SELECT id, name FROM dept);
SELECT ARRAY[1,2] || ARRAY[3], 0 || ARRAY[1], ARRAY[1] || 2;
SELECT ARRAY[[1],[2,3]];
SELECT ARRAY[1, true];

-- 4.2.13 row constructors
SELECT ROW(1, 2.5, 'this is a test');
SELECT (1, 2, 3);
SELECT ROW(e.*, 42) FROM dept e WHERE id = 1;
SELECT ROW(1,2) = ROW(1,2), (1,2) < (1,3), ROW(1,NULL) IS NULL, ROW(NULL,NULL) IS NULL;
SELECT ROW(1, 2) = ROW(1, 2, 3);
SELECT ROW() = ROW();
SELECT ROW(1, 'a') = ROW('1', 'a');
SELECT ROW(1, 2) = ROW('x', 2);
SELECT (1, 2) IN ((1, 2), (3, 4)), ROW(1, 2) NOT IN (VALUES (1, 3));
SELECT row_to_json(ROW(1, 'a'));
SELECT (id, name) FROM dept WHERE (id, name) = (1, 'sales');
SELECT (1, 2) + 1;

-- 4.2.14 evaluation rules
SELECT true OR 1 / 0 = 1;
SELECT false AND 1 / 0 = 1;
SELECT CASE WHEN true THEN 1 ELSE 1 / 0 END;
SELECT COALESCE(1, 1 / 0);
SELECT n FROM nums WHERE n <> 0 AND 10 / n > 3 ORDER BY n;
SELECT CASE WHEN n > 1 THEN 10 / (n - 1) ELSE 0 END FROM nums ORDER BY n;

-- 4.3 calling functions: positional, named and mixed notation
SELECT make_date(2020, 1, 2);
SELECT make_interval(days => 10);
SELECT make_interval(1, months => 2);
SELECT make_interval(years := 1);
SELECT make_interval(nosuch => 1);
SELECT make_interval(days => 1, days => 2);
SELECT make_date(year => 2020, month => 1, day => 2);
SELECT make_date(2020, day => 2, month => 1);
SELECT make_date(year => 2020, 1, 2);
SELECT lower(x => 'A');
SELECT jsonb_set(target => '{"a":1}', path => '{a}', new_value => '2');
SELECT make_interval(secs => 1.5);
SELECT make_interval();

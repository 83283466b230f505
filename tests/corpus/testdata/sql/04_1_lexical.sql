-- PostgreSQL 15 documentation, 4.1: lexical structure.

-- 4.1.1 identifiers and key words
SELECT ID, Name FROM DEPT ORDER BY iD;
SELECT "id", "name" FROM "dept" ORDER BY "id";
SELECT "ID" FROM dept;
SELECT * FROM "DEPT";
SELECT * FROM "Mixed Case" ORDER BY "Id";
SELECT * FROM Mixed;
SELECT "select", "ünï" FROM "Mixed Case" ORDER BY 1;
SELECT 1 AS "a ""quoted"" name";
SELECT 1 AS "a`b\c";
SELECT 1 AS _under$core9;
SELECT 1 AS ünïcode;
SELECT 1 AS ÜNÏ;
SELECT U&"d\0061t\+000061" FROM (SELECT 1 AS data) q;
SELECT U&"d!0061t!+000061" UESCAPE '!' FROM (SELECT 1 AS data) q;
SELECT 1 AS U&"\00e4";
SELECT 1 AS a_name_that_is_longer_than_the_sixty_three_bytes_that_an_identifier_may_have;
SELECT 1 AS "";
SELECT 1 AS select;
SELECT 1 select;
SELECT 1 AS value, 2 AS key, 3 AS "user", 4 AS timestamp, 5 AS rank, 6 AS row, 7 AS interval;
SELECT value, key FROM (SELECT 1 AS value, 2 AS key) q;
SELECT 1 value;
SELECT 1 year;
SELECT 1 AS year;
SELECT 1 name;
SELECT 1 end;
SELECT user = current_user AS x FROM (SELECT 1 AS user) q;
SELECT all FROM (SELECT 1 AS "all") q;
SELECT 1 AS table, 2 AS from, 3 AS where;
SELECT 1 full;
SELECT 1 AS a, 2 AS a;
SELECT q.key.value FROM (SELECT 1 AS key) q;
SELECT dept.* FROM dept WHERE dept.id = 1;
SELECT public.dept.name FROM public.dept WHERE public.dept.id = 1;
SELECT x.dept.name FROM dept;
SELECT a.b.c.d.e FROM dept;

-- 4.1.2 constants
SELECT 'Dianne''s horse';
SELECT 'foo'
'bar';
SELECT 'foo'  'bar';
SELECT 'foo' -- a comment
  'bar';
SELECT 'foo' /* not so */ 'bar';
SELECT '';
SELECT ''
'';
SELECT E'tab\tnew\nline\\ \'quote\' \b\f\r' AS e;
SELECT E'\101\x41\u0041\U00000041';
SELECT E'\xe4\xb8\xad';
SELECT E'\z\ü';
SELECT e'lower'
  '\n is no escape here';
SELECT E'\u00';
SELECT E'\ud83d\ude00';
SELECT E'\ud83d';
SELECT E'\000';
SELECT E'\xff';
SELECT 'no \n escape \\ here';
SELECT U&'d\0061t\+000061';
SELECT U&'d!0061t!+000061' UESCAPE '!';
SELECT U&'\\ \D83D\DE00';
SELECT U&'\006';
SELECT U&'\D83D';
SELECT U&'d\0061' UESCAPE '+';
SELECT U&'d\0061' UESCAPE 'a';
SELECT $$Dianne's horse$$;
SELECT $SomeTag$Dianne's horse$SomeTag$;
SELECT $a$ outer $b$ inner $b$ $a$;
SELECT $a$ $A$ $a$;
SELECT $$a$b$$;
SELECT $ä$x$ä$;
SELECT $1a$x$1a$;
SELECT $open$ never closed;
SELECT a$b$c FROM (SELECT 1 AS a$b$c) q;
SELECT N'national';
SELECT n'it''s';
SELECT B'101';
SELECT b'';
SELECT B'102';
SELECT X'1FF';
SELECT x'1g';
SELECT B'1'
 '0';
SELECT 42, 3.5, 4., .001, 5e2, 1.925e-3, 1E10, 0.0;
SELECT 2147483647, 2147483648, 9223372036854775807, 9223372036854775808;
SELECT -2147483648, -9223372036854775808;
SELECT 1e400;
SELECT 1e;
SELECT 1e+;
SELECT 1.2.3;
SELECT 1..2;
SELECT 123abc;
SELECT 0x1F;
SELECT 0b101;
SELECT 0o17;
SELECT 1_000;
SELECT 1.5e3::int;
SELECT REAL '1.23', 1.23::REAL;
SELECT type 'x';
SELECT bigint '7', int8 '7', integer '7', pg_catalog.int4 '7';
SELECT boolean 'yes', bool 'off';
SELECT date '2001-02-03', time '04:05', timestamp '2001-02-03 04:05', timestamptz '2001-02-03 04:05+00';
SELECT interval '1' day, interval '1 day', interval '1:30' hour to minute, interval(0) '1.6 seconds';
SELECT numeric(5,1) '12.34';
SELECT varchar(3) 'abcdef', char(3) 'a', text 'x';
SELECT double precision '1.5', time with time zone '04:05+01';
SELECT timestamp with time zone '2001-02-03 04:05+00', timestamp without time zone '2001-02-03 04:05';
SELECT timestamp(0) '2001-02-03 04:05:06.7', timestamp(1) with time zone '2001-02-03 04:05:06.78+00';
SELECT character varying '7', national character varying(3) 'abcd', char varying 'x';
SELECT int[] '{1,2}';
SELECT '{1,2}'::int[], 'x'::text, '5'::int, '2001-01-01'::date;
SELECT CAST('5' AS int), CAST('a' AS character(3)), CAST('1.25' AS decimal(3,1)), CAST(1 AS dec);
SELECT int4('7'), text('x'), float8('1.5');
SELECT int('7');
SELECT 'x'::"char", 'abc'::name, 'xy'::bpchar;
SELECT '7'::"int4", '7'::"integer";
SELECT true, FALSE, NULL, True;
SELECT 'true'::boolean AND 'f'::boolean;
SELECT 'maybe'::boolean;

-- 4.1.3 operators
SELECT 1+1, 1 + +1, 1 - -1, - - 1, 2*-3;
SELECT 1--1
  AS one;
SELECT 5-2, 5 -2, 5- 2;
SELECT @ -5, @-5, |/ 25, ||/ 27;
SELECT 5 !;
SELECT !! 5;
SELECT 5 # 3, 5 & 3, 5 | 3, ~5, 1 << 4, 16 >> 2;
SELECT 2 ^ 3, 2 ^ 3 ^ 2, -2 ^ 2;
SELECT 7 % 3, -7 % 3, 7 / 2, -7 / 2;
SELECT 1 <> 2, 1 != 2, 1 <= 2, 2 >= 1;
SELECT 1 == 1;
SELECT 1 =- 1;
SELECT 1 *- 1;
SELECT 2 @ 3;
SELECT 1 <=> 1;
SELECT 'a' || 'b' || 'c', 'a'||1;
SELECT 'abc' ~ 'b', 'abc' ~* 'B', 'abc' !~ 'b', 'abc' !~* 'X';
SELECT 'abc' ~~ 'a%', 'abc' ~~* 'A%', 'abc' !~~ 'a%', 'abc' !~~* 'x%';
SELECT 3 OPERATOR(pg_catalog.+) 4;
SELECT 2 * 3 OPERATOR(pg_catalog.+) 4;
SELECT OPERATOR(pg_catalog.-) 4;
SELECT 3 OPERATOR(+) 4;
SELECT 3 OPERATOR(nowhere.+) 4;
SELECT 'a' OPERATOR(pg_catalog.~~) 'a';

-- 4.1.4 special characters
SELECT (1), ((2)), (((3)));
SELECT 1;;
SELECT ARRAY[1,2,3][2], (ARRAY[1,2,3])[1:2];
SELECT a.id FROM dept a WHERE a.id = 1;
SELECT count(*) FROM dept;
SELECT *;
SELECT FROM dept WHERE id < 3;
SELECT;
SELECT $1;
SELECT 1 : 2;
SELECT 1 ? 2;
SELECT @x;
SELECT `id` FROM dept;
SELECT [1];
SELECT {1};
SELECT 1 \ 2;

-- 4.1.5 comments
SELECT 1 -- to the end of the line
  + 1;
SELECT /* a block */ 1;
SELECT /* nested /* blocks */ are one */ 2;
SELECT /*! 99 */ 3;
SELECT /*+ hint */ 4;
SELECT 1 /* open;
SELECT 1 # not a comment
  + 1;
SELECT 1/**/+/**/1;
SELECT 1 */* times */ 3;
SELECT 4 +-- plus
  5;
SELECT 2 -/* minus */ 1;

-- 4.1.6 precedence
SELECT 2 + 3 * 4, (2 + 3) * 4, 2 * 3 + 4;
SELECT 10 - 4 - 3, 100 / 10 / 5, 2 - 3 + 4;
SELECT 2 * 3 % 4, 7 % 4 * 2, 8 / 3 * 3;
SELECT 1 + 2 << 1, 1 << 2 + 1, 6 & 3 + 1, 1 | 2 & 4;
SELECT 5 & 6 = 4, 5 = 5 & 7;
SELECT NOT true AND false, NOT (true AND false), NOT false OR true;
SELECT true OR true AND false, (true OR true) AND false;
SELECT NOT 1 = 2, NOT 1 > 2;
SELECT 1 < 2 = true;
SELECT 1 < 2 < 3;
SELECT 1 = 1 = true;
SELECT (1 = 1) = true;
SELECT 1 + 1 BETWEEN 1 AND 2 + 1, 2 BETWEEN 1 AND 2 AND true;
SELECT 1 BETWEEN 0 AND 2 OR false, NOT 1 BETWEEN 2 AND 3;
SELECT 'a' || 'b' LIKE 'ab', 'a' || 'b' = 'ab';
SELECT 1 IN (1, 2) AND true, NOT 1 IN (2), 1 + 1 IN (2);
SELECT 1 IS NULL = false;
SELECT (1 IS NULL) = false, NULL IS NULL AND true;
SELECT 1 = 2 IS NULL, 1 + NULL IS NULL;
SELECT 1 <> 2 IS TRUE;
SELECT true IS NOT DISTINCT FROM 1 = 1;
SELECT 2 ^ -1, -2 ^ 0.5 IS NULL;
SELECT - 2 ^ 2, -(2 ^ 2), (-2) ^ 2;
SELECT -1::int, - 1::text;
SELECT 1::text || 2::text, -5::int2;
SELECT 1 + 2::numeric / 4;
SELECT 'x' COLLATE "C" || 'y', 'a' < 'b' COLLATE "C";
SELECT timestamptz '2020-01-01 00:00+00' AT TIME ZONE 'UTC' + interval '1 day';
SELECT 3 - @ -2, 3 * @ -2;
SELECT |/ 16 + 9, |/ (16 + 9);
SELECT ARRAY[1,2] || 3 = ARRAY[1,2,3];
SELECT 'abc' ~ 'a' || 'b', 'abc' ~ ('a' || 'x');
SELECT '{"a":{"b":1}}'::jsonb -> 'a' -> 'b', '{"a":1}'::jsonb ->> 'a' = '1';
SELECT '{"a":1}'::jsonb -> 'a' || '2'::jsonb;
SELECT 1 - 1 || 'x';
SELECT true AND NULL OR true, NULL AND false, NULL OR true, NOT NULL;

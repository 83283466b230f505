-- PostgreSQL 15 documentation, chapter 8: data types.

-- 8.1 numeric types
SELECT (-32768)::int2, 32767::int2, 2147483647::int4, 9223372036854775807::int8;
SELECT 32768::int2;
SELECT '-32769'::int2;
SELECT 2147483648::int4;
SELECT '9223372036854775808'::int8;
SELECT '12abc'::int;
SELECT '1e3'::int;
SELECT '0x10'::int;
SELECT '1e3'::numeric, '.5'::numeric, '5.'::numeric, '-0'::numeric, '1e-3'::numeric;
SELECT ' 1 2'::numeric;
SELECT 'NaN'::numeric, 'Infinity'::numeric, '-inf'::numeric;
SELECT 'NaN'::numeric = 'NaN'::numeric, 'NaN'::numeric > 'Infinity'::numeric;
SELECT 'Infinity'::numeric - 'Infinity'::numeric, 'Infinity'::numeric * 0;
SELECT 'Infinity'::numeric::numeric(5,2);
SELECT 'Infinity'::numeric::int;
SELECT 12345.678::numeric(7,2), 0.005::numeric(3,2), (-0.005)::numeric(3,2), 1234567::numeric(3,-4);
SELECT 0.000123::numeric(3,5);
SELECT 99.995::numeric(4,2);
SELECT round(2.5), round(-2.5), round(2.5::float8), round(3.5::float8);
SELECT 1.10 + 2.200, 1.5 * 1.50, 10 / 4.0, 1 / 3.0, 2.0 / 3, 1.000 / 8;
SELECT 1e-20 * 1e-20, 1e20::numeric * 1e20;
SELECT 7.0 % 2.5, -7.0 % 2.5, 5.5::numeric / 0.0000001;
SELECT 0.1::float4, 0.1::float8, 0.1::float4::float8, 1e10::float4, 16777217::float4;
SELECT 1e-5::float8, 1e15::float8, 1e16::float8, 123456789.123::float8, 1.0::float8;
SELECT '1e400'::float8;
SELECT '1e-400'::float8;
SELECT '1e39'::float4;
SELECT 'infinity'::float8, '-Infinity'::float4, 'nan'::float8, ' 5.5 '::float8;
SELECT 'x'::float8;
SELECT 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 'Infinity'::float8, 0.0::float8 = -0.0::float8, '-0'::float8;
SELECT 1e308::float8 * 10;
SELECT 1e-308::float8 * 1e-308::float8;
SELECT 3.7::float8::int, -3.5::float8::int, 4.5::float8::int, 1e10::float8::int;
SELECT 'NaN'::float8::int;
SELECT 3.7::float4::numeric, 0.1::float8::numeric, 1.23456789012345678::float8::numeric;
SELECT float4 '1.1' = 1.1, float8 '1.1' = 1.1;
SELECT 5::decimal(4,1), 5::real, 5::double precision, 5::float(24), 5::float(25);
SELECT smallint '5' / smallint '2', 5 / 2::bigint, 5::int2 % 3::int8;
SELECT '100'::money;
SELECT 12.34::money::numeric;

-- 8.3 character types
SELECT 'ab'::char(4), length('ab'::char(4)), 'ab'::char(4) = 'ab', 'ab'::char(4)::text || '|';
SELECT 'abc'::char, 'abc'::character varying(2), ''::char(2) = ' '::char(1);
SELECT 'a '::varchar = 'a', 'a '::char(2) = 'a'::text, 'a'::char(3) LIKE 'a__', 'a'::char(3)::text LIKE 'a';
SELECT octet_length('ä'), char_length('ä'), length('ä☃'), bit_length('abc');
SELECT 'ab'::char(4) || 'c', concat('ab'::char(4), 'c'), upper('ab'::char(4)) || '|';
SELECT max(c), min(vc) FROM kinds;
SELECT c, length(c), octet_length(c) FROM kinds ORDER BY id;
SELECT 'abc'::varchar(2) || 'd', 'x'::text::char(2) = 'x ';
SELECT 'a'::"char", 'abc'::name, 'abc'::name || 'd';
SELECT 'a' > 'B', 'a' > 'Z', 'ä' > 'z', '' < 'a', 'a' < 'a ', 'A' < 'a';
SELECT 'abc'::text < 'abd'::varchar, 'a'::char(2) < 'b'::text;

-- 8.4 binary types
SELECT '\xDEADBEEF'::bytea, '\x'::bytea, 'abc'::bytea, '\000\134\\'::bytea, '\x 12 34'::bytea;
SELECT '\x1'::bytea;
SELECT '\xzz'::bytea;
SELECT '\400'::bytea;
SELECT '\x12'::bytea || '\x34'::bytea, length('\x1234'::bytea), '\x12'::bytea < '\x1200'::bytea;
SELECT by, by::text, length(by) FROM kinds ORDER BY id;
SELECT 'abc'::text::bytea, '\x616263'::bytea::text;

-- 8.5 date and time types
SELECT date 'January 8, 1999', date '1999-01-08', date '1/8/1999', date '1999-Jan-08', date 'Jan-08-1999', date '08-Jan-1999', date '19990108';
SELECT date '990108', date '1999.008', date 'J2451187', date 'January 8, 99 BC';
SELECT date '1/18/1999', date '18/1/1999';
SELECT date '99-Jan-08';
SELECT date '1999-02-29';
SELECT date '2000-02-29', date '0001-01-01 BC', date '4713-11-24 BC', date '5874897-12-31';
SELECT date '5874898-01-01';
SELECT date '4714-11-23 BC';
SELECT date 'infinity', date '-infinity', date 'infinity' > date '9999-01-01';
SELECT date 'epoch', timestamp 'epoch';
SELECT date 'today' = current_date;
SELECT date 'tomorrow' - date 'yesterday';
SELECT timestamp 'today' = current_date;
SELECT date '';
SELECT date '2020-1-2', date ' 2020-01-02 ', date '2020-01-02 10:00', date '2020/01/02';
SELECT time '04:05:06.789', time '04:05:06', time '04:05', time '040506', time '04:05 AM', time '04:05 PM', time '12:00 AM', time '24:00';
SELECT time '25:00';
SELECT time '24:00:01';
SELECT time '10:60';
SELECT time '10:00:60', time '23:59:59.9999999';
SELECT time(2) '04:05:06.789', time '2003-04-12 04:05:06';
SELECT time with time zone '04:05:06-08:00';
SELECT timetz '04:05+01';
SELECT timestamp '1999-01-08 04:05:06', timestamp '1999-01-08T04:05:06.5', timestamp 'Jan 8 04:05:06 1999', timestamp '1999-01-08';
SELECT timestamptz '1999-01-08 04:05:06 -8:00', timestamptz '1999-01-08 04:05:06 PST', timestamptz '1999-01-08 04:05:06Z', timestamptz '1999-01-08 04:05:06 America/New_York';
SELECT timestamptz '1999-01-08 04:05:06 Nowhere/Land';
SELECT timestamp '1999-01-08 04:05:06+09', timestamp '2020-01-01 24:00', timestamp '2020-06-30 23:59:60';
SELECT timestamp '294276-12-31 23:59:59', timestamp '4713-01-01 BC';
SELECT timestamp '294277-01-01';
SELECT timestamp 'infinity', timestamptz '-infinity', timestamp 'infinity' - timestamp '2020-01-01';
SELECT timestamp(0) '2020-01-01 00:00:00.5', timestamp(3) '2020-01-01 00:00:00.12345', timestamp(7) '2020-01-01 00:00:00.1234567';
SELECT interval '1-2', interval '3 4:05:06', interval '1 year 2 months 3 days 4 hours 5 minutes 6 seconds', interval 'P1Y2M3DT4H5M6S', interval 'P0001-02-03T04:05:06';
SELECT interval '1 day ago', interval '-1 day +2:03:04', interval '@ 1 minute', interval '1.5 days', interval '1.5 months', interval '1.5 years', interval '0.5 weeks';
SELECT interval '1' year, interval '1' month, interval '1' hour, interval '1' minute, interval '1' second, interval '90' minute, interval '1 2' day to hour;
SELECT interval '1 day 2:03:04' hour to minute, interval '1 year 2 months' year, interval '1:02:03' minute;
SELECT interval '1 month 40 days 30 hours', interval '1 century', interval '2 decades', interval '1 millennium', interval '1 quarter';
SELECT interval '1 nosuch';
SELECT interval '';
SELECT interval '1 day' = interval '24 hours', interval '1 month' = interval '30 days', interval '1 year' > interval '364 days';
SELECT interval '-1 days', interval '1 mon -1 days', interval '-00:00:01', interval '1 year -1 day', interval '0';
SELECT interval '100000000 years', interval '178000000 years';
SELECT interval '99999999999 years';
SELECT date '2020-01-31' + interval '1 month', date '2020-03-31' - interval '1 month', timestamp '2020-02-29' + interval '1 year';
SELECT timestamp '2020-01-01' - timestamp '2019-12-31 12:00', date '2020-03-01' - date '2020-02-01', time '10:00' - time '09:30', time '23:00' + interval '2 hours';
SELECT interval '1 day' * 2.5, interval '1 day' / 3, 2 * interval '1 month', interval '1 month' * 0.5, - interval '1 day', interval '1 hour' + interval '1 day';
SELECT interval '1 day' / 0;
SELECT date '2020-01-01' + time '10:00', date '2020-01-01' + 1.5;
SELECT date '2020-01-01' - timestamp '2019-12-31', date '2020-01-01' < timestamp '2020-01-01 00:00:01', timestamptz '2020-01-01 00:00+00' = timestamp '2020-01-01';
SELECT d + iv, ts - iv, tz + iv FROM kinds WHERE id IN (1, 2) ORDER BY id;
SELECT date '294277-01-01'::timestamp;
SELECT timestamp '2020-01-01 10:11:12.5'::time, timestamptz '2020-01-01 10:00+00'::date, time '10:00'::interval, interval '25:30:00'::time;
SELECT '2020-01-01'::timestamp::text, '2020-01-01 00:00:00.100'::timestamp::text, '2020-01-01'::timestamptz::text;
-- script
SET LOCAL TimeZone = 'Europe/Berlin';
SELECT timestamptz '2020-07-01 12:00+00', timestamptz '2020-01-01 12:00', timestamp '2020-07-01 12:00'::timestamptz;
SELECT timestamptz '2020-03-29 02:30', timestamptz '2020-10-25 02:30', timestamptz '2020-03-29 01:59' + interval '1 hour', timestamptz '2020-03-28 12:00' + interval '1 day';
SELECT tz, tz::date, tz AT TIME ZONE 'America/New_York' FROM kinds ORDER BY id;
SELECT date_trunc('day', timestamptz '2020-03-29 12:00+02'), extract(timezone FROM timestamptz '2020-07-01 12:00+00');
SET LOCAL DateStyle = 'SQL, DMY';
SELECT date '2020-02-01', timestamp '2020-02-01 03:04:05';
SET LOCAL IntervalStyle = 'iso_8601';
SELECT interval '1 year 2 days 3:04:05';
-- end
-- script
SET LOCAL DateStyle = 'German';
SELECT date '2020-02-01', timestamptz '2020-02-01 03:04:05+00';
-- end
-- script
SET LOCAL IntervalStyle = 'sql_standard';
SELECT interval '1 year 2 days 3:04:05', interval '-1 year', interval '3 days';
-- end
-- script
SET LOCAL TimeZone = 'UTC-3';
SELECT timestamptz '2020-01-01 00:00+00';
SET LOCAL TimeZone = '-5';
SELECT timestamptz '2020-01-01 00:00+00';
SET LOCAL TimeZone = 'Nowhere';
SET LOCAL TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE;
SELECT timestamptz '2020-01-01 00:00+00';
SET LOCAL TIME ZONE LOCAL;
SHOW TimeZone;
-- end

-- 8.6 boolean
SELECT 't'::bool, 'true'::bool, 'y'::bool, 'yes'::bool, 'on'::bool, '1'::bool, ' TRUE '::bool, 'tr'::bool, 'fals'::bool, 'of'::bool, 'no'::bool;
SELECT 'o'::bool;
SELECT ''::bool;
SELECT b, NOT b, b AND true, b OR false, b IS NOT TRUE, b::int FROM kinds ORDER BY id;
SELECT true > false, true = 't', bool 'f' < 'true', true <> NULL;
SELECT true::text || '!', true::varchar(2), 'x' || true;

-- 8.7 enumerated types
-- script
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE person (name text, current_mood mood);
INSERT INTO person VALUES ('Moe', 'happy'), ('Larry', 'sad');
SELECT * FROM person WHERE current_mood > 'sad' ORDER BY current_mood;
SELECT 'angry'::mood;
-- end

-- 8.8 geometric, 8.9 network types
SELECT point '(1,2)';
SELECT '((0,0),(1,1))'::box;
SELECT circle '<(0,0),5>';
SELECT '192.168.1.0/24'::cidr;
SELECT '192.168.1.5'::inet;
SELECT inet '10.0.0.1' << inet '10/8';
SELECT macaddr '08:00:2b:01:02:03';

-- 8.10 bit strings, 8.11 text search
SELECT '101'::bit(3);
SELECT B'10' & B'11';
SELECT '101'::bit varying(5);
SELECT 5::bit(4);
SELECT 'a fat cat'::tsvector @@ 'cat & fat'::tsquery;
SELECT to_tsvector('english', 'The fat cats');

-- 8.12 UUID
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid, '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}'::uuid, 'a0eebc999c0b4ef8bb6d6bb9bd380a11'::uuid;
SELECT 'a0eebc99-9c0b'::uuid;
SELECT uuid '00000000-0000-0000-0000-000000000000' < uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff', u::text, length(u::text) FROM kinds WHERE id = 1;

-- 8.13 XML
SELECT '<a/>'::xml;
SELECT xmlelement(name foo);
SELECT xmlparse(CONTENT 'abc');

-- 8.14 JSON
SELECT '5'::json, '[1, 2, "foo", null]'::json, '{"bar": "baz", "balance": 7.77, "active":false}'::json;
SELECT '{"bar": "baz", "balance": 7.77, "active":false}'::jsonb, '{"reading": 1.230e-5}'::jsonb, '{"reading": 1.230e-5}'::json;
SELECT '{"a":1, "a":2}'::jsonb, '{"a":1, "a":2}'::json, '{"bb":1,"a":2}'::jsonb;
SELECT '{a:1}'::json;
SELECT '[1,]'::jsonb;
SELECT ''::json;
SELECT 'nul'::jsonb;
SELECT '1 2'::jsonb;
SELECT '"\u00e4\ud83d\ude00"'::jsonb, '"\u00e4"'::json, '"\n\t\""'::jsonb;
SELECT '"\u0000"'::jsonb;
SELECT '"\ud83d"'::jsonb;
SELECT '"\x"'::json;
SELECT '"foo"'::jsonb @> '"foo"'::jsonb, '[1, 2, 3]'::jsonb @> '[1, 3]'::jsonb, '[1, 2, 3]'::jsonb @> '[3, 1, 1]'::jsonb, '{"product": "x", "jsonb":true}'::jsonb @> '{"jsonb": true}'::jsonb;
SELECT '[1, 2, [1, 3]]'::jsonb @> '[1, 3]'::jsonb, '{"foo": {"bar": "baz"}}'::jsonb @> '{"bar": "baz"}'::jsonb, '["foo", "bar"]'::jsonb @> '"bar"'::jsonb, '"bar"'::jsonb @> '["bar"]'::jsonb;
SELECT '["foo", "bar"]'::jsonb ? 'bar', '{"foo": 1}'::jsonb ? 'foo', '{"foo": 1}'::jsonb ?| ARRAY['a','foo'], '{"foo": 1}'::jsonb ?& ARRAY['a','foo'];
SELECT ('{"a": {"b": {"c": 1}}}'::jsonb)['a']['b']['c'], ('[1, "2", null]'::jsonb)[1], ('{"a": 1}'::jsonb)[0];
SELECT '1'::jsonb = '1.0'::jsonb, '"a"'::jsonb < '1'::jsonb, '[]'::jsonb < '{}'::jsonb, 'null'::jsonb < '"a"'::jsonb;
SELECT '1'::jsonb::int, 'true'::jsonb::boolean, '1.6'::jsonb::int, '2.5'::jsonb::numeric;
SELECT '"x"'::jsonb::int;
SELECT '"x"'::jsonb::text, '{"a":1}'::json::jsonb, '{"a": 1}'::jsonb::json;
SELECT '{"a":1}'::json = '{"a":1}'::json;
SELECT '1'::json::int;
SELECT '$.a'::jsonpath;
SELECT j, jb, j::text, jb::text FROM kinds ORDER BY id;

-- 8.15 arrays
-- script
CREATE TABLE sal_emp (name text, pay_by_quarter integer[], schedule text[]);
INSERT INTO sal_emp VALUES ('Bill', '{10000, 10000, 10000, 10000}', '{"meeting", "lunch break"}');
INSERT INTO sal_emp VALUES ('Carol', ARRAY[20000, 25000, 25000, 25000], ARRAY['breakfast', 'consulting']);
SELECT name FROM sal_emp WHERE pay_by_quarter[1] <> pay_by_quarter[2];
SELECT pay_by_quarter[3], schedule[1:1] FROM sal_emp ORDER BY name;
UPDATE sal_emp SET pay_by_quarter = '{25000,25000,27000,27000}' WHERE name = 'Carol';
UPDATE sal_emp SET pay_by_quarter[4] = 15000 WHERE name = 'Bill';
SELECT * FROM sal_emp WHERE 10000 = ANY (pay_by_quarter);
SELECT * FROM sal_emp WHERE pay_by_quarter && ARRAY[27000];
-- end
SELECT '{1,2,3}'::int[], '{"a","b c",NULL,"null","",a\"b}'::text[], '{ 1 , 2 }'::int[];
SELECT '{1,2'::int[];
SELECT '{1,,2}'::int[];
SELECT '{1,x}'::int[];
SELECT '1,2'::int[];
SELECT '{}'::int[];
SELECT '{{}}'::int[];
SELECT '{{1,2},{3,4}}'::int[];
SELECT '[2:4]={1,2,3}'::int[];
SELECT ARRAY['a"b', 'c\d', 'e f', '{', '', 'NULL', NULL, 'x,y']::text[];
SELECT ARRAY[1.5, 2], ARRAY[true, NULL], ARRAY['2020-01-01'::date], ARRAY[interval '1 day'], ARRAY['\x01'::bytea];
SELECT array_dims(ARRAY[1,2]), array_length(ARRAY[1,2], 1), array_length('{}'::int[], 1), cardinality(ARRAY[1,2]), array_upper(ARRAY[1,2], 1), array_lower(ARRAY[1], 1), array_ndims(ARRAY[1]);
SELECT ARRAY[1,2] = ARRAY[1,2], ARRAY[1,2] < ARRAY[1,3], ARRAY[1,2] < ARRAY[1,2,0], ARRAY[1,NULL] = ARRAY[1,NULL], ARRAY[2] > ARRAY[1,9];
SELECT ARRAY[1,2] = ARRAY[1.0,2.0];
SELECT ARRAY[1,2]::bigint[] = ARRAY[1,2]::bigint[], ARRAY[1,2]::text[];
SELECT 1 = ANY (ARRAY[1,2]), 3 = ALL (ARRAY[3,3]), 1 = ANY (NULL::int[]), 1 <> ALL ('{}'), NULL = ANY (ARRAY[1]), 1 = ANY (ARRAY[2,NULL]);
SELECT ai, at, ai[1], at[3], cardinality(ai), ai || 9 FROM kinds ORDER BY id;

-- 8.16 composite, 8.17 range, 8.18 domain types
-- script
CREATE TYPE complex AS (r double precision, i double precision);
SELECT ROW(1, 2)::complex;
-- end
SELECT '[1,5)'::int4range;
SELECT int4range(1, 5) @> 3;
SELECT numrange(1.0, 2.0);
SELECT tstzrange(NULL, NULL);
SELECT '{[1,3),[5,9)}'::int4multirange;
CREATE DOMAIN us_postal_code AS text CHECK (VALUE ~ '^\d{5}$');

-- 8.19 object identifiers, 8.20 pg_lsn, 8.21 pseudo-types
SELECT 'dept'::regclass, 'pg_class'::regclass::oid = 1259, 'int4'::regtype, 'pg_catalog.int4'::regtype::oid;
SELECT 'nosuch'::regclass;
SELECT 'nosuch'::regtype;
SELECT to_regclass('nosuch'), to_regtype('nosuch');
SELECT 'sum'::regproc;
SELECT 'abs(int4)'::regprocedure, '+(int,int)'::regoperator;
SELECT 5::oid, '4294967295'::oid, 5::oid = 5, oid '7' > 6::oid;
SELECT '-1'::oid, (-1)::oid;
SELECT 4294967296::oid;
SELECT '16/B374D848'::pg_lsn;
SELECT 'public'::regnamespace, 'postgres'::regrole IS NOT NULL;
SELECT 'x'::anyelement;
SELECT 'x'::record;
SELECT 'x'::unknown;
SELECT 1::void;
-- differs: xid is an oid
SELECT '1'::xid;
SELECT '0/1'::tid;
SELECT 'dept'::regclass::text, 'emp_dept'::regclass::text, 'public.dept'::regclass::text, '"Mixed Case"'::regclass::text;

-- 10 type conversion
SELECT abs('-4.5') AS abs, abs('-4')::int;
SELECT |/ 40, @ '-4.5', ~ 20;
SELECT ~ '20';
SELECT 'abc' || 'def', text 'abc' || 'def', 'abc' || 4, 4 || 'abc'::text;
SELECT substr('1234', 3), substr(varchar '1234', 3), substr(1234, 3);
SELECT round(4, 4), round(4.0, 4), round('4', 4), power(2, 3), power(2.0, 3);
SELECT text 'a' AS text UNION SELECT 'b' ORDER BY 1;
SELECT 1.2 AS n UNION SELECT 1 ORDER BY 1;
SELECT 1 AS r UNION SELECT CAST('2.2' AS real) ORDER BY 1;
SELECT NULL UNION SELECT NULL UNION SELECT 1;
SELECT CASE WHEN true THEN 1 ELSE 2.5 END, CASE WHEN true THEN 1 ELSE '2' END, CASE WHEN false THEN 'a' END;
SELECT CASE WHEN true THEN 1 ELSE 'x' END;
SELECT CASE WHEN true THEN 1 ELSE true END;
SELECT coalesce(1, 2.5), coalesce('a', 'b'), coalesce(NULL, '3', 4), greatest(1, 2.5, '3'), least('a', 'B'), nullif('1', 1);
SELECT coalesce(1, 'x');
SELECT pg_typeof(coalesce(1, 2::bigint)), pg_typeof(CASE WHEN true THEN 1::real ELSE 1.5 END), pg_typeof(greatest(1, 2.0)), pg_typeof(ARRAY[1, 2.5]);
SELECT '5' * '3';
SELECT 2 * '3', '3.5' * 2.0, '7' % 4, 5 > '3', '10' < '9', 10 < '9';
SELECT date '2020-01-01' = '2020-01-01', '2020-01-01' < date '2020-01-02', date '2020-01-01' + '1';
SELECT '2020-01-01' - date '2019-12-31', '10:00' + interval '1 hour', interval '1 day' + '1 hour', now() - '1 day' < now();
SELECT 1 IN (1.0, 2), '1' IN (1, 2), 1 IN ('1', '2'), 'a' IN ('a', 'b');
SELECT 1 IN ('x');
SELECT int2 '1' = int8 '1', float4 '0.5' = numeric '0.5', varchar 'a' = text 'a', char(3) 'a' = varchar 'a';
SELECT 1 = true;
SELECT date '2020-01-01' = 1;
SELECT text '1' + 1;
SELECT 'a'::text = 'a'::bytea;
SELECT jb = j FROM kinds;

-- PostgreSQL 15 documentation, 9.10 to 9.28.

-- 9.10 enums, 9.11 geometry, 9.12 networks, 9.13 text search, 9.14 UUID, 9.15 XML
SELECT enum_first(NULL::mood);
SELECT area(box '((0,0),(1,1))');
SELECT host(inet '10.0.0.1/8');
SELECT to_tsquery('a & b');
SELECT length(gen_random_uuid()::text), gen_random_uuid() = gen_random_uuid();
SELECT xpath('/a', '<a/>');

-- 9.16.1 JSON operators
SELECT '[{"a":"foo"},{"b":"bar"},{"c":"baz"}]'::json -> 2, '[1,2]'::jsonb -> -1, '{"a": {"b":"foo"}}'::json -> 'a', '[1,2,3]'::json ->> 2, '{"a":1,"b":2}'::json ->> 'b', '{"a":1}'::jsonb -> 'x', '[1]'::jsonb -> 5, '1'::jsonb -> 0;
SELECT '{"a": {"b": ["foo","bar"]}}'::json #> '{a,b,1}', '{"a": {"b": ["foo","bar"]}}'::json #>> '{a,b,1}', '{"a":[1,2]}'::jsonb #> '{a,-1}', '{"a":[1,2]}'::jsonb #> '{}', '{"a":1}'::jsonb #> ARRAY['a','b'];
SELECT '{"a":1, "b":2}'::jsonb @> '{"b":2}'::jsonb, '{"b":2}'::jsonb <@ '{"a":1, "b":2}'::jsonb, '{"a":1, "b":2}'::jsonb ? 'b', '["a", "b", "c"]'::jsonb ?| ARRAY['b','d'], '["a", "b", "c"]'::jsonb ?& ARRAY['a','b'];
SELECT '["a", "b"]'::jsonb || '["a", "d"]'::jsonb, '{"a": "b"}'::jsonb || '{"c": "d"}'::jsonb, '[1, 2]'::jsonb || '3'::jsonb, '{"a": "b"}'::jsonb || '42'::jsonb, '1'::jsonb || '2'::jsonb;
SELECT '{"a": "b", "c": "d"}'::jsonb - 'a', '["a", "b", "c", "b"]'::jsonb - 'b', '{"a": "b", "c": "d"}'::jsonb - '{a,c}'::text[], '["a", "b"]'::jsonb - 1, '["a", "b"]'::jsonb - -1, '["a", {"b":1}]'::jsonb #- '{1,b}';
SELECT '{"a":1}'::jsonb - 0;
SELECT '1'::jsonb - 'a';
SELECT '{"a":[1,2,3,4,5]}'::jsonb @? '$.a[*] ? (@ > 2)', '{"a":[1,2]}'::jsonb @@ '$.a[*] > 1';
SELECT '{"a": 1}'::jsonb -> 'a' = '1', '{"a":"x"}'::jsonb ->> 'a' || 'y', ('{"a":"5"}'::jsonb ->> 'a')::int + 1, '{"a":null}'::jsonb -> 'a', '{"a":null}'::jsonb ->> 'a', ('{"a":null}'::jsonb -> 'a') IS NULL;
SELECT '{"a":1}'::json -> 1, '[1]'::json -> 'a', jb -> 'b' -> 1, jb #>> '{b,0}', j -> 'a' FROM kinds WHERE id = 1;

-- 9.16.2 JSON functions
SELECT to_json('Fred said "Hi."'::text), to_jsonb(42), to_json(ARRAY[1,2]), to_jsonb(1.50), to_json(true), to_json(date '2020-01-01'), to_jsonb(timestamptz '2020-01-01 00:00+00'), to_json(NULL::int), to_jsonb('{"a":1}'::json), to_json('NaN'::float8);
SELECT array_to_json(ARRAY[1,2,NULL]);
SELECT array_to_json('{{1,5},{99,100}}'::int[]);
SELECT row_to_json(d) FROM dept d WHERE id = 1;
SELECT json_build_array(1, 2, 'foo', NULL, true), jsonb_build_array(1, 'a', '{"x":1}'::json), json_build_array(), json_build_object('foo', 1, 2, 'x'), jsonb_build_object('b', 1, 'a', NULL), json_build_object();
SELECT json_build_object('a');
SELECT jsonb_build_object(NULL, 1);
SELECT json_object('{a, 1, b, "def", c, 3.5}'), jsonb_object('{a,b}', '{1,2}');
SELECT json_object('{a}');
SELECT value FROM json_array_elements('[1,true, [2,false]]');
SELECT value FROM jsonb_array_elements_text('["foo", "bar", null]');
SELECT jsonb_array_elements('{"a":1}'::jsonb);
SELECT json_array_length('[1,2,3,{"f1":1,"f2":[5,6]},4]'), jsonb_array_length('[]');
SELECT jsonb_array_length('1');
SELECT * FROM json_each('{"a":"foo", "b":1}');
SELECT * FROM jsonb_each_text('{"b":"foo", "a":null}');
SELECT json_extract_path('{"f2":{"f3":1},"f4":{"f5":99,"f6":"foo"}}', 'f4', 'f6'), jsonb_extract_path_text('{"a":{"b":"x"}}', 'a', 'b');
SELECT json_object_keys('{"f1":"abc","f2":{"f3":"a", "f4":"b"}}');
SELECT * FROM jsonb_object_keys('{"b":1,"aa":2}');
SELECT * FROM jsonb_populate_record(NULL::dept, '{"id":5,"name":"x"}');
SELECT * FROM jsonb_to_record('{"a":1,"b":"x"}') AS x (a int, b text);
SELECT jsonb_set('[{"f1":1,"f2":null},2,null,3]', '{0,f1}', '[2,3,4]', false), jsonb_set('{"a":1}', '{b}', '2'), jsonb_set('{"a":1}', '{b}', '2', false), jsonb_set('[1]', '{5}', '9'), jsonb_set('{"a":1}', '{a,b}', '2'), jsonb_set('{"a":1}', '{a}', NULL);
SELECT jsonb_set_lax('{"a":1}', '{a}', NULL);
SELECT jsonb_insert('{"a": [0,1,2]}', '{a, 1}', '"new_value"');
SELECT jsonb_insert('{"a": [0,1,2]}', '{a, 1}', '"new_value"', true);
SELECT jsonb_insert('{"a": 1}', '{a}', '2');
SELECT json_strip_nulls('[{"f1":1, "f2":null}, 2, null, 3]'), jsonb_strip_nulls('{"a":null,"b":{"c":null}}'), jsonb_pretty('[{"f1":1,"f2":null}, 2]'), json_typeof('-123.4'), json_typeof('null'), jsonb_typeof('[]'), jsonb_typeof('true'), jsonb_typeof(NULL);
SELECT jsonb_path_exists('{"a":[1,2,3]}', '$.a[*] ? (@ >= 2)');
SELECT jsonb_path_query('{"a":[1,2]}', '$.a[*]');
SELECT json_agg(id ORDER BY id), jsonb_agg(name ORDER BY id), json_object_agg(id, name ORDER BY id), jsonb_object_agg(name, id) FROM dept;
SELECT json_agg(d ORDER BY id) FROM dept d;
SELECT json_object_agg(NULL, 1);
SELECT json_agg(city ORDER BY id), jsonb_agg(city ORDER BY id) FILTER (WHERE city IS NOT NULL), json_agg(1) FILTER (WHERE false) FROM dept;

-- 9.17 sequences
-- script
SELECT nextval('seq'), nextval('seq'), currval('seq'), lastval();
SELECT setval('seq', 42), nextval('seq');
SELECT setval('seq', 42, false), nextval('seq');
SELECT nextval('seq'::regclass), nextval('public.seq'), nextval('"seq"');
SELECT setval('seq', 0);
SELECT last_value, is_called FROM seq;
-- end
-- script outside
SELECT currval('seq');
SELECT lastval();
-- end
SELECT nextval('nosuch');
SELECT nextval('dept');
SELECT pg_get_serial_sequence('counted', 'id'), pg_get_serial_sequence('counted', 'v');
SELECT pg_get_serial_sequence('counted', 'nosuch');

-- 9.18 conditionals
SELECT CASE n WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'other' END FROM nums ORDER BY n, m;
SELECT CASE WHEN n = 1 THEN 'one' WHEN n IS NULL THEN 'none' END FROM nums ORDER BY n, m;
SELECT CASE NULL WHEN NULL THEN 1 ELSE 2 END, CASE WHEN NULL THEN 1 ELSE 2 END, CASE 1 WHEN 1.0 THEN 'eq' END;
SELECT CASE 1 WHEN 'x' THEN 1 END;
SELECT CASE END;
SELECT CASE WHEN 1 THEN 2 END;
SELECT CASE WHEN true THEN 1;
SELECT coalesce(NULL, NULL, 3), coalesce(NULL), coalesce(city, name, 'x') FROM dept ORDER BY id;
SELECT coalesce();
SELECT nullif(1, 1), nullif(1, 2), nullif('a', 'b'), nullif(NULL, 1), nullif(1, NULL), nullif(1, 1.0);
SELECT nullif(1);
SELECT pg_typeof(nullif('a'::varchar, 'b')), pg_typeof(nullif(1::smallint, 2::bigint)), nullif('a'::char(3), 'b');
SELECT nullif(1, 'x');
SELECT greatest(1, 3, 2), least('b', 'a', NULL), greatest(NULL, NULL), greatest(1, 2.5), least(date '2020-01-01', '2019-01-01'), greatest('a'), greatest(NULL, 'NaN'::float8, 1);

-- 9.19 arrays
SELECT ARRAY[1,4,3] @> ARRAY[3,1,3], ARRAY[2,2,7] <@ ARRAY[1,7,4,2,6], ARRAY[1,4,3] && ARRAY[2,1], ARRAY[1,2,3] || ARRAY[4,5], ARRAY[1,2] || 3, 1 || ARRAY[2], ARRAY[1] || NULL, NULL || ARRAY[1], ARRAY[1] || '{2,3}', '{1}' || ARRAY[2];
SELECT array_append(ARRAY[1,2], 3), array_cat(ARRAY[1,2], ARRAY[3]), array_prepend(1, ARRAY[2,3]), array_append(NULL, 1), array_cat(NULL, ARRAY[1]), array_remove(ARRAY[1,2,3,2], 2), array_remove(ARRAY[1,NULL], NULL), array_replace(ARRAY[1,2,5,4], 5, 3), array_fill(7, ARRAY[3]), array_position(ARRAY['sun', 'mon', 'tue'], 'mon'), array_position(ARRAY[1,2,1], 1, 2), array_positions(ARRAY['A','A','B','A'], 'A'), trim_array(ARRAY[1,2,3,4], 2);
SELECT trim_array(ARRAY[1], 2);
SELECT array_to_string(ARRAY[1, 2, NULL, 5], ','), array_to_string(ARRAY['a','b'], NULL), array_ndims(ARRAY[1]), array_dims('{}'::int[]), array_upper(ARRAY[1,8], 1), array_length(ARRAY[1,2,3], 2), cardinality('{}'::int[]);
SELECT unnest(ARRAY[1,2]), unnest(ARRAY['x','y','z']);
SELECT array_agg(id ORDER BY id), array_agg(city ORDER BY id), array_agg(DISTINCT city) FROM dept;
SELECT array_agg(ai) FROM kinds WHERE id = 1;
SELECT ARRAY[1] @> ARRAY['a'];
SELECT ARRAY[1] || 'a';
SELECT array_position(ARRAY[1], 'a');
SELECT array_shuffle(ARRAY[1]);
SELECT ARRAY[3,1,2] < ARRAY[3,2], ARRAY['b'] > ARRAY['a','z'], '{}'::int[] < ARRAY[NULL]::int[], ARRAY[NULL]::int[] > ARRAY[1];

-- 9.20 ranges, 9.21 aggregates
SELECT lower(int4range(1,3));
SELECT bool_and(b), bool_or(b), every(b), count(b) FROM kinds;
SELECT bit_and(n) FROM nums;
SELECT bit_or(n) FROM nums;
SELECT bit_xor(n) FROM nums;
SELECT avg(i2), avg(i4), avg(i8), avg(f4), avg(n2), sum(i2), sum(i4), sum(i8), sum(f4), sum(n2) FROM kinds WHERE id IN (1, 2);
SELECT min(t), max(t), min(d), max(ts), min(tz), max(iv), min(tm), max(n), min(f8), max(f4) FROM kinds;
SELECT min(u), max(by) FROM kinds;
SELECT min(b) FROM kinds;
SELECT max(ai), min(at) FROM kinds;
SELECT max(jb) FROM kinds;
SELECT stddev(n) FROM nums;
SELECT stddev_pop(n) FROM nums;
SELECT stddev_samp(n) FROM nums;
SELECT variance(n) FROM nums;
SELECT var_pop(n) FROM nums;
SELECT var_samp(n) FROM nums;
SELECT stddev(m::float8), var_pop(m::float8), stddev(salary) FROM nums, emp WHERE emp.id = 1;
SELECT corr(m, n) FROM nums;
SELECT covar_pop(m, n) FROM nums;
SELECT covar_samp(m, n) FROM nums;
SELECT regr_slope(m, n) FROM nums;
SELECT regr_intercept(m, n) FROM nums;
SELECT regr_count(m, n) FROM nums;
SELECT regr_r2(m, n) FROM nums;
SELECT regr_avgx(m, n) FROM nums;
SELECT regr_avgy(m, n) FROM nums;
SELECT regr_sxx(m, n) FROM nums;
SELECT regr_sxy(m, n) FROM nums;
SELECT regr_syy(m, n) FROM nums;
SELECT string_agg(name, ', ' ORDER BY name), string_agg(by, '\x00'::bytea ORDER BY kinds.id) FROM dept, kinds WHERE dept.id = 1;
SELECT string_agg(name, NULL ORDER BY id), string_agg(city, '-' ORDER BY id) FROM dept;
SELECT string_agg(id, ',') FROM dept;
SELECT stddev(n) FROM nums WHERE n = 5;
SELECT range_agg(int4range(1,2));
SELECT xmlagg(x) FROM (SELECT NULL::xml AS x) q;
SELECT dense_rank(2) WITHIN GROUP (ORDER BY n) FROM nums;
SELECT sum(n) FILTER (WHERE n > 100), count(*) FILTER (WHERE true), avg(n) FILTER (WHERE n < 3) FROM nums;
SELECT sum(NULL::int), avg(NULL::int), max(NULL), count(NULL), array_agg(NULL::int);
SELECT sum('1'), avg('2');
SELECT sum(2147483647) FROM generate_series(1, 3);
SELECT sum(9223372036854775807) FROM generate_series(1, 2);
SELECT avg(DISTINCT salary), sum(DISTINCT salary), max(DISTINCT name) FROM emp;
SELECT any_value(n) FROM nums;

-- 9.22 window functions
SELECT id, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w FROM emp WINDOW w AS (ORDER BY salary) ORDER BY id;
SELECT id, ntile(4) OVER (ORDER BY id), lag(name) OVER (ORDER BY id), lag(name, 2, 'none') OVER (ORDER BY id), lead(salary) OVER (PARTITION BY dept ORDER BY id) FROM emp ORDER BY id;
SELECT id, first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w FROM emp WINDOW w AS (PARTITION BY dept ORDER BY id) ORDER BY id;
SELECT ntile(0) OVER (ORDER BY id) FROM emp;
SELECT nth_value(id, 0) OVER (ORDER BY id) FROM emp;
SELECT lag(id, 1, 'x') OVER (ORDER BY id) FROM emp;
SELECT lag(name, 1, 5) OVER (ORDER BY id) FROM emp;
SELECT first_value(id) IGNORE NULLS OVER (ORDER BY id) FROM emp;
SELECT lag(id, -1) OVER (ORDER BY id), lag(id, NULL) OVER (ORDER BY id) FROM emp ORDER BY id;

-- 9.23 subqueries, 9.24 rows and arrays
SELECT EXISTS (SELECT 1 FROM empty), EXISTS (SELECT NULL), NOT EXISTS (SELECT FROM dept WHERE id = 9);
SELECT EXISTS (SELECT 1 / 0);
SELECT 1 IN (SELECT id FROM dept), 9 IN (SELECT id FROM dept), NULL IN (SELECT id FROM dept), NULL IN (SELECT a FROM empty), 9 NOT IN (SELECT dept FROM emp), 1 IN (SELECT id, name FROM dept WHERE false);
SELECT 2 > ANY (SELECT id FROM dept), 2 > ALL (SELECT id FROM dept), 2 = SOME (SELECT dept FROM emp), 9 = ANY (SELECT dept FROM emp), 1 > ALL (SELECT a FROM empty), 1 > ANY (SELECT a FROM empty);
SELECT 9 NOT IN (SELECT dept FROM emp WHERE dept IS NOT NULL), (1, 'sales') IN (SELECT id, name FROM dept), ROW(1, 'x') NOT IN (SELECT id, name FROM dept);
SELECT (1, 2) = (SELECT 1, 2);
SELECT (1, 2) = (SELECT 1);
SELECT (1, 2) > ANY (SELECT id, id FROM dept);
SELECT 1 = ANY (SELECT name FROM dept);
SELECT 1 IN ('1', NULL);
SELECT (1, 2) IN ((1, 2));
SELECT (1, NULL) IN ((1, 2));
SELECT (1, 2) = ANY (ARRAY[1]);
SELECT ROW(1, 2) = (1, 2);
SELECT ROW(1) = 1;
SELECT (1, 2) = ROW(1, 'x');

-- 9.25 set returning functions
SELECT * FROM generate_series(2, 4);
SELECT * FROM generate_series(5, 1, -2);
SELECT * FROM generate_series(4, 3);
SELECT generate_series(1.1, 4, 1.3);
SELECT * FROM generate_series(NULL, 3);
SELECT * FROM generate_series('2008-03-01 00:00'::timestamp, '2008-03-02 12:00', '10 hours');
SELECT generate_subscripts('{NULL,1,NULL,2}'::int[], 1) AS s;
SELECT * FROM generate_series(1, 3) a, generate_series(a, 3) b ORDER BY 1, 2;
SELECT count(*) FROM generate_series(1, 100000);
SELECT * FROM generate_series(9223372036854775806, 9223372036854775807);
SELECT * FROM generate_series('a', 'b');
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS t (v, o) WHERE o > 1;
SELECT t.* FROM unnest(ARRAY[3,1,2]) WITH ORDINALITY t ORDER BY 1;

-- 9.26 information
SELECT current_schema, current_schema(), current_schemas(true) IS NOT NULL, session_user = current_user, current_role = user, current_catalog = current_database();
SELECT has_table_privilege('dept', 'SELECT'), has_table_privilege(current_user, 'dept', 'INSERT, DELETE'), has_schema_privilege('public', 'USAGE'), has_sequence_privilege('seq', 'USAGE'), has_database_privilege(current_database(), 'CONNECT');
SELECT has_table_privilege('nosuch', 'SELECT');
SELECT has_table_privilege('dept', 'nosuch');
SELECT has_column_privilege('dept', 'name', 'SELECT');
SELECT has_any_column_privilege('dept', 'SELECT');
SELECT pg_table_is_visible('dept'::regclass), pg_get_userbyid(10) IS NOT NULL, format_type(23, NULL), format_type(1043, 14), format_type(1700, 327686);
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'pairs'::regclass;
SELECT pg_get_indexdef('emp_dept'::regclass);
SELECT pg_get_viewdef('rich'::regclass) IS NOT NULL;
-- differs: expressions are shown as they were written
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'counted'::regclass ORDER BY adnum;
SELECT obj_description('dept'::regclass, 'pg_class'), col_description('dept'::regclass, 1);
SELECT pg_typeof(pg_typeof(1)), to_regclass('dept') IS NOT NULL, to_regtype('int4')::text;
SELECT version() LIKE 'PostgreSQL 15%', current_setting('server_version') LIKE '15%', current_setting('server_version_num')::int / 10000;
SELECT inet_client_addr() IS NULL;
SELECT pg_backend_pid() > 0, txid_current() > 0;
SELECT pg_is_in_recovery();
SELECT pg_my_temp_schema();
SELECT pg_postmaster_start_time() < now();
SELECT pg_conf_load_time() < now();
SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'emp'::regclass AND attnum > 0 ORDER BY attnum;
SELECT relname, relkind FROM pg_class WHERE relname IN ('dept', 'rich', 'seq', 'emp_dept', 'dept_pkey') ORDER BY relname;
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name;
SELECT column_name, data_type, is_nullable, character_maximum_length, numeric_precision FROM information_schema.columns WHERE table_name = 'emp' ORDER BY ordinal_position;
SELECT constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_name = 'pairs' AND constraint_type <> 'CHECK';
SELECT nspname FROM pg_namespace WHERE nspname IN ('public', 'pg_catalog', 'information_schema') ORDER BY 1;
SELECT typname, typlen, typtype FROM pg_type WHERE typname IN ('int4', 'text', 'numeric', 'jsonb', '_int4') ORDER BY 1;

-- 9.27 administration, 9.28 triggers
SELECT current_setting('TimeZone');
SELECT current_setting('nosuch.var', true);
SELECT set_config('myapp.x', '5', false);
SELECT current_setting('myapp.x');
SELECT current_setting('nosuch');
SELECT set_config('TimeZone', 'Nowhere', false);
-- script
SELECT set_config('search_path', 'pg_catalog, public', true), current_setting('search_path');
SHOW search_path;
SELECT set_config('application_name', 'corpus', false);
SHOW application_name;
SELECT set_config('search_path', '', true);
SELECT * FROM dept;
SELECT set_config('nosuch', '1', false), set_config(NULL, '1', false);
SELECT set_config('statement_timeout', 'x', false);
-- end
SELECT pg_cancel_backend(0);
SELECT pg_terminate_backend(0);
SELECT pg_relation_size('dept') >= 0, pg_total_relation_size('dept') >= 0, pg_size_pretty(10240::bigint), pg_size_pretty(1::bigint), pg_database_size(current_database()) >= 0;
SELECT pg_size_bytes('10 MB');
SELECT pg_column_size(1);
SELECT pg_try_advisory_lock(987654), pg_advisory_unlock(987654), pg_advisory_unlock(987654);
SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(1, 2);
SELECT pg_switch_wal() IS NOT NULL;
SELECT pg_reload_conf();
SELECT pg_ls_dir('.');
SELECT lo_create(0) > 0;
SELECT pg_export_snapshot() IS NOT NULL;
SELECT pg_notify('a', 'b');
SELECT suppress_redundant_updates_trigger();

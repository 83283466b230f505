// node-postgres: typed values, prepared statements, errors, transactions, COPY, cursors, cancellation, streaming changes.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import copyStreams from 'pg-copy-streams'
import Cursor from 'pg-cursor'

const config = { host: process.env.PGHOST, port: +process.env.PGPORT, user: process.env.PGUSER, database: process.env.PGDATABASE }

async function connect() {
  const client = new pg.Client(config)
  await client.connect()
  return client
}

async function fails(client, code, sql, values) {
  await assert.rejects(client.query(sql, values), (e) => (assert.equal(e.code, code, sql), true))
}

async function typedValues(client) {
  const row = [1, true, 7, -2147483648, '9223372036854775807', 0.1, '12.5000', "ü 🙂 '", new Date('2024-02-29T12:34:56.789Z'), '2024-02-29']
  const marks = row.map((_, i) => `$${i + 1}`).join(', ')
  await client.query({ name: 'insert', text: `INSERT INTO js_values VALUES (${marks})`, values: row })
  await client.query({ name: 'insert', text: `INSERT INTO js_values VALUES (${marks})`, values: [2, ...row.slice(1).fill(null)] })
  const { rows, fields } = await client.query({ text: 'SELECT *, d::text AS d FROM js_values ORDER BY id', rowMode: 'array' })
  const got = rows[0].slice(0, 9).concat(rows[0][10])
  assert.deepEqual(got, row)
  assert.deepEqual(rows[1].slice(1), Array(10).fill(null))
  assert.deepEqual(fields.slice(0, 10).map((f) => f.dataTypeID), [23, 16, 21, 23, 20, 701, 1700, 25, 1184, 1082])
}

async function statements(client) {
  await client.query('INSERT INTO js_items VALUES ($1, $2), (2, $2)', [1, 'x'])
  await fails(client, '23505', 'INSERT INTO js_items VALUES ($1, $2)', [1, 'again'])
  await fails(client, '22012', 'SELECT 1 / 0')
  await fails(client, '42P01', 'SELECT * FROM no_such')
  await fails(client, '42601', 'SELEC 1')
  const both = await client.query("SELECT 1 AS a; SELECT 'two' AS b")
  assert.deepEqual(both.map((r) => r.rows[0]), [{ a: 1 }, { b: 'two' }])
  await client.query('BEGIN')
  await client.query('DELETE FROM js_items')
  await client.query('ROLLBACK')
  assert.equal((await client.query('SELECT count(*)::int AS n FROM js_items')).rows[0].n, 2)
  const returned = await client.query('UPDATE js_items SET name = name || $1 WHERE id = 1 RETURNING *', ['!'])
  assert.deepEqual([returned.rowCount, returned.rows], [1, [{ id: 1, name: 'x!' }]])
}

async function copies(client) {
  const lines = Array.from({ length: 20000 }, (_, i) => `${i + 10}\trow ${i}\n`)
  await pipeline(Readable.from(lines), client.query(copyStreams.from('COPY js_items FROM STDIN')))
  let data = ''
  for await (const chunk of client.query(copyStreams.to('COPY (SELECT * FROM js_items WHERE id >= 10 ORDER BY id) TO STDOUT'))) data += chunk
  assert.equal(data, lines.join(''))
  const cursor = client.query(new Cursor('SELECT id FROM js_items ORDER BY id'))
  const first = await cursor.read(3)
  const second = await cursor.read(2)
  await cursor.close()
  assert.deepEqual(first.concat(second).map((r) => r.id), [1, 2, 10, 11, 12])
}

async function cancellation(client) {
  const pid = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
  assert.equal(pid, client.processID)
  const long = client.query('SELECT count(*) FROM js_items a, js_items b, js_items c WHERE a.id + b.id + c.id < 0')
  const canceled = assert.rejects(long, (e) => (assert.equal(e.code, '57014'), true))
  const again = setInterval(() => cancel(client), 200) // the first may come before the statement does
  await canceled
  clearInterval(again)
}

// cancel sends a CancelRequest, as the library does for its own.
function cancel(client) {
  const connection = new pg.Connection()
  connection.on('error', () => {})
  connection.on('connect', () => connection.cancel(client.processID, client.secretKey))
  connection.connect(config.port, config.host)
}

async function changes(client) {
  await client.query('CREATE STREAM IF NOT EXISTS js_events (id bigint KEY, name text)')
  await client.query("INSERT INTO js_events VALUES (1, 'a')")
  const writer = await connect()
  const cursor = client.query(new Cursor('SELECT id, name FROM js_events EMIT CHANGES'))
  assert.deepEqual(await cursor.read(1), [{ id: '1', name: 'a' }])
  const next = cursor.read(1)
  await writer.query("INSERT INTO js_events VALUES (2, 'b')")
  assert.deepEqual(await next, [{ id: '2', name: 'b' }])
  await writer.end()
}

const client = await connect()
await client.query('DROP TABLE IF EXISTS js_values, js_items')
await client.query(`CREATE TABLE js_values (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, f double precision,
  n numeric(20,4), s text, ts timestamptz, d date)`)
await client.query('CREATE TABLE js_items (id int PRIMARY KEY, name text NOT NULL)')
await typedValues(client)
await statements(client)
await copies(client)
await client.end()
const again = await connect()
await cancellation(again)
await again.end()
if (process.env.STREAMING === 'yes') {
  const streaming = await connect()
  await changes(streaming)
  await streaming.end()
}

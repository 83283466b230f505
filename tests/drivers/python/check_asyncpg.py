"""asyncpg: binary values of each type, prepared statements, batches, COPY of records, cursors, cancellation, pools."""

import asyncio
import datetime
import decimal
import os

import asyncpg

OPTIONS = dict(host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), user=os.environ["PGUSER"],
               database=os.environ["PGDATABASE"], ssl=False)
UTC = datetime.timezone.utc


async def typed_values(conn):
    rows = [
        (1, True, -32768, 2147483647, -(2**63), 1.5e-300, decimal.Decimal("1234567890123.4500"), "ü 🙂",
         datetime.datetime(2024, 2, 29, 12, 34, 56, 789012, UTC), datetime.date(2024, 2, 29)),
        (2, None, None, None, None, None, None, None, None, None),
    ]
    statement = await conn.prepare("INSERT INTO apg_values VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
    for row in rows:
        await statement.fetch(*row)
    got = await conn.fetch("SELECT * FROM apg_values ORDER BY id")
    assert [tuple(r) for r in got] == rows, got
    types = [a.type.name for a in (await conn.prepare("SELECT * FROM apg_values")).get_attributes()]
    assert types == ["int4", "bool", "int2", "int4", "int8", "float8", "numeric", "text", "timestamptz", "date"], types


async def batches(conn):
    await conn.executemany("INSERT INTO apg_items VALUES ($1, $2)", [(i, f"item {i}") for i in range(1000)])
    rows = [(i, f"copied {i}") for i in range(1000, 21_000)]
    tag = await conn.copy_records_to_table("apg_items", records=rows)
    assert tag == "COPY 20000", tag
    assert await conn.fetchval("SELECT count(*) FROM apg_items") == 21_000
    async with conn.transaction():
        seen = [r["id"] async for r in conn.cursor("SELECT id FROM apg_items ORDER BY id", prefetch=500)]
    assert seen == list(range(21_000))


async def failures(conn):
    for sql, kind in [("SELECT 1 / 0", asyncpg.DivisionByZeroError), ("SELECT * FROM no_such", asyncpg.UndefinedTableError),
                      ("INSERT INTO apg_items VALUES (0, 'x')", asyncpg.UniqueViolationError)]:
        try:
            await conn.execute(sql)
        except kind:
            pass
        else:
            raise AssertionError(sql)
    try:
        async with conn.transaction():
            await conn.execute("DELETE FROM apg_items")
            async with conn.transaction():  # a savepoint
                raise KeyError
    except KeyError:
        pass
    assert await conn.fetchval("SELECT count(*) FROM apg_items") == 21_000


async def cancellation(conn):
    long = "SELECT count(*) FROM apg_items a, apg_items b, apg_items c WHERE a.id + b.id + c.id < 0"
    try:
        await conn.fetchval(long, timeout=0.5)
    except (asyncio.TimeoutError, asyncpg.QueryCanceledError):
        pass
    else:
        raise AssertionError("not canceled")
    assert await conn.fetchval("SELECT 1") == 1


async def pools():
    async with asyncpg.create_pool(min_size=2, max_size=4, **OPTIONS) as pool:
        got = await asyncio.gather(*(pool.fetchval("SELECT $1::int + 1", i) for i in range(50)))
        assert got == list(range(1, 51)), got


async def main():
    conn = await asyncpg.connect(**OPTIONS)
    await conn.execute("DROP TABLE IF EXISTS apg_values, apg_items")
    await conn.execute("CREATE TABLE apg_values (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, f double precision,"
                       " n numeric(20,4), s text, ts timestamptz, d date)")
    await conn.execute("CREATE TABLE apg_items (id int PRIMARY KEY, name text NOT NULL)")
    await typed_values(conn)
    await batches(conn)
    await failures(conn)
    await cancellation(conn)
    await conn.close()
    await pools()


asyncio.run(main())

"""psycopg 3: typed values in text and binary, prepared statements, pipelines, errors, COPY, savepoints, cancellation,
streaming changes."""

import datetime
import decimal
import os
import threading

import psycopg
from psycopg import errors

HOST, PORT = os.environ["PGHOST"], os.environ["PGPORT"]
STREAMING = os.environ["STREAMING"] == "yes"
ADDRESS = f"host={HOST} port={PORT} user={os.environ['PGUSER']} dbname={os.environ['PGDATABASE']} sslmode=disable"

UTC = datetime.timezone.utc
ROWS = [
    (1, True, -32768, 2147483647, -(2**63), 1.5e-300, decimal.Decimal("1234567890123.4500"), "text 'ü' 🙂 \\ \"",
     datetime.datetime(2024, 2, 29, 12, 34, 56, 789012, UTC), datetime.date(2024, 2, 29)),
    (2, False, 0, 0, 0, 0.1, decimal.Decimal("0.0000"), "",
     datetime.datetime(1969, 12, 31, 23, 59, 59, 0, UTC), datetime.date(1, 1, 1)),
    (3, None, None, None, None, None, None, None, None, None),
]
COLUMNS = "id, b, i2, i4, i8, f, n, s, ts, d"


def typed_values(conn, binary):
    marks = ", ".join([("%b" if binary else "%t")] * 10)
    with conn.cursor(binary=binary) as cur:
        cur.execute("DELETE FROM py_values")
        for row in ROWS:
            cur.execute(f"INSERT INTO py_values ({COLUMNS}) VALUES ({marks})", row, prepare=True)
        cur.execute(f"SELECT {COLUMNS} FROM py_values ORDER BY id")
        assert cur.fetchall() == ROWS, (binary, ROWS)
        cur.execute("SELECT id FROM py_values WHERE s = %s AND d = %s", (ROWS[0][7], ROWS[0][9]))
        assert cur.fetchall() == [(1,)]


def batches(conn):
    with conn.cursor() as cur:
        cur.execute("DELETE FROM py_items")
        cur.executemany("INSERT INTO py_items VALUES (%s, %s)", [(i, f"item {i}") for i in range(500)])
        assert cur.rowcount == 500, cur.rowcount
        cur.executemany("INSERT INTO py_items VALUES (%s, %s) RETURNING id", [(i, "x") for i in range(500, 503)], returning=True)
        got = []
        while True:
            got += cur.fetchall()
            if not cur.nextset():
                break
        assert got == [(500,), (501,), (502,)], got
    with conn.pipeline(), conn.cursor() as cur:
        cur.execute("SELECT count(*) FROM py_items")
        first = cur.fetchone()
        cur.execute("UPDATE py_items SET name = 'changed' WHERE id = 0")
        cur.execute("SELECT name FROM py_items WHERE id = 0")
        assert (first, cur.fetchone()) == ((503,), ("changed",))


def failures(conn):
    for sql, kind in [
        ("SELECT 1 / 0", errors.DivisionByZero),
        ("SELECT * FROM no_such_table", errors.UndefinedTable),
        ("INSERT INTO py_items VALUES (0, 'again')", errors.UniqueViolation),
        ("INSERT INTO py_items VALUES (900, NULL)", errors.NotNullViolation),
        ("SELEC 1", errors.SyntaxError),
        ("SELECT 'x'::int", errors.InvalidTextRepresentation),
    ]:
        try:
            conn.execute(sql)
        except kind as e:
            assert e.diag.severity == "ERROR"
        else:
            raise AssertionError(f"{sql} did not fail")
    try:
        conn.execute("SELECT no_such_column FROM py_items")
    except errors.UndefinedColumn as e:
        assert e.diag.statement_position == "8", e.diag.statement_position
    assert conn.execute("SELECT 1").fetchone() == (1,)


def transactions(conn):
    conn.execute("DELETE FROM py_items")
    with conn.transaction():
        conn.execute("INSERT INTO py_items VALUES (1, 'kept')")
        try:
            with conn.transaction():  # a savepoint
                conn.execute("INSERT INTO py_items VALUES (2, 'lost')")
                conn.execute("INSERT INTO py_items VALUES (1, 'duplicate')")
        except errors.UniqueViolation:
            pass
        conn.execute("INSERT INTO py_items VALUES (3, 'kept')")
    try:
        with conn.transaction():
            conn.execute("INSERT INTO py_items VALUES (4, 'lost')")
            raise KeyError
    except KeyError:
        pass
    assert conn.execute("SELECT id FROM py_items ORDER BY id").fetchall() == [(1,), (3,)]


def copies(conn):
    rows = [(i, f"row\t{i}\n") for i in range(20_000)]
    for how in ("", " (FORMAT binary)"):
        conn.execute("DELETE FROM py_items")
        with conn.cursor() as cur:
            with cur.copy("COPY py_items FROM STDIN" + how) as copy:
                if how:
                    copy.set_types(["int4", "text"])
                for row in rows:
                    copy.write_row(row)
            with cur.copy("COPY (SELECT * FROM py_items ORDER BY id) TO STDOUT" + how) as copy:
                copy.set_types(["int4", "text"])
                assert list(copy.rows()) == rows, how
    try:
        with conn.cursor() as cur, cur.copy("COPY py_items FROM STDIN") as copy:
            copy.write_row(("x", "y"))
    except errors.InvalidTextRepresentation:
        pass
    assert conn.execute("SELECT count(*) FROM py_items").fetchone() == (20_000,)


def server_cursor(conn):
    with conn.transaction(), conn.cursor("c") as cur:
        cur.itersize = 1000
        cur.execute("SELECT id FROM py_items ORDER BY id")
        assert [r[0] for r in cur] == list(range(20_000))


def cancellation(conn):
    long = "SELECT count(*) FROM py_items a, py_items b, py_items c WHERE a.id + b.id + c.id < 0"
    started = threading.Event()

    def cancel():
        started.wait()
        while not done.wait(0.2):  # it may come before the statement does
            conn.cancel_safe()

    done = threading.Event()
    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        started.set()
        conn.execute(long)
    except errors.QueryCanceled:
        pass
    else:
        raise AssertionError("not canceled")
    finally:
        done.set()
        thread.join()
    while True:  # a cancellation that was late
        try:
            assert conn.execute("SELECT 1").fetchone() == (1,)
            return
        except errors.QueryCanceled:
            pass


def changes(conn):
    conn.execute("DELETE FROM py_items")
    conn.execute("CREATE MATERIALIZED VIEW py_totals AS SELECT name, count(*) AS n FROM py_items GROUP BY name")
    conn.execute("INSERT INTO py_items VALUES (1, 'a')")
    assert conn.execute("SELECT name, n FROM py_totals").fetchall() == [("a", 1)]
    with psycopg.connect(ADDRESS, autocommit=True) as writer, conn.cursor() as cur:
        seen = []
        for row in cur.stream("SELECT * FROM py_totals EMIT CHANGES"):
            seen.append((row[0],) + row[2:])
            if len(seen) == 1:
                writer.execute("INSERT INTO py_items VALUES (2, 'a')")
            elif len(seen) == 2:
                writer.execute("DELETE FROM py_items WHERE id = 1")
            else:
                break
        assert seen == [("insert", "a", 1), ("update", "a", 2), ("update", "a", 1)], seen


def main():
    with psycopg.connect(ADDRESS, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS py_values, py_items CASCADE")
        conn.execute("CREATE TABLE py_values (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, f double precision,"
                     " n numeric(20,4), s text, ts timestamptz, d date)")
        conn.execute("CREATE TABLE py_items (id int PRIMARY KEY, name text NOT NULL)")
        conn.execute("SET TimeZone = 'UTC'")
        typed_values(conn, binary=False)
        typed_values(conn, binary=True)
        batches(conn)
        failures(conn)
        transactions(conn)
        copies(conn)
        server_cursor(conn)
    with psycopg.connect(ADDRESS, autocommit=True) as conn:
        cancellation(conn)
    if STREAMING:
        with psycopg.connect(ADDRESS, autocommit=True) as conn:
            changes(conn)


main()

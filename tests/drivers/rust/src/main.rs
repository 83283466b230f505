//! tokio-postgres: typed values in binary, prepared statements, pipelines, errors, transactions, COPY, portals, cancellation,
//! streaming changes.
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures_util::{future, pin_mut, SinkExt, StreamExt, TryStreamExt};
use serde_json::{json, Value};
use std::env;
use std::time::Duration;
use tokio_postgres::binary_copy::{BinaryCopyInWriter, BinaryCopyOutStream};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, NoTls};
use uuid::Uuid;

async fn connect() -> Result<Client, Error> {
    let var = |name: &str| env::var(name).unwrap();
    let mut config = tokio_postgres::Config::new();
    config.host(&var("PGHOST")).port(var("PGPORT").parse().unwrap()).user(&var("PGUSER")).dbname(&var("PGDATABASE"));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move { let _ = connection.await; });
    Ok(client)
}

async fn fails(client: &Client, code: &SqlState, sql: &str, params: &[&(dyn ToSql + Sync)]) {
    let e = client.query(sql, params).await.expect_err(sql);
    assert_eq!(e.code(), Some(code), "{}: {}", sql, e);
}

async fn typed_values(client: &Client) -> Result<(), Error> {
    client.batch_execute(
        "DROP TABLE IF EXISTS rs_values;
         CREATE TABLE rs_values (id int PRIMARY KEY, b boolean, i2 smallint, i8 bigint, f4 real, f8 double precision, s text,
             v varchar(10), bs bytea, u uuid, j jsonb, d date, t time, ts timestamp, tz timestamptz, a int[], ta text[])",
    ).await?;
    let insert = client.prepare("INSERT INTO rs_values VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)").await?;
    assert_eq!(insert.params()[15], Type::INT4_ARRAY);
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let time = NaiveTime::from_hms_micro_opt(12, 34, 56, 789_012).unwrap();
    let stamp = NaiveDateTime::new(day, time);
    let moment = DateTime::<Utc>::from_naive_utc_and_offset(stamp, Utc);
    let id = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    let doc = json!({"a": [1, 2.5, null], "b": "ü"});
    let texts = vec![Some("x"), None, Some("a,\"b\"")];
    client.execute(&insert, &[&1i32, &true, &-7i16, &i64::MAX, &0.5f32, &0.1f64, &"ü 🙂 '", &"short", &&b"\x00\xff"[..], &id, &doc,
        &day, &time, &stamp, &moment, &vec![1i32, -2, 3], &texts]).await?;
    client.execute("INSERT INTO rs_values (id) VALUES ($1)", &[&2i32]).await?;
    let row = client.query_one("SELECT * FROM rs_values WHERE id = $1", &[&1i32]).await?;
    assert_eq!((row.get::<_, bool>(1), row.get::<_, i16>(2), row.get::<_, i64>(3)), (true, -7, i64::MAX));
    assert_eq!((row.get::<_, f32>(4), row.get::<_, f64>(5)), (0.5, 0.1));
    assert_eq!((row.get::<_, &str>(6), row.get::<_, &str>(7), row.get::<_, &[u8]>(8)), ("ü 🙂 '", "short", &b"\x00\xff"[..]));
    assert_eq!((row.get::<_, Uuid>(9), row.get::<_, Value>(10)), (id, doc));
    assert_eq!((row.get::<_, NaiveDate>(11), row.get::<_, NaiveTime>(12)), (day, time));
    assert_eq!((row.get::<_, NaiveDateTime>(13), row.get::<_, DateTime<Utc>>(14)), (stamp, moment));
    assert_eq!((row.get::<_, Vec<i32>>(15), row.get::<_, Vec<Option<&str>>>(16)), (vec![1, -2, 3], texts));
    let row = client.query_one("SELECT * FROM rs_values WHERE id = 2", &[]).await?;
    assert!(row.get::<_, Option<bool>>("b").is_none() && row.get::<_, Option<Uuid>>("u").is_none());
    assert!(row.get::<_, Option<DateTime<Utc>>>("tz").is_none() && row.get::<_, Option<Vec<i32>>>("a").is_none());
    let found = client.query("SELECT id FROM rs_values WHERE id = ANY($1) ORDER BY id", &[&vec![2i32, 1, 9]]).await?;
    assert_eq!(found.iter().map(|r| r.get(0)).collect::<Vec<i32>>(), [1, 2]);
    Ok(())
}

async fn statements(client: &mut Client) -> Result<(), Error> {
    client.batch_execute("DROP TABLE IF EXISTS rs_items; CREATE TABLE rs_items (id int PRIMARY KEY, name text NOT NULL)").await?;
    client.execute("INSERT INTO rs_items VALUES ($1, $2), (2, $2)", &[&1i32, &"x"]).await?;
    fails(client, &SqlState::UNIQUE_VIOLATION, "INSERT INTO rs_items VALUES ($1, 'again')", &[&1i32]).await;
    fails(client, &SqlState::DIVISION_BY_ZERO, "SELECT 1 / 0", &[]).await;
    fails(client, &SqlState::UNDEFINED_TABLE, "SELECT * FROM no_such", &[]).await;
    fails(client, &SqlState::SYNTAX_ERROR, "SELEC 1", &[]).await;
    let text = client.simple_query("SELECT 1 AS a; SELECT 'two' AS b").await?;
    assert!(text.len() >= 4);

    // Pipelined: all are sent before the first is answered.
    let select = client.prepare("SELECT $1::int * 2").await?;
    let numbers: Vec<i32> = (0..100).collect();
    let doubled = future::try_join_all(numbers.iter().map(|n| async { client.query_one(&select, &[n]).await.map(|r| r.get::<_, i32>(0)) })).await?;
    assert_eq!(doubled, numbers.iter().map(|n| n * 2).collect::<Vec<_>>());

    let tx = client.transaction().await?;
    tx.execute("DELETE FROM rs_items", &[]).await?;
    tx.rollback().await?;
    let mut tx = client.transaction().await?;
    tx.execute("INSERT INTO rs_items VALUES (3, 'kept')", &[]).await?;
    let inner = tx.transaction().await?;
    inner.execute("INSERT INTO rs_items VALUES (4, 'not')", &[]).await?;
    assert!(inner.execute("INSERT INTO rs_items VALUES (4, 'not')", &[]).await.is_err());
    inner.rollback().await?;
    tx.commit().await?;
    let count: i64 = client.query_one("SELECT count(*) FROM rs_items", &[]).await?.get(0);
    assert_eq!(count, 3);
    let updated = client.query("UPDATE rs_items SET name = name || $1 WHERE id = 1 RETURNING *", &[&"!"]).await?;
    assert_eq!((updated.len(), updated[0].get::<_, &str>(1)), (1, "x!"));
    Ok(())
}

async fn copies(client: &mut Client) -> Result<(), Error> {
    let sink = client.copy_in("COPY rs_items FROM STDIN").await?;
    pin_mut!(sink);
    let lines: Vec<String> = (10..20_010).map(|i| format!("{}\trow {}\n", i, i)).collect();
    for part in lines.chunks(1000) {
        sink.send(Bytes::from(part.concat())).await?;
    }
    assert_eq!(sink.finish().await?, 20_000);
    let out = client.copy_out("COPY (SELECT * FROM rs_items WHERE id >= 10 ORDER BY id) TO STDOUT").await?;
    let data: Vec<Bytes> = out.try_collect().await?;
    assert_eq!(data.concat(), lines.concat().into_bytes());

    let types = [Type::INT4, Type::TEXT];
    let writer = BinaryCopyInWriter::new(client.copy_in("COPY rs_items FROM STDIN (FORMAT binary)").await?, &types);
    pin_mut!(writer);
    for i in 30_000..30_100i32 {
        writer.as_mut().write(&[&i, &"binary"]).await?;
    }
    assert_eq!(writer.finish().await?, 100);
    let rows = BinaryCopyOutStream::new(client.copy_out("COPY (SELECT id, name FROM rs_items WHERE id >= 30000 ORDER BY id) TO STDOUT (FORMAT binary)").await?, &types);
    let ids: Vec<i32> = rows.map_ok(|r| r.get::<i32>(0)).try_collect().await?;
    assert_eq!(ids, (30_000..30_100).collect::<Vec<i32>>());

    let tx = client.transaction().await?;
    let portal = tx.bind("SELECT id FROM rs_items ORDER BY id", &[]).await?;
    let mut seen = vec![];
    for n in [2, 3] {
        seen.extend(tx.query_portal(&portal, n).await?.iter().map(|r| r.get::<_, i32>(0)));
    }
    assert_eq!(seen, [1, 2, 3, 10, 11]);
    tx.commit().await
}

async fn cancellation(client: &Client) -> Result<(), Error> {
    let token = client.cancel_token();
    let long = client.query("SELECT count(*) FROM rs_items a, rs_items b, rs_items c WHERE a.id + b.id + c.id < 0", &[]);
    let again = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await; // one may come before the statement does
            let _ = token.cancel_query(NoTls).await;
        }
    };
    pin_mut!(long, again);
    match future::select(long, again).await {
        future::Either::Left((Err(e), _)) => assert_eq!(e.code(), Some(&SqlState::QUERY_CANCELED)),
        _ => panic!("it was not canceled"),
    }
    Ok(())
}

async fn changes(client: &Client) -> Result<(), Error> {
    client.batch_execute("CREATE STREAM IF NOT EXISTS rs_events (id bigint KEY, name text); INSERT INTO rs_events VALUES (1, 'a')").await?;
    let writer = connect().await?;
    let rows = client.query_raw("SELECT id, name FROM rs_events EMIT CHANGES", Vec::<i32>::new()).await?;
    pin_mut!(rows);
    let first = rows.next().await.unwrap()?;
    assert_eq!((first.get::<_, i64>(0), first.get::<_, &str>(1)), (1, "a"));
    writer.execute("INSERT INTO rs_events VALUES ($1, $2)", &[&2i64, &"b"]).await?;
    let second = rows.next().await.unwrap()?;
    assert_eq!((second.get::<_, i64>(0), second.get::<_, &str>(1)), (2, "b"));
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut client = connect().await?;
    typed_values(&client).await?;
    statements(&mut client).await?;
    copies(&mut client).await?;
    cancellation(&client).await?;
    if env::var("STREAMING").as_deref() == Ok("yes") {
        changes(&connect().await?).await?;
    }
    Ok(())
}

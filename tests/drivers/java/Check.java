// JDBC (pgjdbc): typed values in both formats, server-side prepared statements, batches, errors, savepoints, COPY, row-limited
// portals, cancellation, streaming changes, DatabaseMetaData.

import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class Check {
  static final String URL = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/"
      + System.getenv("PGDATABASE") + "?sslmode=disable&user=" + System.getenv("PGUSER");

  static void equal(Object got, Object want) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError("got " + got + ", want " + want);
    }
  }

  static void fails(Connection c, String state, String sql) throws SQLException {
    try (Statement s = c.createStatement()) {
      s.execute(sql);
    } catch (SQLException e) {
      equal(e.getSQLState(), state);
      return;
    }
    throw new AssertionError(sql + " did not fail");
  }

  static void execute(Connection c, String... statements) throws SQLException {
    try (Statement s = c.createStatement()) {
      for (String sql : statements) {
        s.execute(sql);
      }
    }
  }

  static long count(Connection c, String sql) throws SQLException {
    try (Statement s = c.createStatement(); ResultSet r = s.executeQuery(sql)) {
      r.next();
      return r.getLong(1);
    }
  }

  static void typedValues(Connection c) throws SQLException {
    Object[] row = {true, (short) 7, -2147483648, Long.MAX_VALUE, 0.1, new BigDecimal("12.5000"), "ü 🙂 '",
        OffsetDateTime.parse("2024-02-29T12:34:56.789012Z"), LocalDate.of(2024, 2, 29)};
    String marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
    try (PreparedStatement p = c.prepareStatement("INSERT INTO java_values VALUES (" + marks + ")")) {
      for (int id = 1; id <= 10; id++) { // from the sixth on, by name and in binary
        p.setInt(1, id);
        for (int i = 0; i < row.length; i++) {
          p.setObject(i + 2, row[i]);
        }
        equal(p.executeUpdate(), 1);
      }
    }
    try (PreparedStatement p = c.prepareStatement("SELECT * FROM java_values WHERE id = ?")) {
      for (int id = 1; id <= 10; id++) {
        p.setInt(1, id);
        try (ResultSet r = p.executeQuery()) {
          equal(r.next(), true);
          equal(List.of(r.getBoolean(2), r.getShort(3), r.getInt(4), r.getLong(5), r.getDouble(6), r.getBigDecimal(7), r.getString(8),
              r.getObject(9, OffsetDateTime.class), r.getObject(10, LocalDate.class)), List.of(row));
          equal(r.getMetaData().getColumnTypeName(9), "timestamptz");
        }
      }
    }
    try (PreparedStatement p = c.prepareStatement("INSERT INTO java_values (id, s) VALUES (?, ?)")) {
      p.setInt(1, 100);
      p.setNull(2, Types.VARCHAR);
      p.executeUpdate();
    }
    equal(count(c, "SELECT count(*) FROM java_values WHERE s IS NULL AND b IS NULL"), 1L);
  }

  static void batches(Connection c) throws SQLException {
    try (PreparedStatement p = c.prepareStatement("INSERT INTO java_items VALUES (?, ?)")) {
      for (int i = 0; i < 1000; i++) {
        p.setInt(1, i);
        p.setString(2, "item " + i);
        p.addBatch();
      }
      equal(p.executeBatch().length, 1000);
    }
    try (PreparedStatement p = c.prepareStatement("INSERT INTO java_items VALUES (?, ?) RETURNING id", Statement.RETURN_GENERATED_KEYS)) {
      p.setInt(1, 5000);
      p.setString(2, "returned");
      p.executeUpdate();
      try (ResultSet r = p.getGeneratedKeys()) {
        equal(r.next() ? r.getInt(1) : -1, 5000);
      }
    }
    fails(c, "23505", "INSERT INTO java_items VALUES (1, 'again')");
    fails(c, "22012", "SELECT 1 / 0");
    fails(c, "42P01", "SELECT * FROM no_such");
  }

  static void transactions(Connection c) throws SQLException {
    c.setAutoCommit(false);
    execute(c, "INSERT INTO java_items VALUES (6000, 'kept')");
    Savepoint point = c.setSavepoint("point");
    fails(c, "23505", "INSERT INTO java_items VALUES (6000, 'twice')");
    fails(c, "25P02", "SELECT 1");
    c.rollback(point);
    execute(c, "INSERT INTO java_items VALUES (6001, 'kept')");
    c.commit();
    execute(c, "DELETE FROM java_items");
    c.rollback();
    try (Statement s = c.createStatement()) { // row-limited portals need a block
      s.setFetchSize(100);
      int n = 0;
      try (ResultSet r = s.executeQuery("SELECT id FROM java_items ORDER BY id")) {
        while (r.next()) {
          n++;
        }
      }
      equal(n, 1003);
    }
    c.commit();
    c.setAutoCommit(true);
  }

  static void copies(Connection c) throws Exception {
    CopyManager copy = c.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder data = new StringBuilder();
    for (int i = 10_000; i < 30_000; i++) {
      data.append(i).append(",row ").append(i).append('\n');
    }
    equal(copy.copyIn("COPY java_items FROM STDIN (FORMAT csv)", new StringReader(data.toString())), 20_000L);
    StringWriter back = new StringWriter();
    copy.copyOut("COPY (SELECT * FROM java_items WHERE id >= 10000 ORDER BY id) TO STDOUT (FORMAT csv)", back);
    equal(back.toString(), data.toString());
  }

  // A request to cancel may come before the statement does; Statement.cancel gives up then, so requests are sent until one is in time.
  static void cancellation(Connection c) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    Thread canceling = new Thread(() -> {
      while (!done.get()) {
        try {
          c.unwrap(PGConnection.class).cancelQuery();
          Thread.sleep(200);
        } catch (SQLException | InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    });
    canceling.start();
    try (Statement s = c.createStatement()) {
      s.executeQuery("SELECT count(*) FROM java_items a, java_items b, java_items c WHERE a.id + b.id + c.id < 0");
      throw new AssertionError("not canceled");
    } catch (SQLException e) {
      equal(e.getSQLState(), "57014");
    } finally {
      done.set(true);
      canceling.join();
    }
  }

  static void changes(Connection c) throws SQLException {
    execute(c, "CREATE STREAM IF NOT EXISTS java_events (id bigint KEY, name text)", "INSERT INTO java_events VALUES (1, 'a')");
    try (Connection writer = DriverManager.getConnection(URL)) {
      c.setAutoCommit(false);
      List<String> seen = new ArrayList<>();
      try (Statement s = c.createStatement()) {
        s.setFetchSize(1);
        ResultSet r = s.executeQuery("SELECT name FROM java_events EMIT CHANGES");
        r.next();
        seen.add(r.getString(1));
        execute(writer, "INSERT INTO java_events VALUES (2, 'b')");
        r.next();
        seen.add(r.getString(1));
      }
      equal(seen, List.of("a", "b"));
      c.rollback();
      c.setAutoCommit(true);
    }
  }

  /** The given columns of all rows, as text: a,b|c,d. */
  static String rows(ResultSet r, String... columns) throws SQLException {
    List<String> rows = new ArrayList<>();
    while (r.next()) {
      List<String> row = new ArrayList<>();
      for (String column : columns) {
        row.add(r.getString(column));
      }
      rows.add(String.join(",", row));
    }
    r.close();
    return String.join("|", rows);
  }

  /** What DatabaseMetaData says of a schema; the expectations are PostgreSQL's answers. */
  static void metadata(Connection c) throws SQLException {
    execute(c, "DROP VIEW IF EXISTS jdbc_glad", "DROP TABLE IF EXISTS jdbc_people", "DROP TYPE IF EXISTS jdbc_mood", "CREATE TYPE jdbc_mood AS ENUM ('sad', 'ok')",
        "CREATE TABLE jdbc_people (id bigint PRIMARY KEY, name varchar(40) NOT NULL, m jdbc_mood DEFAULT 'ok', tags text[], price numeric(10,2), n serial)",
        "CREATE VIEW jdbc_glad AS SELECT id, m FROM jdbc_people", "COMMENT ON TABLE jdbc_people IS 'all of them'", "COMMENT ON COLUMN jdbc_people.m IS 'how they feel'");
    DatabaseMetaData d = c.getMetaData();
    equal(rows(d.getTables(null, "public", "jdbc\\_%", new String[] {"TABLE", "VIEW"}), "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS"),
        "public,jdbc_people,TABLE,all of them|public,jdbc_glad,VIEW,null");
    equal(rows(d.getColumns(null, "public", "jdbc_people", "%"), "COLUMN_NAME", "DATA_TYPE", "TYPE_NAME", "COLUMN_SIZE", "DECIMAL_DIGITS", "IS_NULLABLE",
        "COLUMN_DEF", "REMARKS", "ORDINAL_POSITION", "IS_AUTOINCREMENT"),
        "id,-5,int8,19,0,NO,null,null,1,NO|name,12,varchar,40,0,NO,null,null,2,NO|m,12,jdbc_mood,2147483647,0,YES,'ok'::jdbc_mood,how they feel,3,NO"
            + "|tags,2003,_text,2147483647,0,YES,null,null,4,NO|price,2,numeric,10,2,YES,null,null,5,NO|n,4,serial,10,0,NO,nextval('jdbc_people_n_seq'::regclass),null,6,YES");
    equal(rows(d.getSchemas(null, "public"), "TABLE_SCHEM"), "public");
    equal(rows(d.getImportedKeys(null, "public", "jdbc_people"), "FK_NAME"), "");
    equal(rows(d.getExportedKeys(null, "public", "jdbc_people"), "FK_NAME"), "");
    equal(rows(d.getUDTs(null, "public", "jdbc\\_mood", null), "TYPE_NAME"), "");
    List<String> types = new ArrayList<>();
    try (ResultSet r = d.getTypeInfo()) {
      while (r.next()) {
        types.add(r.getString("TYPE_NAME") + " " + r.getString("DATA_TYPE"));
      }
    }
    for (String type : new String[] {"int4 4", "text 12", "bool -7", "numeric 2", "jdbc_mood 12", "_int4 2003", "timestamptz 93", "jsonb 1111"}) {
      equal(types.contains(type), true);
    }
  }

  public static void main(String[] args) throws Exception {
    try (Connection c = DriverManager.getConnection(URL)) {
      execute(c, "DROP TABLE IF EXISTS java_values, java_items",
          "CREATE TABLE java_values (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, f double precision,"
              + " n numeric(20,4), s text, ts timestamptz, d date)",
          "CREATE TABLE java_items (id int PRIMARY KEY, name text NOT NULL)");
      typedValues(c);
      metadata(c);
      batches(c);
      transactions(c);
      copies(c);
    }
    try (Connection c = DriverManager.getConnection(URL)) {
      cancellation(c);
    }
    if ("yes".equals(System.getenv("STREAMING"))) {
      try (Connection c = DriverManager.getConnection(URL)) {
        changes(c);
      }
    }
  }
}

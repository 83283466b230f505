package pg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestProtocol shows what the server answers to messages, and that PostgreSQL answers the same. Each file is one
// connection. Its blocks send the messages in their lines, a message's name and its fields in JSON, and show what comes
// back up to until=, or else ReadyForQuery. Files in testdata/protocol are for both sides, those in testdata/millrace for
// what PostgreSQL does not have.
func TestProtocol(t *testing.T) {
	t.Run("millrace", func(t *testing.T) {
		address := startServer(t)
		walk(t, "testdata/protocol", func() *client { return dial(t, "tcp", address) })
		walk(t, "testdata/millrace", func() *client { return dial(t, "tcp", address) })
	})
	t.Run("postgres", func(t *testing.T) {
		postgres := oracle.StartPostgres(t).Conn(t).Config()
		address := net.JoinHostPort(postgres.Host, fmt.Sprint(postgres.Port))
		walk(t, "testdata/protocol", func() *client { return dialAs(t, "tcp", address, postgres.User, postgres.Database) })
	})
}

func walk(t *testing.T, dir string, connect func() *client) {
	datadriven.Walk(t, dir, func(t *testing.T, path string) {
		c := connect()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			until := "ReadyForQuery"
			d.MaybeScanArgs(t, "until", &until)
			for _, line := range strings.Split(d.Input, "\n") {
				c.sendLine(t, line)
			}
			return c.receive(t, until)
		})
	})
}

// client is one side of a connection that speaks in messages.
type client struct {
	*pgproto3.Frontend
	conn net.Conn
	key  pgproto3.BackendKeyData
}

// exchangeTimeout ends a test whose server never answers.
const exchangeTimeout = time.Minute

func dial(t *testing.T, network, address string) *client {
	t.Helper()
	return dialAs(t, network, address, "tester", "tester")
}

// dialAs connects up to the first ReadyForQuery.
func dialAs(t *testing.T, network, address, user, database string) *client {
	t.Helper()
	c := open(t, network, address)
	c.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{
		"user": user, "database": database}})
	c.flush(t)
	for {
		switch m := c.next(t).(type) {
		case *pgproto3.BackendKeyData:
			c.key = *m
		case *pgproto3.ErrorResponse:
			t.Fatalf("connect: %s %s", m.Code, m.Message)
		case *pgproto3.ReadyForQuery:
			return c
		}
	}
}

// open opens a connection on which nothing is said yet.
func open(t *testing.T, network, address string) *client {
	t.Helper()
	conn, err := net.DialTimeout(network, address, exchangeTimeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(exchangeTimeout)); err != nil {
		t.Fatal(err)
	}
	return &client{Frontend: pgproto3.NewFrontend(conn, conn), conn: conn}
}

func (c *client) flush(t *testing.T) {
	t.Helper()
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
}

func (c *client) next(t *testing.T) pgproto3.BackendMessage {
	t.Helper()
	m, err := c.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// messages are those that a line can name.
var messages = map[string]func() pgproto3.FrontendMessage{
	"Query":     func() pgproto3.FrontendMessage { return &pgproto3.Query{} },
	"Parse":     func() pgproto3.FrontendMessage { return &pgproto3.Parse{} },
	"Bind":      func() pgproto3.FrontendMessage { return &pgproto3.Bind{} },
	"Describe":  func() pgproto3.FrontendMessage { return &pgproto3.Describe{} },
	"Execute":   func() pgproto3.FrontendMessage { return &pgproto3.Execute{} },
	"Close":     func() pgproto3.FrontendMessage { return &pgproto3.Close{} },
	"Sync":      func() pgproto3.FrontendMessage { return &pgproto3.Sync{} },
	"Flush":     func() pgproto3.FrontendMessage { return &pgproto3.Flush{} },
	"Terminate": func() pgproto3.FrontendMessage { return &pgproto3.Terminate{} },
	"CopyData":  func() pgproto3.FrontendMessage { return &pgproto3.CopyData{} },
	"CopyDone":  func() pgproto3.FrontendMessage { return &pgproto3.CopyDone{} },
	"CopyFail":  func() pgproto3.FrontendMessage { return &pgproto3.CopyFail{} },
}

func (c *client) sendLine(t *testing.T, line string) {
	t.Helper()
	name, fields, _ := strings.Cut(strings.TrimSpace(line), " ")
	if name == "" {
		return
	}
	if name == "CopyText" { // CopyData whose contents are a JSON string
		var text string
		if err := json.Unmarshal([]byte(fields), &text); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		c.Send(&pgproto3.CopyData{Data: []byte(text)})
		c.flush(t)
		return
	}
	create := messages[name]
	if create == nil {
		t.Fatalf("no message %q", name)
	}
	m := create()
	if fields != "" {
		if err := json.Unmarshal([]byte(fields), m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	c.Send(m)
	c.flush(t)
}

// receive shows the messages up to one of the given name.
func (c *client) receive(t *testing.T, until string) string {
	t.Helper()
	var b strings.Builder
	for {
		m, err := c.Receive()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			b.WriteString("closed\n")
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
		if name == "ParameterStatus" && m.(*pgproto3.ParameterStatus).Name == "server_version" {
			continue
		}
		fmt.Fprintf(&b, "%s%s\n", name, show(m))
		if name == until {
			return b.String()
		}
	}
}

// show gives a message's fields, as far as both sides can agree on them.
func show(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ReadyForQuery:
		return " " + string(m.TxStatus)
	case *pgproto3.CommandComplete:
		return " " + string(m.CommandTag)
	case *pgproto3.ParameterStatus:
		return " " + m.Name + "=" + m.Value
	case *pgproto3.ParameterDescription:
		return fmt.Sprintf(" %v", m.ParameterOIDs)
	case *pgproto3.RowDescription:
		text := ""
		for _, f := range m.Fields {
			text += fmt.Sprintf(" %s:%d/%d/%d/%d", f.Name, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
		}
		return text
	case *pgproto3.DataRow:
		return showValues(m.Values)
	case *pgproto3.CopyInResponse:
		return fmt.Sprintf(" %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyOutResponse:
		return fmt.Sprintf(" %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyData:
		return fmt.Sprintf(" %q", m.Data)
	case *pgproto3.ErrorResponse:
		return showError(m)
	case *pgproto3.NoticeResponse:
		return showError((*pgproto3.ErrorResponse)(m))
	}
	return ""
}

func showValues(values [][]byte) string {
	text := ""
	for _, v := range values {
		if v == nil {
			text += " NULL"
		} else {
			text += fmt.Sprintf(" %q", v)
		}
	}
	return text
}

func showError(e *pgproto3.ErrorResponse) string {
	text := fmt.Sprintf(" %s %s: %s", e.Severity, e.Code, e.Message)
	for _, part := range []struct{ name, value string }{{"detail", e.Detail}, {"hint", e.Hint}, {"where", e.Where},
		{"schema", e.SchemaName}, {"table", e.TableName}, {"column", e.ColumnName}, {"type", e.DataTypeName}, {"constraint", e.ConstraintName}} {
		if part.value != "" {
			text += fmt.Sprintf(" | %s: %s", part.name, part.value)
		}
	}
	if e.Position != 0 {
		text += fmt.Sprintf(" | at %d", e.Position)
	}
	return text
}

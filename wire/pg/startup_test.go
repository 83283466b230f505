package pg_test

import (
	"encoding/binary"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/wire/pg"
)

// TestStartup shows what a connection is told at its start, by the parameters of its start-up packet.
func TestStartup(t *testing.T) {
	address, _ := startServerWith(t, pg.Config{Version: "1.2"})
	for _, c := range []struct {
		name       string
		parameters []string
		want       []string
	}{
		{"plain", nil, []string{"AuthenticationOk", "integer_datetimes=on", "standard_conforming_strings=on", "TimeZone=UTC",
			"DateStyle=ISO, MDY", "client_encoding=UTF8", "server_encoding=UTF8", "session_authorization=tester", "BackendKeyData", "ReadyForQuery I"}},
		{"settings", []string{"application_name", "probe", "TimeZone", "Europe/Paris", "client_encoding", "utf-8"},
			[]string{"application_name=probe", "TimeZone=Europe/Paris"}},
		{"encoding in quotes, as asyncpg sends it", []string{"client_encoding", "'utf-8'"}, []string{"client_encoding=UTF8", "ReadyForQuery I"}},
		{"another encoding", []string{"client_encoding", "'latin1'"}, []string{"FATAL 0A000"}},
		{"options", []string{"options", `-c application_name=two\ words --statement-timeout=5s`}, []string{"application_name=two words"}},
		{"unknown setting", []string{"nonsense", "1"}, []string{`FATAL 42704: unrecognized configuration parameter "nonsense"`, "closed"}},
		{"bad value", []string{"TimeZone", "Mars"}, []string{`FATAL 22023: invalid value for parameter "TimeZone": "Mars"`, "closed"}},
		{"bad options", []string{"options", "-x"}, []string{"FATAL 42601: invalid command-line argument for server process: -x"}},
		{"replication", []string{"replication", "database"}, []string{"FATAL 0A000: replication connections are not supported"}},
		{"no user", []string{"user", ""}, []string{"FATAL 28000: no PostgreSQL user name specified in startup packet"}},
		{"extension", []string{"_pq_.nothing", "1"}, []string{"NegotiateProtocolVersion", "ReadyForQuery I"}},
		{"no text", []string{"application_name", "a\xffb"}, []string{`FATAL 22021: invalid byte sequence for encoding "UTF8": 0xff`}},
	} {
		t.Run(c.name, func(t *testing.T) { wantContains(t, greet(t, address, c.parameters...), c.want...) })
	}
}

// TestNegotiation shows that encryption is declined, and that the start-up goes on after it.
func TestNegotiation(t *testing.T) {
	address := startServer(t)
	c := open(t, "tcp", address)
	for _, m := range []pgproto3.FrontendMessage{&pgproto3.SSLRequest{}, &pgproto3.GSSEncRequest{}} {
		c.Send(m)
		c.flush(t)
		answer := make([]byte, 1)
		if _, err := io.ReadFull(c.conn, answer); err != nil || answer[0] != 'N' {
			t.Fatalf("%T: got %q, %v", m, answer, err)
		}
	}
	c.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion32, Parameters: map[string]string{"user": "x"}})
	c.flush(t)
	wantContains(t, c.receive(t, "ReadyForQuery"), "NegotiateProtocolVersion", "ReadyForQuery I")
}

// TestBrokenStartup shows that what is no start-up packet ends the connection, with a reason.
func TestBrokenStartup(t *testing.T) {
	address := startServer(t)
	packet := func(body ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
	}
	for name, data := range map[string][]byte{
		"too long":      binary.BigEndian.AppendUint32(nil, 1<<20),
		"negative":      binary.BigEndian.AppendUint32(nil, 1<<31),
		"old protocol":  packet(0, 2, 0, 0),
		"no end":        packet(0, 3, 0, 0, 'u', 's', 'e', 'r'),
		"short cancel":  packet(4, 210, 22, 46, 1),
		"HTTP":          []byte("GET / HTTP/1.1\r\n\r\n"),
		"three offers":  append(append(packet(4, 210, 22, 47), packet(4, 210, 22, 47)...), packet(4, 210, 22, 47)...),
		"large message": nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, "tcp", address)
			if name == "large message" {
				c = dial(t, "tcp", address)
				data = binary.BigEndian.AppendUint32([]byte{'Q'}, pg.MaxMessageBytes+5)
			}
			if _, err := c.conn.Write(data); err != nil {
				t.Fatal(err)
			}
			if name == "three offers" {
				if _, err := io.ReadFull(c.conn, make([]byte, 3)); err != nil {
					t.Fatal(err)
				}
			}
			wantContains(t, c.receive(t, "ReadyForQuery"), "ErrorResponse FATAL", "closed")
		})
	}
}

// TestNoText shows that bytes that are no text are refused by name, in statements and in parameters of both formats.
func TestNoText(t *testing.T) {
	c := dial(t, "tcp", startServer(t))
	const refused = `ERROR 22021: invalid byte sequence for encoding "UTF8"`
	wantContains(t, c.query(t, "SELECT 'a\xffb'"), refused)
	for _, format := range []int16{0, 1} {
		for _, value := range []string{"a\xffb", "a\x00b", "\xc3"} {
			c.Send(&pgproto3.Parse{Query: "SELECT $1::text AS x"})
			c.Send(&pgproto3.Bind{ParameterFormatCodes: []int16{format}, Parameters: [][]byte{[]byte(value)}})
			c.Send(&pgproto3.Sync{})
			c.flush(t)
			wantContains(t, c.receive(t, "ReadyForQuery"), refused, "ReadyForQuery I")
		}
	}
}

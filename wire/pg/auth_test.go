package pg_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/wire/pg"
)

// TestPasswords shows who is let in: anybody as long as there is no role; then roles with their password, in the same words to a wrong
// one, to a role without one and to a name that is no role.
func TestPasswords(t *testing.T) {
	address := startServer(t)
	first := connect(t, address)
	for _, sql := range []string{
		"CREATE ROLE app LOGIN PASSWORD 'sésame ' CONNECTION LIMIT 1", "CREATE ROLE mute LOGIN", "CREATE ROLE none2 PASSWORD 'x'",
		"CREATE ROLE old LOGIN PASSWORD 'x' VALID UNTIL '2001-01-01'",
		// What PostgreSQL keeps of the password "pencil" (RFC 7677) is taken as it is.
		"CREATE ROLE kept LOGIN PASSWORD 'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='",
	} {
		execute(t, first, sql)
	}
	for _, c := range []struct{ user, password, code string }{
		{"app", "sésame ", ""}, {"app", "sesame", "28P01"}, {"app", "", "28P01"}, {"mute", "", "28P01"}, {"nobody", "x", "28P01"},
		{"none2", "x", "28000"}, {"old", "x", "28P01"}, {"kept", "pencil", ""}, {"kept", "pencils", "28P01"}, {"millrace", "", ""},
	} {
		conn, err := login(t, address, c.user, c.password, nil)
		var e *pgconn.PgError
		errors.As(err, &e)
		switch {
		case c.code == "" && err != nil, c.code != "" && (e == nil || e.Code != c.code):
			// pgx itself has no answer to a request for a password when it was given none.
			if c.password != "" || err == nil {
				t.Errorf("%s with %q: %v, want %q", c.user, c.password, err, c.code)
			}
		case err == nil:
			execute(t, conn, "SELECT 1")
			_ = conn.Close(context.Background())
		}
	}
	held, err := login(t, address, "app", "sésame ", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close(context.Background())
	var e *pgconn.PgError
	if _, err := login(t, address, "app", "sésame ", nil); !errors.As(err, &e) || e.Code != "53300" {
		t.Errorf("a second connection of a role with a limit of 1: %v", err)
	}
	execute(t, first, "ALTER ROLE millrace PASSWORD 'root'")
	if _, err := login(t, address, "millrace", "wrong", nil); err == nil {
		t.Error("the bootstrap role is let in without its password")
	}
}

func login(t *testing.T, address, user, password string, encryption *tls.Config) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig("postgres://" + address + "/x?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password, config.TLSConfig = user, password, encryption
	return pgx.ConnectConfig(t.Context(), config)
}

// TestTLS shows an encrypted connection with a password, and that one in the clear goes on as before.
func TestTLS(t *testing.T) {
	certFile, keyFile, pool := certificate(t)
	config, err := pg.LoadTLS(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	address, _ := startServerWith(t, pg.Config{TLS: config})
	first := connect(t, address)
	execute(t, first, "CREATE ROLE app LOGIN PASSWORD 'pw'")
	conn, err := login(t, address, "app", "pw", &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, ok := conn.PgConn().Conn().(*tls.Conn); !ok {
		t.Error("the connection is not encrypted")
	}
	execute(t, conn, "SELECT 1")
	if _, err := pg.LoadTLS(keyFile, certFile); err == nil {
		t.Error("a key was taken for a certificate")
	}
}

// TestPlaintextBehindSSLRequest shows that bytes in the clear behind a request for encryption are not taken for the client's.
func TestPlaintextBehindSSLRequest(t *testing.T) {
	certFile, keyFile, _ := certificate(t)
	config, err := pg.LoadTLS(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	address, _ := startServerWith(t, pg.Config{TLS: config})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request, err := (&pgproto3.SSLRequest{}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(append(request, request...)); err != nil {
		t.Fatal(err)
	}
	message, err := pgproto3.NewFrontend(conn, conn).Receive()
	if e, ok := message.(*pgproto3.ErrorResponse); err != nil || !ok || e.Code != "08P01" {
		t.Errorf("got %v, %v", message, err)
	}
}

// TestPasswordMessageIsBounded shows that a client that is not authenticated cannot send more than little.
func TestPasswordMessageIsBounded(t *testing.T) {
	address := startServer(t)
	execute(t, connect(t, address), "CREATE ROLE app LOGIN PASSWORD 'pw'")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	front := pgproto3.NewFrontend(conn, conn)
	front.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "app"}})
	if err := front.Flush(); err != nil {
		t.Fatal(err)
	}
	if m, err := front.Receive(); err != nil {
		t.Fatalf("got %v, %v", m, err)
	}
	if _, err := conn.Write([]byte{'p', 0x7f, 0xff, 0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	message, err := front.Receive()
	if e, ok := message.(*pgproto3.ErrorResponse); err != nil || !ok || e.Code != "54000" {
		t.Errorf("got %v, %v", message, err)
	}
}

// certificate writes a certificate for 127.0.0.1, signed by itself, and its key.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, pool
}

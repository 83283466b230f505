package pg

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/xdg-go/scram"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// scramMechanism is the one way to show a password ("PostgreSQL 15 docs 55.3.1").
const scramMechanism = "SCRAM-SHA-256"

// authenticate finds out whether the client is the user that it says it is:
//
//   - as long as no role was created, whoever comes from this machine is let in, and nobody else;
//   - the bootstrap role, while it has no password, is let in from this machine;
//   - all others show a password. To those that have none, and to names that are no roles, it is asked for and fails the same way.
//
// Errors: 28000, 28P01, 53300, and those of the connection.
func (c *conn) authenticate(user string) error {
	cat := c.server.config.Engine.Catalog()
	local := isLoopback(c.net.RemoteAddr())
	if !cat.Guarded() {
		if local {
			return nil
		}
		return pgerr.New(pgerr.InvalidAuthorization, "no role has a password: connections are taken from this machine alone").
			WithHint("Create a role there with CREATE ROLE … LOGIN PASSWORD '…'.")
	}
	role := cat.RoleNamed(user)
	if role != nil && role.ID == catalog.BootstrapRole && role.Password == "" && local {
		return nil
	}
	if err := c.askPassword(user, role); err != nil {
		return err
	}
	if n := role.ConnectionLimit; n >= 0 && !role.Superuser && c.server.connectionsOf(user) >= n {
		return pgerr.New(pgerr.TooManyConnections, "too many connections for role %q", user)
	}
	return nil
}

func isLoopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return a != nil && a.Network() == "pipe" // both ends are in this process
}

// askPassword runs SCRAM. It tells nobody which roles there are.
func (c *conn) askPassword(user string, role *catalog.Role) error {
	failed := pgerr.New(pgerr.InvalidPassword, "password authentication failed for user %q", user)
	verifier, known := c.server.mockVerifier(user), false
	if role != nil && (role.ValidUntilMicros == nil || *role.ValidUntilMicros > time.Now().UnixMicro()) {
		if v, ok := session.ParseVerifier(role.Password); ok {
			verifier, known = v, true
		}
	}
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return scram.StoredCredentials(verifier), nil })
	if err != nil {
		return fmt.Errorf("SCRAM: %w", err)
	}
	talk := server.NewConversation()
	c.out.send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{scramMechanism}})
	first := &pgproto3.SASLInitialResponse{}
	if err := c.password(first); err != nil {
		return err
	}
	if first.AuthMechanism != scramMechanism {
		return protocolViolation("client selected an invalid SASL authentication mechanism")
	}
	answer, err := talk.Step(string(first.Data))
	if err != nil {
		return protocolViolation("malformed SCRAM message")
	}
	c.out.send(&pgproto3.AuthenticationSASLContinue{Data: []byte(answer)})
	final := &pgproto3.SASLResponse{}
	if err := c.password(final); err != nil {
		return err
	}
	if answer, err = talk.Step(string(final.Data)); err != nil || !talk.Valid() || !known {
		return failed
	}
	c.out.send(&pgproto3.AuthenticationSASLFinal{Data: []byte(answer)})
	return nil
}

// password sends what is to be sent and reads the client's answer into m.
func (c *conn) password(m pgproto3.FrontendMessage) error {
	if c.out.flush(); c.out.err != nil {
		return c.out.err
	}
	got, err := c.frames.next()
	switch {
	case err != nil:
		return err
	case got.kind == msgTerminate:
		return io.EOF
	case got.kind != msgPassword:
		return protocolViolation("expected SASL response, got message type %d", byte(got.kind))
	}
	if err := m.Decode(got.body); err != nil {
		return protocolViolation("malformed SASL message")
	}
	return nil
}

// mockVerifier is that of a name that has none: it looks the same each time, and no password fits. It costs no more than a real one.
func (s *Server) mockVerifier(user string) session.Verifier {
	h := hmac.New(sha256.New, s.mockKey[:])
	h.Write([]byte(user))
	return session.MockVerifier(h.Sum(nil))
}

// connectionsOf counts the connections of a user that are authenticated.
func (s *Server) connectionsOf(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.conns {
		if c.user == user {
			n++
		}
	}
	return n
}

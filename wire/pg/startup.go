package pg

import (
	"fmt"
	"net"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// startup takes a connection to the first ReadyForQuery ("PostgreSQL 15 docs 55.2.1"). It returns false, without an
// error, when the connection was made for a CancelRequest or was given up.
func (c *conn) startup() (bool, error) {
	if err := c.net.SetReadDeadline(time.Now().Add(startupTimeout)); err != nil {
		return false, fmt.Errorf("set deadline: %w", err)
	}
	m, err := c.startupMessage()
	if err != nil || m == nil {
		return false, err
	}
	if c.refused {
		c.server.metrics.refused.Add(1)
		return false, pgerr.New(pgerr.TooManyConnections, "sorry, too many clients already")
	}
	if err := c.openSession(m); err != nil {
		return false, err
	}
	if err := c.net.SetReadDeadline(time.Time{}); err != nil {
		return false, fmt.Errorf("clear deadline: %w", err)
	}
	return true, nil
}

// startupMessage answers what may come before the start-up packet, and returns that; nil if there will be none.
func (c *conn) startupMessage() (*pgproto3.StartupMessage, error) {
	for range maxNegotiations + 1 {
		m, err := c.frames.startup()
		if err != nil {
			return nil, err
		}
		switch m := m.(type) {
		case *pgproto3.StartupMessage:
			return m, nil
		case *pgproto3.CancelRequest:
			c.server.cancel(m.ProcessID, m.SecretKey)
			return nil, nil
		case *pgproto3.SSLRequest:
			err = c.encrypt()
		default: // GSSENCRequest: not here, go on without
			err = c.noEncryption()
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, protocolViolation("too many requests for encryption")
}

// openSession makes the session, and tells the client what it needs to know.
func (c *conn) openSession(m *pgproto3.StartupMessage) error {
	options, unknown, err := c.sessionOptions(m.Parameters)
	if err != nil {
		return err
	}
	if m.ProtocolVersion != pgproto3.ProtocolVersion30 || len(unknown) > 0 {
		c.out.send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: pgproto3.ProtocolVersion30, UnrecognizedOptions: unknown})
	}
	if err := c.authenticate(options.User); err != nil {
		return err
	}
	c.frames.max = MaxMessageBytes
	options.ClientAddr, options.ClientPort = addressOf(c.net)
	options.Sessions, options.Signal = c.server.sessions, c.server.signal
	s, err := session.New(c.server.config.Engine, options)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.session = s
	c.mu.Unlock()
	c.server.admit(c, options.User)
	c.out.send(&pgproto3.AuthenticationOk{})
	c.session.ReportSettings()
	c.out.send(&pgproto3.BackendKeyData{ProcessID: c.id, SecretKey: c.secret[:]})
	c.ready()
	return nil
}

// addressOf returns the address and port of a client; "" and -1 if it is not on the network.
func addressOf(nc net.Conn) (string, int) {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.IP.String(), a.Port
	}
	return "", -1
}

// sessionOptions reads the parameters of the start-up packet. Those with the prefix _pq_. ask for extensions of the
// protocol, of which there are none: they are returned as unknown.
func (c *conn) sessionOptions(parameters map[string]string) (o session.Options, unknown []string, err error) {
	settings := map[string]string{}
	o = session.Options{Settings: settings, BackendPID: c.id, Version: c.server.config.Version, MemoryBytes: c.server.config.MemoryBytes, Logger: c.server.log,
		Notice: func(n session.Notice) {
			c.out.send(noticeResponse(n))
			c.out.flush() // it may say why a statement waits
		},
		Parameter: func(name, value string) { c.out.send(&pgproto3.ParameterStatus{Name: name, Value: value}) }}
	for name, value := range parameters {
		if err := types.CheckText(name + value); err != nil {
			return o, nil, err
		}
		switch {
		case strings.HasPrefix(name, "_pq_."):
			unknown = append(unknown, name)
		case name == "user":
			o.User = value
		case name == "database":
			o.Database = value
		case name == "replication":
			if on := strings.ToLower(value); on != "false" && on != "off" && on != "no" && on != "0" {
				return o, nil, pgerr.Unsupported("replication connections are")
			}
		case name == "options":
			if err := commandLine(value, settings); err != nil {
				return o, nil, err
			}
		default:
			settings[name] = value
		}
	}
	sort.Strings(unknown)
	if o.User == "" {
		return o, nil, pgerr.New(pgerr.InvalidAuthorization, "no PostgreSQL user name specified in startup packet")
	}
	if o.Database == "" {
		o.Database = o.User
	}
	return o, unknown, nil
}

// commandLine reads settings from the start-up parameter options: -c name=value and --name=value, a backslash taking
// the next character as it is.
func commandLine(options string, settings map[string]string) error {
	words := splitWords(options)
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			word = words[i]
		case strings.HasPrefix(word, "-c"):
			word = word[2:]
		case strings.HasPrefix(word, "--"):
			word = strings.ReplaceAll(word[2:], "-", "_")
		default:
			return pgerr.New(pgerr.SyntaxError, "invalid command-line argument for server process: %s", word)
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return pgerr.New(pgerr.SyntaxError, "-c %s requires a value", word)
		}
		settings[name] = value
	}
	return nil
}

func splitWords(s string) []string {
	var words []string
	var word strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ' ' || s[i] == '\t' || s[i] == '\n':
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
			continue
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		word.WriteByte(s[i])
		in = true
	}
	if in {
		words = append(words, word.String())
	}
	return words
}

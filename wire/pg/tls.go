package pg

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
)

// encrypt answers an SSLRequest: with TLS if the server has a certificate and the connection is not encrypted yet. What the client
// sent in the clear behind its request is refused: it could have been put there by somebody else (CVE-2021-23222).
func (c *conn) encrypt() error {
	_, encrypted := c.out.conn.(*tls.Conn)
	if c.server.config.TLS == nil || encrypted {
		return c.noEncryption()
	}
	if c.frames.r.Buffered() > 0 {
		return protocolViolation("received unencrypted data after SSL request")
	}
	if _, err := c.net.Write([]byte{'S'}); err != nil {
		return io.EOF
	}
	t := tls.Server(c.net, c.server.config.TLS)
	ctx, cancel := context.WithTimeout(context.Background(), startupTimeout)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		c.server.log.Debug("no TLS connection", "client", c.net.RemoteAddr(), "error", err)
		return io.EOF
	}
	c.frames, c.out = newFrames(t), &output{conn: t} // c.net stays: others may close it
	return nil
}

// noEncryption tells the client to go on in the clear.
func (c *conn) noEncryption() error {
	if _, err := c.out.conn.Write([]byte{'N'}); err != nil {
		return io.EOF
	}
	return nil
}

// LoadTLS reads a certificate with its chain, and its key, both as PEM.
func LoadTLS(certFile, keyFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", certFile, keyFile, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// Package pg serves clients over the PostgreSQL protocol 3: it turns messages into calls of a session, and rows into
// messages. It plans nothing and stores nothing. One goroutine reads a connection's socket and one works for it; they
// share a bounded queue. See DESIGN.md.
package pg

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/millracedb/millrace/exec/session"
)

// Config is what a server needs.
type Config struct {
	Engine session.Engine
	// Version is told to clients in server_version.
	Version string
	// MaxConnections bounds the clients at one time; 0 means DefaultMaxConnections.
	MaxConnections int
	// MemoryBytes bounds what one statement may hold; 0 leaves it to the executor.
	MemoryBytes int64
	// TLS, if not nil, is offered to clients that ask for encryption.
	TLS    *tls.Config
	Logger *slog.Logger
}

// Server accepts connections and serves each. Its methods may be called from any goroutine.
type Server struct {
	config Config
	log    *slog.Logger

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[uint32]*conn // by process id, as told in BackendKeyData
	open      int              // connections, those that are not yet authenticated too
	draining  bool
	nextID    uint32
	done      sync.WaitGroup // connections

	mockKey [32]byte // see mockVerifier
	metrics metrics
}

type metrics struct {
	connections, refused, statements, failures atomic.Int64
}

// New returns a server that does not listen yet.
func New(c Config) *Server {
	if c.MaxConnections == 0 {
		c.MaxConnections = DefaultMaxConnections
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, log: c.Logger, listeners: map[net.Listener]bool{}, conns: map[uint32]*conn{}}
	_, _ = rand.Read(s.mockKey[:]) // never fails
	return s
}

// Serve accepts connections on l until Shutdown, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if !s.listen(l) {
		return l.Close()
	}
	for {
		c, err := l.Accept()
		if err != nil {
			if s.isDraining() {
				return nil
			}
			var temporary interface{ Temporary() bool } // a connection that broke off while it was accepted
			if errors.As(err, &temporary) && temporary.Temporary() {
				continue
			}
			return err
		}
		s.accept(c)
	}
}

func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = true
	return !s.draining
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// accept starts the goroutines of a connection, or closes it if there are far too many.
func (s *Server) accept(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || s.open >= s.config.MaxConnections+maxRefusals {
		s.metrics.refused.Add(1)
		_ = nc.Close() // nothing was said on it
		return
	}
	s.nextID++
	c := newConn(s, nc, s.nextID, s.open >= s.config.MaxConnections)
	s.open++
	s.conns[c.id] = c
	s.done.Add(1)
	go func() {
		defer s.done.Done()
		defer s.forget(c)
		c.run()
	}()
}

// admit notes whose connection it is.
func (s *Server) admit(c *conn, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.user = user
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	delete(s.conns, c.id)
}

// cancel does what a CancelRequest asks for: the statement that the connection runs now ends with 57014.
func (s *Server) cancel(id uint32, secret []byte) {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	if c != nil && c.secretIs(secret) {
		c.cancel(session.ErrCanceled, func(*running) bool { return true })
	}
}

// signal does what another session asks for: the statement of a connection ends, or with ErrShutdown the connection too.
func (s *Server) signal(id uint32, cause error) bool {
	s.mu.Lock()
	c := s.conns[id]
	s.mu.Unlock()
	switch {
	case c == nil:
		return false
	case cause == session.ErrShutdown:
		c.terminate()
	default:
		c.cancel(cause, func(*running) bool { return true })
	}
	return true
}

// Shutdown stops in order: no new connections; statements that would wait for ever are cancelled with 57P01, idle
// connections are told and closed; others may finish until ctx ends, and are then cancelled and cut off. It returns when
// all connections are closed.
func (s *Server) Shutdown(ctx context.Context) {
	finished := make(chan struct{})
	for _, c := range s.drain() {
		c.drain()
	}
	go func() {
		s.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return
	case <-ctx.Done():
	}
	for _, c := range s.snapshot() {
		c.abandon()
	}
	<-finished
}

func (s *Server) drain() []*conn {
	s.mu.Lock()
	s.draining = true
	for l := range s.listeners {
		_ = l.Close() // Accept returns
	}
	s.mu.Unlock()
	return s.snapshot()
}

// sessions lists the sessions of all connections that have begun theirs, by their numbers.
func (s *Server) sessions() []*session.Session {
	var all []*session.Session
	for _, c := range s.snapshot() {
		c.mu.Lock()
		if c.session != nil {
			all = append(all, c.session)
		}
		c.mu.Unlock()
	}
	return all
}

func (s *Server) snapshot() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *conn) int { return int(a.id) - int(b.id) })
	return all
}

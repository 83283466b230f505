package pg_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/wire/pg"
)

// startServer runs a node on a new directory with a server on loopback, until the end of the test. It returns the
// server's address.
func startServer(t *testing.T) string {
	t.Helper()
	address, _ := startServerWith(t, pg.Config{})
	return address
}

// startServerWith is startServer with a configuration, whose engine is set.
func startServerWith(t *testing.T, config pg.Config) (string, *pg.Server) {
	t.Helper()
	node, err := cluster.Open(cluster.Config{DataDir: t.TempDir(), Shards: 2, MemoryBytes: 64 << 20, Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := node.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config.Engine = node
	server := pg.New(config)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), server
}

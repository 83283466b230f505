// Package http serves what operators and their tools ask over HTTP: health, readiness and metrics. It holds nothing of
// its own.
package http

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds of one request.
const (
	readTimeout    = 10 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// Server answers GET /healthz (the process lives), /readyz (it takes statements) and /metrics. Its methods may be called
// from any goroutine.
type Server struct {
	http     http.Server
	ready    atomic.Bool
	degraded atomic.Pointer[func() []string]
}

// New returns a server of the metrics that metrics gathers. It is not ready until SetReady.
func New(metrics prometheus.Gatherer) *Server {
	s := &Server{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, true) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { s.answerReady(w) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	s.http = http.Server{Handler: mux, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes}
	return s
}

func answer(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ok"
	if !ok {
		text = "not ready"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintln(w, text) // a client that has gone hears nothing
}

// answerReady answers 200 also while a part of the data is isolated, and then says which: all the rest is served.
func (s *Server) answerReady(w http.ResponseWriter) {
	ready := s.ready.Load()
	answer(w, ready)
	if degraded := s.degraded.Load(); ready && degraded != nil {
		for _, line := range (*degraded)() {
			_, _ = fmt.Fprintln(w, line)
		}
	}
}

// SetDegraded has /readyz print the lines of f behind the "ok": what does not work. f may be called from any goroutine.
func (s *Server) SetDegraded(f func() []string) { s.degraded.Store(&f) }

// SetReady says whether statements are taken.
func (s *Server) SetReady(ready bool) { s.ready.Store(ready) }

// Serve answers requests on l until Shutdown, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown ends the server when the requests at hand are answered, or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

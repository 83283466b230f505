package pg

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millracedb/millrace/sql/parse"
)

// Register adds the server's metrics to r.
func (s *Server) Register(r prometheus.Registerer) {
	gauge := func(name, help string, value func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value interface{ Load() int64 }) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value.Load()) }))
	}
	gauge("millrace_pg_connections", "Open connections over the PostgreSQL protocol.", func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return float64(s.open)
	})
	counter("millrace_pg_connections_total", "Connections authenticated.", &s.metrics.connections)
	counter("millrace_pg_connections_refused_total", "Connections refused because there were too many.", &s.metrics.refused)
	counter("millrace_pg_statements_total", "Statements executed.", &s.metrics.statements)
	counter("millrace_texts_parsed_total", "Texts of SQL parsed.", &parse.Texts)
	counter("millrace_pg_errors_total", "Errors reported to clients.", &s.metrics.failures)
}

package http

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestEndpoints shows what each path answers before and after the server is ready.
func TestEndpoints(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "millrace_test", Help: "A test."}, func() float64 { return 7 }))
	s := New(registry)
	server := httptest.NewServer(s.http.Handler)
	defer server.Close()
	check := func(path string, status int, part string) {
		t.Helper()
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != status || !strings.Contains(string(body), part) {
			t.Errorf("%s: got %d %q, want %d with %q", path, answer.StatusCode, body, status, part)
		}
	}
	check("/healthz", 200, "ok")
	check("/readyz", 503, "not ready")
	s.SetReady(true)
	check("/readyz", 200, "ok")
	check("/metrics", 200, "millrace_test 7")
	check("/", 404, "")
	s.SetReady(false)
	check("/readyz", 503, "not ready")
}

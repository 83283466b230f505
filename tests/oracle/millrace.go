package oracle

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// Options are how a node is started. The zero value is a node with the defaults on a new directory.
type Options struct {
	// Args are further arguments of `millrace serve`.
	Args []string
	// Released is the binary as users run it, for benchmarks: it does not check its invariants.
	Released bool
}

// Millrace is a node that runs as a process of its own, and the client that talks to it. One goroutine may use it.
type Millrace struct {
	*Client

	dataDir string
	args    []string
	binary  func() (string, error)
	pgPort  int
	http    string // its address
	server  *child // nil when the node is down
}

// readyLine matches the line in which the server says that it serves.
var readyLine = regexp.MustCompile(`(?i)\bready\b`)

// serverBinary builds the server from this tree, once for this process, with its invariants checked; releasedBinary as users do.
var (
	serverBinary = sync.OnceValues(func() (string, error) {
		return buildServer("millrace", append([]string{"-tags", "invariants"}, buildFlags...))
	})
	releasedBinary = sync.OnceValues(func() (string, error) { return buildServer("millrace-released", nil) })
)

func buildServer(name string, flags []string) (string, error) {
	if scratch == "" {
		return "", errors.New("TestMain of this package must call oracle.Main")
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(scratch, name)
	args := append([]string{"build", "-o", binary}, flags...)
	build := exec.Command("go", append(args, ".")...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// StartMillrace starts a node on a new data directory and returns when it is ready. When the test ends, the node is
// stopped, and the test fails if it does not stop in order, or has printed a panic, a broken invariant or a race; the
// output of a failed test's node is in the test's log.
func StartMillrace(t testing.TB, options Options) *Millrace {
	t.Helper()
	m := &Millrace{dataDir: t.TempDir(), args: options.Args, binary: serverBinary}
	if options.Released {
		m.binary = releasedBinary
	}
	// Before the client's own cleanup, and so after it at the end: the node drains more quickly without clients.
	t.Cleanup(func() { m.finish(t) })
	m.Client = newClient(t, "Millrace", func() string {
		return fmt.Sprintf("host=127.0.0.1 port=%d user=millrace dbname=millrace sslmode=disable", m.pgPort)
	}, nil)
	m.Client.process = func() int { return m.server.cmd.Process.Pid }
	m.start(t)
	return m
}

// Kill ends the node at once, with SIGKILL, as a crash of the process does.
func (m *Millrace) Kill(t testing.TB) {
	t.Helper()
	m.mustRun(t)
	m.server.kill()
	m.down(t)
}

// Stop asks the node to end, with SIGTERM, and fails the test if it does not do so in order.
func (m *Millrace) Stop(t testing.TB) {
	t.Helper()
	m.mustRun(t)
	if err := m.server.stop(syscall.SIGTERM); err != nil {
		t.Errorf("stop Millrace: %v", err)
	}
	m.down(t)
}

// Restart starts the node again on its data, with its first arguments and then those given. One that still runs is
// stopped first.
func (m *Millrace) Restart(t testing.TB, args ...string) {
	t.Helper()
	if m.server != nil {
		m.Stop(t)
	}
	m.start(t, args...)
}

// start starts the node on free ports and checks that it is ready for those who ask over HTTP, too.
func (m *Millrace) start(t testing.TB, args ...string) {
	t.Helper()
	binary, err := m.binary()
	if err != nil {
		t.Fatalf("build Millrace: %v", err)
	}
	ports, err := freePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	m.pgPort, m.http = ports[0], loopback(ports[1])
	serve := []string{"serve", "--data-dir", m.dataDir, "--pg-listen", loopback(ports[0]), "--http-listen", loopback(ports[1])}
	serve = append(append(serve, m.args...), args...)
	m.server, err = startChild(exec.Command(binary, serve...), syscall.SIGKILL, readyLine.MatchString)
	if err != nil {
		t.Fatalf("start Millrace: %v", err)
	}
	m.checkReady(t, "http://"+loopback(ports[1])+"/readyz")
}

func (m *Millrace) checkReady(t testing.TB, url string) {
	t.Helper()
	client := http.Client{Timeout: callTimeout}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatalf("Millrace says that it is ready: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("Millrace says that it is ready, and /readyz that it is not: %s", answer.Status)
	}
}

func (m *Millrace) mustRun(t testing.TB) {
	t.Helper()
	if m.server == nil {
		t.Fatal("the node is down already")
	}
}

// down notes that the node has ended, and reports what it printed.
func (m *Millrace) down(t testing.TB) {
	t.Helper()
	m.disconnect()
	for _, alarm := range m.server.output.raised() {
		t.Errorf("Millrace printed: %s", alarm)
	}
	if t.Failed() {
		t.Logf("the last lines of Millrace:\n%s", m.server.output)
	}
	m.server = nil
}

// finish ends the node at the end of the test. That of a failed test may hang, and is not given the time to.
func (m *Millrace) finish(t testing.TB) {
	t.Helper()
	switch {
	case m.server == nil:
	case t.Failed():
		m.Kill(t)
	default:
		m.Stop(t)
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts returns n ports of the loopback interface that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", loopback(0))
		if err != nil {
			return nil, err
		}
		defer listener.Close() // at the end, so that the ports differ
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// Command runs a command of the server's program on the data of a node that is down, and returns what it prints.
func (m *Millrace) Command(t testing.TB, args ...string) string {
	t.Helper()
	binary, err := m.binary()
	if err != nil {
		t.Fatalf("build Millrace: %v", err)
	}
	out, err := exec.Command(binary, append(args, "--data-dir", m.dataDir)...).CombinedOutput()
	if err != nil {
		t.Fatalf("millrace %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// Metrics returns what the node shows on /metrics.
func (m *Millrace) Metrics(t testing.TB) string {
	t.Helper()
	client := http.Client{Timeout: callTimeout}
	r, err := client.Get("http://" + m.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %s, %v", r.Status, err)
	}
	return string(body)
}

// DataDir is where the node has its data.
func (m *Millrace) DataDir() string { return m.dataDir }

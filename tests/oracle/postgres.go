package oracle

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// postgres is a PostgreSQL 15 of this test process.
type postgres struct {
	dir      string   // below scratch
	settings []string // beside those of where it listens

	sync.Mutex
	server    *child // nil until a test first asks for it
	port      int
	databases int // how many were created; numbers their names
}

// judge need not survive a crash, so nothing is synced. durable is for benchmarks: PostgreSQL as it comes, but for the number of its clients.
var (
	judge = &postgres{dir: "postgres", settings: []string{
		"fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off",
		"max_parallel_workers_per_gather=0", // so that the same query adds the same floats in the same order
	}}
	durable = &postgres{dir: "postgres-durable", settings: []string{"max_connections=600"}}
)

// StartPostgres returns a client of an empty database of the process's PostgreSQL 15, which it starts if no test has
// done so yet. The database is gone when the test ends. It is UTF-8 with the C locale, so it judges order and text
// too, and its time zone is UTC.
func StartPostgres(t testing.TB) *Client { return judge.client(t) }

// StartDurablePostgres is StartPostgres for a server with PostgreSQL's defaults: what it acknowledges is synced. It serves 600 clients.
func StartDurablePostgres(t testing.TB) *Client { return durable.client(t) }

func (p *postgres) client(t testing.TB) *Client {
	t.Helper()
	p.Lock()
	defer p.Unlock()
	if p.server == nil {
		if err := p.start(); err != nil {
			t.Fatalf("start PostgreSQL: %v", err)
		}
	}
	p.databases++
	name := fmt.Sprintf("test_%d", p.databases)
	admin := newClient(t, "PostgreSQL", p.address("postgres"), nil)
	admin.Exec(t, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { admin.Exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	c := newClient(t, "PostgreSQL", p.address(name), ToPostgres)
	c.process = func() int { return p.server.cmd.Process.Pid }
	return c
}

func (p *postgres) address(database string) func() string {
	return func() string {
		return fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=%s sslmode=disable", p.port, database)
	}
}

// start makes a database cluster in a folder of its own and starts its server, on a free port of loopback.
func (p *postgres) start() error {
	if scratch == "" {
		return errors.New("TestMain of this package must call oracle.Main")
	}
	bin, err := postgresBin()
	if err != nil {
		return err
	}
	credential, err := postgresUser()
	if err != nil {
		return err
	}
	dir := filepath.Join(scratch, p.dir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return err
		}
	}
	command := func(program string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, program), args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
		return cmd
	}
	data := filepath.Join(dir, "data")
	initdb := command("initdb", "-D", data, "-E", "UTF8", "--locale=C", "-U", "postgres", "--auth=trust", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	ports, err := freePorts(1)
	if err != nil {
		return err
	}
	listen := []string{
		"listen_addresses=127.0.0.1", fmt.Sprintf("port=%d", ports[0]), "unix_socket_directories=" + dir, "timezone=UTC",
	}
	args := []string{"-D", data}
	for _, setting := range append(listen, p.settings...) {
		args = append(args, "-c", setting)
	}
	p.port = ports[0]
	p.server, err = startChild(command("postgres", args...), syscall.SIGQUIT, func(line string) bool {
		return strings.Contains(line, "ready to accept connections")
	})
	return err
}

// stop stops PostgreSQL, if it runs. SIGINT is its fast shutdown, which does not wait for clients.
func (p *postgres) stop() error {
	p.Lock()
	defer p.Unlock()
	if p.server == nil {
		return nil
	}
	if err := p.server.stop(syscall.SIGINT); err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	return nil
}

// postgresBin is the folder of PostgreSQL 15's server programs: Debian's place, else where initdb is in PATH.
func postgresBin() (string, error) {
	const debian = "/usr/lib/postgresql/15/bin"
	if _, err := os.Stat(filepath.Join(debian, "initdb")); err == nil {
		return debian, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("no server programs of PostgreSQL 15 here: make deps-test installs them")
	}
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("initdb --version: %w", err)
	}
	if !strings.Contains(string(version), "(PostgreSQL) 15.") {
		return "", fmt.Errorf("the judge is PostgreSQL 15, and %s is %s", path, version)
	}
	return filepath.Dir(path), nil
}

// postgresUser is the user to run PostgreSQL as: nil, the one who runs the test, unless that is root, whom PostgreSQL
// refuses; then the user postgres that its package made.
func postgresUser() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

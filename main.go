// Command millrace is the server: a SQL-first streaming database in one process. Here are its commands and flags, and the
// wiring of the front doors to the node; nothing else.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
	"gopkg.in/yaml.v3"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/cluster/inspect"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/wire/http"
	"github.com/millracedb/millrace/wire/pg"
)

// version is set by make.
var version = "dev"

// gracePeriod is how long running statements may take to finish after SIGTERM.
const gracePeriod = 10 * time.Second

func main() {
	err := rootCommand().Execute()
	switch {
	case errors.Is(err, errRefused):
		os.Exit(1)
	case err != nil:
		fatal(err)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{Use: "millrace", Short: "A SQL-first streaming database", SilenceUsage: true, SilenceErrors: true}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(serveCommand(), parseCommand(), &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprintf(cmd.OutOrStdout(), "millrace %s %s\n", version, runtime.Version())
		},
	})
	root.AddCommand(inspect.Commands()...)
	return root
}

// errRefused is for a command that has said already what is wrong.
var errRefused = errors.New("refused")

// parseCommand shows what the parser makes of SQL; it needs no server.
func parseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "parse [SQL …]",
		Short: "Show how SQL is read",
		Long: "Prints the tokens of SQL, its translation for the TiDB parser (one line for each statement, empty if it has no query and no\n" +
			"expression), and the syntax trees; or the error with its place, and the status is 1. Without arguments it reads standard input.",
		RunE: func(cmd *cobra.Command, args []string) error {
			sql := strings.Join(args, " ")
			if len(args) == 0 {
				text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), parse.MaxStatementBytes+1))
				if err != nil {
					return fmt.Errorf("read SQL: %w", err)
				}
				sql = string(text)
			}
			return showParsed(sql, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func showParsed(sql string, out, errs io.Writer) error {
	all, err := parse.Parse(sql)
	tokens, notices, _ := parse.Tokens(sql) // its error is err, or behind it
	fmt.Fprintf(out, "tokens\n%s", indent(tokens))
	for _, n := range notices {
		fmt.Fprint(errs, parse.ErrorText("NOTICE", sql, n))
	}
	if err != nil {
		fmt.Fprint(errs, parse.ErrorText("ERROR", sql, err))
		return errRefused
	}
	translation, err := parse.Translate(sql)
	if err != nil {
		return fmt.Errorf("BUG: a text that parses does not translate: %w", err)
	}
	fmt.Fprintf(out, "translation\n%stree\n", indent(translation))
	for _, p := range all {
		fmt.Fprint(out, indent(parse.Dump(p.Stmt)))
	}
	return nil
}

// indent puts two spaces before each line.
func indent(text string) string {
	if text == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

// options are the flags of serve.
type options struct {
	dataDir, pgListen, httpListen string
	shards                        int
	memory, logLevel, config      string
	tlsCert, tlsKey, passwordFile string
}

func serveCommand() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := readConfig(o.config, cmd.Flags()); err != nil {
				return err
			}
			if err := o.settleShards(cmd.Flags().Changed("shards")); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			return serve(ctx, o, func(line string) { fmt.Fprintln(cmd.OutOrStdout(), line) })
		},
	}
	o.define(cmd.Flags())
	return cmd
}

func (o *options) define(f *pflag.FlagSet) {
	f.StringVar(&o.dataDir, "data-dir", "./data", "directory of all data")
	f.StringVar(&o.pgListen, "pg-listen", "127.0.0.1:7432", "address of the PostgreSQL protocol; one that others can reach needs a role with a password")
	f.StringVar(&o.passwordFile, "initial-password-file", "", "file whose first line becomes the password of the role millrace, if that has none")
	f.StringVar(&o.tlsCert, "tls-cert", "", "certificate, with its chain, for encrypted connections (PEM)")
	f.StringVar(&o.tlsKey, "tls-key", "", "key of the certificate (PEM)")
	f.StringVar(&o.httpListen, "http-listen", "127.0.0.1:7480", "address of health and metrics over HTTP")
	f.IntVar(&o.shards, "shards", cluster.DefaultShards, "number of shards; fixed when the data directory is made")
	f.StringVar(&o.memory, "memory", "", "memory for caches and statements, for example 4GB (default: a quarter of the machine's)")
	f.StringVar(&o.logLevel, "log-level", "info", "least level of what is logged: debug, info, warn, error")
	f.StringVar(&o.config, "config", "", "YAML file with the same names; flags win")
}

// settleShards refuses a number of shards that was given and is none. Not given, it becomes 0: the shards of the data
// directory, or the default.
func (o *options) settleShards(given bool) error {
	switch {
	case !given:
		o.shards = 0
	case o.shards < 1:
		return fmt.Errorf("--shards %d: at least one shard is needed", o.shards)
	}
	return nil
}

// readConfig sets the flags that were not given from a YAML file. Names that are no flags are refused.
func readConfig(path string, flags *pflag.FlagSet) error {
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(data, &values); err != nil {
		return fmt.Errorf("read the configuration %s: %w", path, err)
	}
	for name, value := range values {
		flag := flags.Lookup(name)
		switch {
		case flag == nil || name == "config" || name == "help":
			return fmt.Errorf("configuration %s: unknown name %q", path, name)
		case flag.Changed:
		default:
			if err := flags.Set(name, fmt.Sprint(value)); err != nil {
				return fmt.Errorf("configuration %s: %s: %w", path, name, err)
			}
		}
	}
	return nil
}

// serve runs the server until ctx ends, or something fails that it cannot go on without.
func serve(ctx context.Context, o *options, say func(string)) error {
	logger, err := newLogger(o.logLevel)
	if err != nil {
		return err
	}
	memory, err := o.memoryBytes()
	if err != nil {
		return err
	}
	encryption, err := o.tls()
	if err != nil {
		return err
	}
	pgListener, httpListener, err := o.listen()
	if err != nil {
		return err
	}
	defer pgListener.Close()
	defer httpListener.Close()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	doors := &doors{http: http.New(registry), failed: make(chan error, 2)}
	go doors.run("http", func() error { return doors.http.Serve(httpListener) })

	ballast := make([]byte, ballastBytes)
	defer runtime.KeepAlive(ballast)
	debug.SetMemoryLimit(heapLimit(memory) + ballastBytes)
	node, err := cluster.Open(cluster.Config{DataDir: o.dataDir, Shards: o.shards, MemoryBytes: memory / 2, Logger: logger, Fatal: fatal})
	if err != nil {
		return err
	}
	if err := node.WaitReady(ctx); err != nil {
		return errors.Join(err, node.Close())
	}
	if err := o.admission(ctx, node, pgListener.Addr()); err != nil {
		return errors.Join(err, node.Close())
	}
	registry.MustRegister(node)
	doors.pg = pg.New(pg.Config{Engine: node, Version: version, MemoryBytes: memory / 4, TLS: encryption, Logger: logger})
	doors.pg.Register(registry)
	go doors.run("pg", func() error { return doors.pg.Serve(pgListener) })
	doors.http.SetDegraded(node.Isolated)
	doors.http.SetReady(true)
	say(fmt.Sprintf("millrace ready: pg %s, http %s, data %s", pgListener.Addr(), httpListener.Addr(), o.dataDir))

	select {
	case <-ctx.Done():
		logger.Info("stopping")
	case err = <-doors.failed:
	}
	doors.shutdown()
	return errors.Join(err, node.Close())
}

// fatal ends the process: what happens after such an error would not be durable.
func fatal(err error) {
	fmt.Fprintln(os.Stderr, "FATAL:", err)
	os.Exit(1)
}

// doors are the listeners of clients.
type doors struct {
	http   *http.Server
	pg     *pg.Server
	failed chan error
}

func (d *doors) run(name string, serve func() error) {
	if err := serve(); err != nil {
		d.failed <- fmt.Errorf("serve %s: %w", name, err)
	}
}

// shutdown lets clients finish within the grace period.
func (d *doors) shutdown() {
	d.http.SetReady(false)
	ctx, cancel := context.WithTimeout(context.Background(), gracePeriod)
	defer cancel()
	d.pg.Shutdown(ctx)
	_ = d.http.Shutdown(ctx) // a scrape that is cut off is of no interest
}

// listen opens both listeners.
func (o *options) listen() (pgListener, httpListener net.Listener, err error) {
	if pgListener, err = net.Listen("tcp", o.pgListen); err != nil {
		return nil, nil, fmt.Errorf("--pg-listen %s: %w", o.pgListen, err)
	}
	if httpListener, err = net.Listen("tcp", o.httpListen); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--http-listen %s: %w", o.httpListen, err), pgListener.Close())
	}
	return pgListener, httpListener, nil
}

// tls reads the certificate, if one is given.
func (o *options) tls() (*tls.Config, error) {
	switch {
	case o.tlsCert == "" && o.tlsKey == "":
		return nil, nil
	case o.tlsCert == "" || o.tlsKey == "":
		return nil, errors.New("--tls-cert and --tls-key: give both or none")
	}
	return pg.LoadTLS(o.tlsCert, o.tlsKey)
}

// admission sets the initial password, and refuses an address that others can reach as long as nobody has to show one.
func (o *options) admission(ctx context.Context, node *cluster.Node, listener net.Addr) error {
	if o.passwordFile != "" {
		password, err := readPassword(o.passwordFile)
		if err != nil {
			return err
		}
		if _, err := session.SetInitialPassword(ctx, node, password); err != nil {
			return fmt.Errorf("--initial-password-file: %w", err)
		}
	}
	if a, ok := listener.(*net.TCPAddr); ok && a.IP.IsLoopback() || session.AnyPassword(node.Catalog()) {
		return nil
	}
	return fmt.Errorf("--pg-listen %s can be reached from other machines, and no role has a password; give one with --initial-password-file FILE, "+
		"or listen on 127.0.0.1 first and run CREATE ROLE … LOGIN PASSWORD '…'", o.pgListen)
}

// readPassword returns the first line of a file.
func readPassword(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--initial-password-file: %w", err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("--initial-password-file %s: its first line is empty", path)
	}
	return line, nil
}

func newLogger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level %s: not one of debug, info, warn, error", level)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l})), nil
}

// memoryBytes is --memory, or a quarter of the machine's memory.
func (o *options) memoryBytes() (int64, error) {
	if o.memory != "" {
		return parseBytes(o.memory)
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("read the size of memory: %w", err)
	}
	return int64(info.Totalram) * int64(info.Unit) / 4, nil
}

// byteUnits are powers of 1024, as in PostgreSQL.
var byteUnits = map[string]int64{"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}

// minHeapBytes is what Go's heap may take at least before collections become more frequent.
const minHeapBytes = 256 << 20

// heapLimit is how large Go's heap should stay: the budget without RocksDB's cache, a quarter of it, and its write buffers, an eighth. What was
// in use for a moment, as by a large COPY, is given back rather than kept for the next one.
func heapLimit(memory int64) int64 { return max(memory-memory/4-memory/8, minHeapBytes) }

// ballastBytes is memory that nobody touches, so that it is none of the machine's, but that Go's collector counts: it collects when the heap
// has doubled, and the heap of a node without load is some megabytes, so that each query would have it run several times.
const ballastBytes = 32 << 20

// minMemoryBytes is what a node needs at least.
const minMemoryBytes = 64 << 20

func parseBytes(text string) (int64, error) {
	end := strings.LastIndexAny(text, "0123456789") + 1
	n, err := strconv.ParseInt(text[:end], 10, 64)
	unit, known := byteUnits[strings.Replace(strings.ToUpper(strings.TrimSpace(text[end:])), "IB", "B", 1)]
	if err != nil || !known || n < 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("--memory %s: not a number of bytes such as 512MB or 4GB", text)
	}
	if n*unit < minMemoryBytes {
		return 0, fmt.Errorf("--memory %s: less than %d MB", text, minMemoryBytes>>20)
	}
	return n * unit, nil
}

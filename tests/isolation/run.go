package isolation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

// permutationTimeout bounds one permutation; it ends a test whose steps wait for ever.
const permutationTimeout = time.Minute

// side is a server on which permutations run.
type side struct {
	client *oracle.Client
	// waits is a query that answers t if the process %d waits for a lock.
	waits string
	judge bool // it is PostgreSQL
}

func postgres(t *testing.T) side {
	return side{oracle.StartPostgres(t), "SELECT cardinality(pg_blocking_pids(%d)) > 0", true}
}

func millrace(t *testing.T) side {
	return side{oracle.StartMillrace(t, oracle.Options{}).Client,
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = %d AND wait_event_type = 'Lock'", false}
}

// run runs all permutations and returns what they answered.
func (s side) run(t *testing.T, sp *spec) string {
	t.Helper()
	var out strings.Builder
	for _, order := range sp.permutations {
		p := &permutation{side: s, spec: sp, out: &out, pending: map[int]running{}}
		if err := p.run(t.Context(), order); err != nil {
			t.Fatalf("%s: permutation %v: %v\n%s", s.client.Label, order, err, out.String())
		}
	}
	return out.String()
}

// permutation is one run of steps.
type permutation struct {
	side
	spec    *spec
	out     *strings.Builder
	control *pgconn.PgConn
	conns   []*pgconn.PgConn
	pending map[int]running // by session: steps that wait
}

type running struct {
	step step
	done chan string
}

func (p *permutation) run(ctx context.Context, order []string) error {
	ctx, cancel := context.WithTimeout(ctx, permutationTimeout)
	defer cancel()
	if err := p.connect(ctx); err != nil {
		return err
	}
	defer p.disconnect(ctx)
	fmt.Fprintf(p.out, "permutation: %s\n", strings.Join(order, " "))
	for _, name := range order {
		if err := p.step(ctx, p.spec.steps[name]); err != nil {
			return fmt.Errorf("step %s: %w", name, err)
		}
	}
	for len(p.pending) > 0 {
		if err := p.settle(ctx, true); err != nil {
			return fmt.Errorf("at the end: %w", err)
		}
	}
	fmt.Fprintln(p.out)
	return nil
}

func (p *permutation) connect(ctx context.Context) (err error) {
	if p.control, err = pgconn.Connect(ctx, p.client.Address()); err != nil {
		return err
	}
	for _, sql := range p.spec.setup {
		if err := exec(ctx, p.control, sql); err != nil {
			return fmt.Errorf("setup: %w", err)
		}
	}
	for _, s := range p.spec.sessions {
		c, err := pgconn.Connect(ctx, p.client.Address())
		if err != nil {
			return err
		}
		p.conns = append(p.conns, c)
		if p.judge {
			s.setup = "SET deadlock_timeout = '100s'; " + s.setup
		}
		if err := exec(ctx, c, s.setup); err != nil {
			return fmt.Errorf("session %s: %w", s.name, err)
		}
	}
	return nil
}

func exec(ctx context.Context, c *pgconn.PgConn, sql string) error {
	return c.Exec(ctx, sql).Close()
}

func (p *permutation) disconnect(ctx context.Context) {
	for _, c := range append(p.conns, p.control) {
		_ = c.Close(ctx)
	}
}

// step starts a step, and returns when it has ended or waits, and when it is known which of those that waited still do.
func (p *permutation) step(ctx context.Context, s step) error {
	if _, waits := p.pending[s.session]; waits {
		return errors.New("its session waits")
	}
	c := p.conns[s.session]
	if p.judge && s.closes {
		if err := exec(ctx, c, "SET deadlock_timeout = '1ms'"); err != nil {
			return err
		}
	}
	r := running{s, make(chan string, 1)}
	go func() { r.done <- answer(ctx, c, s.sql) }()
	for {
		select {
		case text := <-r.done:
			fmt.Fprintf(p.out, "%s: %s\n", s.name, text)
			return p.settle(ctx, false)
		default:
		}
		if s.silent || s.closes {
			continue
		}
		waits, err := p.isWaiting(ctx, s.session)
		if err != nil {
			return err
		}
		if waits {
			fmt.Fprintf(p.out, "%s: waits\n", s.name)
			p.pending[s.session] = r
			return nil
		}
	}
}

// settle looks at those that wait until each has ended or still waits. With must one has to end.
func (p *permutation) settle(ctx context.Context, must bool) error {
	before := len(p.pending)
	for i := range p.conns {
		r, ok := p.pending[i]
		for ok {
			select {
			case text := <-r.done:
				fmt.Fprintf(p.out, "%s: … %s\n", r.step.name, text)
				delete(p.pending, i)
				ok = false
				continue
			default:
			}
			waits, err := p.isWaiting(ctx, i)
			if err != nil {
				return err
			}
			ok = !waits
		}
	}
	if must && len(p.pending) == before {
		return errors.New("steps wait for ever")
	}
	return nil
}

func (p *permutation) isWaiting(ctx context.Context, session int) (bool, error) {
	sql := fmt.Sprintf(p.waits, p.conns[session].PID())
	results, err := p.control.Exec(ctx, sql).ReadAll()
	if err != nil {
		return false, err
	}
	return string(results[0].Rows[0][0]) == "t", nil
}

// answer is what a step gives: rows and tags, or an error.
func answer(ctx context.Context, c *pgconn.PgConn, sql string) string {
	results, err := c.Exec(ctx, sql).ReadAll()
	var parts []string
	for _, r := range results {
		for _, row := range r.Rows {
			values := make([]string, len(row))
			for i, v := range row {
				values[i] = string(v)
			}
			parts = append(parts, strings.Join(values, "|"))
		}
		if r.Err == nil {
			parts = append(parts, r.CommandTag.String())
		}
	}
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		parts = append(parts, fmt.Sprintf("%s %s: %s", e.Severity, e.Code, e.Message))
	case err != nil:
		parts = append(parts, err.Error())
	}
	return strings.Join(parts, ", ")
}

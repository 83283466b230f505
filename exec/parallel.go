package exec

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Bounds of work in parallel.
const (
	// parallelRecords is from how many records of a relation on its partitions are read in parallel.
	parallelRecords = 20_000
	// maxWorkers bounds the goroutines that one operator starts, beside the number of processors.
	maxWorkers = 8
	// maxHeldUndecodable bounds the records that do not decode of a partition, until its readers are told of them.
	maxHeldUndecodable = 1024
)

// A spine is a part of a plan that can be run for each partition of one relation apart: filters, projections and joins with
// what is small, down to the scan. Whoever runs it puts what comes of the partitions together in their order, so that the result
// is the one of a single pass over them.
type spine struct {
	scan  *plan.Scan
	joins []*plan.Join // whose left side it goes down, from the top
}

// scanPart is the part of a relation that a scan in a worker reads.
type scanPart struct {
	scan      *plan.Scan
	partition int
}

// errSerial says that the work has to be done without workers: nothing came of it yet.
var errSerial = errors.New("cannot be done in parallel")

// spineOf returns the spine that begins with n, nil if there is none or it is not worth it. exprs are what is to be computed of its rows.
func spineOf(n plan.Node, exprs []*plan.Expr, env *Env) *spine {
	if env.part != nil || env.pinned != nil || len(env.Expr.Outer) > 0 || runtime.GOMAXPROCS(0) == 1 || !parallelSafe(exprs) {
		return nil
	}
	s := &spine{}
	for s.scan == nil {
		switch at := n.(type) {
		case *plan.Scan:
			s.scan = at
		case *plan.Filter:
			n = at.Input
			exprs = []*plan.Expr{at.Pred}
		case *plan.Project:
			n, exprs = at.Input, at.Exprs
		case *plan.Join:
			if at.Kind != plan.JoinInner && at.Kind != plan.JoinLeft {
				return nil
			}
			s.joins = append(s.joins, at)
			n, exprs = at.Left, append(at.LeftKeys[:len(at.LeftKeys):len(at.LeftKeys)], at.Cond)
		default:
			return nil
		}
		if !parallelSafe(exprs) {
			return nil
		}
	}
	if s.scan.Key != nil || s.scan.Access != nil || s.scan.Log != nil || s.scan.Relation.Partitions() == 1 {
		return nil
	}
	return s
}

// parallelSafe reports whether expressions can be evaluated by several goroutines, in any order.
func parallelSafe(exprs []*plan.Expr) bool {
	safe := true
	for _, x := range exprs {
		walkExpr(x, func(x *plan.Expr) {
			sig := funcs.ByID(x.Func)
			if x.Sub != nil || x.Op == plan.OpOuter || x.Func != "" && (sig == nil || sig.Volatility == funcs.Volatile) {
				safe = false
			}
		})
	}
	return safe
}

// worth reports whether the relation has so many records that work in parallel is quicker.
func (s *spine) worth(env *Env) bool {
	n := int64(0)
	for p := range s.scan.Relation.Partitions() {
		id := s.scan.Relation.Partition(p)
		n += int64(env.Reader.EndOffset(id) - env.Reader.StartOffset(id))
	}
	return n >= parallelRecords
}

// run calls do for each partition, in some goroutines, with an environment in which the scan reads that partition alone. All calls
// have ended when it returns. If some fail, the error is that of the first partition, as in a single pass. Errors: errSerial.
func (s *spine) run(ctx context.Context, env *Env, do func(ctx context.Context, env *Env, partition int) error) error {
	joined := map[*plan.Join]joinTable{}
	defer func() {
		for _, t := range joined {
			t.mem.release()
		}
	}()
	for _, n := range s.joins {
		t, err := s.readJoined(ctx, n, env)
		if err != nil {
			return err
		}
		joined[n] = t
	}
	w := &workers{left: make([]partitionWork, s.scan.Relation.Partitions())}
	for p := range w.left {
		w.left[p].ctx, w.left[p].cancel = context.WithCancel(ctx)
		defer w.left[p].cancel()
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), maxWorkers, len(w.left)) {
		wait.Go(func() {
			for p, ok := w.take(); ok; p, ok = w.take() {
				worker := env.worker(&scanPart{s.scan, p}, joined)
				worker.Undecodable = w.left[p].hold
				w.ended(p, guarded(func() error { return do(w.left[p].ctx, worker, p) }))
			}
		})
	}
	wait.Wait()
	return w.result(env)
}

// readJoined reads the right side of a join. Error: errSerial if it has no room in memory.
func (s *spine) readJoined(ctx context.Context, n *plan.Join, env *Env) (joinTable, error) {
	right, err := build(n.Right, env)
	if err != nil {
		return joinTable{}, err
	}
	defer right.Close()
	t, divided, err := readJoinTable(ctx, n, env, right, 0)
	if divided != nil && err == nil {
		divided.close()
		err = errSerial
	}
	return t, err
}

// guarded turns a panic into an error, as nobody else would in this goroutine.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = pgerr.New(pgerr.InternalError, "internal error: %v", r).WithCause(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	return do()
}

// worker returns an environment for another goroutine. It shares the bound of the memory.
func (e *Env) worker(part *scanPart, joined map[*plan.Join]joinTable) *Env {
	w := *e
	w.part, w.joined, w.keeps = part, joined, false
	w.run = newRun(e.run.memory)
	return &w
}

// workers deals partitions out, in their order.
type workers struct {
	mu    sync.Mutex
	next  int
	stop  bool // a partition has failed: the later ones do not matter
	left  []partitionWork
	first int // the first partition that has failed, if stop
}

type partitionWork struct {
	ctx         context.Context
	cancel      context.CancelFunc
	err         error
	undecodable []Undecodable
}

func (w *workers) take() (partition int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop || w.next == len(w.left) {
		return 0, false
	}
	w.next++
	return w.next - 1, true
}

// ended notes how the work on partition p has ended. If it has failed, that on later partitions is of no use.
func (w *workers) ended(p int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil || w.stop && w.first < p {
		return
	}
	w.left[p].err, w.stop, w.first = err, true, p
	for q := p + 1; q < len(w.left); q++ {
		w.left[q].cancel()
	}
}

// hold keeps a record that does not decode, which env is told of at the end, if there is no other.
func (w *partitionWork) hold(u Undecodable) {
	if len(w.undecodable) <= maxHeldUndecodable {
		w.undecodable = append(w.undecodable, u)
	}
}

func (w *workers) result(env *Env) error {
	if w.stop {
		return w.left[w.first].err
	}
	for p := range w.left {
		if len(w.left[p].undecodable) > maxHeldUndecodable {
			return errSerial
		}
	}
	for p := range w.left {
		for _, u := range w.left[p].undecodable {
			if env.Undecodable != nil {
				env.Undecodable(u)
			}
		}
	}
	return nil
}

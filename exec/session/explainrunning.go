package session

import (
	"fmt"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

// explainRunning is the topology that keeps r, with what its parts did since the node started, all partitions together, and what its tasks
// keep now.
func (c *compiler) explainRunning(r *catalog.Relation, t *plan.Topology) (string, error) {
	if err := c.allowOwner(r); err != nil {
		return "", err
	}
	jobs, err := c.session.engine.Jobs(r)
	if err != nil {
		return "", err
	}
	actual := map[planner.Actual]string{}
	for i := range t.Tasks {
		task := &t.Tasks[i]
		node := jobsOf(jobs, task.ID, len(task.Inputs))
		node.describe(actual, task.ID, "sink")
		if stateful(task) {
			actual[planner.Actual{Node: task.ID, Part: planner.ActualOperator}] = node.operator.String()
			if actual[planner.Actual{Node: task.ID, Part: planner.ActualState}], err = c.stateText(r, task.ID); err != nil {
				return "", err
			}
		}
		if task.Sink.Kind == plan.SinkView {
			rows, err := c.stateText(r, 0)
			if err != nil {
				return "", err
			}
			actual[planner.Actual{Node: task.ID, Part: planner.ActualSink}] += ", view has " + rows
		}
	}
	for i := range t.Forwarders {
		id := t.Forwarders[i].ID
		jobsOf(jobs, id, 1).describe(actual, id, "send")
	}
	return planner.ExplainRunning(t, c.catalog, actual), nil
}

func stateful(t *plan.Task) bool {
	return t.Join != nil || t.Aggregate != nil || t.Top != nil || t.Last != nil
}

func (c *compiler) stateText(r *catalog.Relation, node uint16) (string, error) {
	size, err := c.session.engine.StateSize(c.ctx, r, node)
	more := ""
	if size.More {
		more = "more than "
	}
	return fmt.Sprintf("keys=%s%d bytes=%s%d", more, size.Keys, more, size.Bytes), err
}

// counts are rows and time of a step, all partitions together.
type counts struct {
	rows  uint64
	nanos int64
}

func (c *counts) add(m *exec.StepMeter) {
	c.rows += m.Rows.Load()
	c.nanos += m.Nanos.Load()
}

// String is as PostgreSQL's EXPLAIN ANALYZE has it, time in ms.
func (c counts) String() string { return fmt.Sprintf("rows=%d time=%s", c.rows, millis(c.nanos)) }

func millis(nanos int64) string {
	return fmt.Sprintf("%.3f ms", float64(nanos)/float64(time.Millisecond))
}

// nodeCounts is what a task or forwarder did, all partitions together.
type nodeCounts struct {
	read, steps                   []counts
	operator, after, sink, commit counts
	commits, in, out, restarts    uint64
	busy                          int64
	jobs                          int
}

func jobsOf(jobs []exec.JobStatus, node uint16, inputs int) *nodeCounts {
	n := &nodeCounts{read: make([]counts, inputs), steps: make([]counts, inputs)}
	for i := range jobs {
		m := jobs[i].Meter
		if jobs[i].Node != node {
			continue
		}
		n.jobs++
		if m == nil {
			continue
		}
		for k := range m.Inputs {
			n.read[k].add(&m.Inputs[k].Read)
			n.steps[k].add(&m.Inputs[k].Steps)
		}
		n.operator.add(&m.Operator)
		n.after.add(&m.After)
		n.sink.add(&m.Sink)
		n.commit.add(&m.Commit)
		n.commits += m.Commits.Load()
		n.in += m.RowsIn.Load()
		n.out += m.RowsOut.Load()
		n.restarts += m.Failures.Load()
		n.busy += m.BusyNanos.Load()
	}
	return n
}

// describe adds what the inputs, the sink and the whole did; commit is what the wait at the end is called.
func (n *nodeCounts) describe(actual map[planner.Actual]string, node uint16, end string) {
	for i := range n.read {
		actual[planner.Actual{Node: node, Part: planner.ActualInput, Input: i}] = fmt.Sprintf("%v, after steps %v", n.read[i], n.steps[i])
	}
	sink := fmt.Sprintf("rows=%d time=%s", n.out, millis(n.sink.nanos+n.after.nanos))
	if end == "send" {
		sink = fmt.Sprintf("rows=%d", n.out)
	}
	actual[planner.Actual{Node: node, Part: planner.ActualSink}] = sink
	actual[planner.Actual{Node: node, Part: planner.ActualTotal}] = fmt.Sprintf("partitions=%d commits=%d restarts=%d busy=%s commit wait=%s",
		n.jobs, n.commits, n.restarts, millis(n.busy), millis(n.commit.nanos))
}

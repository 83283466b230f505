package session

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

// The states of a query, as users see them.
const (
	QueryBackfill = "backfill" // it takes in what was there when it was created
	QueryRunning  = "running"
	QueryWaiting  = "waiting" // for an isolated shard
	QueryFailed   = string(catalog.QueryFailed)
)

// QueryStates are all of them.
var QueryStates = []string{QueryBackfill, QueryRunning, QueryWaiting, QueryFailed}

// showIdle is the state of a job that has included all there is; its others are those of a query.
const showIdle = "idle"

// QueryState returns the state of a query whose jobs lag by so many records, and why it is not running.
func QueryState(e Engine, cat *catalog.Catalog, r *catalog.Relation, lag uint64) (state, reason string) {
	why := e.Waiting(r)
	switch {
	case r.Query.State != catalog.QueryRunning:
		return string(r.Query.State), r.Query.Reason
	case why != "":
		return QueryWaiting, why
	case lag > 0 && !cat.Backfilled(r.ID):
		return QueryBackfill, ""
	}
	return QueryRunning, ""
}

// queryRow is a row of SHOW QUERIES.
func queryRow(e Engine, cat *catalog.Catalog, r *catalog.Relation) []string {
	jobs, err := e.Jobs(r)
	q := exec.Summarize(jobs, e.NowMillis())
	state, reason := QueryState(e, cat, r, q.Lag)
	if r.Replaces != 0 && reason == "" {
		state, reason = QueryBackfill, "a new version, which takes the place of the present one when it has caught up"
	}
	row := []string{r.Schema, r.Name, state, reason, readsText(cat, r), r.Query.SQL, stateBytesText(e, r)}
	if err != nil { // it has just been dropped, or a shard is isolated
		return append(row, "", "", "", "", "", "")
	}
	row = append(row, strconv.FormatUint(q.Lag, 10), "")
	if q.LagMillis >= 0 {
		row[len(row)-1] = fmt.Sprintf("%.3f", float64(q.LagMillis)/1000)
	}
	if state != QueryBackfill {
		return append(row, "", "", "", "")
	}
	return append(row, backfillTexts(q)...)
}

// backfillTexts says how far a backfill is: rows, an estimate of all rows, percent, and an estimate of the time for the rest; each
// empty where nobody can tell yet.
func backfillTexts(q exec.QueryStatus) []string {
	if q.Total == 0 {
		return []string{"0", "", "", ""}
	}
	out := []string{strconv.FormatUint(q.Done, 10), strconv.FormatUint(q.Total, 10), fmt.Sprintf("%.1f", 100*float64(q.Done)/float64(q.Total)), ""}
	if q.Left >= 0 {
		left := int64(q.Left.Round(time.Second).Seconds())
		out[3] = fmt.Sprintf("%02d:%02d:%02d", left/3600, left/60%60, left%60)
	}
	return out
}

// taskRows are the rows of SHOW TASKS for a query.
func taskRows(e Engine, cat *catalog.Catalog, r *catalog.Relation) [][]string {
	jobs, err := e.Jobs(r)
	if err != nil { // as in queryRow
		return nil
	}
	query, reason := QueryState(e, cat, r, 0)
	var rows [][]string
	for i := range jobs {
		j := &jobs[i]
		rows = append(rows, append([]string{r.Schema, r.Name, jobKind(j), strconv.Itoa(int(j.Node)), strconv.Itoa(int(j.Partition)),
			strconv.Itoa(int(j.Shard))}, jobTexts(j, query, reason)...))
	}
	return rows
}

func jobKind(j *exec.JobStatus) string {
	if j.Forwarder {
		return "forwarder"
	}
	return "task"
}

// jobTexts are the columns of a job from its state on.
func jobTexts(j *exec.JobStatus, query, reason string) []string {
	state := query
	if query == QueryRunning {
		state = jobState(j)
	}
	var frontiers, ends []string
	for _, in := range j.Inputs {
		frontiers = append(frontiers, strconv.FormatInt(int64(in.Frontier.Offset), 10))
		ends = append(ends, strconv.FormatInt(int64(in.End), 10))
	}
	out := []string{state, strings.Join(frontiers, ", "), strings.Join(ends, ", "), strconv.FormatUint(j.Lag(), 10)}
	m := j.Meter
	if m == nil {
		return append(out, "0", "0", "0", "0.000", "0", reason)
	}
	if reason == "" {
		reason = m.LastError()
	}
	return append(out, strconv.FormatUint(m.RowsIn.Load(), 10), strconv.FormatUint(m.RowsOut.Load(), 10), strconv.FormatUint(m.Commits.Load(), 10),
		fmt.Sprintf("%.3f", time.Duration(m.BusyNanos.Load()).Seconds()), strconv.FormatUint(m.Failures.Load(), 10), reason)
}

func jobState(j *exec.JobStatus) string {
	switch {
	case j.Backfilling():
		return QueryBackfill
	case j.Lag() == 0:
		return showIdle
	}
	return QueryRunning
}

package cluster

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
)

// maxQueryMetrics bounds the queries that have metrics of their own: those with the lowest numbers. Each takes some twenty series.
const maxQueryMetrics = 500

var (
	queryLabel = []string{"query"}

	descHiddenQueries = prometheus.NewDesc("millrace_queries_without_metrics", "Continuous queries beyond those that have metrics of their own.", nil, nil)
	descQueryState    = prometheus.NewDesc("millrace_query_state", "1 for the state that a continuous query is in.", []string{"query", "state"}, nil)
	descQueryLag      = prometheus.NewDesc("millrace_query_lag_records", "Records and rows that a continuous query has not included.", queryLabel, nil)
	descQueryLagTime  = prometheus.NewDesc("millrace_query_lag_seconds", "Age of the oldest record that a continuous query has not included.", queryLabel, nil)
	descQueryIn       = prometheus.NewDesc("millrace_query_rows_in_total", "Changes that a continuous query has read of relations.", queryLabel, nil)
	descQueryOut      = prometheus.NewDesc("millrace_query_rows_out_total", "Changes that a continuous query has written to its relation.", queryLabel, nil)
	descQueryCommits  = prometheus.NewDesc("millrace_query_commits_total", "Rounds that the tasks and forwarders of a continuous query have committed.", queryLabel, nil)
	descQueryBusy     = prometheus.NewDesc("millrace_query_busy_seconds_total", "Time of these rounds, all partitions together.", queryLabel, nil)
	descQueryErrors   = prometheus.NewDesc("millrace_query_errors_total", "Rows and records that a continuous query has left out.", queryLabel, nil)
	descQueryRestarts = prometheus.NewDesc("millrace_query_restarts_total", "How often tasks and forwarders of a continuous query had to begin again.", queryLabel, nil)
	descQueryDone     = prometheus.NewDesc("millrace_query_backfill_rows", "Rows and records that a continuous query in backfill has taken in; 0 after it.", queryLabel, nil)
	descQueryTotal    = prometheus.NewDesc("millrace_query_backfill_total_rows", "Rows and records that there are for a continuous query in backfill; 0 after it.", queryLabel, nil)
	descQueryBytes    = prometheus.NewDesc("millrace_query_state_bytes", "Estimated size of a continuous query's rows and state.", queryLabel, nil)
)

// collectQueries gives the metrics of each continuous query.
func (n *Node) collectQueries(ch chan<- prometheus.Metric) {
	cat, shown, hidden := n.Catalog(), 0, 0
	for _, r := range cat.Relations() {
		switch {
		case r.Query == nil || r.Replaces != 0: // a new version has the name of the present one
		case shown == maxQueryMetrics:
			hidden++
		default:
			shown++
			n.collectQuery(ch, cat, r)
		}
	}
	ch <- prometheus.MustNewConstMetric(descHiddenQueries, prometheus.GaugeValue, float64(hidden))
}

func (n *Node) collectQuery(ch chan<- prometheus.Metric, cat *catalog.Catalog, r *catalog.Relation) {
	name := r.Schema + "." + r.Name
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{name}, labels...)...)
	}
	counter := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, name)
	}
	jobs, err := n.Jobs(r)
	q := exec.Summarize(jobs, n.NowMillis())
	state, _ := session.QueryState(n, cat, r, q.Lag)
	for _, s := range session.QueryStates {
		gauge(descQueryState, flag(s == state), s)
	}
	gauge(descQueryBytes, float64(n.StateBytes(r)))
	if err == nil { // else it cannot be told
		gauge(descQueryLag, float64(q.Lag))
		if q.LagMillis >= 0 {
			gauge(descQueryLagTime, float64(q.LagMillis)/1000)
		}
	}
	if state != session.QueryBackfill {
		q.Done, q.Total = 0, 0
	}
	gauge(descQueryDone, float64(q.Done))
	gauge(descQueryTotal, float64(q.Total))
	did := exec.Activity(jobs)
	counter(descQueryIn, float64(did.RowsIn))
	counter(descQueryOut, float64(did.RowsOut))
	counter(descQueryCommits, float64(did.Commits))
	counter(descQueryBusy, did.Busy.Seconds())
	counter(descQueryRestarts, float64(did.Restarts))
	counter(descQueryErrors, float64(n.supervisor.metersOf(r.ID).LeftOut()))
}

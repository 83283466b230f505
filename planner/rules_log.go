package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

// logRanges finds scans of streams and topics below a filter that says something of partition, offset or time, and has them read
// those records only. The filter stays.
func logRanges(n plan.Node) plan.Node {
	n = withInputs(n, logRanges)
	f, ok := n.(*plan.Filter)
	if !ok {
		return n
	}
	scan, ok := f.Input.(*plan.Scan)
	if !ok || scan.Log != nil || len(scan.Relation.SystemColumns()) == 0 {
		return n
	}
	r := logRange(scan, conjuncts(f.Pred))
	if r == (plan.LogRange{}) {
		return n
	}
	return &plan.Filter{Input: withLog(scan, &r), Pred: f.Pred}
}

func withLog(scan *plan.Scan, r *plan.LogRange) *plan.Scan {
	return &plan.Scan{Relation: scan.Relation, Columns: scan.Columns, Log: r, Mark: scan.Mark}
}

// logRange returns what preds say of where a record is and when it was stored.
func logRange(scan *plan.Scan, preds []*plan.Expr) (r plan.LogRange) {
	if at := systemColumn(scan, catalog.PartitionColumn); at >= 0 {
		r.Partitions = oneOf(preds, at)
	}
	if at := systemColumn(scan, catalog.OffsetColumn); at >= 0 {
		if r.Offsets = oneOf(preds, at); r.Offsets == nil {
			r.OffsetLow, r.OffsetHigh = boundsOf(preds, at)
		}
	}
	if at := systemColumn(scan, catalog.TimestampColumn); at >= 0 {
		if v := firstFixed(preds, at); v != nil {
			moment := &plan.Bound{Value: v, Inclusive: true}
			r.TimeLow, r.TimeHigh = moment, moment
		} else {
			r.TimeLow, r.TimeHigh = boundsOf(preds, at)
		}
	}
	return r
}

// systemColumn returns the place of a system column in the output of scan, -1 if it is not there.
func systemColumn(scan *plan.Scan, name string) int {
	at := slices.IndexFunc(scan.Relation.SystemColumns(), func(c catalog.Column) bool { return c.Name == name })
	return slices.Index(scan.Columns, len(scan.Relation.Columns)+at)
}

// oneOf returns the values of which column is one, by = or a list.
func oneOf(preds []*plan.Expr, column int) *plan.List {
	if v := firstFixed(preds, column); v != nil {
		return &plan.List{Values: []*plan.Expr{v}}
	}
	return listedValues(preds, column)
}

// orderedLog returns how scan reads its records in the order of keys, nil if that cannot be: of one partition, by _offset. What follows
// the offset tells nothing more.
func orderedLog(scan *plan.Scan, keys []plan.SortKey) *plan.LogRange {
	if len(scan.Relation.SystemColumns()) == 0 {
		return nil
	}
	var r plan.LogRange
	if scan.Log != nil {
		r = *scan.Log
	}
	onePartition := scan.Relation.Partitions() == 1 || r.Partitions != nil && r.Partitions.Array == nil && len(r.Partitions.Values) == 1
	if !onePartition {
		return nil
	}
	if len(keys) > 0 && isColumn(keys[0].Expr, systemColumn(scan, catalog.PartitionColumn)) {
		keys = keys[1:]
	}
	if len(keys) == 0 || !isColumn(keys[0].Expr, systemColumn(scan, catalog.OffsetColumn)) {
		return nil
	}
	r.Reverse = keys[0].Desc
	return &r
}

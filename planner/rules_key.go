package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
)

// keyLookups finds scans below a filter that fixes the whole key, and gives them the key. The filter stays.
func keyLookups(n plan.Node) plan.Node {
	n = withInputs(n, keyLookups)
	f, ok := n.(*plan.Filter)
	if !ok {
		return n
	}
	scan, ok := f.Input.(*plan.Scan)
	if !ok || !hasLookup(scan.Relation) {
		return n
	}
	key := fixedKey(scan, conjuncts(f.Pred))
	if key == nil {
		return n
	}
	return &plan.Filter{Input: &plan.Scan{Relation: scan.Relation, Columns: scan.Columns, Key: key}, Pred: f.Pred}
}

// hasLookup reports whether the key of a row of r tells its partition.
func hasLookup(r *catalog.Relation) bool {
	return r.Keyed() && len(r.Key) > 0 && slices.Equal(r.Key, r.PartitionBy)
}

// fixedKey returns what preds say the key columns are equal to, nil unless they say it of all.
func fixedKey(scan *plan.Scan, preds []*plan.Expr) []*plan.Expr {
	key := make([]*plan.Expr, len(scan.Relation.Key))
	for i, k := range scan.Relation.Key {
		column := slices.Index(scan.Columns, k)
		if column < 0 {
			return nil
		}
		for _, p := range preds {
			if v := fixedValue(p, column); v != nil {
				key[i] = v
				break
			}
		}
		if key[i] == nil {
			return nil
		}
	}
	return key
}

// fixedValue returns v if p is column = v and v is the same for all rows. The types of both are equal or are integers:
// their encodings as keys are.
func fixedValue(p *plan.Expr, column int) *plan.Expr {
	if !isEquality(p) {
		return nil
	}
	for i, c := range p.Args {
		v := p.Args[1-i]
		if isInteger(c.Type) {
			c = widened(c)
		}
		if c.Op != plan.OpColumn || c.Column != column || hasColumns(v) || !movable(v) {
			continue
		}
		if c.Type.Base() == v.Type.Base() || isInteger(c.Type) && isInteger(v.Type) {
			return v
		}
	}
	return nil
}

// widened returns the integer that e casts to a larger one.
func widened(e *plan.Expr) *plan.Expr {
	if e.Op != plan.OpCall || len(e.Args) != 1 || !isInteger(e.Args[0].Type) || e.Args[0].Type.Size() >= e.Type.Size() {
		return e
	}
	if id, ok := funcs.Cast(e.Args[0].Type, e.Type, funcs.CastImplicit); ok && id == e.Func {
		return e.Args[0]
	}
	return e
}

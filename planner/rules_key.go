package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
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
	return &plan.Filter{Input: &plan.Scan{Relation: scan.Relation, Columns: scan.Columns, Key: key, Mark: scan.Mark}, Pred: f.Pred}
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

// fixedValue returns v if p is column = v and v is the same for all rows.
func fixedValue(p *plan.Expr, column int) *plan.Expr {
	if v, op := comparedValue(p, column); op == "=" {
		return v
	}
	return nil
}

// comparedValue returns v and the operator if p is column op v, or says the same from the other side, and v is the same for all
// rows. The order of both as keys is that of the comparison.
func comparedValue(p *plan.Expr, column int) (v *plan.Expr, op string) {
	if p.Op != plan.OpCall || len(p.Args) != 2 {
		return nil, ""
	}
	op = funcs.Symbol(p.Func)
	if _, ordered := turned[op]; !ordered {
		return nil, ""
	}
	for i, c := range p.Args {
		if v := p.Args[1-i]; isColumn(c, column) && sameKeys(uncast(c), v) {
			if i == 1 {
				op = turned[op]
			}
			return v, op
		}
	}
	return nil, ""
}

// turned is each comparison with its sides exchanged.
var turned = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func isColumn(e *plan.Expr, column int) bool {
	e = uncast(e)
	return e.Op == plan.OpColumn && e.Column == column
}

// sameKeys reports whether v is the same for all rows and its encoding as a key is of the kind of column c's: the types of both
// are equal, or are integers, or are strings of any length.
func sameKeys(c, v *plan.Expr) bool {
	return !hasColumns(v) && movable(v) && sameKeyTypes(c.Type, v.Type)
}

// sameElements is sameKeys of the elements of an array.
func sameElements(c, array *plan.Expr) bool {
	return array.Type.IsArray() && !hasColumns(array) && movable(array) && sameKeyTypes(c.Type, array.Type.Element())
}

func sameKeyTypes(c, v types.Type) bool {
	return c.Base() == v.Base() || isInteger(c) && isInteger(v) || isVaryingText(c) && isVaryingText(v)
}

func isVaryingText(t types.Type) bool { return t.ID == types.IDText || t.ID == types.IDVarchar }

// uncast returns what e casts without changing its encoding as a key.
func uncast(e *plan.Expr) *plan.Expr {
	switch {
	case isInteger(e.Type):
		return widened(e)
	case e.Op == plan.OpCall && len(e.Args) == 1 && e.Type == types.Text && e.Args[0].Type.ID == types.IDVarchar:
		if id, ok := funcs.Cast(e.Args[0].Type, e.Type, funcs.CastImplicit); ok && id == e.Func {
			return e.Args[0]
		}
	}
	return e
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

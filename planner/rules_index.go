package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
)

// indexAccess finds scans below a filter that says something of the first columns of an index, and has them read those rows
// only. The filter stays.
func indexAccess(n plan.Node) plan.Node {
	n = withInputs(n, indexAccess)
	f, ok := n.(*plan.Filter)
	if !ok {
		return n
	}
	scan, ok := f.Input.(*plan.Scan)
	if !ok || scan.Key != nil || scan.Access != nil {
		return n
	}
	a := bestAccess(scan, conjuncts(f.Pred))
	if a == nil {
		return n
	}
	return &plan.Filter{Input: withAccess(scan, a), Pred: f.Pred}
}

func withAccess(scan *plan.Scan, a *plan.Access) *plan.Scan {
	return &plan.Scan{Relation: scan.Relation, Columns: scan.Columns, Access: a, Mark: scan.Mark}
}

// bestAccess returns what reads least, nil if no index helps: a unique index with all columns fixed, else the more leading columns
// are fixed the better, then a list of values for the next one, then a range. Of equal ones the first: the key is before all
// others, and these in the order in which they were made.
func bestAccess(scan *plan.Scan, preds []*plan.Expr) *plan.Access {
	var best *plan.Access
	most := 0
	for _, a := range accessPaths(scan.Relation) {
		a := restricted(a, scan, preds)
		if w := accessWeight(a); w > most {
			best, most = a, w
		}
	}
	return best
}

// accessPaths lists the orders in which a relation can be read, the key first.
func accessPaths(r *catalog.Relation) []*plan.Access {
	if !r.Keyed() || len(r.Key) == 0 || r.Format() != catalog.FormatNative {
		return nil
	}
	paths := []*plan.Access{{Columns: r.KeyColumns()}}
	for _, x := range r.Indexes {
		if !x.Index.Building {
			paths = append(paths, &plan.Access{Index: x, Columns: x.Index.Columns})
		}
	}
	return paths
}

func accessWeight(a *plan.Access) int {
	w := 8 * len(a.Equal)
	switch {
	case a.Index != nil && a.Index.Index.Unique && len(a.Equal) == len(a.Columns):
		w += 1 << 10
	case a.In != nil:
		w += 4
	case a.Low != nil && a.High != nil:
		w += 2
	case a.Low != nil || a.High != nil:
		w++
	}
	return w
}

// restricted returns path with what preds say of its first columns.
func restricted(path *plan.Access, scan *plan.Scan, preds []*plan.Expr) *plan.Access {
	a := *path
	for _, c := range a.Columns {
		column := slices.Index(scan.Columns, c.Column)
		if column < 0 {
			break
		}
		if v := firstFixed(preds, column); v != nil {
			a.Equal = append(a.Equal, v)
			continue
		}
		if a.In = listedValues(preds, column); a.In == nil {
			a.Low, a.High = boundsOf(preds, column)
		}
		break
	}
	return &a
}

func firstFixed(preds []*plan.Expr, column int) *plan.Expr {
	for _, p := range preds {
		if v := fixedValue(p, column); v != nil {
			return v
		}
	}
	return nil
}

// maxListedValues bounds the values of an IN that are looked up one by one.
const maxListedValues = 1000

// listedValues returns the values of the first column IN (…) or column = ANY (array) among preds.
func listedValues(preds []*plan.Expr, column int) *plan.List {
	for _, p := range preds {
		if p.Op != plan.OpIn && p.Op != plan.OpAny || !isColumn(p.Args[0], column) {
			continue
		}
		c, values := uncast(p.Args[0]), p.Args[1:]
		switch {
		case p.Op == plan.OpAny && funcs.Symbol(p.Func) == "=" && sameElements(c, values[0]):
			return &plan.List{Array: values[0]}
		case p.Op == plan.OpIn && len(values) <= maxListedValues &&
			!slices.ContainsFunc(values, func(v *plan.Expr) bool { return !sameKeys(c, v) }):
			return &plan.List{Values: values}
		}
	}
	return nil
}

// boundsOf returns the first lower and the first upper bound of column among preds.
func boundsOf(preds []*plan.Expr, column int) (low, high *plan.Bound) {
	for _, p := range preds {
		v, op := comparedValue(p, column)
		switch {
		case (op == ">" || op == ">=") && low == nil:
			low = &plan.Bound{Value: v, Inclusive: op == ">="}
		case (op == "<" || op == "<=") && high == nil:
			high = &plan.Bound{Value: v, Inclusive: op == "<="}
		}
	}
	return low, high
}

// indexOrder drops sorts over rows that can be read in their order.
func indexOrder(n plan.Node) plan.Node { return indexOrderOf(n, false) }

// indexOrderOf is indexOrder for a plan of whose rows few are taken, or all.
func indexOrderOf(n plan.Node, few bool) plan.Node {
	switch n := n.(type) {
	case *plan.Limit:
		return withInputs(n, func(in plan.Node) plan.Node { return indexOrderOf(in, n.Count != nil) })
	case *plan.Project:
		return withInputs(n, func(in plan.Node) plan.Node { return indexOrderOf(in, few) })
	case *plan.Sort:
		sort := withInputs(n, indexOrder).(*plan.Sort)
		if in := inOrder(sort.Input, sort.Keys, few); in != nil {
			return in
		}
		return sort
	}
	return withInputs(n, indexOrder)
}

// inOrder returns n with its scan in the order of keys, nil if that cannot be. Of the rows of a filter it is not known how many are
// read for a few.
func inOrder(n plan.Node, keys []plan.SortKey, few bool) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		if in := inOrder(n.Input, keys, false); in != nil {
			return &plan.Filter{Input: in, Pred: n.Pred}
		}
	case *plan.Project:
		below := make([]plan.SortKey, len(keys))
		for i, k := range keys {
			if k.Expr.Op != plan.OpColumn {
				return nil
			}
			below[i] = k
			below[i].Expr = n.Exprs[k.Expr.Column]
		}
		if in := inOrder(n.Input, below, few); in != nil {
			return &plan.Project{Input: in, Exprs: n.Exprs}
		}
	case *plan.Scan:
		if a := orderedAccess(n, keys, few); a != nil {
			return withAccess(n, a)
		}
		if r := orderedLog(n, keys); r != nil {
			return withLog(n, r)
		}
	}
	return nil
}

// orderedAccess returns how scan reads what it reads in the order of keys: along the index that it reads already, else
// along the key, or, for a few rows, along an index, which costs a lookup for each.
func orderedAccess(scan *plan.Scan, keys []plan.SortKey, few bool) *plan.Access {
	if scan.Key != nil {
		return nil
	}
	paths := accessPaths(scan.Relation)
	switch {
	case scan.Access != nil:
		paths = []*plan.Access{scan.Access}
	case !few && len(paths) > 0:
		paths = paths[:1]
	}
	for _, a := range paths {
		if reverse, ok := givesOrder(a, scan, keys); ok {
			out := *a
			out.Ordered, out.Reverse = true, reverse
			return &out
		}
	}
	return nil
}

// givesOrder reports whether the index, read forwards or in reverse, gives rows in the order of keys. Columns that are fixed
// do not count, and behind a whole key nothing does.
func givesOrder(a *plan.Access, scan *plan.Scan, keys []plan.SortKey) (reverse, ok bool) {
	var fixed []int
	for _, c := range a.Columns[:len(a.Equal)] {
		fixed = append(fixed, c.Column)
	}
	rest := a.Columns[len(a.Equal):]
	for i, first := 0, true; i < len(keys); i++ {
		e := uncast(keys[i].Expr)
		if e.Op != plan.OpColumn {
			return false, false
		}
		column := scan.Columns[e.Column]
		if slices.Contains(fixed, column) {
			continue
		}
		if len(rest) == 0 {
			return reverse, wholeKey(a, scan.Relation)
		}
		if rest[0].Column != column {
			return false, false
		}
		back, fits := direction(rest[0], keys[i], scan.Relation.Columns[column].NotNull)
		if !fits || !first && back != reverse {
			return false, false
		}
		reverse, first = back, false
		fixed, rest = append(fixed, column), rest[1:]
	}
	return reverse, true
}

// direction tells how a column of an index is read to have it in the order of a key. Where there are no NULLs it does not
// matter where they go.
func direction(c catalog.IndexColumn, k plan.SortKey, notNull bool) (reverse, ok bool) {
	reverse = c.Desc != k.Desc
	return reverse, notNull || (c.NullsFirst != reverse) == k.NullsFirst
}

// wholeKey reports whether the columns of a tell a row.
func wholeKey(a *plan.Access, r *catalog.Relation) bool {
	if a.Index != nil && a.Index.Index.Unique && !slices.ContainsFunc(a.Columns, func(c catalog.IndexColumn) bool { return !r.Columns[c.Column].NotNull }) {
		return true
	}
	return !slices.ContainsFunc(r.Key, func(k int) bool {
		return !slices.ContainsFunc(a.Columns, func(c catalog.IndexColumn) bool { return c.Column == k })
	})
}

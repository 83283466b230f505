package plan

import "github.com/millracedb/millrace/sql/catalog"

// Access says which rows of a table or view a Scan reads, and in which order, by the columns of an index: those in which its
// leading columns equal Equal, and the next one is one of In, or lies between Low and High. What it leaves out is not wanted;
// what it gives the filter above looks at again. Expressions are as those of Scan.Key; a NULL among them means no rows, except in In.
type Access struct {
	Index   *catalog.Relation     // nil: the key
	Columns []catalog.IndexColumn // of the index
	Equal   []*Expr
	In      []*Expr // nil: not given
	Low     *Bound  // nil: from the first value
	High    *Bound
	// Ordered says that the rows come in the index's order over all partitions, from the end if Reverse.
	Ordered, Reverse bool
}

// Bound is an end of a range of values, in the order of the values.
type Bound struct {
	Value     *Expr
	Inclusive bool
}

// Map returns a with f of all its expressions; a itself if f changes none.
func (a *Access) Map(f func(*Expr) *Expr) *Access {
	if a == nil {
		return nil
	}
	n, changed := *a, false
	list := func(es []*Expr) []*Expr {
		var out []*Expr
		for _, e := range es {
			x := f(e)
			changed = changed || x != e
			out = append(out, x)
		}
		return out
	}
	bound := func(b *Bound) *Bound {
		if b == nil {
			return nil
		}
		x := f(b.Value)
		changed = changed || x != b.Value
		return &Bound{Value: x, Inclusive: b.Inclusive}
	}
	n.Equal, n.In, n.Low, n.High = list(a.Equal), list(a.In), bound(a.Low), bound(a.High)
	if !changed {
		return a
	}
	return &n
}

package plan

import "github.com/millracedb/millrace/sql/catalog"

// Access says which rows of a table or view a Scan reads, and in which order, by the columns of an index: those in which its
// leading columns equal Equal, and the next one is one of In, or lies between Low and High. What it leaves out is not wanted;
// what it gives the filter above looks at again. Expressions are as those of Scan.Key; a NULL among them means no rows, except in In.
type Access struct {
	Index   *catalog.Relation     // nil: the key
	Columns []catalog.IndexColumn // of the index
	Equal   []*Expr
	In      *List  // nil: not given
	Low     *Bound // nil: from the first value
	High    *Bound
	// Ordered says that the rows come in the index's order over all partitions, from the end if Reverse.
	Ordered, Reverse bool
}

// Bound is an end of a range of values, in the order of the values.
type Bound struct {
	Value     *Expr
	Inclusive bool
}

// List is values of which one is wanted: Values, or, if Array is not nil, its elements. None of them is NULL's.
type List struct {
	Values []*Expr
	Array  *Expr
}

// LogRange says which records of a stream or topic a Scan reads: of the partitions of Partitions those at the offsets of Offsets, which
// lie between OffsetLow and OffsetHigh and were stored between TimeLow and TimeHigh. What is nil is not given. As of an Access, the
// filter above looks at them again, expressions are as those of Scan.Key, and a NULL among bounds means no records.
// Reverse says that records of each partition come from the last to the first.
type LogRange struct {
	Partitions, Offsets   *List
	OffsetLow, OffsetHigh *Bound
	TimeLow, TimeHigh     *Bound
	Reverse               bool
}

// Map returns a with f of all its expressions; a itself if f changes none.
func (a *Access) Map(f func(*Expr) *Expr) *Access {
	if a == nil {
		return nil
	}
	n, m := *a, mapper{f: f}
	n.Equal, n.In, n.Low, n.High = m.exprs(a.Equal), m.list(a.In), m.bound(a.Low), m.bound(a.High)
	if !m.changed {
		return a
	}
	return &n
}

// Map returns r with f of all its expressions; r itself if f changes none.
func (r *LogRange) Map(f func(*Expr) *Expr) *LogRange {
	if r == nil {
		return nil
	}
	n, m := *r, mapper{f: f}
	n.Partitions, n.Offsets = m.list(r.Partitions), m.list(r.Offsets)
	n.OffsetLow, n.OffsetHigh = m.bound(r.OffsetLow), m.bound(r.OffsetHigh)
	n.TimeLow, n.TimeHigh = m.bound(r.TimeLow), m.bound(r.TimeHigh)
	if !m.changed {
		return r
	}
	return &n
}

// mapper applies f to expressions and notes whether it changed one.
type mapper struct {
	f       func(*Expr) *Expr
	changed bool
}

func (m *mapper) expr(e *Expr) *Expr {
	x := m.f(e)
	m.changed = m.changed || x != e
	return x
}

func (m *mapper) exprs(es []*Expr) []*Expr {
	var out []*Expr
	for _, e := range es {
		out = append(out, m.expr(e))
	}
	return out
}

func (m *mapper) list(l *List) *List {
	switch {
	case l == nil:
		return nil
	case l.Array != nil:
		return &List{Array: m.expr(l.Array)}
	}
	return &List{Values: m.exprs(l.Values)}
}

func (m *mapper) bound(b *Bound) *Bound {
	if b == nil {
		return nil
	}
	return &Bound{Value: m.expr(b.Value), Inclusive: b.Inclusive}
}

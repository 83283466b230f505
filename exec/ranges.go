package exec

import (
	"bytes"
	"context"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// keyRange is the keys in [from, to) behind the prefix of a partition; to nil: to the end of the partition.
type keyRange struct {
	from, to []byte
	whole    []byte // the one key, if all columns are fixed; else nil
}

// within returns the bounds of whole keys of the store.
func (r keyRange) within(prefix []byte) (from, to []byte) {
	from = append(bytes.Clone(prefix), r.from...)
	if r.to == nil {
		return from, state.PrefixEnd(prefix)
	}
	return from, append(bytes.Clone(prefix), r.to...)
}

// prefixRange is the keys that begin with prefix.
func prefixRange(prefix []byte) keyRange {
	return keyRange{from: prefix, to: state.PrefixEnd(prefix)}
}

// rangesOf evaluates an access: the ranges to read, in their order. None if a value is NULL: nothing equals it, and nothing is
// more or less.
func (e *Env) rangesOf(ctx context.Context, n *plan.Scan) ([]keyRange, error) {
	a := n.Access
	prefix := []byte{}
	for i, x := range a.Equal {
		var err error
		if prefix, err = e.appendColumn(ctx, prefix, a, i, x); prefix == nil || err != nil {
			return nil, err
		}
	}
	if a.In != nil {
		return e.listedRanges(ctx, a, prefix)
	}
	r := prefixRange(prefix)
	if len(a.Equal) == len(a.Columns) {
		r.whole = prefix
	}
	if a.Low != nil || a.High != nil {
		var err error
		if r, err = e.boundedRange(ctx, a, prefix); err != nil || r.from == nil {
			return nil, err
		}
	}
	return []keyRange{r}, nil
}

// appendColumn appends the value of x as column i of the access has it; nil if it is NULL.
func (e *Env) appendColumn(ctx context.Context, dst []byte, a *plan.Access, i int, x *plan.Expr) ([]byte, error) {
	d, err := e.evalOne(ctx, x)
	if err != nil || d.Null {
		return nil, err
	}
	return encodeColumn(dst, a, i, x.Type, d), nil
}

func encodeColumn(dst []byte, a *plan.Access, i int, t types.Type, d types.Datum) []byte {
	if a.Index == nil {
		return types.EncodeKeyDatum(dst, t, d)
	}
	return types.EncodeOrderDatum(dst, t, d, a.Columns[i].Desc, a.Columns[i].NullsFirst)
}

// eachListed calls f for all values of l but NULLs.
func (e *Env) eachListed(ctx context.Context, l *plan.List, f func(types.Type, types.Datum)) error {
	for _, x := range l.Values {
		d, err := e.evalOne(ctx, x)
		if err != nil {
			return err
		}
		if !d.Null {
			f(x.Type, d)
		}
	}
	if l.Array == nil {
		return nil
	}
	d, err := e.evalOne(ctx, l.Array)
	if err != nil || d.Null {
		return err
	}
	elements, err := types.DecodeArray(l.Array.Type, d.Str)
	if err != nil {
		return err
	}
	for i := range elements.Len() {
		if d := elements.Datum(i); !d.Null {
			f(elements.Type, d)
		}
	}
	return nil
}

// listedRanges are those of IN: each value once, in the index's order.
func (e *Env) listedRanges(ctx context.Context, a *plan.Access, prefix []byte) ([]keyRange, error) {
	var keys [][]byte
	err := e.eachListed(ctx, a.In, func(t types.Type, d types.Datum) {
		keys = append(keys, encodeColumn(bytes.Clone(prefix), a, len(a.Equal), t, d))
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	if a.Reverse {
		slices.Reverse(keys)
	}
	out := make([]keyRange, len(keys))
	for i, key := range keys {
		out[i] = prefixRange(key)
		if len(a.Equal)+1 == len(a.Columns) {
			out[i].whole = key
		}
	}
	return out, nil
}

// boundedRange is the range of the column behind prefix that lies within the bounds, without NULLs; no from if a bound is NULL.
func (e *Env) boundedRange(ctx context.Context, a *plan.Access, prefix []byte) (keyRange, error) {
	column := len(a.Equal)
	r := keyRange{from: prefix, to: append(bytes.Clone(prefix), types.KeyValuesTo...)}
	if a.Index != nil {
		r = keyRange{from: append(bytes.Clone(prefix), types.OrderValuesFrom...), to: append(bytes.Clone(prefix), types.OrderValuesTo...)}
	}
	low, high := a.Low, a.High
	if a.Columns[column].Desc {
		low, high = high, low
	}
	if low != nil {
		key, err := e.appendColumn(ctx, bytes.Clone(prefix), a, column, low.Value)
		if err != nil || key == nil {
			return keyRange{}, err
		}
		if r.from = key; !low.Inclusive {
			r.from = state.PrefixEnd(key)
		}
	}
	if high != nil {
		key, err := e.appendColumn(ctx, bytes.Clone(prefix), a, column, high.Value)
		if err != nil || key == nil {
			return keyRange{}, err
		}
		if r.to = key; high.Inclusive {
			r.to = state.PrefixEnd(key)
		}
	}
	return r, nil
}

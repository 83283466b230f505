package exec

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/types"
)

// settle writes the touched values of MIN, MAX and DISTINCT, and brings the states up to date with them.
func (a *aggregateState) settle(g *group, store state.Reader, c *Commit) error {
	for n, agg := range a.spec.Aggs {
		if len(g.touched[n]) == 0 {
			continue
		}
		prefix := append(state.TaskPrefix(a.query, a.partition, a.node, byte(1+n)), g.key...)
		if err := saveValues(g.touched[n], prefix, store, c); err != nil {
			return err
		}
		var err error
		if expr.Invertible(agg.Func) {
			err = a.settleDistinct(g, n)
		} else {
			err = a.settleExtreme(g, n, prefix, store)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settleDistinct adds values that have come to the state of aggregate n, and takes out those that have gone.
func (a *aggregateState) settleDistinct(g *group, n int) error {
	for _, v := range g.touched[n] {
		var diff int64
		switch {
		case v.before <= 0 && v.after > 0:
			diff = 1
		case v.before > 0 && v.after <= 0:
			diff = -1
		default:
			continue
		}
		if err := a.addValue(g, n, v.row, diff); err != nil {
			return err
		}
	}
	return nil
}

// settleExtreme finds the new extreme of aggregate n.
func (a *aggregateState) settleExtreme(g *group, n int, prefix []byte, store state.Reader) error {
	row, err := firstValue(prefix, g.touched[n], store)
	if err != nil {
		return err
	}
	if g.states[n], err = expr.NewAggregate(a.spec.Aggs[n]); err != nil || row == nil {
		return err
	}
	return a.addValue(g, n, row, 1)
}

func (a *aggregateState) addValue(g *group, n int, row []byte, diff int64) error {
	one := types.NewBatch([]types.Type{a.spec.Aggs[n].Args[0].Type}, 1)
	if err := types.DecodeRow(row, one); err != nil {
		return err
	}
	return g.states[n].Add(one.Cols[0], 0, diff)
}

// saveValues reads the counts of the touched values and writes the new ones. A value stays as it was stored: equal ones
// may look different.
func saveValues(touched map[string]*value, prefix []byte, store state.Reader, c *Commit) error {
	for k, v := range touched {
		key := append(prefix[:len(prefix):len(prefix)], k...)
		stored, err := store.Get(key)
		if err != nil {
			return err
		}
		count, row, err := decodeValue(stored)
		if err != nil {
			return err
		}
		if row != nil {
			v.row = row
		}
		v.before, v.after = count, count+v.delta
		switch {
		case v.after != 0:
			c.State.Put(key, append(binary.AppendVarint(nil, v.after), v.row...))
		default:
			c.State.Delete(key)
		}
	}
	return nil
}

// decodeValue decodes a value's entry; nil gives 0.
func decodeValue(b []byte) (int64, []byte, error) {
	if b == nil {
		return 0, nil, nil
	}
	count, n := binary.Varint(b)
	if n <= 0 {
		return 0, nil, fmt.Errorf("value of an aggregate: %w", state.ErrCorrupt)
	}
	return count, b[n:], nil
}

// firstValue returns the first value under prefix with a positive count: of the touched ones as they are now, of the others
// as stored. nil if there is none.
func firstValue(prefix []byte, touched map[string]*value, store state.Reader) ([]byte, error) {
	var best string
	var row []byte
	for k, v := range touched {
		if v.after > 0 && (row == nil || k < best) {
			best, row = k, v.row
		}
	}
	it := store.Scan(prefix, state.PrefixEnd(prefix))
	defer it.Close()
	for it.Next() {
		k := string(it.Key()[len(prefix):])
		if row != nil && k > best {
			break
		}
		if touched[k] != nil {
			continue
		}
		count, stored, err := decodeValue(it.Value())
		if err != nil {
			return nil, err
		}
		if count > 0 {
			row = append([]byte{}, stored...)
			break
		}
	}
	return row, it.Close()
}

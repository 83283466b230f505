package expr

import (
	"encoding/binary"

	"github.com/millracedb/millrace/sql/types"
)

// bitAggregate is bit_and, bit_or and bit_xor: how many values have each bit.
type bitAggregate struct {
	name string
	n    int64
	bits [64]int64
}

func (a *bitAggregate) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	a.n += diff
	for i, v := 0, uint64(arg.Int[row]); v != 0; i, v = i+1, v>>1 {
		a.bits[i] += diff * int64(v&1)
	}
	return nil
}

func (a *bitAggregate) Result() (types.Datum, error) {
	if a.n <= 0 {
		return types.NullDatum, nil
	}
	var out uint64
	for i, n := range a.bits {
		has := n > 0
		switch a.name {
		case "bit_and":
			has = n == a.n
		case "bit_xor":
			has = n&1 == 1
		}
		if has {
			out |= 1 << i
		}
	}
	return types.IntDatum(int64(out)), nil
}

func (a *bitAggregate) Append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, a.n)
	for _, n := range a.bits {
		dst = binary.AppendVarint(dst, n)
	}
	return dst
}

func (a *bitAggregate) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.n); err != nil {
		return nil, err
	}
	for i := range a.bits {
		if b, err = decodeVarints(b, &a.bits[i]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (a *bitAggregate) Merge(o Aggregate) {
	b := o.(*bitAggregate)
	a.n += b.n
	for i, n := range b.bits {
		a.bits[i] += n
	}
}

package expr

import (
	"encoding/binary"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/types"
)

// countAggregate is count(*) and count(x).
type countAggregate struct{ n int64 }

func (a *countAggregate) Add(arg *types.Vector, row int, diff int64) error {
	if arg == nil || !arg.IsNull(row) {
		a.n += diff
	}
	return nil
}

func (a *countAggregate) Result() (types.Datum, error) { return types.IntDatum(a.n), nil }

func (a *countAggregate) Append(dst []byte) []byte { return binary.AppendVarint(dst, a.n) }

func (a *countAggregate) Decode(b []byte) (rest []byte, err error) { return decodeVarints(b, &a.n) }

// decodeVarints decodes varints into ns and returns the bytes behind them.
func decodeVarints(b []byte, ns ...*int64) ([]byte, error) {
	for _, n := range ns {
		v, size := binary.Varint(b)
		if size <= 0 {
			return nil, types.ErrCorrupt
		}
		*n, b = v, b[size:]
	}
	return b, nil
}

// boolAggregate is bool_and and bool_or: how many are true, how many false.
type boolAggregate struct {
	and           bool
	trues, falses int64
}

func (a *boolAggregate) Add(arg *types.Vector, row int, diff int64) error {
	switch {
	case arg.IsNull(row):
	case arg.Int[row] != 0:
		a.trues += diff
	default:
		a.falses += diff
	}
	return nil
}

func (a *boolAggregate) Result() (types.Datum, error) {
	if a.trues <= 0 && a.falses <= 0 {
		return types.NullDatum, nil
	}
	if a.and {
		return types.BoolDatum(a.falses <= 0), nil
	}
	return types.BoolDatum(a.trues > 0), nil
}

func (a *boolAggregate) Append(dst []byte) []byte {
	return binary.AppendVarint(binary.AppendVarint(dst, a.trues), a.falses)
}

func (a *boolAggregate) Decode(b []byte) (rest []byte, err error) {
	return decodeVarints(b, &a.trues, &a.falses)
}

// extremeAggregate is min (sign -1) and max (sign 1). It holds the extreme alone, so it only takes rows in; who must take
// rows back keeps a count per value beside it.
type extremeAggregate struct {
	sign  int
	typ   types.Type
	seen  bool
	value types.Datum
}

func (a *extremeAggregate) Add(arg *types.Vector, row int, diff int64) error {
	if diff <= 0 || arg.IsNull(row) {
		return nil
	}
	d := arg.Datum(row)
	if a.seen && types.Compare(a.typ, d, a.value)*a.sign <= 0 {
		return nil
	}
	a.seen, a.value = true, copyDatum(d)
	return nil
}

// copyDatum returns d with a decimal of its own.
func copyDatum(d types.Datum) types.Datum {
	if d.Dec != nil {
		d.Dec = new(apd.Decimal).Set(d.Dec)
	}
	return d
}

func (a *extremeAggregate) Result() (types.Datum, error) {
	if !a.seen {
		return types.NullDatum, nil
	}
	return copyDatum(a.value), nil
}

func (a *extremeAggregate) Append(dst []byte) []byte {
	var row []byte
	if a.seen {
		one := types.NewBatch([]types.Type{a.typ}, 1)
		one.AppendRow([]types.Datum{a.value}, 1)
		row = types.EncodeRow(nil, one, 0)
	}
	return append(binary.AppendUvarint(dst, uint64(len(row))), row...)
}

func (a *extremeAggregate) Decode(b []byte) (rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, types.ErrCorrupt
	}
	row, rest := b[n:n+int(size)], b[n+int(size):]
	a.seen, a.value = size > 0, types.Datum{}
	if !a.seen {
		return rest, nil
	}
	one := types.NewBatch([]types.Type{a.typ}, 1)
	if err := types.DecodeRow(row, one); err != nil {
		return nil, err
	}
	a.value = one.Cols[0].Datum(0)
	return rest, nil
}

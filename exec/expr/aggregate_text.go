package expr

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// textAggregate is string_agg with a constant separator. The values stand in their order, whatever order they came in, so
// the result is a function of the multiset of rows and rows can be taken away. Counts may be negative in between.
type textAggregate struct {
	separator string
	counts    map[string]int64 // no zero counts
}

func newTextAggregate(args []*plan.Expr) (Aggregate, error) {
	if args[1].Op != plan.OpConst {
		return nil, pgerr.Unsupported("a separator of string_agg that is not a constant is")
	}
	return &textAggregate{separator: args[1].Value.Str, counts: map[string]int64{}}, nil
}

func (a *textAggregate) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	s := arg.Str[row]
	if n := a.counts[s] + diff; n != 0 {
		a.counts[s] = n
	} else {
		delete(a.counts, s)
	}
	return nil
}

func (a *textAggregate) Result() (types.Datum, error) {
	var parts []string
	size := 0
	for _, s := range slices.Sorted(maps.Keys(a.counts)) {
		n := max(a.counts[s], 0)
		if size += int(n) * (len(s) + len(a.separator)); size > maxText {
			return types.Datum{}, errTextLength
		}
		for range n {
			parts = append(parts, s)
		}
	}
	if parts == nil {
		return types.NullDatum, nil
	}
	return types.StrDatum(strings.Join(parts, a.separator)), nil
}

// Append writes the number of values, then for each, in order, its count, length and bytes.
func (a *textAggregate) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(a.counts)))
	for _, s := range slices.Sorted(maps.Keys(a.counts)) {
		dst = binary.AppendVarint(dst, a.counts[s])
		dst = binary.AppendVarint(dst, int64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

func (a *textAggregate) Decode(b []byte) (rest []byte, err error) {
	values, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, types.ErrCorrupt
	}
	clear(a.counts)
	for b = b[n:]; values > 0; values-- {
		var count, size int64
		if b, err = decodeVarints(b, &count, &size); err != nil {
			return nil, err
		}
		if size < 0 || size > int64(len(b)) {
			return nil, types.ErrCorrupt
		}
		a.counts[string(b[:size])] = count
		b = b[size:]
	}
	return b, nil
}

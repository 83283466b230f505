package expr

import "github.com/millracedb/millrace/sql/types"

// arrayAggregate is array_agg. The values stand in their order, NULLs last, whatever order they came in.
type arrayAggregate struct{ valueCounts }

func (a *arrayAggregate) Result() (types.Datum, error) {
	values, counts, err := a.sorted()
	if err != nil || len(counts) == 0 {
		return types.NullDatum, err
	}
	out, size := types.NewVector(a.typ, len(counts)), 0
	for i, n := range counts {
		if size += int(n) * valueSize(values, i); n > maxText || size > maxText {
			return types.Datum{}, errArraySize
		}
		for range n {
			out.AppendFrom(values, i)
		}
	}
	s, err := encodeArray(out)
	return types.StrDatum(s), err
}

// valueSize is about how many bytes value i of v takes.
func valueSize(v *types.Vector, i int) int {
	switch v.Type.Class() {
	case types.ClassString:
		return 1 + len(v.Str[i])
	case types.ClassDecimal:
		return 16
	}
	return 8
}

// elementsAggregate is array_agg over arrays whose elements are the values; NULL stands for none.
type elementsAggregate struct {
	arrayAggregate
	array types.Type
}

func (a *elementsAggregate) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	v := types.StoredArray(a.array, arg.Str[row])
	for i := range v.Len() {
		if err := a.arrayAggregate.Add(v, i, diff); err != nil {
			return err
		}
	}
	return nil
}

// gatherElements is array_agg in the order of the rows.
type gatherElements struct {
	out  *types.Vector // nil before the first row
	size int
}

func (a *gatherElements) AddRow(args []*types.Vector, row int) (int64, error) {
	if a.out == nil {
		a.out = types.NewVector(args[0].Type, 1)
	}
	a.out.AppendFrom(args[0], row)
	n := valueSize(args[0], row)
	if a.size += n; a.size > maxText {
		return 0, errArraySize
	}
	return int64(n) + 16, nil
}

func (a *gatherElements) Result() (types.Datum, error) {
	if a.out == nil {
		return types.NullDatum, nil
	}
	s, err := encodeArray(a.out)
	return types.StrDatum(s), err
}

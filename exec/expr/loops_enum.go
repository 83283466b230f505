package expr

import (
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	registerComparisons("enum_", orderedLoops(func(v *types.Vector) []int64 { return v.Int }))
	register("enum_first(anyenum)", laxRows(func(k *call, i int) error { return k.edge(i, func(ls []catalog.Label) catalog.Label { return ls[0] }) }))
	register("enum_last(anyenum)", laxRows(func(k *call, i int) error {
		return k.edge(i, func(ls []catalog.Label) catalog.Label { return ls[len(ls)-1] })
	}))
	register("enum_range(anyenum)", laxRows(func(k *call, i int) error { return k.enumRange(i, types.NullDatum, types.NullDatum) }))
	register("enum_range(anyenum,anyenum)", laxRows(func(k *call, i int) error {
		return k.enumRange(i, k.args[0].Datum(k.args[0].at(i)), k.args[1].Datum(k.args[1].at(i)))
	}))
}

// registerEnumCast registers the cast of enums, or arrays of them, to or from strings. The types are those of the call.
func registerEnumCast(s *funcs.Signature) {
	switch {
	case s.Result.ID >= types.IDAnyElement:
		register(s.ID, textInLoop)
	case s.Result.ID == types.IDVarchar, s.Result.ID == types.IDBpchar:
		cut := strings.HasPrefix(s.ID, "cut(")
		register(s.ID, func(k *call) error { return fitLoop(k.args[0].Type, cut)(k) })
	default:
		register(s.ID, func(k *call) error { return textOutLoop(k.args[0].Type)(k) })
	}
}

// labels returns the labels of the enum that the first argument is of. Error: 55000 for a type without labels.
func (k *call) labels() ([]catalog.Label, error) {
	if k.Catalog != nil {
		if r := k.Catalog.EnumByID(k.args[0].Type.Enum); r != nil && len(r.Enum.Labels) > 0 {
			return r.Enum.Labels, nil
		}
	}
	return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "enum %s contains no values", k.args[0].Type)
}

func (k *call) edge(i int, of func([]catalog.Label) catalog.Label) error {
	labels, err := k.labels()
	if err == nil {
		k.out.Int[i] = of(labels).Value
	}
	return err
}

// enumRange sets row i to the labels between two, a NULL being the end.
func (k *call) enumRange(i int, from, to types.Datum) error {
	labels, err := k.labels()
	if err != nil { // a type without labels has an empty range
		return k.setArray(i, types.NewVector(k.args[0].Type, 0))
	}
	v := types.NewVector(k.args[0].Type, len(labels))
	for _, l := range labels {
		if (from.Null || l.Value >= from.Int) && (to.Null || l.Value <= to.Int) {
			v.Append(types.IntDatum(l.Value))
		}
	}
	return k.setArray(i, v)
}

package expr

import (
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// jsonAggregate is json_agg and jsonb_agg. The values stand in their order, NULLs last, whatever order they came in, so
// the result is a function of the multiset of rows.
type jsonAggregate struct {
	result types.Type
	valueCounts
}

func (a *jsonAggregate) Result() (types.Datum, error) {
	values, counts, err := a.sorted()
	if err != nil || len(counts) == 0 {
		return types.NullDatum, err
	}
	ev := &evaluation{Context: &Context{}}
	dst := []byte{'['}
	for i, n := range counts {
		for range n {
			if len(dst) > 1 {
				dst = append(dst, ", "...)
			}
			if values.IsNull(i) {
				dst = append(dst, "null"...)
			} else {
				dst = appendJSON(dst, a.typ, values.Datum(i), ev)
			}
			if len(dst) > maxText {
				return types.Datum{}, errTextLength
			}
		}
	}
	return types.ParseText(a.result, string(append(dst, ']')), types.Scope{})
}

// gatherAggregate is json_agg and jsonb_agg in the order of the rows.
type gatherAggregate struct {
	result types.Type
	text   []byte // with an open bracket; nil before the first row
}

func (a *gatherAggregate) AddRow(args []*types.Vector, row int) (int64, error) {
	before := len(a.text)
	if a.text == nil {
		a.text = []byte{'['}
	} else {
		a.text = append(a.text, ", "...)
	}
	var err error
	a.text, err = appendGathered(a.text, args[0], row)
	return int64(len(a.text) - before), err
}

// appendGathered appends row i of v as JSON. Errors: 54000 beyond the longest text.
func appendGathered(text []byte, v *types.Vector, i int) ([]byte, error) {
	if v.IsNull(i) {
		text = append(text, "null"...)
	} else {
		text = appendJSON(text, v.Type, v.Datum(i), &evaluation{Context: &Context{}})
	}
	if len(text) > maxText {
		return text, errTextLength
	}
	return text, nil
}

func (a *gatherAggregate) Result() (types.Datum, error) {
	if a.text == nil {
		return types.NullDatum, nil
	}
	return types.ParseText(a.result, string(a.text)+"]", types.Scope{})
}

// objectAggregate is json_object_agg and jsonb_object_agg, of keys that are texts, or JSON strings, in the order of the rows.
type objectAggregate struct {
	result types.Type
	text   []byte // with an open brace; nil before the first row
}

func (a *objectAggregate) AddRow(args []*types.Vector, row int) (int64, error) {
	before := len(a.text)
	if args[0].IsNull(row) {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "field name must not be null")
	}
	if a.text == nil {
		a.text = []byte("{ ")
	} else {
		a.text = append(a.text, ", "...)
	}
	if key := args[0].Str[row]; args[0].Type.ID == types.IDJSON {
		a.text = append(a.text, key...)
	} else {
		a.text = types.AppendJSONString(a.text, key)
	}
	a.text = append(a.text, " : "...)
	var err error
	a.text, err = appendGathered(a.text, args[1], row)
	return int64(len(a.text) - before), err
}

func (a *objectAggregate) Result() (types.Datum, error) {
	if a.text == nil {
		return types.NullDatum, nil
	}
	return types.ParseText(a.result, string(a.text)+" }", types.Scope{})
}

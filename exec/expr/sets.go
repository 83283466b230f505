package expr

import (
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// Rows is what a set-returning function gives. One goroutine may use it.
type Rows interface {
	// Next appends at most most rows to cols and returns how many; 0 at the end.
	Next(cols []*types.Vector, most int) (int, error)
}

// set makes the rows of a call; k has one row of arguments, not NULL if the function is strict.
type set func(k *call) (Rows, error)

// sets holds the function for each set-returning signature, by its id. It is filled before main starts.
var sets = map[string]set{}

// NewRows returns the rows of a call of a set-returning function with the given arguments.
func NewRows(c *Context, f plan.SetCall, args []types.Datum) (Rows, error) {
	s := sets[f.Func]
	if s == nil {
		return nil, fmt.Errorf("BUG: no set-returning function %q", f.Func)
	}
	quiet := *c
	quiet.OnError = nil
	k := &call{evaluation: &evaluation{Context: &quiet}, n: 1, whole: 1}
	for i, d := range args {
		if d.Null && f.Strict {
			return noRows{}, nil
		}
		k.args = append(k.args, constant(f.Args[i].Type, d))
	}
	return s(k)
}

type noRows struct{}

func (noRows) Next([]*types.Vector, int) (int, error) { return 0, nil }

// listed gives rows that are there.
type listed struct {
	cols []*types.Vector
	next int
}

func (l *listed) Next(cols []*types.Vector, most int) (int, error) {
	n := min(l.cols[0].Len()-l.next, most)
	for c, v := range l.cols {
		for i := range n {
			cols[c].AppendFrom(v, l.next+i)
		}
	}
	l.next += n
	return n, nil
}

func init() {
	sets["unnest(anyarray)"] = func(k *call) (Rows, error) { return &listed{cols: []*types.Vector{k.array(0, 0)}}, nil }
	sets["generate_subscripts(anyarray,int4)"] = func(k *call) (Rows, error) {
		n := int64(types.ArrayLength(k.str(0, 0)))
		if k.int(1, 0) != 1 {
			n = 0
		}
		return &intSeries{next: 1, stop: n, step: 1}, nil
	}
	for _, t := range []types.Type{types.Int2Vector, types.OIDVector} {
		sets["generate_subscripts("+t.ShortName()+",int4)"] = func(k *call) (Rows, error) {
			n := vectorLength(k, 0)
			if k.int(1, 0) != 1 {
				n = 0
			}
			return &intSeries{next: 0, stop: n - 1, step: 1}, nil
		}
	}
	for _, id := range []string{"string_to_table(text,text)", "string_to_table(text,text,text)"} {
		sets[id] = func(k *call) (Rows, error) {
			out := types.NewVector(types.Text, 0)
			if !k.args[0].null(0) {
				splitFields(k, 0, func(s string, null bool) { out.Append(types.Datum{Str: s, Null: null}) })
			}
			return &listed{cols: []*types.Vector{out}}, nil
		}
	}
	sets["pg_partition_ancestors(regclass)"] = func(*call) (Rows, error) { return noRows{}, nil }
	registerSeries()
	registerJSONSets()
}

package expr

import (
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// Each scalar function of the table has its loop, each aggregate its state, and there is no loop for anything else.
func TestEverySignatureHasItsLoop(t *testing.T) {
	for _, s := range funcs.All() {
		if s.Kind == funcs.Set {
			if sets[s.ID] == nil {
				t.Errorf("no rows for %s", s.ID)
			}
			continue
		}
		if s.Kind == funcs.Scalar {
			if loops[s.ID] == nil {
				t.Errorf("no loop for %s", s.ID)
			}
			continue
		}
		a := plan.Agg{Func: s.ID, Type: s.Result}
		for _, arg := range s.Args {
			a.Args = append(a.Args, plan.Const(arg, types.Datum{}))
		}
		if _, err := NewAggregate(a); err != nil && NewOrdered(a) == nil {
			t.Errorf("%s: %v", s.ID, err)
		}
	}
	for id := range sets {
		if funcs.ByID(id) == nil {
			t.Errorf("rows for %s, which is not in the table", id)
		}
	}
	for id := range loops {
		if funcs.ByID(id) == nil {
			t.Errorf("a loop for %s, which is not in the table", id)
		}
	}
}

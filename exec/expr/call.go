package expr

import (
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// call is one evaluation of a function over a batch. The loop fills out, of which all values are there already, for each
// row i < n that skip does not name.
type call struct {
	ctx  *Context
	args []*types.Vector
	out  *types.Vector
	n    int
	// skip, if not nil, names rows that are NULL already: of a strict function those with a NULL argument.
	skip []bool
}

// loop computes a function over all rows of a call.
type loop func(k *call) error

// loops holds the loop of each signature, by its id. Files register theirs in init functions.
var loops = map[string]loop{}

func register(id string, l loop) {
	if loops[id] != nil {
		panic("BUG: two loops for " + id)
	}
	loops[id] = l
}

// skipped reports whether row i is NULL already.
func (k *call) skipped(i int) bool { return k.skip != nil && k.skip[i] }

// fail reports that row i fails; nil means that it is NULL and the loop goes on.
func (k *call) fail(i int, err error) error {
	if err := k.ctx.fail(i, err); err != nil {
		return err
	}
	k.out.SetNull(i)
	return nil
}

// each calls f for each row that is not skipped; an error of f fails the row.
func (k *call) each(f func(i int) error) error {
	for i := range k.n {
		if k.skipped(i) {
			continue
		}
		if err := f(i); err != nil {
			if err := k.fail(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// callNode is a call of a function.
type callNode struct {
	t      types.Type
	strict bool
	loop   loop
	args   []node
	id     string
}

func compileCall(e *plan.Expr, args []node) (node, error) {
	sig, l := funcs.ByID(e.Func), loops[e.Func]
	if sig == nil || l == nil {
		return nil, fmt.Errorf("BUG: no function %q", e.Func)
	}
	return callNode{t: e.Type, strict: sig.Strict, loop: l, args: args, id: e.Func}, nil
}

func (n callNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	k := &call{ctx: c, args: make([]*types.Vector, len(n.args)), out: types.MakeVector(n.t, b.Len), n: b.Len}
	for i, a := range n.args {
		v, err := a.eval(c, b)
		if err != nil {
			return nil, err
		}
		k.args[i] = v
		if n.strict && v.Nulls != nil {
			k.noteNulls(v.Nulls)
		}
	}
	if k.skip != nil {
		k.out.Nulls = append([]bool(nil), k.skip...)
	}
	return k.out, n.loop(k)
}

func (k *call) noteNulls(nulls []bool) {
	if k.skip == nil {
		k.skip = append([]bool(nil), nulls...)
		return
	}
	for i, null := range nulls {
		k.skip[i] = k.skip[i] || null
	}
}

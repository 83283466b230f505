package expr

import (
	"fmt"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// call is one evaluation of a function. The loop fills out, of which all values are there already, for each row i < n. The
// NULLs of a strict function are in out.Nulls already; such a row's value has no meaning, and the row must not fail.
type call struct {
	*evaluation
	args []column
	out  *types.Vector
	n    int

	whole int  // rows of the batch; n is 1 if all arguments are constant
	owned bool // out.Nulls is not an argument's
}

// loop computes a function over all rows of a call.
type loop func(k *call) error

// loops holds the loop of each signature, by its id; safe says which cannot fail. They are filled before main starts.
var (
	loops = map[string]loop{}
	safe  = map[string]bool{}
)

func register(id string, l loop) {
	if loops[id] != nil {
		panic("BUG: two loops for " + id)
	}
	loops[id] = l
}

// registerSafe registers a loop that cannot fail.
func registerSafe(id string, l loop) {
	register(id, l)
	safe[id] = true
}

func (k *call) isNull(i int) bool { return k.out.Nulls != nil && k.out.Nulls[i] }

// setNull makes row i of the result NULL.
func (k *call) setNull(i int) {
	if k.out.Nulls != nil && !k.owned {
		k.out.Nulls = slices.Clone(k.out.Nulls)
	}
	k.owned = true
	k.out.SetNull(i)
}

// fail reports that row i fails; nil means that it is NULL and the loop goes on.
func (k *call) fail(i int, err error) error {
	k.setNull(i)
	if k.n == k.whole {
		return k.evaluation.fail(i, err)
	}
	for row := range k.whole {
		if err := k.evaluation.fail(row, err); err != nil {
			return err
		}
	}
	return nil
}

// each calls f for each row that is not NULL; an error of f fails the row.
func (k *call) each(f func(i int) error) error {
	for i := range k.n {
		if k.isNull(i) {
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

// The values of argument a in row i.

func (k *call) int(a, i int) int64        { return k.args[a].Int[i&k.args[a].mask] }
func (k *call) float(a, i int) float64    { return k.args[a].Float[i&k.args[a].mask] }
func (k *call) str(a, i int) string       { return k.args[a].Str[i&k.args[a].mask] }
func (k *call) dec(a, i int) *apd.Decimal { return &k.args[a].Dec[i&k.args[a].mask] }

// rows returns a loop that calls f for each row that is not NULL.
func rows(f func(k *call, i int) error) loop {
	return func(k *call) error {
		return k.each(func(i int) error { return f(k, i) })
	}
}

// callNode is a call of a function.
type callNode struct {
	t        types.Type
	strict   bool
	volatile bool
	loop     loop
	args     []arg
}

func compileCall(e *plan.Expr, args []arg) (node, error) {
	sig, l := funcs.ByID(e.Func), loops[e.Func]
	if sig == nil || l == nil {
		return nil, fmt.Errorf("BUG: no function %q", e.Func)
	}
	return callNode{t: e.Type, strict: sig.Strict, volatile: sig.Volatility == funcs.Volatile, loop: l, args: args}, nil
}

func (n callNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	if b.Len == 0 {
		return perRow(types.NewVector(n.t, 0)), nil
	}
	k := &call{evaluation: ev, args: make([]column, len(n.args)), n: 1, whole: b.Len}
	if n.volatile {
		k.n = b.Len
	}
	for i := range n.args {
		v, err := n.args[i].eval(ev, b)
		if err != nil {
			return column{}, err
		}
		k.args[i] = v
		if !v.isConst() {
			k.n = b.Len
		}
	}
	if n.strict && k.constNull() {
		return constant(n.t, types.NullDatum), nil
	}
	k.out = types.MakeVector(n.t, k.n)
	if n.strict {
		k.mergeNulls()
	}
	if err := n.loop(k); err != nil {
		return column{}, err
	}
	if k.n != b.Len {
		return column{k.out, 0}, nil
	}
	return perRow(k.out), nil
}

// constNull reports whether an argument is NULL for all rows.
func (k *call) constNull() bool {
	for _, a := range k.args {
		if a.isConst() && a.null(0) {
			return true
		}
	}
	return false
}

// mergeNulls makes rows NULL in which an argument is. One argument's NULLs are shared, not copied.
func (k *call) mergeNulls() {
	for _, a := range k.args {
		switch {
		case a.Nulls == nil || a.isConst():
		case k.out.Nulls == nil:
			k.out.Nulls = a.Nulls
		default:
			if !k.owned {
				k.out.Nulls, k.owned = slices.Clone(k.out.Nulls), true
			}
			for i, null := range a.Nulls {
				k.out.Nulls[i] = k.out.Nulls[i] || null
			}
		}
	}
}

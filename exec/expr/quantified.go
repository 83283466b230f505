package expr

import (
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// quantifiedNode is x op ANY (array) and x op ALL (array).
type quantifiedNode struct {
	x, array arg
	op       loop
	all      bool
	equality bool // the operator is = on values whose keys' bytes are equal where they are
}

func compileQuantified(e *plan.Expr, args []arg) (node, error) {
	op := loops[e.Func]
	if op == nil {
		return nil, fmt.Errorf("BUG: no operator %q", e.Func)
	}
	elem := e.Args[1].Type.Element()
	byKey := elem.Class() != types.ClassFloat && elem.ID != types.IDNumeric
	return quantifiedNode{x: args[0], array: args[1], op: op, all: e.Op == plan.OpAll,
		equality: e.Op == plan.OpAny && byKey && funcs.Symbol(e.Func) == "="}, nil
}

// setFrom is from how many elements on a constant array is made a set.
const setFrom = 8

func (n quantifiedNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	x, err := n.x.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	array, err := n.array.eval(ev, b)
	if err != nil {
		return column{}, err
	}
	count := b.Len
	if x.isConst() && array.isConst() && b.Len > 0 {
		count = 1
	}
	var elements *types.Vector
	if array.isConst() && b.Len > 0 && !array.null(0) {
		elements = types.StoredArray(array.Type, array.Str[0])
		if n.equality && count > 1 && elements.Len() >= setFrom {
			return setOf(elements).search(x), nil
		}
	}
	out := types.MakeVector(types.Bool, count)
	for i := range count {
		if array.null(i) {
			out.SetNull(i)
			continue
		}
		if !array.isConst() {
			elements = types.StoredArray(array.Type, array.Str[array.at(i)])
		}
		value, null, err := n.decide(ev, x, i, elements)
		if err != nil {
			if err = ev.fail(i, err); err != nil {
				return column{}, err
			}
			null = true
		}
		if null {
			out.SetNull(i)
		}
		out.Int[i] = value
	}
	if count == b.Len {
		return perRow(out), nil
	}
	return column{out, 0}, nil
}

// decide compares row i of x with each element.
func (n quantifiedNode) decide(ev *evaluation, x column, i int, elements *types.Vector) (value int64, null bool, err error) {
	if elements.Len() == 0 {
		return bit(n.all), false, nil
	}
	if x.null(i) {
		return 0, true, nil
	}
	tests, err := callLoop(ev, n.op, types.Bool, elements.Len(), constant(x.Type, x.Datum(x.at(i))), perRow(elements))
	if err != nil {
		return 0, false, err
	}
	for e := range tests.Int {
		switch {
		case tests.IsNull(e):
			null = true
		case tests.Int[e] != bit(n.all):
			return tests.Int[e], false, nil
		}
	}
	return bit(n.all), null, nil
}

// setOf returns the search for equality with one of the elements.
func setOf(elements *types.Vector) setNode {
	set := setNode{keys: make(map[string]struct{}, elements.Len())}
	var key []byte
	for i := range elements.Len() {
		if elements.IsNull(i) {
			set.null = true
			continue
		}
		key = types.EncodeKeyValue(key[:0], elements, i)
		set.keys[string(key)] = struct{}{}
	}
	return set
}

// callLoop runs the loop of a strict function, with a result of type t, over n rows that are no rows of a batch. An error is
// that of the first row that fails.
func callLoop(ev *evaluation, l loop, t types.Type, n int, args ...column) (*types.Vector, error) {
	c := *ev.Context
	c.OnError = nil
	k := &call{evaluation: &evaluation{Context: &c}, args: args, out: types.MakeVector(t, n), n: n, whole: n}
	k.mergeNulls()
	err := l(k)
	return k.out, err
}

package expr_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func eval(t testing.TB, c *expr.Context, e *plan.Expr, b *types.Batch) *types.Vector {
	t.Helper()
	compiled, err := expr.Compile(e)
	if err != nil {
		t.Fatal(err)
	}
	v, err := compiled.Eval(c, b)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// letters writes booleans as t, f and n.
func letters(v *types.Vector) string {
	var s []byte
	for i := range v.Len() {
		switch {
		case v.IsNull(i):
			s = append(s, 'n')
		case v.Int[i] != 0:
			s = append(s, 't')
		default:
			s = append(s, 'f')
		}
	}
	return string(s)
}

// AND, OR and NOT are three-valued, whether their arguments are evaluated for all rows or for those that need them.
func TestThreeValuedLogic(t *testing.T) {
	b := types.NewBatch([]types.Type{types.Bool, types.Bool, types.Int4}, 0)
	values := []types.Datum{types.BoolDatum(true), types.BoolDatum(false), types.NullDatum}
	for _, x := range values {
		for _, y := range values {
			b.AppendRow([]types.Datum{x, y, types.IntDatum(1)}, 1)
		}
	}
	x, y := plan.Column(0, types.Bool), plan.Column(1, types.Bool)
	one := plan.Const(types.Int4, types.IntDatum(1))
	// y AND 1/1 = 1 is y, but may fail for all that is known.
	risky := &plan.Expr{Op: plan.OpAnd, Type: types.Bool, Args: []*plan.Expr{y, callOf(t, "int4eq", callOf(t, "int4div", plan.Column(2, types.Int4), one), one)}}
	for _, c := range []struct {
		op   plan.Op
		want string
	}{{plan.OpAnd, "tfnfffnfn"}, {plan.OpOr, "ttttfntnn"}} {
		for _, second := range []*plan.Expr{y, risky} {
			e := &plan.Expr{Op: c.op, Type: types.Bool, Args: []*plan.Expr{x, second}}
			if got := letters(eval(t, &expr.Context{}, e, b)); got != c.want {
				t.Errorf("%s: got %s, want %s", c.op, got, c.want)
			}
		}
	}
	if got := letters(eval(t, &expr.Context{}, &plan.Expr{Op: plan.OpNot, Type: types.Bool, Args: []*plan.Expr{x}}, b)); got != "fffttt"+"nnn" {
		t.Errorf("not: got %s", got)
	}
}

// divisors has a column of 2, 0, NULL, 5.
func divisors() *types.Batch {
	b := types.NewBatch([]types.Type{types.Int4}, 0)
	for _, d := range []types.Datum{types.IntDatum(2), types.IntDatum(0), types.NullDatum, types.IntDatum(5)} {
		b.AppendRow([]types.Datum{d}, 1)
	}
	return b
}

// CASE, COALESCE, AND, OR and IN evaluate an argument for the rows that need it, and no others.
func TestLazyArguments(t *testing.T) {
	x, zero, ten := plan.Column(0, types.Int4), plan.Const(types.Int4, types.IntDatum(0)), plan.Const(types.Int4, types.IntDatum(10))
	quotient := callOf(t, "int4div", ten, x)
	isZero, notZero := callOf(t, "int4eq", x, zero), callOf(t, "int4ne", x, zero)
	large := callOf(t, "int4gt", quotient, plan.Const(types.Int4, types.IntDatum(3)))
	for _, c := range []struct {
		name string
		e    *plan.Expr
		want string
	}{
		{"case", &plan.Expr{Op: plan.OpCase, Type: types.Int4, Args: []*plan.Expr{isZero, plan.Const(types.Int4, types.IntDatum(-1)), quotient}}, "5 -1 NULL 2"},
		{"and", &plan.Expr{Op: plan.OpAnd, Type: types.Bool, Args: []*plan.Expr{notZero, large}}, "t f NULL f"},
		{"or", &plan.Expr{Op: plan.OpOr, Type: types.Bool, Args: []*plan.Expr{isZero, large}}, "t t NULL f"},
		{"coalesce", &plan.Expr{Op: plan.OpCoalesce, Type: types.Int4, Args: []*plan.Expr{
			{Op: plan.OpCase, Type: types.Int4, Args: []*plan.Expr{isZero, zero, plan.Const(types.Int4, types.NullDatum)}}, quotient}}, "5 0 NULL 2"},
		{"in", &plan.Expr{Op: plan.OpIn, Type: types.Bool, Args: []*plan.Expr{x, zero, quotient}}, "f t NULL f"},
	} {
		v := eval(t, &expr.Context{}, c.e, divisors())
		got := ""
		for i := range v.Len() {
			text := "NULL"
			if !v.IsNull(i) {
				text = string(types.FormatText(nil, v.Type, v.Datum(i), types.Scope{}))
			}
			got += text + " "
		}
		if got != c.want+" " {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// Without OnError the first failing row ends the evaluation; with it each failing row is told, by its number in the batch,
// also from within arguments that see some rows only, and is NULL.
func TestRowErrors(t *testing.T) {
	x, ten := plan.Column(0, types.Int4), plan.Const(types.Int4, types.IntDatum(10))
	quotient := callOf(t, "int4div", ten, x)
	compiled, err := expr.Compile(quotient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compiled.Eval(&expr.Context{}, divisors()); pgerr.Code(err) != pgerr.DivisionByZero {
		t.Errorf("without OnError: %v", err)
	}
	var failed []int
	c := &expr.Context{OnError: func(row int, err error) error { failed = append(failed, row); return nil }}
	if v := eval(t, c, quotient, divisors()); !slices.Equal(failed, []int{1}) || !v.IsNull(1) || v.Int[3] != 2 || v.Int[0] != 5 {
		t.Errorf("rows %v failed, values %v, NULLs %v", failed, v.Int, v.Nulls)
	}
	failed = nil
	small := callOf(t, "int4lt", x, plan.Const(types.Int4, types.IntDatum(2)))
	nested := &plan.Expr{Op: plan.OpCase, Type: types.Int4, Args: []*plan.Expr{small,
		{Op: plan.OpCase, Type: types.Int4, Args: []*plan.Expr{small, quotient, ten}}, ten}}
	if v := eval(t, c, nested, divisors()); !slices.Equal(failed, []int{1}) || !v.IsNull(1) {
		t.Errorf("nested: rows %v failed, values %v", failed, v.Int)
	}
	failed = nil
	constant := callOf(t, "int4div", ten, plan.Const(types.Int4, types.IntDatum(0)))
	if v := eval(t, c, constant, divisors()); !slices.Equal(failed, []int{0, 1, 2, 3}) || !v.IsNull(2) {
		t.Errorf("a constant: rows %v failed", failed)
	}
	stop := errors.New("stop")
	c.OnError = func(int, error) error { return stop }
	if _, err := compiled.Eval(c, divisors()); !errors.Is(err, stop) {
		t.Errorf("OnError's own error: %v", err)
	}
}

// An expression over no rows is not evaluated: a constant that fails does not.
func TestNoRows(t *testing.T) {
	ten, zero := plan.Const(types.Int4, types.IntDatum(10)), plan.Const(types.Int4, types.IntDatum(0))
	empty := types.NewBatch([]types.Type{types.Int4}, 0)
	if v := eval(t, &expr.Context{}, callOf(t, "int4div", ten, zero), empty); v.Len() != 0 {
		t.Errorf("%d values", v.Len())
	}
}

// What a batch holds is not changed by an evaluation.
func TestBatchIsNotChanged(t *testing.T) {
	b := divisors()
	before := fmt.Sprint(b.Cols[0].Int, b.Cols[0].Nulls)
	c := &expr.Context{OnError: func(int, error) error { return nil }}
	eval(t, c, callOf(t, "int4div", plan.Const(types.Int4, types.IntDatum(10)), plan.Column(0, types.Int4)), b)
	if after := fmt.Sprint(b.Cols[0].Int, b.Cols[0].Nulls); after != before {
		t.Errorf("%s, was %s", after, before)
	}
}

// random() has a value for each row, now() one for all.
func TestVolatility(t *testing.T) {
	b := types.NewBatch([]types.Type{types.Int4}, 0)
	b.Cols[0] = types.MakeVector(types.Int4, 50)
	b.Len = 50
	v := eval(t, &expr.Context{}, callOf(t, "random()"), b)
	if slices.Max(v.Float) == slices.Min(v.Float) {
		t.Error("random() is the same in all rows")
	}
	if v := eval(t, &expr.Context{}, callOf(t, "now()"), b); v.Len() != 50 || v.Int[0] != v.Int[49] {
		t.Error("now() is not the same in all rows")
	}
}

package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// maxWindows bounds how many windows of HOP a row may be in.
const maxWindows = 256

// The columns that functions of windows add.
const (
	windowStart = "window_start"
	windowEnd   = "window_end"
)

// unixEpochMicros is 1970-01-01 as a timestamp: windows are counted from it, as elsewhere.
const unixEpochMicros = -946684800_000000

// isWindowed reports whether a function in FROM puts rows into windows of time.
func isWindowed(f *ast.FuncTable) bool {
	if f.Call == nil || len(f.Call.Name.Parts) > 1 {
		return false
	}
	switch f.Call.Name.Last() {
	case "tumble", "hop", "session":
		return true
	}
	return false
}

// windowed is a function of windows in the making.
type windowed struct {
	*binder
	call *ast.Call
	name string // in capitals
	item *fromItem
	time *plan.Expr
	// size and slide are lengths in µs; those of TUMBLE are equal.
	size, slide int64
}

// bindWindowed binds TUMBLE(relation, time, size) and HOP(relation, time, slide, size): the rows of the relation with the
// windows that their time is in, one row for each. A row without a time is in none.
func (b *binder) bindWindowed(f *ast.FuncTable, ctes *cte) (*fromItem, error) {
	w := &windowed{binder: b, call: f.Call, name: strings.ToUpper(f.Call.Name.Last())}
	if err := w.refuse(); err != nil {
		return nil, at(err, f.Call.Pos)
	}
	ref := f.Call.Args[0].(*ast.ColumnRef)
	var err error
	if w.item, err = b.bindTableRef(&ast.TableRef{Name: ast.Name{Parts: ref.Parts, Pos: ref.Pos}, Alias: f.Alias}, ctes); err != nil {
		return nil, err
	}
	if err := w.arguments(); err != nil {
		return nil, err
	}
	if err := w.windows(); err != nil {
		return nil, at(err, f.Call.Pos)
	}
	return w.item, w.item.rename(f.Columns, w.item.tables[0].name, f.Call.Pos)
}

// refuse checks the form of the call.
func (w *windowed) refuse() error {
	want := map[string]int{"TUMBLE": 3, "HOP": 4}[w.name]
	switch {
	case want == 0:
		return pgerr.Unsupported("%s in FROM is", w.name).WithHint("There are TUMBLE and HOP.")
	case len(w.call.Args) != want || w.call.Star || w.call.Distinct || w.call.OrderBy != nil || w.call.Filter != nil || w.call.Over != nil:
		return pgerr.New(pgerr.SyntaxError, "wrong arguments of %s", w.name).WithHint("%s", w.usage())
	}
	if _, ok := w.call.Args[0].(*ast.ColumnRef); !ok {
		return pgerr.New(pgerr.SyntaxError, "the first argument of %s must be the name of a relation", w.name).WithHint("%s", w.usage())
	}
	return nil
}

func (w *windowed) usage() string {
	if w.name == "HOP" {
		return "Use HOP(relation, time, slide, size), for example HOP(s, ts, INTERVAL '1 minute', INTERVAL '5 minutes')."
	}
	return "Use TUMBLE(relation, time, size), for example TUMBLE(s, ts, INTERVAL '1 minute')."
}

// arguments binds the time and the lengths.
func (w *windowed) arguments() error {
	c := &exprContext{scope: &scope{columns: w.item.columns, tables: w.item.tables}, clause: "functions in FROM"}
	e, err := w.bindExpr(w.call.Args[1], c)
	if err != nil {
		return err
	}
	switch e.Type.ID {
	case types.IDTimestamp, types.IDTimestamptz:
		w.time, err = w.castTo(e, e.Type.Base())
	case types.IDDate:
		w.time, err = w.castTo(e, types.Timestamp)
	default:
		return pgerr.New(pgerr.DatatypeMismatch, "the time of %s must be of type timestamp with or without time zone, not %s", w.name, e.Type).
			At(w.call.Args[1].Position())
	}
	if err != nil {
		return err
	}
	last := len(w.call.Args) - 1
	if w.size, err = w.length(w.call.Args[last]); err != nil {
		return err
	}
	w.slide = w.size
	if last == 3 {
		w.slide, err = w.length(w.call.Args[2])
	}
	switch {
	case err != nil:
		return err
	case w.slide > w.size:
		return pgerr.New(pgerr.InvalidParameterValue, "the slide of HOP must not be longer than its size").At(w.call.Args[2].Position())
	case (w.size-1)/w.slide >= maxWindows:
		return pgerr.New(pgerr.ProgramLimitExceeded, "a row would be in more than %d windows", maxWindows).At(w.call.Args[2].Position())
	}
	return nil
}

// length returns the length of a constant interval in µs.
func (w *windowed) length(arg ast.Expr) (int64, error) {
	e, err := w.bindExpr(arg, &exprContext{scope: &scope{}, clause: "the length of a window"})
	if err != nil {
		return 0, err
	}
	if e, err = w.castTo(e, types.Interval); err != nil {
		return 0, err
	}
	e = simplify(e)
	if e.Op != plan.OpConst || e.Value.Null {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "the length of a window must be a constant interval").At(arg.Position())
	}
	d := types.UnpackInterval(e.Value.Str)
	micros := int64(d.Days)*microsPerDay + d.Micros
	switch {
	case d.Months != 0:
		return 0, pgerr.Unsupported("a window of months or years is").At(arg.Position())
	case micros <= 0:
		return 0, pgerr.New(pgerr.InvalidParameterValue, "the length of a window must be greater than zero").At(arg.Position())
	}
	return micros, nil
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

// span is an interval of fixed length: not of days, which differ by zone.
func span(micros int64) *plan.Expr {
	return plan.Const(types.Interval, types.StrDatum(types.Duration{Micros: micros}.Pack()))
}

// windows makes the item's rows those with windows. Of HOP the last window that begins before a row's time comes first:
// each row is paired with how much earlier the others begin.
func (w *windowed) windows() error {
	null := &plan.Expr{Op: plan.OpIsNull, Type: types.Bool, Args: []*plan.Expr{w.time}}
	node := plan.Node(&plan.Filter{Input: w.item.node, Pred: &plan.Expr{Op: plan.OpNot, Type: types.Bool, Args: []*plan.Expr{null}}})
	width := len(node.Types())
	start, err := w.resolveCall("date_bin", []*plan.Expr{span(w.slide), w.time, plan.Const(w.time.Type, types.IntDatum(unixEpochMicros))}, 0)
	if err != nil {
		return err
	}
	if n := (w.size-1)/w.slide + 1; n > 1 {
		earlier := &plan.Values{ColumnTypes: []types.Type{types.Interval}}
		for i := range n {
			earlier.Rows = append(earlier.Rows, []*plan.Expr{span(i * w.slide)})
		}
		node = &plan.Join{Kind: plan.JoinInner, Left: node, Right: earlier}
		if start, err = w.operator("-", start, plan.Column(width, types.Interval), 0); err != nil {
			return err
		}
	}
	end, err := w.operator("+", start, span(w.size), 0)
	if err != nil {
		return err
	}
	if w.size%w.slide != 0 { // the earliest may be over
		inside, err := w.operator(">", end, w.time, 0)
		if err != nil {
			return err
		}
		infinite, err := w.operator("=", start, w.time, 0) // all windows are [infinity, infinity) then
		if err != nil {
			return err
		}
		node = &plan.Filter{Input: node, Pred: &plan.Expr{Op: plan.OpOr, Type: types.Bool, Args: []*plan.Expr{inside, infinite}}}
	}
	exprs := append(columnRefs(w.item.node.Types()), start, end)
	w.item.node = &plan.Project{Input: node, Exprs: exprs}
	table := w.item.tables[0]
	for i, name := range []string{windowStart, windowEnd} {
		w.item.columns = append(w.item.columns, scopeColumn{schema: table.schema, table: table.name, name: name,
			expr: plan.Column(width+i, start.Type)})
	}
	return nil
}

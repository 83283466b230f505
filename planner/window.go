package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// opWindow stands for window function number Column of the query until the Window nodes are there; no plan has it.
const opWindow plan.Op = "window"

// windowing is the window functions of a query, and the windows that they are over.
type windowing struct {
	s     *selectBinder
	named []namedWindow
	calls []windowCall
}

// namedWindow is an item of the WINDOW clause, bound when it is first used.
type namedWindow struct {
	ast.NamedWindow
	def *windowDef
}

// windowDef is a bound window.
type windowDef struct {
	partition []*plan.Expr
	order     []plan.SortKey
	frame     plan.Frame
	hasFrame  bool
}

// windowCall is a bound call over its window.
type windowCall struct {
	def  *windowDef
	call plan.WindowCall
}

// namedWindows takes in the WINDOW clause. Error: 42P20 for two of one name.
func (s *selectBinder) namedWindows() error {
	s.windows.s = s
	for i, n := range s.sel.Windows {
		if slices.ContainsFunc(s.sel.Windows[:i], func(o ast.NamedWindow) bool { return o.Name == n.Name }) {
			return pgerr.New(pgerr.WindowingError, "window %q is already defined", n.Name).At(n.Window.Pos)
		}
		s.windows.named = append(s.windows.named, namedWindow{NamedWindow: n})
	}
	return nil
}

// unusedWindows binds the windows that nothing used, for their errors.
func (s *selectBinder) unusedWindows() error {
	for i := range s.windows.named {
		if _, err := s.windows.byPlace(i); err != nil {
			return err
		}
	}
	return nil
}

func (w *windowing) byPlace(i int) (*windowDef, error) {
	n := &w.named[i]
	if n.def != nil {
		return n.def, nil
	}
	// A window may start from those before it only.
	def, err := w.bind(n.Window, i)
	n.def = def
	return def, err
}

// find returns the window called name among the first n.
func (w *windowing) find(name string, n, pos int) (*windowDef, error) {
	for i := range n {
		if w.named[i].Name == name {
			return w.byPlace(i)
		}
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "window %q does not exist", name).At(pos)
}

// bind binds a window that may refer to the first n named ones.
func (w *windowing) bind(win *ast.Window, n int) (*windowDef, error) {
	def := &windowDef{frame: plan.DefaultFrame}
	if win.Name != "" {
		base, err := w.find(win.Name, n, win.Pos)
		if err != nil || win.Bare {
			return base, err
		}
		if err := refuseOverride(win, base); err != nil {
			return nil, err
		}
		def.partition, def.order = base.partition, base.order
	}
	c := &exprContext{scope: w.s.scope, clause: "window definitions", aggs: &w.s.group}
	for _, e := range win.PartitionBy {
		x, err := w.s.windowExpr(e, c)
		if err != nil {
			return nil, err
		}
		def.partition = append(def.partition, x)
	}
	for _, item := range win.OrderBy {
		x, err := w.s.windowExpr(item.Expr, c)
		if err != nil {
			return nil, err
		}
		def.order = append(def.order, plan.SortKey{Expr: x, Desc: item.Desc, NullsFirst: item.NullsFirst})
	}
	return def, w.s.bindFrame(win.Frame, def)
}

// windowExpr binds an expression of PARTITION BY or ORDER BY: numbers are no places here.
func (s *selectBinder) windowExpr(e ast.Expr, c *exprContext) (*plan.Expr, error) {
	x, err := s.bindExpr(e, c)
	if err != nil {
		return nil, err
	}
	col := []outColumn{{expr: x}}
	err = s.resolveUnknown(col, nil)
	return col[0].expr, err
}

// refuseOverride refuses what a window that starts from base may not say again.
func refuseOverride(win *ast.Window, base *windowDef) error {
	switch {
	case win.PartitionBy != nil:
		return pgerr.New(pgerr.WindowingError, "cannot override PARTITION BY clause of window %q", win.Name).At(win.Pos)
	case win.OrderBy != nil && base.order != nil:
		return pgerr.New(pgerr.WindowingError, "cannot override ORDER BY clause of window %q", win.Name).At(win.Pos)
	case base.hasFrame && win.OrderBy == nil && win.Frame == nil:
		return pgerr.New(pgerr.WindowingError, "cannot copy window %q because it has a frame clause", win.Name).
			WithHint("Omit the parentheses in this OVER clause.").At(win.Pos)
	case base.hasFrame:
		return pgerr.New(pgerr.WindowingError, "cannot copy window %q because it has a frame clause", win.Name).At(win.Pos)
	}
	return nil
}

// rewrite applies f to all expressions of the calls and windows.
func (w *windowing) rewrite(f func(*plan.Expr) (*plan.Expr, error)) error {
	var failed error
	apply := func(e *plan.Expr) *plan.Expr {
		x, err := f(e)
		if failed == nil {
			failed = err
		}
		return x
	}
	defs := map[*windowDef]*windowDef{}
	for i := range w.calls {
		c := &w.calls[i]
		if defs[c.def] == nil {
			d := *c.def
			d.partition, d.order = mapList(d.partition, apply), mapSortKeys(d.order, apply)
			defs[c.def] = &d
		}
		c.def = defs[c.def]
		c.call = mapCalls([]plan.WindowCall{c.call}, apply)[0]
	}
	return failed
}

// window puts the window functions on the plan, one node for all calls over the same partitions and order.
func (s *selectBinder) window() error {
	if s.windows.calls == nil {
		return nil
	}
	width := len(s.node.Types())
	places := make([]int, len(s.windows.calls))
	done := make([]bool, len(s.windows.calls))
	var err error
	for i, first := range s.windows.calls {
		if done[i] {
			continue
		}
		node := &plan.Window{Input: s.node, PartitionBy: first.def.partition, OrderBy: first.def.order}
		for j := i; j < len(s.windows.calls); j++ {
			if c := s.windows.calls[j]; !done[j] && sameWindow(c.def, first.def) {
				places[j], done[j] = width, true
				if c.call, err = s.frameLimits(c.call, first.def.order); err != nil {
					return err
				}
				node.Calls = append(node.Calls, c.call)
				width++
			}
		}
		s.node = node
	}
	for i := range s.out {
		s.out[i].expr = mapExpr(s.out[i].expr, func(x *plan.Expr) *plan.Expr {
			if x.Op != opWindow {
				return nil
			}
			return &plan.Expr{Op: plan.OpColumn, Type: x.Type, Column: places[x.Column], Pos: x.Pos}
		})
	}
	return nil
}

func sameWindow(a, b *windowDef) bool {
	return slices.EqualFunc(a.partition, b.partition, sameExpr) && sameOrder(a.order, b.order)
}

func sameOrder(a, b []plan.SortKey) bool {
	return slices.EqualFunc(a, b, func(k, l plan.SortKey) bool {
		return k.Desc == l.Desc && k.NullsFirst == l.NullsFirst && sameExpr(k.Expr, l.Expr)
	})
}

func hasWindow(e *plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, depth int) { found = found || depth == 0 && x.Op == opWindow })
	return found
}

// bindFrame binds a frame clause; nil leaves the default.
func (s *selectBinder) bindFrame(f *ast.Frame, def *windowDef) error {
	if f == nil {
		return nil
	}
	def.hasFrame = true
	def.frame = plan.Frame{Mode: plan.FrameMode(f.Mode), Exclude: f.Exclude,
		Start: plan.FrameBound{Kind: plan.BoundKind(f.Start.Kind)}, End: plan.FrameBound{Kind: plan.BoundKind(f.End.Kind)}}
	offset := f.Start.Offset != nil || f.End.Offset != nil
	switch {
	case f.Mode == "groups" && def.order == nil:
		return pgerr.New(pgerr.WindowingError, "GROUPS mode requires an ORDER BY clause").At(f.Pos)
	case f.Mode == "range" && offset && len(def.order) != 1:
		return pgerr.New(pgerr.WindowingError, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column").At(f.Pos)
	}
	var err error
	if def.frame.Start.Offset, err = s.frameOffset(f, f.Start.Offset, def); err != nil {
		return err
	}
	def.frame.End.Offset, err = s.frameOffset(f, f.End.Offset, def)
	return err
}

// rangeOffsets says which type the offset of RANGE has for a column's.
var rangeOffsets = map[types.ID]types.Type{
	types.IDInt2: types.Int8, types.IDInt4: types.Int8, types.IDInt8: types.Int8, types.IDFloat8: types.Float8, types.IDFloat4: types.Float8,
	types.IDNumeric: types.Numeric, types.IDDate: types.Interval, types.IDTimestamp: types.Interval, types.IDTimestamptz: types.Interval,
	types.IDInterval: types.Interval,
}

// frameLimits computes how far the frames of a call go whose offsets are intervals.
func (s *selectBinder) frameLimits(call plan.WindowCall, order []plan.SortKey) (plan.WindowCall, error) {
	for _, bound := range []*plan.FrameBound{&call.Frame.Start, &call.Frame.End} {
		if bound.Offset == nil || bound.Offset.Type.ID != types.IDInterval || call.Frame.Mode != plan.FrameRange {
			continue
		}
		op := "+"
		if (bound.Kind == plan.BoundPreceding) != order[0].Desc {
			op = "-"
		}
		var err error
		if bound.Limit, err = s.operator(op, order[0].Expr, bound.Offset, bound.Offset.Pos); err != nil {
			return call, err
		}
	}
	return call, nil
}

func (s *selectBinder) frameOffset(f *ast.Frame, e ast.Expr, def *windowDef) (*plan.Expr, error) {
	if e == nil {
		return nil, nil
	}
	word := map[string]string{"rows": "ROWS", "range": "RANGE", "groups": "GROUPS"}[f.Mode]
	x, err := s.bindExpr(e, &exprContext{scope: &scope{}, clause: "window " + word, word: word})
	if c := pgerr.Code(err); c == pgerr.UndefinedColumn || c == pgerr.UndefinedTable {
		return nil, pgerr.New(pgerr.InvalidColumnReference, "argument of %s must not contain variables", word).At(e.Position())
	}
	if err != nil {
		return nil, err
	}
	if f.Mode != "range" {
		return s.coerceClause(x, types.Int8, word, e.Position())
	}
	column := def.order[0].Expr.Type
	t, ok := rangeOffsets[column.ID]
	if column.ID == types.IDDate { // a date with an interval added is a timestamp
		if def.order[0].Expr, err = s.mustCast(def.order[0].Expr, types.Timestamp, funcs.CastImplicit); err != nil {
			return nil, err
		}
	}
	if !ok {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", column).At(e.Position())
	}
	r, err := s.coerceClause(x, t, word, e.Position())
	if err != nil && x.Type.ID != types.IDUnknown {
		return nil, pgerr.New(pgerr.FeatureNotSupported,
			"RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type %s", column, x.Type).
			WithHint("Cast the offset value to an appropriate type.").At(e.Position())
	}
	return r, err
}

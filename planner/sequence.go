package planner

import (
	"fmt"
	"math"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// codeGeneratedAlways is 428C9, which nobody else needs.
const codeGeneratedAlways = "428C9"

// sequenceColumns are what SELECT * FROM a sequence gives.
var sequenceColumns = []catalog.Column{{Name: "last_value", Type: types.Int8, NotNull: true}, {Name: "log_cnt", Type: types.Int8, NotNull: true},
	{Name: "is_called", Type: types.Bool, NotNull: true}}

// SequenceSchema is the schema under which a plan.SystemScan reads a sequence; its name there is the sequence's number.
const SequenceSchema = "sequence"

// scanSequence reads where a sequence stands.
func scanSequence(r *catalog.Relation, name string) *fromItem {
	item := scanSystem(&catalog.System{Schema: SequenceSchema, Name: fmt.Sprint(uint32(r.ID)), Columns: sequenceColumns}, name)
	item.tables[0].schema = r.Schema
	for i := range item.columns {
		item.columns[i].schema = r.Schema
	}
	return item
}

// PlanCreateSequence makes the descriptor of a sequence. Errors: 22023, 42P07, 3F000.
func PlanCreateSequence(stmt *ast.CreateSequence, env *Env) (*catalog.Relation, error) {
	rel, err := newRelation(env, stmt.Name, false, env.Catalog.NextID())
	if err != nil {
		return nil, err
	}
	b, t := newBinder(env), types.Int8
	if stmt.Options.Type != nil {
		if t, err = b.typeOf(*stmt.Options.Type); err != nil {
			return nil, err
		}
	}
	if rel.Sequence, err = newSequence(stmt.Options, t, "sequence"); err != nil {
		return nil, err
	}
	rel.Kind = catalog.KindSequence
	return rel, nil
}

// newSequence makes a sequence of type t; what says whose type that is, for a message.
func newSequence(o ast.SequenceOptions, t types.Type, what string) (*catalog.Sequence, error) {
	low, high, ok := rangeOf(t)
	bad := func(format string, args ...any) error { return pgerr.New(pgerr.InvalidParameterValue, format, args...) }
	if !ok {
		return nil, bad("%s type must be smallint, integer, or bigint", what)
	}
	q := &catalog.Sequence{Type: t, Increment: given(o.Increment, 1), Cycle: o.Cycle}
	if q.Increment == 0 {
		return nil, bad("INCREMENT must not be zero")
	}
	q.Min, q.Max = int64(1), high
	if q.Increment < 0 {
		q.Min, q.Max = low, -1
	}
	q.Min, q.Max = given(o.Min, q.Min), given(o.Max, q.Max)
	switch {
	case q.Max < low || q.Max > high:
		return nil, bad("MAXVALUE (%d) is out of range for sequence data type %s", q.Max, t)
	case q.Min < low || q.Min > high:
		return nil, bad("MINVALUE (%d) is out of range for sequence data type %s", q.Min, t)
	case q.Min >= q.Max:
		return nil, bad("MINVALUE (%d) must be less than MAXVALUE (%d)", q.Min, q.Max)
	}
	q.Start = q.Min
	if q.Increment < 0 {
		q.Start = q.Max
	}
	q.Start = given(o.Start, q.Start)
	switch {
	case q.Start < q.Min:
		return nil, bad("START value (%d) cannot be less than MINVALUE (%d)", q.Start, q.Min)
	case q.Start > q.Max:
		return nil, bad("START value (%d) cannot be greater than MAXVALUE (%d)", q.Start, q.Max)
	case given(o.Cache, 1) <= 0:
		return nil, bad("CACHE (%d) must be greater than zero", *o.Cache)
	}
	return q, nil
}

func given(n *int64, otherwise int64) int64 {
	if n != nil {
		return *n
	}
	return otherwise
}

func rangeOf(t types.Type) (low, high int64, ok bool) {
	switch t.ID {
	case types.IDInt2:
		return math.MinInt16, math.MaxInt16, true
	case types.IDInt4:
		return math.MinInt32, math.MaxInt32, true
	case types.IDInt8:
		return math.MinInt64, math.MaxInt64, true
	}
	return 0, 0, false
}

// serialTypes are words for an integer column that counts by itself.
var serialTypes = map[string]types.Type{"serial": types.Int4, "serial4": types.Int4, "bigserial": types.Int8, "serial8": types.Int8,
	"smallserial": types.Int2, "serial2": types.Int2}

// counted makes the sequence of a serial or identity column, if def is one. Errors: 0A000, 22023, 42601.
func (c *creator) counted(def ast.ColumnDef, col *catalog.Column, serial bool) error {
	if !serial && def.Identity == "" {
		return nil
	}
	switch {
	case c.rel.Kind == catalog.KindTopic:
		return pgerr.Unsupported("serial and identity columns of topics are").At(def.Pos)
	case serial && (def.Default != nil || def.Identity != ""):
		return pgerr.New(pgerr.SyntaxError, "multiple default values specified for column %q of table %q", def.Name, c.rel.Name).At(def.Pos)
	case def.Default != nil:
		return pgerr.New(pgerr.SyntaxError, "both default and identity specified for column %q of table %q", def.Name, c.rel.Name).At(def.Pos)
	}
	q, err := newSequence(def.Sequence, col.Type, "identity column")
	if err != nil {
		return at(err, def.Pos)
	}
	q.Owner = c.rel.ID
	seq := &catalog.Relation{ID: c.nextID, Schema: c.rel.Schema, Name: c.sequenceName(def.Name), Kind: catalog.KindSequence, Sequence: q,
		CreatedAtMicros: c.env.NowMicros}
	c.nextID++
	c.sequences = append(c.sequences, seq)
	col.NotNull, col.Sequence, col.Identity = true, seq.ID, catalog.Identity(def.Identity)
	return nil
}

// maxNameBytes is the length of a name, as in PostgreSQL.
const maxNameBytes = 63

// sequenceName makes a name as PostgreSQL does: table_column_seq, and a number if that is taken.
func (c *creator) sequenceName(column string) string {
	table := c.rel.Name
	for len(table)+len(column)+len("__seq") > maxNameBytes {
		if len(table) > len(column) {
			table = table[:len(table)-1]
		} else {
			column = column[:len(column)-1]
		}
	}
	base := table + "_" + column + "_seq"
	name := base
	for n := 1; c.taken(name); n++ {
		name = fmt.Sprintf("%s%d", base, n)
	}
	return name
}

func (c *creator) taken(name string) bool {
	for _, s := range c.sequences {
		if s.Name == name {
			return true
		}
	}
	return name == c.rel.Name || c.env.Catalog.Lookup(c.rel.Schema, name) != nil
}

// nextValue is the next value of a sequence.
func nextValue(id catalog.RelationID) *plan.Expr {
	return &plan.Expr{Op: plan.OpCall, Func: "nextval(oid)", Type: types.Int8, Args: []*plan.Expr{plan.Const(types.OID, types.IntDatum(int64(id)))}}
}

// checkIdentity refuses a value for a column that is GENERATED ALWAYS.
func checkIdentity(col catalog.Column, overriding string) error {
	if col.Identity != catalog.IdentityAlways || overriding != "" {
		return nil
	}
	return pgerr.New(codeGeneratedAlways, "cannot insert a non-DEFAULT value into column %q", col.Name).
		WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", col.Name).
		WithHint("Use OVERRIDING SYSTEM VALUE to override.")
}

// sequenceIn returns the sequence whose next value an expression takes by a constant name, 0 if there is none.
func (b *binder) sequenceIn(e *plan.Expr) catalog.RelationID {
	var id catalog.RelationID
	walkExpr(e, func(x *plan.Expr, _ int) {
		if x.Op != plan.OpCall || x.Func != "nextval(text)" && x.Func != "nextval(oid)" || id != 0 {
			return
		}
		walkExpr(x.Args[0], func(a *plan.Expr, _ int) {
			var r *catalog.Relation
			switch {
			case a.Op != plan.OpConst || a.Value.Null:
			case a.Type == types.Text:
				r = b.byText(a.Value.Str)
			case a.Type.IsOID():
				r = b.env.Catalog.ByID(catalog.RelationID(a.Value.Int))
			}
			if r != nil && r.Sequence != nil {
				id = r.ID
			}
		})
	})
	return id
}

// byText returns the relation with a name as a text gives it: a or a.b.
func (b *binder) byText(text string) *catalog.Relation {
	o := ast.Option{Value: &ast.Literal{Kind: ast.LitString, Text: text}}
	n, err := topicName(o)
	if err != nil {
		return nil
	}
	return Lookup(b.env, n)
}

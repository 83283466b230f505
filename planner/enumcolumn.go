package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// enumDefault returns the text that is kept of a DEFAULT: of a label that of the literal, without the type, so that neither goes
// stale when the type is renamed. Others that have to do with a type are 0A000.
func (b *binder) enumDefault(e ast.Expr, text string, x *plan.Expr) (string, error) {
	if x.Op == plan.OpConst && x.Type.Enum != 0 {
		if x.Value.Null {
			return "NULL", nil
		}
		return quoteLiteral(string(types.FormatText(nil, x.Type, *x.Value, b.env.scope()))), nil
	}
	var err error
	walkExpr(x, func(x *plan.Expr, _ int) {
		if x.Type.Enum != 0 {
			err = pgerr.Unsupported("an expression of type %s in DEFAULT, other than a label, is", x.Type).At(e.Position())
		}
	})
	return text, err
}

// refuseEnums refuses columns of enums where others write the records: over says that those are of an existing topic. Error: 0A000.
func refuseEnums(r *catalog.Relation, over bool) error {
	for _, col := range r.Columns {
		switch {
		case col.Type.Enum == 0:
		case over:
			return pgerr.Unsupported("column %q: an enum in a %s over a topic is", col.Name, r.Kind)
		case r.Format() != catalog.FormatNative:
			return pgerr.Unsupported("column %q: an enum in JSON records is", col.Name)
		case r.Kind == catalog.KindTopic:
			return pgerr.Unsupported("column %q: an enum in a topic is", col.Name)
		}
	}
	return nil
}

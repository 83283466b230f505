package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// maxParams is how many parameters a statement may have; the protocol counts them in 16 bits.
const maxParams = 65535

// params are the types of $1 …, as given or as their first use told.
type params struct {
	types []types.Type
	pos   []int // of the first use, for errors
}

func (p *params) bind(e *ast.Param) (*plan.Expr, error) {
	if e.Index < 1 || e.Index > maxParams {
		return nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", e.Index).At(e.Pos)
	}
	i := e.Index - 1
	for len(p.types) <= i {
		p.types = append(p.types, types.Unknown)
	}
	for len(p.pos) <= i {
		p.pos = append(p.pos, 0)
	}
	if p.types[i].ID == types.IDInvalid {
		p.types[i] = types.Unknown
	}
	if p.pos[i] == 0 {
		p.pos[i] = e.Pos
	}
	return &plan.Expr{Op: plan.OpParam, Type: p.types[i], Column: i, Pos: e.Pos}, nil
}

// decide types the parameter e as t, unless another use did so before.
func (p *params) decide(e *plan.Expr, t types.Type) *plan.Expr {
	if p.types[e.Column].ID == types.IDUnknown {
		p.types[e.Column] = t.Base()
	}
	c := *e
	c.Type = p.types[e.Column]
	return &c
}

// finish returns the types of all parameters. Error: 42P18.
func (p *params) finish() ([]types.Type, error) {
	for i, t := range p.types {
		if t.ID == types.IDUnknown || t.ID == types.IDInvalid {
			pos := 0
			if i < len(p.pos) {
				pos = p.pos[i]
			}
			return nil, pgerr.New(pgerr.IndeterminateDatatype, "could not determine data type of parameter $%d", i+1).At(pos)
		}
	}
	return p.types, nil
}

// typed gives uses of a parameter that came before its type was known (as in $1 IS NULL) that type. It is for use
// after finish.
func (p *params) typed(e *plan.Expr) *plan.Expr {
	return mapExpr(e, func(x *plan.Expr) *plan.Expr {
		switch {
		case x.Op == plan.OpParam && x.Type.ID == types.IDUnknown:
			return p.decide(x, types.Unknown)
		case x.Sub != nil:
			return withSub(withArgs(x, p.typed), p.typed)
		}
		return nil
	})
}

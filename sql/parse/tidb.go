package parse

import (
	"sync"

	tidb "github.com/pingcap/tidb/pkg/parser"
	tast "github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver" // literals of the TiDB parser

	"github.com/millracedb/millrace/sql/pgerr"
)

// tidbParsers holds TiDB parsers: one serves one goroutine at a time, and reuses its result.
var tidbParsers = sync.Pool{New: func() any {
	tp := tidb.New()
	tp.SetSQLMode(mysql.ModePipesAsConcat | mysql.ModeNoBackslashEscapes | mysql.ModeIgnoreSpace)
	return tp
}}

// finish gives the translation to the TiDB parser and fills the statement's slots with what comes back.
func (p *parser) finish() {
	for _, f := range p.done {
		f()
	}
	if len(p.slots) == 0 {
		return
	}
	lone := len(p.slots) == 1 && p.slots[0].query != nil
	if lone {
		p.out.strip() // nothing but a query needs no SELECT around it
	} else {
		p.out.before(p.out.pieces[0].next, pieceRaw, "SELECT ", 0)
	}
	c := converter{side: p.side, used: make([]bool, len(p.side))}
	p.translated, c.params = p.out.text()
	tp := tidbParsers.Get().(*tidb.Parser)
	defer tidbParsers.Put(tp)
	stmts, _, err := tp.ParseSQL(p.translated)
	if err != nil {
		p.fail(bug("the translated statement was refused").WithCause(err))
	}
	if len(stmts) != 1 {
		p.fail(bug("the translated statement became %d statements", len(stmts)))
	}
	if lone {
		c.mark(1)
		p.slots[0].query(c.query(stmts[0]))
	} else {
		c.slots(stmts[0], p.slots)
	}
	c.allUsed()
}

// strip drops the marker and parentheses that querySlot wrote around a lone query.
func (e *emitter) strip() {
	first := e.pieces[e.pieces[e.pieces[0].next].next].next
	last := e.pieces[e.pieces[0].prev].prev
	e.pieces[0].next, e.pieces[first].prev = first, 0
	e.pieces[0].prev, e.pieces[last].next = last, 0
}

// bug is an error that a user cannot cause: translation and TiDB parser disagree.
func bug(format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.InternalError, "BUG: "+format, args...)
}

// slots fills the slots of a statement from the fields of SELECT `expr@1`(…), `query@2`((…)).
func (c *converter) slots(stmt tast.StmtNode, slots []slot) {
	sel, ok := stmt.(*tast.SelectStmt)
	if !ok || len(sel.Fields.Fields) != len(slots) {
		c.wrong(stmt)
	}
	for i, field := range sel.Fields.Fields {
		call, node := c.call(field.Expr)
		if mark, ok := node.(*slotMark); !ok || mark.index != i || len(call.Args) != 1 {
			c.wrong(call)
		}
		if s := slots[i]; s.query != nil {
			s.query(c.subquery(call.Args[0]))
		} else {
			s.expr(c.expr(call.Args[0]))
		}
	}
}

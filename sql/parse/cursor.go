package parse

import (
	"strconv"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// codeInvalidCursorDefinition is 42P11, which nobody else needs.
const codeInvalidCursorDefinition = "42P11"

// prepare parses what is behind PREPARE.
func (p *parser) prepare(t *token) ast.Statement {
	if p.isWord("transaction") && p.at(1).kind == tString {
		return p.refuse("PREPARE TRANSACTION", t)
	}
	stmt := &ast.Prepare{Name: p.colID()}
	if p.acceptPunct("(") {
		for {
			stmt.Types = append(stmt.Types, p.typeName())
			if !p.acceptPunct(",") {
				break
			}
		}
		p.expectPunct(")")
	}
	p.expectWord("as")
	if t := p.tok(); !t.isOneOf("select", "with", "values", "table", "insert", "update", "delete") && !t.isPunct("(") {
		p.syntaxError()
	}
	stmt.Stmt = p.statement()
	return stmt
}

// execute parses what is behind EXECUTE.
func (p *parser) execute(*token) ast.Statement {
	stmt := &ast.Execute{Name: p.colID()}
	if !p.acceptPunct("(") {
		return stmt
	}
	for {
		n := len(stmt.Args)
		stmt.Args = append(stmt.Args, nil)
		p.exprSlot(func(e ast.Expr) { stmt.Args[n] = e })
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return stmt
}

// deallocate parses what is behind DEALLOCATE.
func (p *parser) deallocate(*token) ast.Statement {
	p.acceptWord("prepare")
	if p.acceptWord("all") {
		return &ast.Deallocate{}
	}
	return &ast.Deallocate{Name: p.colID()}
}

// declare parses what is behind DECLARE.
func (p *parser) declare(*token) ast.Statement {
	stmt := &ast.DeclareCursor{Name: p.colID()}
	p.cursorOptions(stmt)
	p.expectWord("cursor")
	if p.acceptWords("with", "hold") {
		stmt.Hold = true
	} else {
		p.acceptWords("without", "hold")
	}
	p.expectWord("for")
	p.emittingQuery(func(q *ast.Select) { stmt.Query = q })
	return stmt
}

// cursorOptions reads the words before CURSOR, in any order.
func (p *parser) cursorOptions(stmt *ast.DeclareCursor) {
	noScroll := false
	for {
		switch t := p.tok(); {
		case t.isWord("binary"):
			p.unsupported(t, "BINARY cursors are")
		case p.acceptWord("insensitive"), p.acceptWord("asensitive"):
		case p.acceptWord("scroll"):
			stmt.Scroll = true
		case p.acceptWords("no", "scroll"):
			noScroll = true
		default:
			return
		}
		if stmt.Scroll && noScroll {
			p.fail(pgerr.New(codeInvalidCursorDefinition, "cannot specify both SCROLL and NO SCROLL"))
		}
	}
}

// fetch parses what is behind FETCH and MOVE: [direction] [FROM|IN] cursor [WITH (options)].
func (p *parser) fetch(t *token) ast.Statement {
	stmt := &ast.Fetch{Count: 1, Move: t.isWord("move")}
	p.fetchDirection(stmt)
	if p.tok().isOneOf("from", "in") {
		p.next()
	}
	stmt.Cursor = p.colID()
	if p.isWord("with") {
		stmt.Options = p.withOptions()
	}
	return stmt
}

// fetchDirection reads NEXT, PRIOR, FIRST, LAST, ABSOLUTE n, RELATIVE n, n, ALL, FORWARD and BACKWARD. These words may be a
// cursor's name too: then nothing follows them.
func (p *parser) fetchDirection(stmt *ast.Fetch) {
	t := p.tok()
	if t.kind == tIdent && t.class != kwReserved && (p.at(1).kind == tEOF || p.at(1).isPunct(";")) {
		return
	}
	switch {
	case p.acceptWord("next"):
	case p.acceptWord("prior"):
		stmt.Direction = ast.FetchBackward
	case p.acceptWord("first"):
		stmt.Direction = ast.FetchAbsolute
	case p.acceptWord("last"):
		stmt.Direction, stmt.Count = ast.FetchAbsolute, -1
	case p.acceptWord("absolute"):
		stmt.Direction = ast.FetchAbsolute
		p.needFetchCount(stmt)
	case p.acceptWord("relative"):
		stmt.Direction = ast.FetchRelative
		p.needFetchCount(stmt)
	case p.acceptWord("forward"):
		p.fetchCount(stmt)
	case p.acceptWord("backward"):
		stmt.Direction = ast.FetchBackward
		p.fetchCount(stmt)
	default:
		p.fetchCount(stmt)
	}
}

// fetchCount reads n or ALL, if it is there.
func (p *parser) fetchCount(stmt *ast.Fetch) {
	if p.acceptWord("all") {
		stmt.All = true
		return
	}
	if t := p.tok(); t.kind == tInteger || t.isOp("-") || t.isOp("+") {
		p.needFetchCount(stmt)
	}
}

func (p *parser) needFetchCount(stmt *ast.Fetch) {
	negative := p.acceptOp("-")
	if !negative {
		p.acceptOp("+")
	}
	t := p.next()
	n, err := strconv.ParseInt(t.text, 10, 32)
	if t.kind != tInteger || err != nil {
		p.syntaxErrorAt(t)
	}
	if negative {
		n = -n
	}
	stmt.Count = n
}

// closeCursor parses what is behind CLOSE.
func (p *parser) closeCursor(*token) ast.Statement {
	if p.acceptWord("all") {
		return &ast.Close{}
	}
	return &ast.Close{Cursor: p.colID()}
}

// stages are the words behind EXPLAIN that choose what of the compiler's work is shown.
var stages = []string{"parsed", "logical", "optimized", "topology"}

// explain parses what is behind EXPLAIN: [ANALYZE] [VERBOSE] [stage] statement, or ( option, … ) statement.
func (p *parser) explain(*token) ast.Statement {
	stmt := &ast.Explain{}
	if p.isPunct("(") && !p.isQueryParen(p.i) && !p.at(1).isPunct("(") {
		p.explainOptions(stmt)
	} else {
		if p.tok().isOneOf("analyze", "analyse") {
			p.next()
			stmt.Analyze = true
		}
		if t := p.tok(); p.acceptWord("verbose") {
			stmt.Options = append(stmt.Options, ast.Option{Name: "verbose", Pos: int(t.pos)})
		}
		if p.tok().isOneOf(stages...) {
			stmt.Stage = p.next().text
		}
	}
	stmt.Stmt = p.statement()
	return stmt
}

// explainOptions takes ANALYZE and the stages from a list of options.
func (p *parser) explainOptions(stmt *ast.Explain) {
	for _, o := range p.optionList(p.label, false) {
		off := isOff(o.Value)
		switch {
		case o.Name == "analyze":
			stmt.Analyze = !off
		case isStage(o.Name) && off:
		case isStage(o.Name) && stmt.Stage != "" && stmt.Stage != o.Name:
			p.fail(pgerr.New(pgerr.SyntaxError, "EXPLAIN shows one stage, not %s and %s", upper(stmt.Stage), upper(o.Name)).At(o.Pos))
		case isStage(o.Name):
			stmt.Stage = o.Name
		default:
			stmt.Options = append(stmt.Options, o)
		}
	}
}

func isStage(name string) bool {
	for _, s := range stages {
		if s == name {
			return true
		}
	}
	return false
}

// isOff reports whether an option's value is false, off or 0.
func isOff(v ast.Expr) bool {
	switch v := v.(type) {
	case *ast.Literal:
		return v.Kind == ast.LitFalse || v.Text == "0" || v.Text == "off"
	case *ast.ColumnRef:
		return v.Parts[0] == "off"
	}
	return false
}

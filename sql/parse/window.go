package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// overClause translates what stands behind OVER, as a marked argument of the call: a name or a window in parentheses.
func (p *parser) overClause(w *ast.Window, args *argList) {
	args.start()
	mark := &overMark{window: w}
	if p.tok().isColID() {
		w.Name, w.Bare = p.colID(), true
		args.took(p.leaf("over", mark))
		return
	}
	args.took(p.window("over", mark, mark))
}

// windowClause translates WINDOW name AS (…), …. MySQL's grammar has one too, but for its own windows: here the items
// travel as items of ORDER BY.
func (p *parser) windowClause(node *ast.Select, q *query) {
	if !p.acceptWord("window") {
		return
	}
	for {
		named := ast.NamedWindow{Pos: p.pos(), Name: p.colID()}
		p.expectWord("as")
		named.Window = &ast.Window{P: ast.P{Pos: p.pos()}}
		node.Windows = append(node.Windows, named)
		mark := &windowMark{overMark{window: named.Window}}
		p.sortStart(q)
		q.frag = p.over(q.first, q.frag, p.window("window", mark, &mark.overMark))
		if !p.acceptPunct(",") {
			return
		}
	}
}

// window translates ( [name] [PARTITION BY …] [ORDER BY …] [frame] ) as a call of entry, which is or has mark.
func (p *parser) window(text string, entry any, mark *overMark) frag {
	p.expectPunct("(")
	inner := &argList{p: p, f: frag{p.call(text, entry), 1}}
	if t := p.tok(); t.isColID() && !t.isOneOf("partition", "rows", "range", "groups") {
		mark.window.Name = p.colID()
	}
	if p.acceptWord("partition") {
		p.expectWord("by")
		for mark.parts = 1; ; mark.parts++ {
			inner.start()
			inner.took(p.expr())
			if !p.acceptPunct(",") {
				break
			}
		}
	}
	if p.isWord("order") {
		p.orderArgs(inner)
	}
	if t := p.tok(); t.isOneOf("rows", "range", "groups") {
		mark.window.Frame = p.frame(inner)
	}
	p.expectPunct(")")
	p.closeCall()
	return inner.f
}

// frame translates ROWS|RANGE|GROUPS bound, or BETWEEN bound AND bound, and EXCLUDE.
func (p *parser) frame(args *argList) *ast.Frame {
	t := p.next()
	f := &ast.Frame{P: ast.P{Pos: int(t.pos)}, Mode: t.text}
	start := p.pos()
	if p.acceptWord("between") {
		start = p.pos()
		p.frameBound(&f.Start, args)
		p.expectWord("and")
	} else {
		p.frameBound(&f.Start, args)
		f.End.Kind = currentRow
		p.checkFrame(f, start, start)
		f.Exclude = p.exclusion()
		return f
	}
	end := p.pos()
	p.frameBound(&f.End, args)
	p.checkFrame(f, start, end)
	f.Exclude = p.exclusion()
	return f
}

// currentRow is the bound that a frame ends with unless it says otherwise.
const currentRow = "current row"

// frameBound translates UNBOUNDED PRECEDING|FOLLOWING, CURRENT ROW or expr PRECEDING|FOLLOWING.
func (p *parser) frameBound(b *ast.FrameBound, args *argList) {
	switch next := p.at(1); {
	case p.isWord("unbounded") && next.isOneOf("preceding", "following"):
		p.next()
		b.Kind = "unbounded " + p.next().text
		return
	case p.isWord("current") && next.isWord("row"):
		p.next()
		p.next()
		b.Kind = currentRow
		return
	}
	args.start()
	first := p.call("bound", &boundMark{b})
	args.took(p.over(first, p.expr()))
	p.closeCall()
	if !p.tok().isOneOf("preceding", "following") {
		p.syntaxError()
	}
	b.Kind = p.next().text
}

// checkFrame refuses the bounds that PostgreSQL's grammar refuses.
func (p *parser) checkFrame(f *ast.Frame, start, end int) {
	wrong, at := "", start
	switch s, e := f.Start.Kind, f.End.Kind; {
	case s == "unbounded following":
		wrong = "frame start cannot be UNBOUNDED FOLLOWING"
	case e == "unbounded preceding":
		wrong, at = "frame end cannot be UNBOUNDED PRECEDING", end
	case s == currentRow && e == "preceding":
		wrong, at = "frame starting from current row cannot have preceding rows", end
	case s == "following" && e == currentRow && start == end:
		wrong = "frame starting from following row cannot end with current row"
	case s == "following" && (e == "preceding" || e == currentRow):
		wrong, at = "frame starting from following row cannot have preceding rows", end
	default:
		return
	}
	p.fail(pgerr.New(pgerr.WindowingError, "%s", wrong).At(at))
}

// exclusion reads EXCLUDE CURRENT ROW|GROUP|TIES|NO OTHERS.
func (p *parser) exclusion() string {
	if !p.acceptWord("exclude") {
		return ""
	}
	switch t := p.next(); {
	case t.isWord("current"):
		p.expectWord("row")
		return currentRow
	case t.isOneOf("group", "ties"):
		return t.text
	case t.isWord("no"):
		p.expectWord("others")
		return ""
	default:
		p.syntaxErrorAt(t)
	}
	return ""
}

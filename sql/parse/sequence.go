package parse

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// createSequence parses what is behind CREATE SEQUENCE.
func (p *parser) createSequence() ast.Statement {
	stmt := &ast.CreateSequence{IfNotExists: p.acceptWords("if", "not", "exists")}
	stmt.Name = p.name()
	p.sequenceOptions(&stmt.Options)
	return stmt
}

// sequenceOptions parses the options of a sequence, as far as they go.
func (p *parser) sequenceOptions(o *ast.SequenceOptions) {
	given := map[string]bool{}
	for {
		t := p.tok()
		option := t.text
		if t.isWord("no") || t.isWord("owned") {
			option = strings.TrimPrefix(option+p.at(1).text, "no")
		}
		if t.kind == tIdent && given[option] {
			p.failAt(t, "conflicting or redundant options")
		}
		given[option] = true
		switch {
		case p.acceptWord("as"):
			n := p.typeName()
			o.Type = &n
		case p.acceptWord("increment"):
			p.acceptWord("by")
			o.Increment = p.sequenceNumber()
		case p.acceptWord("minvalue"):
			o.Min = p.sequenceNumber()
		case p.acceptWord("maxvalue"):
			o.Max = p.sequenceNumber()
		case p.acceptWords("no", "minvalue"):
			o.Min = nil
		case p.acceptWords("no", "maxvalue"):
			o.Max = nil
		case p.acceptWord("start"):
			p.acceptWord("with")
			o.Start = p.sequenceNumber()
		case p.acceptWord("cache"):
			o.Cache = p.sequenceNumber()
		case p.acceptWord("cycle"):
			o.Cycle = true
		case p.acceptWords("no", "cycle"):
			o.Cycle = false
		case p.acceptWords("owned", "by"):
			if !p.acceptWord("none") {
				p.unsupported(t, "OWNED BY")
			}
		case t.isWord("sequence") && p.at(1).isWord("name"):
			p.unsupported(t, "SEQUENCE NAME")
		default:
			return
		}
	}
}

// sequenceNumber reads a whole number with its sign.
func (p *parser) sequenceNumber() *int64 {
	t := p.tok()
	text := t.text
	if t.isOp("-") || t.isOp("+") {
		text = p.signedNumber().(*ast.Literal).Text
	} else if t.kind == tInteger || t.kind == tNumber {
		p.next()
	} else {
		p.syntaxError()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		p.fail(pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type bigint", clip(text)).At(int(t.pos)))
	}
	return &n
}

package parse

import "github.com/millracedb/millrace/sql/ast"

// specialCall translates calls that have a grammar of their own; false if t starts none.
func (p *parser) specialCall(t *token) (frag, bool) {
	switch t.text {
	case "current_date", "current_user", "current_role", "session_user", "user", "current_catalog":
		p.next()
		return p.leaf(t.text, newCall(t)), true
	case "current_time", "current_timestamp", "localtime", "localtimestamp":
		p.next()
		return p.withPrecision(t), true
	case "current_schema":
		if !p.at(1).isPunct("(") {
			p.next()
			return p.leaf(t.text, newCall(t)), true
		}
	}
	if !p.at(1).isPunct("(") {
		return frag{}, false
	}
	switch t.text {
	case "coalesce", "greatest", "least":
		p.next()
		return p.plainCall(t, 1, -1), true
	case "grouping":
		p.next()
		return p.plainCall(t, 1, -1), true
	case "nullif":
		p.next()
		return p.plainCall(t, 2, 2), true
	case "extract":
		return p.extract(t), true
	case "position":
		return p.position(t), true
	case "substring", "overlay":
		return p.substring(t), true
	case "trim":
		return p.trim(t), true
	case "normalize":
		return p.normalize(t), true
	case "treat", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlparse", "xmlpi",
		"xmlroot", "xmlserialize":
		p.unsupported(t, "%s", upper(t.text))
	}
	return frag{}, false
}

func newCall(t *token) *ast.Call {
	return &ast.Call{P: ast.P{Pos: int(t.pos)}, Name: ast.Name{Parts: []string{t.text}, Pos: int(t.pos)}}
}

// withPrecision translates CURRENT_TIMESTAMP and the like, with or without (n).
func (p *parser) withPrecision(t *token) frag {
	if !p.isPunct("(") {
		return p.leaf(t.text, newCall(t))
	}
	if p.at(1).kind != tInteger || !p.at(2).isPunct(")") {
		p.next()
		p.syntaxError()
	}
	return p.plainCall(t, 1, 1)
}

// plainCall translates ( a, b, … ) with least to most arguments; most -1 is without bound.
func (p *parser) plainCall(t *token, least, most int) frag {
	p.expectPunct("(")
	args := &argList{p: p, f: frag{p.call(t.text, newCall(t)), 1}}
	for n := 1; ; n++ {
		args.start()
		args.took(p.expr())
		if n < least {
			p.expectPunct(",")
		} else if n == most || !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	p.closeCall()
	return args.f
}

// extract translates EXTRACT(field FROM x) as extract('field', x).
func (p *parser) extract(t *token) frag {
	p.next()
	p.expectPunct("(")
	field := p.next()
	if field.kind != tQuoted && field.kind != tString && (field.kind != tIdent || field.class == kwReserved) {
		p.syntaxErrorAt(field)
	}
	first := p.call("extract", newCall(t))
	p.leaf("'"+field.text+"'", p.newLiteral(ast.LitString, field.text, field))
	p.expectWord("from")
	p.comma()
	arg := p.expr()
	p.expectPunct(")")
	p.closeCall()
	return p.over(first, arg)
}

// position translates POSITION(a IN b) as position(b, a), as PostgreSQL does.
func (p *parser) position(t *token) frag {
	p.next()
	p.expectPunct("(")
	first := p.call("position", &swapped{newCall(t)})
	a := p.climb(precOther)
	p.expectWord("in")
	p.comma()
	b := p.climb(precOther)
	p.expectPunct(")")
	p.closeCall()
	return p.over(first, a, b)
}

// substring translates SUBSTRING(x FROM a FOR b), OVERLAY(x PLACING y FROM a FOR b) and their forms with commas.
func (p *parser) substring(t *token) frag {
	p.next()
	p.expectPunct("(")
	args := &argList{p: p, f: frag{p.call(t.text, newCall(t)), 1}}
	id := len(p.side) - 1
	args.start()
	args.took(p.expr())
	switch {
	case p.isPunct(","):
		p.next()
		p.callArgs(args)
		p.onlyPlaces(t, args)
	case p.isWord("similar"):
		p.keywordArg("similar", args)
		p.keywordArg("escape", args)
	case p.isWord("for"):
		p.substringFor(args, id)
	default:
		if t.text == "overlay" {
			p.keywordArg("placing", args)
		}
		p.keywordArg("from", args)
		if p.isWord("for") {
			p.keywordArg("for", args)
		}
	}
	p.expectPunct(")")
	p.closeCall()
	return args.f
}

// substringFor translates FOR n, from the first character on, and FOR n FROM a, whose arguments stand the other way round.
// The call is entry id.
func (p *parser) substringFor(args *argList, id int) {
	t := p.tok()
	p.keywordArg("for", args)
	p.side[id] = &swapped{p.side[id].(*ast.Call)}
	if p.isWord("from") {
		p.keywordArg("from", args)
		return
	}
	args.start()
	args.took(p.leaf("1", p.newLiteral(ast.LitInteger, "1", t)))
}

// normalize translates NORMALIZE(x [, form]) as normalize(x, 'form').
func (p *parser) normalize(t *token) frag {
	p.next()
	p.expectPunct("(")
	args := &argList{p: p, f: frag{p.call(t.text, newCall(t)), 1}}
	args.start()
	args.took(p.expr())
	form := p.tok()
	if p.acceptPunct(",") {
		if form = p.next(); !form.isOneOf(normalForms...) {
			p.syntaxErrorAt(form)
		}
	}
	args.start()
	args.took(p.normalForm(form))
	p.expectPunct(")")
	p.closeCall()
	return args.f
}

// normalForms are the words for Unicode's normal forms.
var normalForms = []string{"nfc", "nfd", "nfkc", "nfkd"}

// normalForm is the form that t names, or, if it names none, NFC, as a constant.
func (p *parser) normalForm(t *token) frag {
	form := "NFC"
	if t.isOneOf(normalForms...) {
		form = upper(t.text)
	}
	return p.leaf("'"+form+"'", p.newLiteral(ast.LitString, form, t))
}

func (p *parser) keywordArg(word string, args *argList) {
	p.expectWord(word)
	args.start()
	args.took(p.expr())
}

// trim translates TRIM([BOTH|LEADING|TRAILING] [[x] FROM] y) as btrim, ltrim or rtrim of y and x.
func (p *parser) trim(t *token) frag {
	p.next()
	p.expectPunct("(")
	node := newCall(t)
	node.Name.Parts[0] = "btrim"
	switch {
	case p.acceptWord("leading"):
		node.Name.Parts[0] = "ltrim"
	case p.acceptWord("trailing"):
		node.Name.Parts[0] = "rtrim"
	default:
		p.acceptWord("both")
	}
	p.acceptWord("from")
	args := &argList{p: p, f: frag{p.call(node.Name.Parts[0], node), 1}}
	id := len(p.side) - 1
	args.start()
	args.took(p.expr())
	switch {
	case p.isWord("from"):
		p.side[id] = &swapped{node}
		p.keywordArg("from", args)
	case p.acceptPunct(","):
		p.callArgs(args)
		p.onlyPlaces(t, args)
	}
	p.expectPunct(")")
	p.closeCall()
	return args.f
}

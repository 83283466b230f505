package parse

import "github.com/millracedb/millrace/sql/ast"

// work passes the noise word behind BEGIN, COMMIT and the like.
func (p *parser) work() {
	if p.tok().isOneOf("work", "transaction") {
		p.next()
	}
}

func (p *parser) begin(*token) ast.Statement {
	p.work()
	return &ast.Transaction{Verb: "begin", Modes: p.modes(false)}
}

func (p *parser) startTransaction(*token) ast.Statement {
	p.expectWord("transaction")
	return &ast.Transaction{Verb: "begin", Modes: p.modes(false)}
}

// commit parses what is behind COMMIT and END.
func (p *parser) commit(t *token) ast.Statement {
	if p.isWord("prepared") && t.isWord("commit") {
		return p.refuse("COMMIT PREPARED", t)
	}
	p.work()
	return &ast.Transaction{Verb: "commit", Chain: p.chain()}
}

// rollback parses what is behind ROLLBACK and ABORT.
func (p *parser) rollback(t *token) ast.Statement {
	if p.isWord("prepared") && t.isWord("rollback") {
		return p.refuse("ROLLBACK PREPARED", t)
	}
	p.work()
	if t.isWord("rollback") && p.acceptWord("to") {
		p.acceptWord("savepoint")
		return &ast.Transaction{Verb: "rollback to", Savepoint: p.colID()}
	}
	return &ast.Transaction{Verb: "rollback", Chain: p.chain()}
}

// chain reads AND [NO] CHAIN.
func (p *parser) chain() bool {
	if !p.acceptWord("and") {
		return false
	}
	no := p.acceptWord("no")
	p.expectWord("chain")
	return !no
}

func (p *parser) savepoint(*token) ast.Statement {
	return &ast.Transaction{Verb: "savepoint", Savepoint: p.colID()}
}

func (p *parser) release(*token) ast.Statement {
	p.acceptWord("savepoint")
	return &ast.Transaction{Verb: "release", Savepoint: p.colID()}
}

// modes reads transaction modes, with or without commas between them; some says that there must be one.
func (p *parser) modes(some bool) []string {
	var list []string
	for {
		mode := p.mode()
		if mode == "" {
			if some && len(list) == 0 {
				p.syntaxError()
			}
			return list
		}
		list = append(list, mode)
		some = p.acceptPunct(",")
		if some && (p.atEnd() || !p.tok().isOneOf("isolation", "read", "not", "deferrable")) {
			p.syntaxError()
		}
	}
}

var modes = [][]string{
	{"isolation", "level", "serializable"}, {"isolation", "level", "repeatable", "read"},
	{"isolation", "level", "read", "committed"}, {"isolation", "level", "read", "uncommitted"},
	{"read", "only"}, {"read", "write"}, {"not", "deferrable"}, {"deferrable"},
}

// mode reads one transaction mode, "" if none is here.
func (p *parser) mode() string {
	for _, words := range modes {
		if p.acceptWords(words...) {
			mode := words[0]
			for _, w := range words[1:] {
				mode += " " + w
			}
			return mode
		}
	}
	return ""
}

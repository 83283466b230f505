package parse

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// typeName reads a type. Names that are key words become PostgreSQL's own: int is integer, char is character, float
// is double precision, timestamp without more is timestamp without time zone; others stay as written.
func (p *parser) typeName() ast.TypeName {
	t := p.tok()
	if t.isWord("setof") {
		p.unsupported(t, "SETOF")
	}
	out := ast.TypeName{Pos: int(t.pos)}
	switch {
	case t.kind == tIdent && (t.text == "interval" || p.isTypeWord(t)):
		p.next()
		p.wordType(t, &out)
	case t.isTypeFunc() || t.isColID() && p.at(1).isPunct("."):
		p.namedType(&out)
	default:
		p.syntaxError()
	}
	p.arrayBounds(&out)
	return out
}

// namedType reads a type's name that is no key word.
func (p *parser) namedType(out *ast.TypeName) {
	first := p.tok()
	parts := []string{p.next().text}
	for p.acceptPunct(".") {
		parts = append(parts, p.label())
	}
	n := p.checkName(first, parts)
	out.Schema, out.Name = n.Schema(), n.Last()
	p.notOfGrammar(first, out)
	if p.tok().isOp("%") && p.at(1).isWord("type") {
		p.unsupported(p.tok(), "%%TYPE")
	}
	if p.isPunct("(") {
		out.Mods = p.modifiers()
	}
}

// grammarTypes are names of types that are words of PostgreSQL's grammar alone: in double quotes, or behind a schema, they
// name nothing.
var grammarTypes = map[string]bool{
	"int": true, "integer": true, "smallint": true, "bigint": true, "real": true, "boolean": true, "decimal": true, "dec": true,
	"float": true, "double precision": true, "character": true, "character varying": true, "bit varying": true,
	"timestamp without time zone": true, "timestamp with time zone": true, "time without time zone": true, "time with time zone": true,
}

// notOfGrammar refuses what grammarTypes has, and tells the type "char" from the word char.
func (p *parser) notOfGrammar(first *token, out *ast.TypeName) {
	switch {
	case grammarTypes[out.Name] || strings.HasPrefix(out.Name, "interval "):
		name := out.Name
		if out.Schema != "" {
			name = out.Schema + "." + name
		}
		p.fail(pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", name).At(int(first.pos)))
	case out.Name == "char" && out.Schema == "":
		out.Schema = "pg_catalog"
	}
}

// wordType reads the rest of a type that starts with the key word t.
func (p *parser) wordType(t *token, out *ast.TypeName) {
	switch t.text {
	case "int", "integer":
		out.Name = "integer"
	case "smallint", "bigint", "real", "boolean":
		out.Name = t.text
	case "decimal", "dec", "numeric":
		out.Name = "numeric"
		p.optModifiers(out)
	case "double":
		p.expectWord("precision")
		out.Name = "double precision"
	case "float":
		p.floatType(t, out)
	case "timestamp", "time":
		out.Name = t.text
		p.optDigits(out)
		p.timeZone(out)
	case "interval":
		out.Name = "interval"
		if p.optDigits(out); out.Mods == nil {
			p.intervalFields(out)
		}
	case "bit":
		out.Name = "bit"
		p.varying(out)
	default:
		if t.text == "national" {
			p.next()
		}
		out.Name = "character"
		if t.text == "varchar" {
			out.Name = "character varying"
			p.optLength(out)
		} else {
			p.varying(out)
		}
	}
}

func (p *parser) varying(out *ast.TypeName) {
	if p.acceptWord("varying") {
		out.Name += " varying"
	}
	p.optLength(out)
}

// optLength reads (n).
func (p *parser) optLength(out *ast.TypeName) {
	if p.isPunct("(") && p.at(2).isPunct(",") {
		p.syntaxErrorAt(p.at(2))
	}
	p.optModifiers(out)
}

func (p *parser) timeZone(out *ast.TypeName) {
	switch {
	case p.acceptWords("with", "time", "zone"):
		out.Name += " with time zone"
	default:
		p.acceptWords("without", "time", "zone")
		out.Name += " without time zone"
	}
}

// floatType reads FLOAT(n): n is in bits.
func (p *parser) floatType(t *token, out *ast.TypeName) {
	out.Name = "double precision"
	if !p.isPunct("(") {
		return
	}
	bits := p.modifiers()
	switch {
	case len(bits) != 1 || bits[0] < 1:
		p.failAt(t, "precision for type float must be at least 1 bit")
	case bits[0] > 53:
		p.failAt(t, "precision for type float must be less than 54 bits")
	case bits[0] <= 24:
		out.Name = "real"
	}
}

// optDigits reads (n), where n is the number of digits of seconds.
func (p *parser) optDigits(out *ast.TypeName) {
	if !p.isPunct("(") {
		return
	}
	for i, kind := range []bool{p.at(1).kind == tInteger, p.at(2).isPunct(")")} {
		if !kind {
			p.syntaxErrorAt(p.at(i + 1))
		}
	}
	out.Mods = p.modifiers()
}

func (p *parser) optModifiers(out *ast.TypeName) {
	if p.isPunct("(") {
		out.Mods = p.modifiers()
	}
}

// modifiers reads (n, …).
func (p *parser) modifiers() []int {
	p.expectPunct("(")
	var mods []int
	for {
		negative := p.acceptOp("-")
		t := p.next()
		if t.kind == tIdent || t.kind == tString {
			p.unsupported(t, "type modifiers that are no integers")
		}
		if t.kind != tInteger {
			p.syntaxErrorAt(t)
		}
		n, err := strconv.ParseInt(t.text, 10, 32)
		if err != nil {
			p.failAt(t, "type modifier %s is out of range", clip(t.text))
		}
		if negative {
			n = -n
		}
		mods = append(mods, int(n))
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return mods
}

// arrayBounds reads [], [n] and ARRAY behind a type; bounds mean nothing, as in PostgreSQL.
func (p *parser) arrayBounds(out *ast.TypeName) {
	if p.acceptWord("array") {
		out.Array = true
		if !p.isPunct("[") {
			return
		}
	}
	for p.isPunct("[") && (p.at(1).isPunct("]") || p.at(1).kind == tInteger && p.at(2).isPunct("]")) {
		out.Array = true
		for !p.next().isPunct("]") {
		}
	}
}

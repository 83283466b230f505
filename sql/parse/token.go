package parse

// kind says what a token is.
type kind uint8

const (
	tEOF      kind = iota
	tIdent         // a bare word, folded to lower case; class says whether it is a key word
	tQuoted        // a quoted identifier
	tString        // a string constant of any form; text is its value
	tNational      // N'…'
	tBits          // B'…' and X'…'; text is b or x and the digits
	tInteger       // digits only
	tNumber        // with a point or an exponent
	tParam         // $n; text is the digits
	tOp            // an operator, also + - * / < > = and their like
	tPunct         // , ( ) [ ] . ; : and :: .. := =>
	tError         // the text is wrong from here on; the parser fails when it gets here
)

// token is one lexical element. text points into the statement where nothing had to be changed.
type token struct {
	text       string
	start, end int32 // bytes from 0
	pos        int32 // characters from 1
	match      int32 // of an opening parenthesis: index of the closing one, 0 if there is none
	kind       kind
	class      class
	bare       bool
}

func (t *token) isWord(word string) bool   { return t.kind == tIdent && t.text == word }
func (t *token) isPunct(punct string) bool { return t.kind == tPunct && t.text == punct }
func (t *token) isOp(op string) bool       { return t.kind == tOp && t.text == op }

// isOneOf reports whether t is one of the bare words.
func (t *token) isOneOf(words ...string) bool {
	if t.kind != tIdent {
		return false
	}
	for _, w := range words {
		if t.text == w {
			return true
		}
	}
	return false
}

// isColID reports whether t may name a column or a relation (PostgreSQL's ColId).
func (t *token) isColID() bool {
	return t.kind == tQuoted || t.kind == tIdent && t.class <= kwColName
}

// isTypeFunc reports whether t may name a type or a function (type_function_name).
func (t *token) isTypeFunc() bool {
	return t.kind == tQuoted || t.kind == tIdent && (t.class <= kwUnreserved || t.class == kwTypeFunc)
}

// isLabel reports whether t is any word at all (ColLabel).
func (t *token) isLabel() bool { return t.kind == tQuoted || t.kind == tIdent }

// isBareLabel reports whether t may be an alias without AS.
func (t *token) isBareLabel() bool {
	return t.kind == tQuoted || t.kind == tIdent && (t.class == kwNone || t.bare)
}

package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// jsonPath is an expression of SQL's path language for JSON (docs 9.16.2).
type jsonPath struct {
	strict bool
	root   *pathNode
}

// pathNode is a node of a path expression.
type pathNode struct {
	kind  pathKind
	name  string           // of an operator, a method, a variable, a member; the pattern of like_regex
	value *types.JSONValue // of a literal
	args  []*pathNode
	steps []*pathNode // what is applied in turn to what the node gives
	// first and last are the levels of **; maxLevel is the deepest.
	first, last uint32
	regex       *regex
}

type pathKind uint8

const (
	pathLiteral   pathKind = iota
	pathRoot               // $
	pathCurrent            // @
	pathVariable           // $name
	pathLast               // last, in a subscript
	pathOperator           // + - * / %, of one or two operands
	pathCompare            // == != < <= > >=
	pathLogic              // && || !
	pathExists             // exists (…)
	pathUnknown            // (…) is unknown
	pathStarts             // … starts with …
	pathLike               // … like_regex …
	pathMember             // .name
	pathMembers            // .*
	pathElements           // [*]
	pathSubscript          // [a, b to c]: each argument is a pathRange
	pathRange              // a to b, or a
	pathAny                // .**
	pathMethod             // .size() and the like
	pathFilter             // ? (…)
)

const (
	maxLevel = 1<<32 - 1
	// maxPathDepth bounds how deep expressions of a path may be within one another, maxPathText its length.
	maxPathDepth = 200
	maxPathText  = 64 << 10
)

// predicate reports whether the node tells true from false, and gives no items.
func (n *pathNode) predicate() bool {
	return len(n.steps) == 0 && n.kind >= pathCompare && n.kind <= pathLike
}

// pathParser reads a path. Its methods panic with a pathError.
type pathParser struct {
	text   string
	at     int
	tok    pathToken
	depth  int
	inside int // filters
	index  int // subscripts
}

// pathToken is a word, a string, a number, a variable, a sign, or the end.
type pathToken struct {
	kind byte // 'w', 's', 'n', 'v', 'p', 0
	text string
	raw  string
}

type pathError struct{ err error }

// parsePath reads a path. Errors: 42601, 0A000, 2201B.
func parsePath(text string) (path *jsonPath, err error) {
	if len(text) > maxPathText {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "jsonpath is too long")
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case pathError:
			path, err = nil, e.err
		default:
			panic(e)
		}
	}()
	p := &pathParser{text: text}
	p.next()
	path = &jsonPath{}
	if p.isWord("strict") || p.isWord("lax") {
		path.strict = p.isWord("strict")
		p.next()
	}
	if p.tok.kind == 0 && strings.TrimSpace(text) == "" {
		p.fail(pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type jsonpath: \"%s\"", text))
	}
	path.root = p.or()
	if p.tok.kind != 0 {
		p.unexpected()
	}
	return path, nil
}

func (p *pathParser) fail(err error) { panic(pathError{err}) }

func (p *pathParser) unexpected() {
	if p.tok.kind == 0 {
		p.fail(pgerr.New(pgerr.SyntaxError, "syntax error at end of jsonpath input"))
	}
	p.fail(pgerr.New(pgerr.SyntaxError, "syntax error at or near \"%s\" of jsonpath input", p.tok.raw))
}

func (p *pathParser) isSign(s string) bool { return p.tok.kind == 'p' && p.tok.text == s }

func (p *pathParser) isWord(w string) bool {
	return p.tok.kind == 'w' && strings.EqualFold(p.tok.text, w)
}

func (p *pathParser) accept(s string) bool {
	if p.isSign(s) || p.isWord(s) {
		p.next()
		return true
	}
	return false
}

func (p *pathParser) expect(s string) {
	if !p.accept(s) {
		p.unexpected()
	}
}

// pathSigns are the signs, longer ones before those that they start with.
var pathSigns = []string{"**", "&&", "||", "==", "!=", "<>", "<=", ">=", "<", ">", "!", "=", "(", ")", "[", "]", "{", "}", "?", ".", "*", "@", ",", "+", "-", "/", "%", "$"}

const pathSpecial = "?%$.[]{}()|&!=<>@#,*:-+/\\\" \t\n\r\f"

// next reads the next token.
func (p *pathParser) next() {
	p.space()
	rest := p.text[p.at:]
	if rest == "" {
		p.tok = pathToken{}
		return
	}
	if n := pathNumber(rest); n > 0 {
		p.take('n', rest[:n], n)
		return
	}
	if rest[0] == '"' {
		p.quoted('s', 1)
		return
	}
	if rest[0] == '$' && len(rest) > 1 {
		if rest[1] == '"' {
			p.quoted('v', 2)
			return
		}
		if n := wordEnd(rest[1:]); n > 0 {
			p.take('v', rest[1:1+n], 1+n)
			return
		}
	}
	for _, s := range pathSigns {
		if strings.HasPrefix(rest, s) {
			p.take('p', s, len(s))
			return
		}
	}
	n := wordEnd(rest)
	if n == 0 || strings.Contains(rest[:n], `\`) {
		p.tok = pathToken{kind: 'p', raw: rest[:1]}
		p.unexpected()
	}
	p.take('w', rest[:n], n)
}

func (p *pathParser) take(kind byte, text string, n int) {
	p.tok = pathToken{kind: kind, text: text, raw: p.text[p.at : p.at+n]}
	p.at += n
}

// space passes white space and comments.
func (p *pathParser) space() {
	for {
		p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " \t\n\r\f"))
		if !strings.HasPrefix(p.text[p.at:], "/*") {
			return
		}
		end := strings.Index(p.text[p.at+2:], "*/")
		if end < 0 {
			p.fail(pgerr.New(pgerr.SyntaxError, "unexpected end of comment at end of jsonpath input"))
		}
		p.at += end + 4
	}
}

func wordEnd(s string) int {
	if n := strings.IndexAny(s, pathSpecial); n >= 0 {
		return n
	}
	return len(s)
}

// pathNumber returns the length of the number that s starts with, without a sign.
func pathNumber(s string) int {
	if s[0] != '.' && (s[0] < '0' || s[0] > '9') {
		return 0
	}
	return numberLength(s)
}

// quoted reads a string whose text begins skip bytes on.
func (p *pathParser) quoted(kind byte, skip int) {
	var b strings.Builder
	for i := p.at + skip; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '"':
			p.take(kind, b.String(), i+1-p.at)
			return
		case '\\':
			i++
			if i < len(p.text) {
				i += p.escape(&b, i)
			}
		default:
			b.WriteByte(c)
		}
	}
	p.fail(pgerr.New(pgerr.SyntaxError, "unterminated quoted string at end of jsonpath input"))
}

// escape writes what the escape at i stands for, and returns how many bytes more than one it has.
func (p *pathParser) escape(b *strings.Builder, i int) int {
	if c := strings.IndexByte("bfnrtv", p.text[i]); c >= 0 {
		b.WriteByte("\b\f\n\r\t\v"[c])
		return 0
	}
	digits := map[byte]int{'u': 4, 'x': 2}[p.text[i]]
	if digits == 0 {
		b.WriteByte(p.text[i])
		return 0
	}
	if i+digits < len(p.text) {
		if v, err := strconv.ParseUint(p.text[i+1:i+1+digits], 16, 32); err == nil && v != 0 && utf8.ValidRune(rune(v)) {
			b.WriteRune(rune(v))
			return digits
		}
	}
	p.fail(pgerr.Unsupported("this escape in a jsonpath is"))
	return 0
}

// enter counts the depth; the function that it returns counts back.
func (p *pathParser) enter() func() {
	if p.depth++; p.depth > maxPathDepth {
		p.fail(pgerr.New("54001", "jsonpath is nested too deeply"))
	}
	return func() { p.depth-- }
}

func (p *pathParser) or() *pathNode {
	defer p.enter()()
	n := p.and()
	for p.isSign("||") {
		n = p.logic("||", n, p.and)
	}
	return n
}

func (p *pathParser) and() *pathNode {
	n := p.not()
	for p.isSign("&&") {
		n = p.logic("&&", n, p.not)
	}
	return n
}

func (p *pathParser) logic(op string, left *pathNode, operand func() *pathNode) *pathNode {
	p.needPredicate(left)
	p.next()
	right := operand()
	p.needPredicate(right)
	return &pathNode{kind: pathLogic, name: op, args: []*pathNode{left, right}}
}

func (p *pathParser) needPredicate(n *pathNode) {
	if !n.predicate() {
		p.unexpected()
	}
}

func (p *pathParser) needItems(n *pathNode) {
	if n.predicate() {
		p.unexpected()
	}
}

func (p *pathParser) not() *pathNode {
	if !p.isSign("!") {
		return p.comparison()
	}
	p.next()
	if !p.isSign("(") && !p.isWord("exists") {
		p.unexpected()
	}
	n := p.comparison()
	p.needPredicate(n)
	return &pathNode{kind: pathLogic, name: "!", args: []*pathNode{n}}
}

// comparison reads a sum, and what may be asked of it.
func (p *pathParser) comparison() *pathNode {
	left := p.sum()
	switch {
	case p.tok.kind == 'p' && isComparison(p.tok.text):
		op := p.tok.text
		p.needItems(left)
		p.next()
		right := p.sum()
		p.needItems(right)
		if op == "<>" {
			op = "!="
		}
		return &pathNode{kind: pathCompare, name: op, args: []*pathNode{left, right}}
	case p.isWord("starts"):
		p.needItems(left)
		p.next()
		p.expect("with")
		if p.tok.kind != 's' && p.tok.kind != 'v' {
			p.unexpected()
		}
		return &pathNode{kind: pathStarts, args: []*pathNode{left, p.primary()}}
	case p.isWord("like_regex"):
		p.needItems(left)
		return p.like(left)
	}
	return left
}

func isComparison(s string) bool {
	switch s {
	case "==", "!=", "<>", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// like reads like_regex "pattern" [flag "letters"].
func (p *pathParser) like(left *pathNode) *pathNode {
	p.next()
	pattern, flags := p.string(), ""
	if p.accept("flag") {
		flags = p.string()
	}
	o := regexOptions{dots: true}
	for _, c := range flags {
		switch c {
		case 'i':
			o.fold = true
		case 's':
			o.dots = false
		case 'm':
			o.lines = true
		case 'q':
			o.literal = true
		case 'x':
			p.fail(pgerr.New(pgerr.FeatureNotSupported, "XQuery \"x\" flag (expanded regular expressions) is not implemented"))
		default:
			p.fail(pgerr.New(pgerr.SyntaxError, "invalid input syntax for type jsonpath").
				WithDetail("Unrecognized flag character \"%c\" in LIKE_REGEX predicate.", c))
		}
	}
	if o.literal {
		o.lines, o.dots = false, false
	}
	r, err := o.compile(pattern)
	if err != nil {
		p.fail(err)
	}
	return &pathNode{kind: pathLike, name: pattern, regex: r, args: []*pathNode{left}}
}

func (p *pathParser) string() string {
	if p.tok.kind != 's' {
		p.unexpected()
	}
	s := p.tok.text
	p.next()
	return s
}

func (p *pathParser) sum() *pathNode {
	n := p.product()
	for p.isSign("+") || p.isSign("-") {
		n = p.operation(n, p.product)
	}
	return n
}

func (p *pathParser) product() *pathNode {
	n := p.unary()
	for p.isSign("*") || p.isSign("/") || p.isSign("%") {
		n = p.operation(n, p.unary)
	}
	return n
}

func (p *pathParser) operation(left *pathNode, operand func() *pathNode) *pathNode {
	op := p.tok.text
	p.needItems(left)
	p.next()
	right := operand()
	p.needItems(right)
	return &pathNode{kind: pathOperator, name: op, args: []*pathNode{left, right}}
}

func (p *pathParser) unary() *pathNode {
	defer p.enter()()
	if !p.isSign("+") && !p.isSign("-") {
		return p.accessors(p.primary())
	}
	op := p.tok.text
	p.next()
	n := p.unary()
	p.needItems(n)
	return &pathNode{kind: pathOperator, name: op, args: []*pathNode{n}}
}

// primary reads a literal, a variable, $, @, last, exists (…), or an expression in parentheses.
func (p *pathParser) primary() *pathNode {
	t := p.tok
	switch {
	case t.kind == 'n':
		p.next()
		v, err := types.ParseJSONB(sqlNumber(t.text))
		if err != nil {
			p.fail(err)
		}
		return &pathNode{kind: pathLiteral, value: v}
	case t.kind == 's':
		p.next()
		return &pathNode{kind: pathLiteral, value: &types.JSONValue{Kind: types.JSONString, Str: t.text}}
	case t.kind == 'v':
		p.next()
		return &pathNode{kind: pathVariable, name: t.text}
	case p.accept("$"):
		return &pathNode{kind: pathRoot}
	case p.accept("@"):
		if p.inside == 0 {
			p.fail(pgerr.New(pgerr.SyntaxError, "@ is not allowed in root expressions"))
		}
		return &pathNode{kind: pathCurrent}
	case p.accept("("):
		return p.parenthesis()
	case t.kind == 'w':
		return p.wordPrimary(t.text)
	}
	p.unexpected()
	return nil
}

// sqlNumber is a number of a path as JSON writes it.
func sqlNumber(s string) string {
	if s[0] == '.' {
		s = "0" + s
	}
	whole, rest, _ := strings.Cut(s, ".")
	if rest == "" && strings.HasSuffix(s, ".") {
		return whole
	}
	if rest != "" && rest[0]|0x20 == 'e' {
		return whole + rest
	}
	return s
}

func (p *pathParser) wordPrimary(word string) *pathNode {
	switch word {
	case "null":
		p.next()
		return &pathNode{kind: pathLiteral, value: &types.JSONValue{Kind: types.JSONNull}}
	case "true", "false":
		p.next()
		return &pathNode{kind: pathLiteral, value: &types.JSONValue{Kind: types.JSONBool, Bool: word == "true"}}
	}
	switch {
	case p.isWord("last"):
		if p.index == 0 {
			p.fail(pgerr.New(pgerr.SyntaxError, "LAST is allowed only in array subscripts"))
		}
		p.next()
		return &pathNode{kind: pathLast}
	case p.isWord("exists"):
		p.next()
		p.expect("(")
		n := p.or()
		p.needItems(n)
		p.expect(")")
		return &pathNode{kind: pathExists, args: []*pathNode{n}}
	}
	p.unexpected()
	return nil
}

// parenthesis reads the rest of ( … ), and IS UNKNOWN.
func (p *pathParser) parenthesis() *pathNode {
	n := p.or()
	p.expect(")")
	if n.predicate() && p.isWord("is") {
		p.next()
		p.expect("unknown")
		return &pathNode{kind: pathUnknown, args: []*pathNode{n}}
	}
	return n
}

// accessors reads what follows a primary.
func (p *pathParser) accessors(n *pathNode) *pathNode {
	for {
		var step *pathNode
		switch {
		case p.accept("."):
			step = p.member()
		case p.accept("["):
			step = p.subscript()
		case p.accept("?"):
			step = p.filter()
		default:
			return n
		}
		n.steps = append(n.steps, step)
	}
}

func (p *pathParser) member() *pathNode {
	t := p.tok
	switch {
	case p.accept("*"):
		return &pathNode{kind: pathMembers}
	case p.accept("**"):
		return p.levels()
	case t.kind != 'w' && t.kind != 's':
		p.unexpected()
	}
	p.next()
	if t.kind == 's' || !p.isSign("(") {
		return &pathNode{kind: pathMember, name: t.text}
	}
	p.next()
	name := strings.ToLower(t.text)
	switch name {
	case "type", "size", "double", "ceiling", "floor", "abs":
	case "datetime", "keyvalue":
		p.fail(pgerr.Unsupported("jsonpath item method .%s() is", name))
	default:
		p.unexpected()
	}
	p.expect(")")
	return &pathNode{kind: pathMethod, name: name}
}

// levels reads {a}, {a to b} or nothing behind **.
func (p *pathParser) levels() *pathNode {
	n := &pathNode{kind: pathAny, last: maxLevel}
	if !p.accept("{") {
		return n
	}
	n.first = p.level()
	n.last = n.first
	if p.accept("to") {
		n.last = p.level()
	}
	p.expect("}")
	return n
}

func (p *pathParser) level() uint32 {
	if p.accept("last") {
		return maxLevel
	}
	v, err := strconv.ParseInt(p.tok.text, 10, 32)
	if p.tok.kind != 'n' || err != nil {
		p.unexpected()
	}
	p.next()
	return uint32(v)
}

func (p *pathParser) subscript() *pathNode {
	if p.accept("*") {
		p.expect("]")
		return &pathNode{kind: pathElements}
	}
	n := &pathNode{kind: pathSubscript}
	p.index++
	for {
		r := &pathNode{kind: pathRange, args: []*pathNode{p.sum()}}
		if p.accept("to") {
			r.args = append(r.args, p.sum())
		}
		n.args = append(n.args, r)
		if !p.accept(",") {
			break
		}
	}
	p.index--
	p.expect("]")
	return n
}

func (p *pathParser) filter() *pathNode {
	p.expect("(")
	p.inside++
	n := p.or()
	p.inside--
	p.needPredicate(n)
	p.expect(")")
	return &pathNode{kind: pathFilter, args: []*pathNode{n}}
}

package expr

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// numberPattern is a pattern of to_char and to_number for numbers (docs table 9.31), after formatting.c.
type numberPattern struct {
	nodes []numberNode
	// pre and post are the places before and behind the point, multi those behind V. zeroFrom counts the place of the first 0,
	// from 1; zeroTo is the number of places up to the last.
	pre, post, multi int
	zeroFrom, zeroTo int
	signAt           signPlace // of S
	placesBeforeSign int
	has              map[string]bool
}

// numberNode is a word of a pattern, or text that is copied.
type numberNode struct {
	word string // in upper case, but for rn and th, whose case matters; "" for text
	text string
}

// signPlace is where S stands.
type signPlace uint8

const (
	signNone signPlace = iota
	signBefore
	signBehind
)

// numberWords are the words of patterns; longer ones before those that they start with.
var numberWords = []string{"EEEE", "FM", "MI", "PL", "PR", "RN", "SG", "SP", "TH", ",", ".", "0", "9", "B", "C", "D", "G", "L", "S", "V"}

// parseNumberPattern takes a pattern apart. Error: 42601.
func parseNumberPattern(pattern string) (*numberPattern, error) {
	p := &numberPattern{has: map[string]bool{}}
	for pattern != "" {
		switch word := numberWord(pattern); {
		case word != "":
			pattern = pattern[len(word):]
			if word != "rn" && word != "th" {
				word = strings.ToUpper(word)
			}
			p.nodes = append(p.nodes, numberNode{word: word})
			if err := p.note(word); err != nil {
				return nil, err
			}
		case pattern[0] == '"':
			var b strings.Builder
			pattern = writeQuoted(&b, pattern[1:])
			for _, c := range b.String() {
				p.nodes = append(p.nodes, numberNode{text: string(c)})
			}
		default:
			if strings.HasPrefix(pattern, `\"`) {
				pattern = pattern[1:]
			}
			_, n := utf8.DecodeRuneInString(pattern)
			p.nodes = append(p.nodes, numberNode{text: pattern[:n]})
			pattern = pattern[n:]
		}
	}
	return p, nil
}

// numberWord returns the word that a pattern starts with, as it is written: all in upper or all in lower case.
func numberWord(pattern string) string {
	for _, word := range numberWords {
		for _, w := range []string{word, strings.ToLower(word)} {
			if strings.HasPrefix(pattern, w) {
				return w
			}
		}
	}
	return ""
}

// note adds a word to what is known of the pattern, and refuses what does not go together.
func (p *numberPattern) note(word string) error {
	bad := func(message string) error { return pgerr.New(pgerr.SyntaxError, "%s", message) }
	if p.has["EEEE"] && word != "EEEE" {
		return bad(`"EEEE" must be the last pattern used`)
	}
	point := p.has["."]
	switch word {
	case "9", "0":
		if p.has["PR"] {
			return bad(`"` + word + `" must be ahead of "PR"`)
		}
		p.digit(word)
	case "B":
		p.has["B"] = p.has["B"] || p.pre == 0 && p.post == 0 && !p.has["0"]
	case "D", ".":
		switch {
		case point:
			return bad("multiple decimal points")
		case p.has["V"]:
			return bad(`cannot use "V" and decimal point together`)
		}
		p.has["."] = true
	case "V":
		if point {
			return bad(`cannot use "V" and decimal point together`)
		}
		p.has["V"] = true
	case "EEEE":
		return p.noteExponent()
	case "S", "MI", "PL", "SG", "PR":
		return p.noteSign(word)
	case "RN", "rn":
		p.has["RN"] = true
	default:
		p.has[word] = true
	}
	return nil
}

func (p *numberPattern) noteExponent() error {
	if p.has["EEEE"] {
		return pgerr.New(pgerr.SyntaxError, `cannot use "EEEE" twice`)
	}
	for _, other := range []string{"B", "FM", "S", "PR", "MI", "PL", "RN", "V"} {
		if p.has[other] {
			return pgerr.New(pgerr.SyntaxError, `"EEEE" is incompatible with other formats`).
				WithDetail(`"EEEE" may only be used together with digit and decimal point patterns.`)
		}
	}
	p.has["EEEE"] = true
	return nil
}

// digit notes a 9 or 0.
func (p *numberPattern) digit(word string) {
	point := p.has["."]
	if word == "9" && p.has["V"] {
		p.multi++
		return
	}
	if word == "0" && !p.has["0"] && !point {
		p.has["0"] = true
		p.zeroFrom = p.pre + 1
	}
	if point {
		p.post++
	} else {
		p.pre++
	}
	if word == "0" {
		p.zeroTo = p.pre + p.post
	}
}

func (p *numberPattern) noteSign(word string) error {
	bad := func(message string) error { return pgerr.New(pgerr.SyntaxError, "%s", message) }
	point := p.has["."]
	switch {
	case word == "S" && p.has["S"]:
		return bad(`cannot use "S" twice`)
	case word == "S" && (p.has["PL"] || p.has["MI"] || p.has["PR"]):
		return bad(`cannot use "S" and "PL"/"MI"/"SG"/"PR" together`)
	case word == "S" && !point:
		p.signAt, p.placesBeforeSign, p.has["S"] = signBefore, p.pre, true
	case word == "S":
		p.signAt, p.has["S"] = signBehind, true
	case word == "PR" && (p.has["S"] || p.has["PL"] || p.has["MI"]):
		return bad(`cannot use "PR" and "S"/"PL"/"MI"/"SG" together`)
	case p.has["S"]:
		return bad(`cannot use "S" and "` + word + `" together`)
	case word == "SG":
		p.has["PL"], p.has["MI"] = true, true
	default:
		p.has[word] = true
	}
	return nil
}

// numberText is a number that is to be written: its digits, with a point if there are any behind it, and its sign.
type numberText struct {
	digits string
	sign   byte // '+' or '-'
	spaces int  // places before the digits
}

// numberWriter is the writing of one number.
type numberWriter struct {
	*numberPattern
	numberText
	out          strings.Builder
	fill         bool // FM
	bracket      bool
	signPlace    signPlace
	signWritten  bool
	inNumber     bool // the last place had a digit
	at           int  // in digits
	place        int
	lastRelevant int // in digits; -1: all are
	count        int
	zeroFrom     int // from 0
}

// write writes a number.
func (p *numberPattern) write(n numberText) string {
	if p.has["EEEE"] {
		return n.digits
	}
	w := &numberWriter{numberPattern: p, numberText: n, fill: p.has["FM"], bracket: p.has["PR"], signPlace: p.signAt, lastRelevant: -1}
	w.zeroFrom = max(p.zeroFrom-1, 0)
	if !p.has["RN"] {
		w.begin()
	}
	for _, node := range p.nodes {
		if node.word == "" {
			w.out.WriteString(node.text)
		} else {
			w.word(node.word)
		}
	}
	text, _, _ := strings.Cut(w.out.String(), beyond)
	return text
}

// beyond is what a place has for which there is no digit. PostgreSQL's text ends there.
const beyond = "\x00"

// begin decides what is left to write of the sign, and which digits matter.
func (w *numberWriter) begin() {
	if plus, minus := w.has["PL"], w.has["MI"]; plus || minus {
		w.signWritten = minus
	} else {
		if w.sign != '-' && w.fill {
			w.bracket = false
		}
		w.signWritten = w.sign == '+' && w.fill && !w.has["S"]
		if w.signPlace == signBefore && w.pre == w.placesBeforeSign {
			w.signPlace = signBehind
		}
	}
	w.count = w.post + w.pre - 1
	if w.fill && w.has["."] {
		w.lastRelevant = lastRelevant(w.digits)
		if w.lastRelevant >= 0 && w.zeroTo > w.spaces {
			w.lastRelevant = max(w.lastRelevant, min(len(w.digits)-1, w.zeroTo-w.spaces))
		}
	}
	if !w.signWritten && w.spaces == 0 {
		w.count++
	}
}

// lastRelevant returns the place of the last digit behind the point that is no zero, or of the point; -1 without one.
func lastRelevant(digits string) int {
	if point := strings.IndexByte(digits, '.'); point >= 0 {
		return max(point, strings.LastIndexAny(digits[point:], "123456789#")+point)
	}
	return -1
}

func (w *numberWriter) word(word string) {
	switch word {
	case "9", "0", ".", "D":
		if !w.has["RN"] {
			w.part(word)
		}
	case ",", "G":
		if w.inNumber {
			w.out.WriteByte(',')
		} else if !w.fill {
			w.out.WriteByte(' ')
		}
	case "L":
		w.out.WriteByte(' ')
	case "RN", "rn":
		w.roman(word)
	case "TH", "th":
		if w.has["RN"] || strings.HasPrefix(w.digits, "#") || w.sign == '-' || w.has["."] {
			return
		}
		w.out.WriteString(ordinal(w.digits, word))
	case "MI":
		w.signOr('-')
	case "PL":
		w.signOr('+')
	case "SG":
		w.out.WriteByte(w.sign)
	}
}

// signOr writes a sign if it is the number's.
func (w *numberWriter) signOr(sign byte) {
	if w.sign == sign {
		w.out.WriteByte(sign)
	} else if !w.fill {
		w.out.WriteByte(' ')
	}
}

func (w *numberWriter) roman(word string) {
	text := w.digits
	if word == "rn" {
		text = strings.ToLower(text)
	}
	if !w.fill {
		text = strings.Repeat(" ", max(15-len(text), 0)) + text
	}
	w.out.WriteString(text)
}

// ordinal is the ending of an ordinal number: th or TH says how it is written.
func ordinal(digits, th string) string {
	last := digits[len(digits)-1]
	if len(digits) > 1 && digits[len(digits)-2] == '1' {
		last = 0
	}
	ending := map[byte]string{'1': "ST", '2': "ND", '3': "RD"}[last]
	if ending == "" {
		ending = "TH"
	}
	if th == "th" {
		return strings.ToLower(ending)
	}
	return ending
}

// leadingZero reports whether the next digit is the zero before the point that 9.9 leaves out.
func (w *numberWriter) leadingZero() bool {
	return !w.has["0"] && w.at == 0 && strings.HasPrefix(w.digits, "0") && w.post != 0
}

// endsAtPoint reports whether nothing behind the point is to be written.
func (w *numberWriter) endsAtPoint() bool {
	return w.lastRelevant >= 0 && w.digits[w.lastRelevant] == '.'
}

// part writes what a place of the number has: the sign before it, a blank, a zero, a digit or the point, the sign behind it.
func (w *numberWriter) part(word string) {
	w.inNumber = false
	if !w.signWritten && (w.place >= w.spaces || w.has["0"] && w.zeroFrom == w.place) && (!w.leadingZero() || w.endsAtPoint()) {
		w.signAhead()
	}
	switch {
	case w.place < w.spaces && (w.zeroFrom > w.place || !w.has["0"]):
		w.blank()
	case w.has["0"] && w.place < w.spaces:
		w.out.WriteByte('0')
		w.inNumber = true
	default:
		w.digit(word)
		if w.at < len(w.digits) {
			w.at++
		}
	}
	end := w.count
	if w.spaces > 0 {
		end++
	}
	if w.has["."] {
		end++
	}
	if w.lastRelevant >= 0 && w.lastRelevant == w.at {
		end = w.place
	}
	if w.place+1 == end {
		w.signAfter()
	}
	w.place++
}

func (w *numberWriter) blank() {
	if !w.fill {
		w.out.WriteByte(' ')
	}
}

func (w *numberWriter) signAhead() {
	switch {
	case w.has["S"]:
		if w.signPlace != signBefore {
			return
		}
		w.out.WriteByte(w.sign)
	case w.bracket:
		w.out.WriteByte(map[bool]byte{true: ' ', false: '<'}[w.sign == '+'])
	case w.sign == '+':
		w.blank()
	default:
		w.out.WriteByte('-')
	}
	w.signWritten = true
}

func (w *numberWriter) signAfter() {
	switch {
	case w.signWritten && w.bracket:
		w.out.WriteByte(map[bool]byte{true: ' ', false: '>'}[w.sign == '+'])
	case w.has["S"] && w.signPlace == signBehind:
		w.out.WriteByte(w.sign)
	}
}

// digit writes the next digit, or the point.
func (w *numberWriter) digit(word string) {
	switch {
	case w.at < len(w.digits) && w.digits[w.at] == '.':
		if !w.endsAtPoint() || w.fill {
			w.out.WriteByte('.')
		}
	case w.lastRelevant >= 0 && w.at > w.lastRelevant && word != "0":
	case w.leadingZero():
		if !w.fill {
			w.out.WriteByte(' ')
		} else if w.endsAtPoint() {
			w.out.WriteByte('0')
		}
	default:
		w.out.WriteString((w.digits + beyond)[w.at : w.at+1])
		w.inNumber = true
	}
}

// numberReader is the reading of one text by a pattern.
type numberReader struct {
	*numberPattern
	text      string
	at        int
	sign      byte // ' ' if none has been read
	digits    []byte
	readPre   int
	readPost  int
	readPoint bool
}

// read reads text, and returns the number as it is written in SQL, and how many digits behind the point were read.
// Error: 0A000.
func (p *numberPattern) read(text string) (number string, scale int, err error) {
	for _, word := range []string{"EEEE", "RN"} {
		if p.has[word] {
			return "", 0, pgerr.New(pgerr.FeatureNotSupported, "\"%s\" not supported for input", word)
		}
	}
	r := &numberReader{numberPattern: p, text: text, sign: ' '}
	for _, node := range p.nodes {
		if r.ended() {
			break
		}
		if node.word == "" {
			r.skip()
		} else {
			r.word(node.word)
		}
	}
	digits := string(r.digits)
	return string(r.sign) + strings.TrimSuffix(digits, "."), r.readPost, nil
}

func (r *numberReader) ended() bool { return r.at >= len(r.text) }

func (r *numberReader) skip() {
	_, n := utf8.DecodeRuneInString(r.text[r.at:])
	r.at += n
}

// skipOther passes up to n characters that are no part of a number.
func (r *numberReader) skipOther(n int) {
	for ; n > 0 && !r.ended() && strings.IndexByte("0123456789.,+-", r.text[r.at]) < 0; n-- {
		r.skip()
	}
}

func (r *numberReader) word(word string) {
	switch word {
	case "9", "0", ".", "D":
		r.part(word)
		r.at++
	case ",", "G":
		if r.text[r.at] == ',' && !r.has["FM"] {
			r.at++
		}
	case "L":
		r.skipOther(1)
	case "TH", "th":
		if !r.has["."] {
			r.skipOther(2)
		}
	case "MI", "PL", "SG":
		r.signWord(word)
	}
}

func (r *numberReader) signWord(word string) {
	c := r.text[r.at]
	if c == '-' && word != "PL" || c == '+' && word != "MI" {
		r.sign = c
		r.at++
		return
	}
	r.skipOther(1)
}

// part reads a digit or the point, and a sign before or behind the number. The caller passes the character.
func (r *numberReader) part(word string) {
	if r.ended() {
		return
	}
	if r.text[r.at] == ' ' {
		r.at++
	}
	if r.ended() {
		return
	}
	if r.sign == ' ' && (word == "0" || word == "9") && r.readPre+r.readPost == 0 {
		r.signBeforeNumber()
	}
	if r.ended() {
		return
	}
	read := false
	switch c := r.text[r.at]; {
	case c >= '0' && c <= '9':
		if r.readPoint && r.readPost == r.post {
			return
		}
		r.digits = append(r.digits, c)
		read = true
		if r.readPoint {
			r.readPost++
		} else {
			r.readPre++
		}
	case c == '.' && r.has["."] && !r.readPoint:
		r.digits, r.readPoint, read = append(r.digits, '.'), true, true
	}
	if r.sign == ' ' && r.readPre+r.readPost > 0 {
		r.signBehindNumber(read)
	}
}

func (r *numberReader) signBeforeNumber() {
	c := r.text[r.at]
	switch {
	case c == '-' || c == '<' && r.has["PR"]:
		r.sign = '-'
		r.at++
	case c == '+':
		r.sign = '+'
		r.at++
	}
}

func (r *numberReader) signBehindNumber(read bool) {
	next := r.at + 1
	switch {
	case r.has["S"] && read && next < len(r.text) && (r.text[next] < '0' || r.text[next] > '9'):
		if c := r.text[next]; c == '-' || c == '+' {
			r.sign, r.at = c, next
		}
	case !read && !r.has["S"] && (r.has["PL"] || r.has["MI"]):
		if c := r.text[r.at]; c == '-' || c == '+' {
			r.sign = c
		}
	}
}

// romanOf returns a number from 1 to 3999 in Roman digits, others as hashes.
func romanOf(n int64) string {
	if n < 1 || n > 3999 {
		return strings.Repeat("#", 15)
	}
	var b strings.Builder
	for _, d := range romanDigits {
		for ; n >= d.value; n -= d.value {
			b.WriteString(d.text)
		}
	}
	return b.String()
}

var romanDigits = []struct {
	value int64
	text  string
}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}}

// fit returns digits with their sign for the places of the pattern; what has more before the point is hashes.
func (p *numberPattern) fit(text string) numberText {
	pre := p.pre
	n := numberText{digits: strings.TrimPrefix(text, "-"), sign: '+'}
	if strings.HasPrefix(text, "-") {
		n.sign = '-'
	}
	length := len(n.digits)
	if point := strings.IndexByte(n.digits, '.'); point >= 0 {
		length = point
	}
	switch {
	case length < pre:
		n.spaces = pre - length
	case length > pre:
		hashes := slices.Repeat([]byte{'#'}, pre+p.post+1)
		hashes[pre] = '.'
		n.digits = string(hashes)
	}
	return n
}

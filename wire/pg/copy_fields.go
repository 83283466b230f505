package pg

import (
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// splitText splits a line of the text format ("PostgreSQL 15 docs, COPY, Text Format").
func (p *copyTextParser) splitText(line string) error {
	f := &p.copy.Format
	for {
		end, escapes := fieldEnd(line, f.Delimiter)
		field := copyField{text: line[:end], null: line[:end] == f.Null}
		if escapes && !field.null {
			text, err := p.unescape(field.text)
			if err != nil {
				return err
			}
			field.text = text
		}
		p.fields = append(p.fields, field)
		if end == len(line) {
			return nil
		}
		line = line[end+1:]
	}
}

// fieldEnd returns where the first field ends, and whether it has backslashes.
func fieldEnd(line string, delimiter byte) (end int, escapes bool) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case delimiter:
			return i, escapes
		case '\\':
			escapes = true
			i++
		}
	}
	return len(line), escapes
}

// controls are the letters that stand for control characters behind a backslash.
var controls = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescape resolves backslashes. The result must be text again: escapes can make any byte.
func (p *copyTextParser) unescape(s string) (string, error) {
	p.text = p.text[:0]
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\':
			p.text = append(p.text, s[i])
			i++
			continue
		case i+1 == len(s): // the data end in a backslash
			i++
			continue
		}
		c, used := escape(s[i+1:])
		p.text = append(p.text, c)
		i += 1 + used
	}
	if err := types.CheckTextBytes(p.text); err != nil {
		return "", err
	}
	return string(p.text), nil
}

// escape reads what follows a backslash, s, which is not empty.
func escape(s string) (c byte, used int) {
	if control, ok := controls[s[0]]; ok {
		return control, 1
	}
	switch {
	case s[0] >= '0' && s[0] <= '7':
		return digits(s, 8, 3)
	case s[0] == 'x' && len(s) > 1 && digit(s[1], 16) >= 0:
		c, used = digits(s[1:], 16, 2)
		return c, used + 1
	}
	return s[0], 1
}

// digits reads at most limit digits; what does not fit into a byte is cut.
func digits(s string, base, limit int) (byte, int) {
	value, n := 0, 0
	for n < limit && n < len(s) && digit(s[n], base) >= 0 {
		value = value*base + digit(s[n], base)
		n++
	}
	return byte(value), n
}

func digit(c byte, base int) int {
	d := strings.IndexByte("0123456789abcdef", c|0x20)
	if c >= '0' && c <= '9' {
		d = int(c - '0')
	}
	if d >= base {
		return -1
	}
	return d
}

// splitCSV splits a line of CSV, which may hold line ends in quotes.
func (p *copyTextParser) splitCSV(line string) error {
	for {
		field, rest, more, err := p.csvField(line)
		if err != nil {
			return err
		}
		p.fields = append(p.fields, field)
		if !more {
			return nil
		}
		line = rest
	}
}

// csvField reads the first field of line. Quotes may begin in the middle of a field; a field with quotes is never NULL.
func (p *copyTextParser) csvField(line string) (field copyField, rest string, more bool, err error) {
	f := &p.copy.Format
	end := strings.IndexByte(line, f.Delimiter)
	if end < 0 {
		end = len(line)
	}
	if strings.IndexByte(line[:end], f.Quote) < 0 { // the common case: no copy
		field = copyField{text: line[:end], null: line[:end] == f.Null}
		return field, line[min(end+1, len(line)):], end < len(line), nil
	}
	p.text = p.text[:0]
	quoted := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == f.Escape && i+1 < len(line) && (line[i+1] == f.Escape || line[i+1] == f.Quote):
			i++
			p.text = append(p.text, line[i])
		case c == f.Quote:
			quoted = !quoted
		case c == f.Delimiter && !quoted:
			return copyField{text: string(p.text)}, line[i+1:], true, nil
		default:
			p.text = append(p.text, c)
		}
	}
	if quoted {
		return field, "", false, badFormat("unterminated CSV quoted field")
	}
	return copyField{text: string(p.text)}, "", false, nil
}

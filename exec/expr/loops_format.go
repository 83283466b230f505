package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

func registerFormat() {
	register("format(text)", rows(formatText))
	register("format(text,any)", rows(formatText))
}

// maxFormatWidth bounds the width of a field of format.
const maxFormatWidth = 1<<31 - 1

// formatter is format() for one row: what is left of the pattern, and the argument that comes next.
type formatter struct {
	k    *call
	row  int
	rest string
	next int
	out  strings.Builder
}

func formatText(k *call, i int) error {
	if k.args[0].null(i) {
		k.setNull(i)
		return nil
	}
	f := &formatter{k: k, row: i, rest: k.str(0, i), next: 1}
	for {
		plain, rest, found := strings.Cut(f.rest, "%")
		f.out.WriteString(plain)
		if !found {
			break
		}
		f.rest = rest
		if strings.HasPrefix(rest, "%") {
			f.out.WriteByte('%')
			f.rest = rest[1:]
			continue
		}
		if err := f.field(); err != nil {
			return err
		}
		if f.out.Len() > maxText {
			return errTextLength
		}
	}
	k.out.Str[i] = f.out.String()
	return nil
}

// field writes %[position$][-][width]type.
func (f *formatter) field() error {
	position, err := f.position()
	if err != nil {
		return err
	}
	width, left, err := f.width()
	if err != nil {
		return err
	}
	if f.rest == "" {
		return errFormatEnd()
	}
	kind, size := utf8.DecodeRuneInString(f.rest)
	f.rest = f.rest[size:]
	if !strings.ContainsRune("sIL", kind) {
		return pgerr.New(pgerr.InvalidParameterValue, "unrecognized format() type specifier \"%c\"", kind).
			WithHint("For a single \"%%\" use \"%%%%\".")
	}
	at := position
	if at == 0 {
		at = f.next
	}
	if at >= len(f.k.args) {
		return pgerr.New(pgerr.InvalidParameterValue, "too few arguments for format()")
	}
	f.next = at + 1
	text, err := f.value(kind, at)
	if err != nil {
		return err
	}
	return f.pad(text, width, left)
}

func errFormatEnd() error {
	return pgerr.New(pgerr.InvalidParameterValue, "unterminated format() type specifier").WithHint("For a single \"%%\" use \"%%%%\".")
}

// digits takes a number off the rest; false if there is none.
func (f *formatter) digits() (int, bool, error) {
	n := 0
	for n < len(f.rest) && f.rest[n] >= '0' && f.rest[n] <= '9' {
		n++
	}
	if n == 0 {
		return 0, false, nil
	}
	v, err := strconv.ParseInt(f.rest[:n], 10, 32)
	f.rest = f.rest[n:]
	if err != nil {
		return 0, true, pgerr.New(pgerr.NumericValueOutOfRange, "number is out of range")
	}
	if f.rest == "" {
		return 0, true, errFormatEnd()
	}
	return int(v), true, nil
}

// position takes position$ off the rest; 0 if it is not there.
func (f *formatter) position() (int, error) {
	before := f.rest
	n, ok, err := f.digits()
	switch {
	case err != nil:
		return 0, err
	case !ok || !strings.HasPrefix(f.rest, "$"):
		f.rest = before
		return 0, nil
	case n == 0:
		return 0, pgerr.New(pgerr.InvalidParameterValue, "format specifies argument 0, but arguments are numbered from 1")
	}
	if f.rest = f.rest[1:]; f.rest == "" {
		return 0, errFormatEnd()
	}
	return n, nil
}

// width takes [-][width], where the width may be * or *position$.
func (f *formatter) width() (width int, left bool, err error) {
	for strings.HasPrefix(f.rest, "-") {
		left = true
		if f.rest = f.rest[1:]; f.rest == "" {
			return 0, left, errFormatEnd()
		}
	}
	if !strings.HasPrefix(f.rest, "*") {
		width, _, err = f.digits()
		return width, left, err
	}
	if f.rest = f.rest[1:]; f.rest == "" {
		return 0, left, errFormatEnd()
	}
	at, err := f.widthPosition()
	if err != nil {
		return 0, left, err
	}
	if at >= len(f.k.args) {
		return 0, left, pgerr.New(pgerr.InvalidParameterValue, "too few arguments for format()")
	}
	f.next = at + 1
	c := f.k.args[at]
	if c.null(f.row) {
		return 0, left, nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(f.k.textOf(at, f.row)), 10, 32)
	if err != nil || n <= -maxFormatWidth {
		return 0, left, pgerr.New("22P02", "invalid input syntax for type integer: \"%s\"", f.k.textOf(at, f.row))
	}
	if n < 0 {
		return int(-n), true, nil
	}
	return int(n), left, nil
}

func (f *formatter) widthPosition() (int, error) {
	n, ok, err := f.digits()
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return f.next, nil
	case !strings.HasPrefix(f.rest, "$"):
		return 0, pgerr.New(pgerr.InvalidParameterValue, "width argument position must be ended by \"$\"")
	case n == 0:
		return 0, pgerr.New(pgerr.InvalidParameterValue, "format specifies argument 0, but arguments are numbered from 1")
	}
	if f.rest = f.rest[1:]; f.rest == "" {
		return 0, errFormatEnd()
	}
	return n, nil
}

// value is an argument as its kind asks for it.
func (f *formatter) value(kind rune, at int) (string, error) {
	c := f.k.args[at]
	if c.null(f.row) {
		switch kind {
		case 'I':
			return "", pgerr.New(pgerr.NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")
		case 'L':
			return "NULL", nil
		}
		return "", nil
	}
	text := string(f.k.appendOutput(nil, c, f.row))
	switch kind {
	case 'I':
		return quoteIdent(text), nil
	case 'L':
		return quoteLiteral(text), nil
	}
	return text, nil
}

// pad writes a text, filled with spaces to a width.
func (f *formatter) pad(text string, width int, left bool) error {
	fill := width - utf8.RuneCountInString(text)
	if fill > maxText {
		return errTextLength
	}
	if fill > 0 && !left {
		f.out.WriteString(strings.Repeat(" ", fill))
	}
	f.out.WriteString(text)
	if fill > 0 && left {
		f.out.WriteString(strings.Repeat(" ", fill))
	}
	return nil
}

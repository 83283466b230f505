package pg

import (
	"bytes"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
)

// lineEnd is how the lines of the data end. The first line decides; another way later is an error.
type lineEnd uint8

const (
	endUnknown lineEnd = iota
	endLF
	endCR
	endCRLF
)

// lineSplitter finds the ends of lines: not those in CSV quotes, and in text not those behind a backslash. It keeps how
// far it has looked into a line that is not whole, so that each byte is looked at once.
type lineSplitter struct {
	format *session.CopyFormat
	end    lineEnd

	at      int  // where to look on
	quoted  bool // CSV: in quotes
	escaped bool // CSV: the byte before was the escape character
	lines   int  // line ends in quotes so far
}

// line is what split found.
type line struct {
	text  []byte // without its end
	used  int    // bytes of the data, its end included
	lines int    // lines of the data that it takes: more than one if there are line ends in quotes
	end   bool   // the end-of-data marker follows
}

// split returns the first line of data; ok is false if there is no whole line. last says that no more data come.
func (s *lineSplitter) split(data []byte, last bool) (l line, ok bool, err error) {
	if n := s.plain(data); n >= 0 {
		return s.found(data[:n], n+1), true, nil
	}
	for s.at < len(data) {
		c := data[s.at]
		switch {
		case s.format.CSV && s.inQuotes(c):
			s.at++
		case c == '\\' && !s.format.CSV:
			if s.at+1 == len(data) && !last {
				return line{}, false, nil // what it escapes is still to come
			}
			if s.at+1 < len(data) && data[s.at+1] == '.' {
				return s.marker(data, last)
			}
			s.at += 2
		case c == '\n' || c == '\r':
			size, err := s.lineEnd(data[s.at:], last)
			if err != nil || size == 0 {
				return line{}, false, err
			}
			return s.found(data[:s.at], s.at+size), true, nil
		default:
			s.at++
		}
	}
	if last && len(data) > 0 {
		return s.found(data, len(data)), true, nil
	}
	return line{}, false, nil
}

// marker reads the end-of-data marker \. of the text format, of which nothing but a line's end may follow. What stands
// before it in its line is the last line.
func (s *lineSplitter) marker(data []byte, last bool) (line, bool, error) {
	rest, end := data[s.at+2:], 0
	switch {
	case len(rest) == 0 && !last:
		return line{}, false, nil
	case len(rest) == 0:
	case rest[0] != '\n' && rest[0] != '\r':
		return line{}, false, badFormat("end-of-copy marker corrupt")
	default:
		var err error
		if end, err = s.lineEnd(rest, last); err != nil {
			return line{}, false, badFormat("end-of-copy marker does not match previous newline style")
		}
		if end == 0 {
			return line{}, false, nil
		}
	}
	l := s.found(data[:s.at], s.at+2+end)
	l.end = true
	return l, true, nil
}

// plain is the short way for most lines: it returns the length of the first line if that ends in a line feed and has
// nothing in it that would need a closer look, or -1.
func (s *lineSplitter) plain(data []byte) int {
	if s.at > 0 || s.end != endLF {
		return -1
	}
	n := bytes.IndexByte(data, '\n')
	special := byte('\\')
	if s.format.CSV {
		special = s.format.Quote
	}
	if n < 0 || bytes.IndexByte(data[:n], special) >= 0 || bytes.IndexByte(data[:n], '\r') >= 0 {
		return -1
	}
	return n
}

func (s *lineSplitter) found(text []byte, used int) line {
	l := line{text: text, used: used, lines: 1 + s.lines}
	s.at, s.quoted, s.escaped, s.lines = 0, false, false, 0
	return l
}

// inQuotes takes notice of quotes, and reports whether c is one or is inside of them. If the escape character is the
// quote, that toggles; else an escape counts within quotes only, and not behind another.
func (s *lineSplitter) inQuotes(c byte) bool {
	f := s.format
	was := s.quoted
	if f.Escape != f.Quote && s.quoted && c == f.Escape {
		s.escaped = !s.escaped
	}
	if c == f.Quote && !s.escaped {
		s.quoted = !s.quoted
	}
	if f.Escape == f.Quote || c != f.Escape {
		s.escaped = false
	}
	if s.quoted && (c == '\n' && s.end == endLF || c == '\r' && s.end != endLF) {
		s.lines++ // as PostgreSQL counts, which does not know yet how the first line ends
	}
	return was || s.quoted
}

// lineEnd returns the length of the line's end that rest begins with, 0 if the next byte must be known first.
func (s *lineSplitter) lineEnd(rest []byte, last bool) (int, error) {
	end, size := endLF, 1
	if rest[0] == '\r' {
		if len(rest) == 1 && !last && s.end != endCR {
			return 0, nil
		}
		end = endCR
		if len(rest) > 1 && rest[1] == '\n' && s.end != endCR {
			end, size = endCRLF, 2
		}
	}
	if s.end != endUnknown && s.end != end {
		return 0, s.mixedEnds(rest[0])
	}
	s.end = end
	return size, nil
}

func (s *lineSplitter) mixedEnds(c byte) error {
	name, escape := "newline", `\n`
	if c == '\r' {
		name, escape = "carriage return", `\r`
	}
	if s.format.CSV {
		return pgerr.New(pgerr.BadCopyFileFormat, "unquoted %s found in data", name).
			WithHint("Use quoted CSV field to represent %s.", name)
	}
	return pgerr.New(pgerr.BadCopyFileFormat, "literal %s found in data", name).
		WithHint(`Use "%s" to represent %s.`, escape, name)
}

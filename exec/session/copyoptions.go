package session

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// CopyFormat is how COPY writes rows ("PostgreSQL 15 docs, COPY, File Formats").
type CopyFormat struct {
	CSV, Binary bool // else text
	Delimiter   byte
	Null        string
	// Header: the first line holds names; HeaderMatch: they must be those of the columns.
	Header, HeaderMatch bool
	Quote, Escape       byte // CSV
}

// copyOption reads one option of COPY into f.
type copyOption func(f *copyOptions, o ast.Option, value string) error

// copyOptions are the options as given, before defaults.
type copyOptions struct {
	CopyFormat
	delimiter, null, quote, escape *string
}

var copyOptionReaders = map[string]copyOption{
	"format": func(f *copyOptions, o ast.Option, v string) error {
		switch strings.ToLower(v) {
		case "text":
		case "csv":
			f.CSV = true
		case "binary":
			f.Binary = true
		default:
			return pgerr.New(pgerr.InvalidParameterValue, "COPY format %q not recognized", v).At(o.Pos)
		}
		return nil
	},
	"delimiter": func(f *copyOptions, _ ast.Option, v string) error { f.delimiter = &v; return nil },
	"null":      func(f *copyOptions, _ ast.Option, v string) error { f.null = &v; return nil },
	"quote":     func(f *copyOptions, _ ast.Option, v string) error { f.quote = &v; return nil },
	"escape":    func(f *copyOptions, _ ast.Option, v string) error { f.escape = &v; return nil },
	"header":    readHeader,
	"freeze":    readFreeze,
	"encoding": func(_ *copyOptions, o ast.Option, v string) error {
		_, err := checkEncoding("encoding", []string{v})
		return err
	},
}

func readHeader(f *copyOptions, o ast.Option, v string) error {
	if strings.EqualFold(v, "match") {
		f.Header, f.HeaderMatch = true, true
		return nil
	}
	on, ok := optionBool(o, v)
	if !ok {
		return pgerr.New(pgerr.SyntaxError, "header requires a Boolean value or \"match\"").At(o.Pos)
	}
	f.Header = on
	return nil
}

// readFreeze takes FREEZE, which promises nothing that could not be kept.
func readFreeze(_ *copyOptions, o ast.Option, v string) error {
	if _, ok := optionBool(o, v); !ok {
		return pgerr.New(pgerr.SyntaxError, "freeze requires a Boolean value").At(o.Pos)
	}
	return nil
}

// optionBool reads a truth value; a bare name is true.
func optionBool(o ast.Option, v string) (value, ok bool) {
	if o.Value == nil {
		return true, true
	}
	return parseBool(v)
}

// readCopyOptions checks the options of COPY and gives the format.
func readCopyOptions(options []ast.Option, from bool) (CopyFormat, error) {
	f := &copyOptions{}
	seen := map[string]bool{}
	for _, o := range options {
		read := copyOptionReaders[o.Name]
		switch {
		case seen[o.Name]:
			return CopyFormat{}, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
		case strings.HasPrefix(o.Name, "force_"):
			return CopyFormat{}, pgerr.Unsupported("COPY option %s is", upper(o.Name)).At(o.Pos)
		case read == nil:
			return CopyFormat{}, pgerr.New(pgerr.SyntaxError, "option %q not recognized", o.Name).At(o.Pos)
		}
		seen[o.Name] = true
		if err := read(f, o, optionText(o)); err != nil {
			return CopyFormat{}, err
		}
	}
	if err := f.finish(); err != nil {
		return CopyFormat{}, err
	}
	if f.HeaderMatch && !from {
		return CopyFormat{}, pgerr.New(pgerr.FeatureNotSupported, "cannot use \"match\" with HEADER in COPY TO")
	}
	return f.CopyFormat, nil
}

// finish fills in the defaults, which depend on the format, and checks how the options go together.
func (f *copyOptions) finish() (err error) {
	if f.Binary {
		return f.checkBinary()
	}
	delimiter, null := "\t", `\N`
	if f.CSV {
		delimiter, null = ",", ""
	}
	if err := f.onlyCSV(); err != nil {
		return err
	}
	if f.Delimiter, err = oneByte("delimiter", orDefault(f.delimiter, delimiter)); err != nil {
		return err
	}
	if f.Quote, err = oneByte("quote", orDefault(f.quote, `"`)); err != nil {
		return err
	}
	if f.Escape, err = oneByte("escape", orDefault(f.escape, string(f.Quote))); err != nil {
		return err
	}
	f.Null = orDefault(f.null, null)
	return f.checkTogether()
}

// checkBinary refuses what the binary format has no use for.
func (f *copyOptions) checkBinary() error {
	switch {
	case f.delimiter != nil:
		return pgerr.New(pgerr.SyntaxError, "cannot specify DELIMITER in BINARY mode")
	case f.null != nil:
		return pgerr.New(pgerr.SyntaxError, "cannot specify NULL in BINARY mode")
	case f.Header:
		return pgerr.New(pgerr.FeatureNotSupported, "cannot specify HEADER in BINARY mode")
	}
	return f.onlyCSV()
}

// onlyCSV refuses what only CSV has.
func (f *copyOptions) onlyCSV() error {
	for name, given := range map[string]bool{"quote": f.quote != nil, "escape": f.escape != nil && f.quote == nil} {
		if given && !f.CSV {
			return pgerr.New(pgerr.FeatureNotSupported, "COPY %s available only in CSV mode", name)
		}
	}
	return nil
}

func orDefault(v *string, value string) string {
	if v == nil {
		return value
	}
	return *v
}

func oneByte(name, v string) (byte, error) {
	if len(v) != 1 {
		return 0, pgerr.New(pgerr.FeatureNotSupported, "COPY %s must be a single one-byte character", name)
	}
	return v[0], nil
}

// checkTogether holds what ProcessCopyOptions of PostgreSQL checks last.
func (f *copyOptions) checkTogether() error {
	invalid := func(message string) error { return pgerr.New(pgerr.InvalidParameterValue, "%s", message) }
	switch {
	case f.Delimiter == '\n' || f.Delimiter == '\r':
		return invalid("COPY delimiter cannot be newline or carriage return")
	case strings.ContainsAny(f.Null, "\r\n"):
		return invalid("COPY null representation cannot use newline or carriage return")
	case !f.CSV && strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, f.Delimiter) >= 0:
		return pgerr.New(pgerr.InvalidParameterValue, "COPY delimiter cannot be %q", string(f.Delimiter))
	case f.CSV && f.Delimiter == f.Quote:
		return invalid("COPY delimiter and quote must be different")
	case strings.IndexByte(f.Null, f.Delimiter) >= 0:
		return invalid("COPY delimiter must not appear in the NULL specification")
	case f.CSV && strings.IndexByte(f.Null, f.Quote) >= 0:
		return invalid("CSV quote character must not appear in the NULL specification")
	}
	return nil
}

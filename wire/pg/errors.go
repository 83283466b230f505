package pg

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
)

// errorResponse gives an error the form of the protocol ("PostgreSQL 15 docs 55.8").
func errorResponse(severity string, err error) *pgproto3.ErrorResponse {
	e := pgerr.From(err)
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: e.Code, Message: e.Message,
		Detail: e.Detail, Hint: e.Hint, Position: int32(e.Position), Where: e.Where, SchemaName: e.Schema,
		TableName: e.Table, ColumnName: e.Column, DataTypeName: e.DataType, ConstraintName: e.Constraint}
}

func noticeResponse(n session.Notice) *pgproto3.NoticeResponse {
	return (*pgproto3.NoticeResponse)(errorResponse(n.Severity, n.Error))
}

func protocolViolation(format string, args ...any) error {
	return pgerr.New(pgerr.ProtocolViolation, format, args...)
}

func invalidFormat(code int16) error {
	return pgerr.New(pgerr.InvalidParameterValue, "unsupported format code: %d", code)
}

// checkText refuses bytes that are no text: NUL and what is not UTF-8.
func checkText(b []byte) error {
	if bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) {
		return nil
	}
	for i := 0; i < len(b); {
		if b[i] == 0 {
			return invalidBytes(b[i : i+1])
		}
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size <= 1 {
			return invalidBytes(b[i:min(len(b), i+sequenceLength(b[i]))])
		}
		i += size
	}
	return nil
}

// sequenceLength is how long the first byte of a sequence claims that it is.
func sequenceLength(first byte) int {
	switch {
	case first&0xe0 == 0xc0:
		return 2
	case first&0xf0 == 0xe0:
		return 3
	case first&0xf8 == 0xf0:
		return 4
	}
	return 1
}

func invalidBytes(b []byte) error {
	text := ""
	for _, c := range b {
		text += fmt.Sprintf(" 0x%02x", c)
	}
	return pgerr.New(pgerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8":%s`, text)
}

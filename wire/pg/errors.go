package pg

import (
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

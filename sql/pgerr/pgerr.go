// Package pgerr holds the errors that a user can see: PostgreSQL's fields and SQLSTATEs. It imports nothing of
// Millrace. Below the session plain Go errors are used; an error that reaches the wire without a code is XX000,
// a bug.
package pgerr

import (
	"errors"
	"fmt"
)

// SQLSTATEs in use, named as in PostgreSQL 15's Appendix A.
const (
	SuccessfulCompletion         = "00000"
	Warning                      = "01000"
	PrivilegeNotRevoked          = "01006"
	PrivilegeNotGranted          = "01007"
	FeatureNotSupported          = "0A000"
	ConnectionException          = "08000"
	TransactionResolutionUnknown = "08007"
	ProtocolViolation            = "08P01"
	InvalidParameterValue        = "22023"
	NumericValueOutOfRange       = "22003"
	NullValueNotAllowed          = "22004"
	InvalidDatetimeFormat        = "22007"
	DatetimeFieldOverflow        = "22008"
	DivisionByZero               = "22012"
	InvalidTextRepresentation    = "22P02"
	InvalidBinaryRepresentation  = "22P03"
	BadCopyFileFormat            = "22P04"
	CharacterNotInRepertoire     = "22021"
	InvalidRegularExpression     = "2201B"
	StringDataRightTruncation    = "22001"
	InvalidArgumentForPower      = "2201F"
	InvalidArgumentForLog        = "2201E"
	InvalidArgumentForNtile      = "22014"
	InvalidArgumentForNthValue   = "22016"
	InvalidFrameOffset           = "22013"
	InvalidRowCountInLimit       = "2201W"
	InvalidRowCountInOffset      = "2201X"
	InvalidEscapeSequence        = "22025"
	InvalidUseOfEscapeCharacter  = "2200C"
	NotNullViolation             = "23502"
	UniqueViolation              = "23505"
	CheckViolation               = "23514"
	InvalidTransactionState      = "25000"
	ActiveSQLTransaction         = "25001"
	NoActiveSQLTransaction       = "25P01"
	InFailedSQLTransaction       = "25P02"
	InvalidSQLStatementName      = "26000"
	InvalidCursorName            = "34000"
	DependentObjectsStillExist   = "2BP01"
	InvalidAuthorization         = "28000"
	InvalidPassword              = "28P01"
	InvalidGrantOperation        = "0LP01"
	InvalidGrantor               = "0L000"
	InvalidCatalogName           = "3D000"
	InvalidSchemaName            = "3F000"
	DuplicateSchema              = "42P06"
	ReservedName                 = "42939"
	SerializationFailure         = "40001"
	SyntaxError                  = "42601"
	InsufficientPrivilege        = "42501"
	CannotCoerce                 = "42846"
	GroupingError                = "42803"
	DatatypeMismatch             = "42804"
	WrongObjectType              = "42809"
	IndeterminateDatatype        = "42P18"
	InvalidRecursion             = "42P19"
	UndefinedColumn              = "42703"
	UndefinedFunction            = "42883"
	UndefinedTable               = "42P01"
	UndefinedParameter           = "42P02"
	UndefinedObject              = "42704"
	DuplicateColumn              = "42701"
	DuplicateCursor              = "42P03"
	DuplicatePreparedStatement   = "42P05"
	DuplicateTable               = "42P07"
	DuplicateAlias               = "42712"
	DuplicateObject              = "42710"
	AmbiguousColumn              = "42702"
	AmbiguousFunction            = "42725"
	InvalidColumnReference       = "42P10"
	InvalidForeignKey            = "42830"
	ForeignKeyViolation          = "23503"
	InvalidTableDefinition       = "42P16"
	WindowingError               = "42P20"
	InvalidName                  = "42602"
	NameTooLong                  = "42622"
	CardinalityViolation         = "21000"
	InsufficientResources        = "53000"
	DiskFull                     = "53100"
	OutOfMemory                  = "53200"
	TooManyConnections           = "53300"
	ConfigurationLimitExceeded   = "53400"
	ProgramLimitExceeded         = "54000"
	StatementTooComplex          = "54001"
	TooManyColumns               = "54011"
	TooManyArguments             = "54023"
	ObjectNotInPrerequisiteState = "55000"
	ObjectInUse                  = "55006"
	QueryCanceled                = "57014"
	AdminShutdown                = "57P01"
	CannotConnectNow             = "57P03"
	IOError                      = "58030"
	InternalError                = "XX000"
	DataCorrupted                = "XX001"
)

// Error is an error as PostgreSQL reports it ("PostgreSQL 15 docs 55.8").
type Error struct {
	Code    string // SQLSTATE
	Message string // lower case, no period, names in double quotes
	Detail  string // full sentences
	Hint    string // full sentences

	// Position is the place in the user's own statement text, in characters from 1; 0 if unknown.
	Position int

	Where                                       string
	Schema, Table, Column, DataType, Constraint string
	Cause                                       error

	// Logged says that the server's log has the reason already: it is not written for each statement that meets it.
	Logged bool
}

// Error returns the message and the SQLSTATE.
func (e *Error) Error() string { return fmt.Sprintf("%s (SQLSTATE %s)", e.Message, e.Code) }

// Unwrap returns the cause, if any.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error with a SQLSTATE and a formatted message.
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unsupported returns 0A000; what names the construct, for example `window functions`.
func Unsupported(format string, args ...any) *Error {
	return New(FeatureNotSupported, "%s not supported", fmt.Sprintf(format, args...))
}

// WithHint sets the hint and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// WithDetail sets the detail and returns e.
func (e *Error) WithDetail(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// At sets the position (characters from 1) unless one is set already, and returns e.
func (e *Error) At(position int) *Error {
	if e.Position == 0 {
		e.Position = position
	}
	return e
}

// WithCause keeps the underlying error for logs and errors.Is, and returns e.
func (e *Error) WithCause(err error) *Error {
	e.Cause = err
	return e
}

// From returns err as *Error: itself if there is one in the chain, otherwise XX000 with err's text.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(InternalError, "%s", err.Error()).WithCause(err)
}

// Code returns the SQLSTATE of err, "XX000" if it has none, "" for nil.
func Code(err error) string {
	if err == nil {
		return ""
	}
	return From(err).Code
}

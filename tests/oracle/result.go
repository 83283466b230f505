package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Result is the rows of a query as the server wrote them, in its order. It owns its memory.
type Result struct {
	Columns []Column
	Rows    []Row
	Tag     string // the command tag: "SELECT 2"
}

// Column is a result's column: its name and the OID of its type.
type Column struct {
	Name string
	Type uint32
}

func (c Column) String() string { return fmt.Sprintf("%s:%d", c.Name, c.Type) }

// Row is a row's values in the order of its columns.
type Row []Value

// Value is a value in the server's text format, or NULL.
type Value struct {
	Text string
	Null bool
}

func (v Value) String() string {
	if v.Null {
		return "NULL"
	}
	return v.Text
}

// String is the row as messages show it.
func (r Row) String() string {
	texts := make([]string, len(r))
	for i, v := range r {
		texts[i] = v.String()
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

// NewResult makes a result of what pgconn read.
func NewResult(from *pgconn.Result) *Result {
	r := &Result{Tag: from.CommandTag.String()}
	for _, field := range from.FieldDescriptions {
		r.Columns = append(r.Columns, Column{Name: field.Name, Type: field.DataTypeOID})
	}
	for _, values := range from.Rows {
		row := make(Row, len(values))
		for i, value := range values {
			row[i] = Value{Text: string(value), Null: value == nil}
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// SameColumns says whether two results have the same columns, by name and type, in the same order. Types that a user has made are
// told apart by none: each server numbers them by itself.
func SameColumns(a, b *Result) bool {
	return slices.EqualFunc(a.Columns, b.Columns, func(x, y Column) bool {
		return x.Name == y.Name && (x.Type == y.Type || x.Type >= firstUserOID && y.Type >= firstUserOID)
	})
}

// firstUserOID is the first number of an object that is not PostgreSQL's own.
const firstUserOID = 16384

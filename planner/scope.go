package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// scope says what names mean in the expressions of one query: the columns of its FROM, then those of the queries
// around it.
type scope struct {
	parent  *scope
	columns []scopeColumn
	tables  []scopeTable
	ctes    *cte
}

// scopeTable is an item of FROM under the name by which columns refer to it.
type scopeTable struct {
	schema, name string
	relation     *catalog.Relation // nil unless it is a stored relation
	scan         *plan.Scan        // which reads it; nil if it is no scan
	first        int               // its first column among those of FROM
	work         bool              // it is the query itself, in its recursive term
	nullable     bool              // an outer join may pad it
}

// scopeColumn is a column that a name can mean.
type scopeColumn struct {
	schema, table string // the item of FROM; empty for a column merged by USING
	name          string
	expr          *plan.Expr // over the rows of the query's FROM
	hidden        bool       // not part of *
	qualifiedOnly bool       // stands behind a column merged by USING
	origin        origin
}

// origin says which column of which relation a result column is.
type origin struct {
	relation  *catalog.Relation
	attribute int16 // from 1
}

func (o origin) field(name string, e *plan.Expr) plan.Field {
	f := plan.Field{Name: name, Type: e.Type}
	if o.relation != nil {
		f.Relation, f.Attribute = o.relation.ID, o.attribute
	}
	return f
}

// columnName is a column reference taken apart.
type columnName struct{ schema, table, name string }

func splitColumnName(parts []string) columnName {
	n := columnName{name: parts[len(parts)-1]}
	if len(parts) > 1 {
		n.table = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		n.schema = parts[len(parts)-3]
	}
	return n
}

func (n columnName) String() string {
	switch {
	case n.schema != "":
		return n.schema + "." + n.table + "." + n.name
	case n.table != "":
		return n.table + "." + n.name
	}
	return `"` + n.name + `"`
}

func (c *scopeColumn) matches(n columnName) bool {
	if c.name != n.name {
		return false
	}
	if n.table == "" {
		return !c.qualifiedOnly
	}
	return c.table == n.table && (n.schema == "" || c.schema == n.schema)
}

// find returns the one column of this scope that n means, nil if there is none. Errors: 42702, 42P09.
func (s *scope) find(n columnName) (*scopeColumn, error) {
	var found *scopeColumn
	for i := range s.columns {
		c := &s.columns[i]
		if !c.matches(n) {
			continue
		}
		if found != nil && n.table != "" && found.schema != c.schema {
			return nil, ambiguousTable(n.table)
		}
		if found != nil {
			return nil, pgerr.New(pgerr.AmbiguousColumn, "column reference %q is ambiguous", n.name)
		}
		found = c
	}
	return found, nil
}

// ambiguousTable is the error of a name that tables of two schemas have.
func ambiguousTable(name string) error {
	return pgerr.New("42P09", "table reference %q is ambiguous", name)
}

func (s *scope) table(schema, name string) *scopeTable {
	for i := range s.tables {
		t := &s.tables[i]
		if t.name == name && (schema == "" || t.schema == schema) {
			return t
		}
	}
	return nil
}

// resolve returns the column that ref means here or in a query around this one. Errors: 42703, 42702, 42P01.
func (s *scope) resolve(ref *ast.ColumnRef) (*plan.Expr, origin, error) {
	n := splitColumnName(ref.Parts)
	depth := 0
	for at := s; at != nil; at = at.parent {
		c, err := at.find(n)
		if err != nil {
			return nil, origin{}, err
		}
		if c != nil {
			e := *lift(c.expr, depth)
			e.Pos = ref.Pos
			return &e, c.origin, nil
		}
		if n.table != "" && at.table(n.schema, n.table) != nil {
			break // a table of this name hides those of the queries around
		}
		depth++
	}
	return nil, origin{}, s.unknownColumn(n)
}

// unknownColumn returns the error that PostgreSQL gives for n.
func (s *scope) unknownColumn(n columnName) error {
	if n.table != "" && !s.hasTable(n) {
		return pgerr.New(pgerr.UndefinedTable, "missing FROM-clause entry for table %q", n.table)
	}
	if n.table == "" && s.hasTable(columnName{table: n.name}) {
		return pgerr.Unsupported("whole-row references (%s) are", n.name)
	}
	if postgresColumn(n.name) {
		return pgerr.Unsupported("system column %q is", n.name)
	}
	err := pgerr.New(pgerr.UndefinedColumn, "column %s does not exist", n)
	if hint := s.similar(n); hint != "" {
		return err.WithHint("Perhaps you meant to reference the column %q.", hint)
	}
	return err
}

func (s *scope) hasTable(n columnName) bool {
	for at := s; at != nil; at = at.parent {
		if at.table(n.schema, n.table) != nil {
			return true
		}
	}
	return false
}

// maxTypos is how far a name may be from the one that a hint names, as in PostgreSQL.
const maxTypos = 3

// similar returns the column that is nearest to n, "" if none is near enough or two are equally near.
func (s *scope) similar(n columnName) string {
	found, best := "", min(maxTypos, len(n.name)/2)+1
	for i := range s.columns {
		c := &s.columns[i]
		if c.hidden || c.table == "" || n.table != "" && c.table != n.table {
			continue
		}
		switch d := typos(c.name, n.name); {
		case d < best:
			found, best = c.table+"."+c.name, d
		case d == best:
			found = ""
		}
	}
	return found
}

// typos returns the least number of letters to insert, delete or change that makes a of b (Levenshtein).
func typos(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// visible returns the columns that * stands for, or table.* if table is not empty; schema may be empty.
func (s *scope) visible(schema, table string) []scopeColumn {
	var out []scopeColumn
	for _, c := range s.columns {
		if c.hidden || table == "" && c.qualifiedOnly || table != "" && c.table != table || schema != "" && c.schema != schema {
			continue
		}
		out = append(out, c)
	}
	return out
}

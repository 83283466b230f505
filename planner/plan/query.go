package plan

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// Field is a column of a result.
type Field struct {
	Name string
	Type types.Type
	// Relation and Attribute say where the column comes from (RowDescription); 0 if it is computed.
	Relation  catalog.RelationID
	Attribute int16
}

// Query is a planned SELECT.
type Query struct {
	Root   Node
	Fields []Field // what the client sees; as many as Root's columns
	// Params are the types of $1 …, inferred or given.
	Params []types.Type
	// Reads lists all relations read, each once: what a snapshot must cover.
	Reads []*catalog.Relation
	// Locks is the strongest clause that locks rows, FOR UPDATE and the like, or "".
	Locks string
	// Changes is not nil for SELECT … EMIT CHANGES: the query never ends. Root is nil then.
	Changes *Changes
}

// Node is an operator of a query plan. Types gives its output columns.
type Node interface{ Types() []types.Type }

// Nodes of query plans.
type (
	// Scan reads a relation. Columns are positions in Relation.Columns, then its SystemColumns; output
	// columns are these, in this order. Key, if not nil, gives constant or parameter expressions, or such over the rows of
	// outer queries, for all columns of the relation's key (a point lookup; the key tells the partition) in their order.
	// Their types are the columns', or other integer types where those are integers. The filter that it came from stays above.
	// Access, if not nil, says which rows are read without a whole key; Log which of the records of a stream or topic.
	// Mark, if not 0, is the number by which a statement that locks rows knows the scan.
	Scan struct {
		Relation *catalog.Relation
		Columns  []int
		Key      []*Expr
		Access   *Access
		Log      *LogRange
		Mark     int
	}
	// SystemScan reads a system relation (pg_catalog, information_schema, millrace) that the session makes from the catalog.
	SystemScan struct {
		Schema, Name string
		Columns      []int
		types        []types.Type
	}
	// Values gives literal rows; Rows may be empty lists for SELECT without FROM.
	Values struct {
		Rows        [][]*Expr
		ColumnTypes []types.Type
	}
	// Filter keeps rows for which Pred is true.
	Filter struct {
		Input Node
		Pred  *Expr
	}
	// Project computes Exprs.
	Project struct {
		Input Node
		Exprs []*Expr
	}
	// Join is an equi-join on LeftKeys = RightKeys (may be empty: nested loops over Cond); NULL keys match nothing. Cond is
	// over left columns followed by right columns. Output: left columns, right columns.
	Join struct {
		Kind                JoinKind
		Left, Right         Node
		LeftKeys, RightKeys []*Expr
		Cond                *Expr
	}
	// Aggregate groups by GroupBy (none: one row, always). Output: group columns, then aggregates. With Sets, which list
	// places in GroupBy, the rows are grouped by each set apart (GROUPING SETS): columns that are not in a set are NULL in
	// its groups, a set without columns has one group, always, and the last column of the output is the set's place in Sets.
	Aggregate struct {
		Input   Node
		GroupBy []*Expr
		Aggs    []Agg
		Sets    [][]int
	}
	// Sort orders by Keys, stable.
	Sort struct {
		Input Node
		Keys  []SortKey
	}
	// Limit skips Offset rows and gives at most Count; nil means none. With Ties it also gives the rows behind the last one that
	// agree with it in these expressions over the input.
	Limit struct {
		Input         Node
		Count, Offset *Expr
		Ties          []*Expr
	}
	// Union gives the rows of its inputs one after another (UNION ALL).
	Union struct{ Inputs []Node }
	// SetOp is INTERSECT or EXCEPT of two inputs with the same types, in which NULLs are equal. With All a row counts as
	// often as it occurs; else a row of the result occurs once.
	SetOp struct {
		Kind        SetOpKind
		All         bool
		Left, Right Node
	}
	// Window computes window functions. Output: the input's columns, then one for each of Calls; the rows come sorted by
	// PartitionBy and OrderBy.
	Window struct {
		Input       Node
		PartitionBy []*Expr
		OrderBy     []SortKey
		Calls       []WindowCall
	}
	// Lateral pairs each row of Input with the rows that the query of Sub, an OpSubquery, gives for it; with Outer a row for
	// which there are none is paired with NULLs, and with Single more than one are an error. Output: the input's columns, then
	// the query's.
	Lateral struct {
		Input  Node
		Sub    *Expr
		Outer  bool
		Single bool
	}
	// LockRows locks rows of tables that its input's rows come from, and gives those that still meet the input's conditions
	// when they are locked, as they are then. OneByOne: only as many are locked as are wanted.
	LockRows struct {
		Input    Node
		Locks    []RowLock
		OneByOne bool
	}
	// FuncScan gives the rows of set-returning functions side by side, NULLs behind the end of the shorter ones, until the last
	// one ends; with Ordinality a bigint that counts them from 1 is the last column. Args use no columns.
	FuncScan struct {
		Calls      []SetCall
		Ordinality bool
	}
	// Unique gives the first of each run of rows that agree in Keys (DISTINCT ON, over a sort by them).
	Unique struct {
		Input Node
		Keys  []*Expr
	}
)

// RowLock says which row of a table a row of LockRows' input comes from: Key, columns of the input, has its key, NULL if it
// comes from none. Mark is the Scan's. Strength is 1 to 4, from FOR KEY SHARE to FOR UPDATE; 0: the row is not locked.
type RowLock struct {
	Relation *catalog.Relation
	Mark     int
	Key      []*Expr
	Strength int
	Wait     LockWait
}

// LockWait says what is done about a row that somebody else has locked.
type LockWait uint8

// What is done about locked rows, from the weakest clause on.
const (
	LockWaits LockWait = iota
	LockSkip
	LockNoWait
)

// SetCall is a call of a set-returning function. Func is the funcs.Signature.ID; a Strict one gives no rows if an argument is NULL.
type SetCall struct {
	Func   string
	Args   []*Expr
	Types  []types.Type // of its columns
	Strict bool
}

// JoinKind is the kind of a join.
type JoinKind string

// The kinds of joins.
const (
	JoinInner JoinKind = "inner"
	JoinLeft  JoinKind = "left"
	JoinRight JoinKind = "right"
	JoinFull  JoinKind = "full"
	// JoinSemi and JoinAnti give the rows of the left with and without a match; their output is the left columns. Only
	// continuous queries have them.
	JoinSemi JoinKind = "semi"
	JoinAnti JoinKind = "anti"
)

// WindowCall is a window function over its frame. Func is its name, or for an aggregate the funcs.Signature.ID; Args and
// Filter are over the input.
type WindowCall struct {
	Func   string
	Type   types.Type
	Args   []*Expr
	Filter *Expr
	Frame  Frame
}

// Frame is which rows of its partition a row's call sees. Exclude is "", "current row", "group" or "ties".
type Frame struct {
	Mode       FrameMode
	Start, End FrameBound
	Exclude    string
}

// FrameMode says what a frame counts.
type FrameMode string

// The modes of frames.
const (
	FrameRows   FrameMode = "rows"
	FrameRange  FrameMode = "range"
	FrameGroups FrameMode = "groups"
)

// FrameBound is an end of a frame: Kind is one of those below, Offset is that of BoundPreceding and BoundFollowing, without
// columns: bigint, or for FrameRange of the type that OrderBy's only column has, or an interval. With an interval Limit, over the
// input, is the value that lies that far from a row's, of the type of the order's column.
type FrameBound struct {
	Kind   BoundKind
	Offset *Expr
	Limit  *Expr
}

// BoundKind is the kind of a frame's bound.
type BoundKind string

// The kinds of bounds.
const (
	BoundUnboundedPreceding BoundKind = "unbounded preceding"
	BoundPreceding          BoundKind = "preceding"
	BoundCurrentRow         BoundKind = "current row"
	BoundFollowing          BoundKind = "following"
	BoundUnboundedFollowing BoundKind = "unbounded following"
)

// DefaultFrame is the frame of a window that gives none.
var DefaultFrame = Frame{Mode: FrameRange, Start: FrameBound{Kind: BoundUnboundedPreceding}, End: FrameBound{Kind: BoundCurrentRow}}

// SetOpKind is the kind of a SetOp.
type SetOpKind string

// The kinds of set operations that are not Union.
const (
	SetIntersect SetOpKind = "intersect"
	SetExcept    SetOpKind = "except"
)

// SortKey is one item of ORDER BY.
type SortKey struct {
	Expr       *Expr
	Desc       bool
	NullsFirst bool
}

// NewSystemScan returns a SystemScan whose output has the given types.
func NewSystemScan(schema, name string, columns []int, ts []types.Type) *SystemScan {
	return &SystemScan{Schema: schema, Name: name, Columns: columns, types: ts}
}

// ScanColumns returns the columns that a scan or a source of r can deliver: the stored ones, then the system
// columns.
func ScanColumns(r *catalog.Relation) []catalog.Column {
	return append(r.Columns[:len(r.Columns):len(r.Columns)], r.SystemColumns()...)
}

// Types implements Node.
func (n *Scan) Types() []types.Type {
	cols := ScanColumns(n.Relation)
	ts := make([]types.Type, len(n.Columns))
	for i, c := range n.Columns {
		ts[i] = cols[c].Type
	}
	return ts
}

// Types implements Node.
func (n *SystemScan) Types() []types.Type { return n.types }

// Types implements Node.
func (n *Values) Types() []types.Type { return n.ColumnTypes }

// Types implements Node.
func (n *Filter) Types() []types.Type { return n.Input.Types() }

// Types implements Node.
func (n *Project) Types() []types.Type { return exprTypes(n.Exprs) }

// Types implements Node.
func (n *Join) Types() []types.Type {
	if n.LeftOnly() {
		return n.Left.Types()
	}
	return append(append([]types.Type(nil), n.Left.Types()...), n.Right.Types()...)
}

// LeftOnly reports whether the output has the columns of the left alone.
func (n *Join) LeftOnly() bool { return n.Kind == JoinSemi || n.Kind == JoinAnti }

// Types implements Node.
func (n *Aggregate) Types() []types.Type {
	ts := exprTypes(n.GroupBy)
	for _, a := range n.Aggs {
		ts = append(ts, a.Type)
	}
	if n.Sets != nil {
		ts = append(ts, types.Int4)
	}
	return ts
}

// Types implements Node.
func (n *Sort) Types() []types.Type { return n.Input.Types() }

// Types implements Node.
func (n *Limit) Types() []types.Type { return n.Input.Types() }

// Types implements Node.
func (n *Union) Types() []types.Type { return n.Inputs[0].Types() }

// Types implements Node.
func (n *SetOp) Types() []types.Type { return n.Left.Types() }

// Types implements Node.
func (n *LockRows) Types() []types.Type { return n.Input.Types() }

// Types implements Node.
func (n *FuncScan) Types() []types.Type {
	var ts []types.Type
	for _, c := range n.Calls {
		ts = append(ts, c.Types...)
	}
	if n.Ordinality {
		ts = append(ts, types.Int8)
	}
	return ts
}

// Types implements Node.
func (n *Unique) Types() []types.Type { return n.Input.Types() }

// Types implements Node.
func (n *Window) Types() []types.Type {
	ts := append([]types.Type(nil), n.Input.Types()...)
	for _, c := range n.Calls {
		ts = append(ts, c.Type)
	}
	return ts
}

// Types implements Node.
func (n *Lateral) Types() []types.Type {
	return append(append([]types.Type(nil), n.Input.Types()...), n.Sub.Sub.Root.Types()...)
}

func exprTypes(es []*Expr) []types.Type {
	ts := make([]types.Type, len(es))
	for i, e := range es {
		ts[i] = e.Type
	}
	return ts
}

// Changes is SELECT … FROM one relation [WHERE …] EMIT CHANGES. Steps run over ScanColumns of the relation; for tables and
// views the client's row is _op text, _timestamp timestamptz, then the steps' output; for streams the steps' output.
type Changes struct {
	Relation *catalog.Relation
	Steps    []Step
	// Snapshot: first the present contents as inserts.
	Snapshot bool
	// Progress: all rows are led by _frontier text, which is NULL but in rows of their own that have nothing else: all that
	// is below the frontier has been given.
	Progress bool
	// From, by partition, are the offsets to begin at; nil: see Snapshot.
	From []int64
	// FromOffset, if not nil, is where each partition of a stream begins.
	FromOffset *int64
	// SinceMillis, if not nil, is the time, ms since 1970, of the first record to be given of each partition of a stream.
	SinceMillis *int64
}

// FrontierText writes a frontier of r, offsets by partition, as EMIT CHANGES shows it: relation id, colon, offsets.
func FrontierText(r catalog.RelationID, offsets []int64) string {
	out := strconv.AppendUint(nil, uint64(r), 10)
	for i, o := range offsets {
		separator := byte(',')
		if i == 0 {
			separator = ':'
		}
		out = strconv.AppendInt(append(out, separator), o, 10)
	}
	return string(out)
}

// ParseFrontier reads what FrontierText wrote; false if s is none of r's.
func ParseFrontier(s string, r *catalog.Relation) ([]int64, bool) {
	id, rest, found := strings.Cut(s, ":")
	if n, err := strconv.ParseUint(id, 10, 32); err != nil || !found || catalog.RelationID(n) != r.ID {
		return nil, false
	}
	var out []int64
	for _, text := range strings.Split(rest, ",") {
		o, err := strconv.ParseInt(text, 10, 64)
		if err != nil || o < 0 {
			return nil, false
		}
		out = append(out, o)
	}
	return out, len(out) == r.Partitions()
}

// Package ast is Millrace's own syntax tree: plain data, no parser's type in it. Pos fields are positions in the
// user's text, in characters from 1; 0 means unknown. Names are folded already: lower case unless quoted.
package ast

// Statement is one SQL statement.
type Statement interface{ statement() }

// Expr is a scalar expression.
type Expr interface {
	// Position returns the place of the expression in the user's text.
	Position() int
}

// P is a position; embed it in expressions.
type P struct{ Pos int }

// Position implements Expr.
func (p P) Position() int { return p.Pos }

// Name is a possibly qualified name: the parts in order, at most three.
type Name struct {
	Parts []string
	Pos   int
}

// Last returns the unqualified name.
func (n Name) Last() string { return n.Parts[len(n.Parts)-1] }

// Schema returns the qualifier before the last part, or "".
func (n Name) Schema() string {
	if len(n.Parts) < 2 {
		return ""
	}
	return n.Parts[len(n.Parts)-2]
}

// TypeName is a type as written: lower-case canonical words ("double precision", "timestamp with time zone",
// "int4", "pg_catalog.regtype" as Schema and Name), modifiers in parentheses, and [] for an array.
type TypeName struct {
	Schema string
	Name   string
	Mods   []int
	Array  bool
	Pos    int
}

// Expressions.
type (
	// ColumnRef is a column: a, t.a, s.t.a.
	ColumnRef struct {
		P
		Parts []string
	}
	// Star is *, t.* or s.t.* in a select list.
	Star struct {
		P
		Schema string
		Table  string
	}
	// Literal kinds: see LiteralKind. Text is the value: digits, or the string after unescaping.
	Literal struct {
		P
		Kind LiteralKind
		Text string
	}
	// TypedLiteral is type 'text', as in DATE '2020-01-01'.
	TypedLiteral struct {
		P
		Type TypeName
		Text string
	}
	// Param is $n, Index from 1.
	Param struct {
		P
		Index int
	}
	// Unary is an operator before its operand: - + NOT ~ …
	Unary struct {
		P
		Op  string // "-", "+", "not", or an operator's text
		Arg Expr
	}
	// Binary is an operator between two operands: "+", "||", "and", "or", "=", "<>", "~", "like", "not like", "ilike",
	// "not ilike", "similar to", "is distinct from", "is not distinct from", "at time zone", "->", …
	Binary struct {
		P
		Op          string
		Left, Right Expr
		Escape      Expr // LIKE … ESCAPE
	}
	// IsTest is IS [NOT] NULL, TRUE, FALSE, UNKNOWN; Test is "null", "true", "false", "unknown". IS [form] NORMALIZED is a
	// call of is_normalized.
	IsTest struct {
		P
		Arg  Expr
		Test string
		Not  bool
	}
	// Between is [NOT] BETWEEN.
	Between struct {
		P
		Arg, Low, High Expr
		Not, Symmetric bool
	}
	// In is [NOT] IN with a list or a subquery.
	In struct {
		P
		Arg   Expr
		List  []Expr
		Query *Select
		Not   bool
	}
	// Quantified is arg op ANY|ALL (query or array).
	Quantified struct {
		P
		Op    string
		All   bool
		Arg   Expr
		Query *Select
		Array Expr
	}
	// Exists is EXISTS (query).
	Exists struct {
		P
		Query *Select
	}
	// Subquery is a scalar subquery.
	Subquery struct {
		P
		Query *Select
	}
	// Case is CASE [Arg] WHEN … THEN … [ELSE …] END.
	Case struct {
		P
		Arg   Expr
		Whens []When
		Else  Expr
	}
	// When is one branch of a Case.
	When struct{ Cond, Result Expr }
	// Cast is CAST(x AS t) and x::t.
	Cast struct {
		P
		Arg  Expr
		Type TypeName
	}
	// Call is a function call. COALESCE, NULLIF, GREATEST, LEAST, EXTRACT(f FROM x) (as extract('f', x)), CURRENT_DATE
	// and the like are calls with their lower-case names.
	Call struct {
		P
		Name Name
		Args []Expr
		// Names are the names of the last arguments, of those written name => value.
		Names []string
		// Variadic: the last argument is an array of arguments.
		Variadic bool
		Star     bool // count(*)
		Distinct bool
		OrderBy  []OrderItem
		// WithinGroup: OrderBy is that of WITHIN GROUP.
		WithinGroup bool
		Filter      Expr
		Over        *Window
	}
	// Window is an OVER clause or an item of WINDOW. Name is the window that it is (OVER w: Bare) or that it starts from,
	// or "".
	Window struct {
		P
		Name        string
		Bare        bool
		PartitionBy []Expr
		OrderBy     []OrderItem
		Frame       *Frame // nil if none is given
	}
	// Frame is the frame clause of a window: Mode is "rows", "range" or "groups", Exclude is "", "current row", "group" or
	// "ties".
	Frame struct {
		P
		Mode       string
		Start, End FrameBound
		Exclude    string
	}
	// FrameBound is one end of a frame: Kind is "unbounded preceding", "preceding", "current row", "following" or
	// "unbounded following"; Offset is that of "preceding" and "following".
	FrameBound struct {
		Kind   string
		Offset Expr
	}
	// Array is ARRAY[…], or ARRAY(query) with Query.
	Array struct {
		P
		Elems []Expr
		Query *Select
	}
	// Subscript is arg[index]; with Slice arg[index:upper], whose bounds may be nil.
	Subscript struct {
		P
		Arg, Index Expr
		Slice      bool
		Upper      Expr
	}
	// Row is ROW(…) or (a, b).
	Row struct {
		P
		Elems []Expr
	}
	// GroupingSet is an item of GROUP BY that stands for several sets: Kind is "empty" for (), "sets", "rollup" or "cube".
	GroupingSet struct {
		P
		Kind  string
		Elems []Expr
	}
	// Collate is x COLLATE name.
	Collate struct {
		P
		Arg       Expr
		Collation Name
	}
	// Default is DEFAULT in VALUES or SET.
	Default struct{ P }
)

// LiteralKind says what a Literal is.
type LiteralKind uint8

// The kinds of literals.
const (
	LitNull LiteralKind = iota
	LitTrue
	LitFalse
	LitInteger // digits only
	LitNumeric // with a point or an exponent
	LitString  // untyped ("unknown")
)

// FetchDirection is what FETCH and MOVE count.
type FetchDirection uint8

// The directions of FETCH: rows after and before where the cursor is, the row with a number, and the row so many after it.
const (
	FetchForward FetchDirection = iota
	FetchBackward
	FetchAbsolute // from 1; from -1 backwards from the last one
	FetchRelative
)

// Locking is FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or FOR KEY SHARE, which Strength says. Of are names of items of FROM,
// none: all. Wait is "NOWAIT", "SKIP LOCKED" or "".
type Locking struct {
	Pos      int
	Strength string
	Of       []Name
	Wait     string
}

// Select is a query: SELECT, VALUES, or a set operation.
type Select struct {
	Pos  int
	With []CTE
	// Recursive is WITH RECURSIVE.
	Recursive bool

	// Either Body fields …
	Distinct   bool
	DistinctOn []Expr
	Items      []SelectItem
	From       []TableExpr // comma separated
	Where      Expr
	GroupBy    []Expr
	// GroupDistinct is GROUP BY DISTINCT: equal grouping sets count once.
	GroupDistinct bool
	Having        Expr
	Windows       []NamedWindow

	// … or Values …
	Values [][]Expr

	// … or a set operation: "union", "intersect", "except".
	SetOp       string
	All         bool
	Left, Right *Select

	OrderBy []OrderItem
	Limit   Expr
	Offset  Expr
	// WithTies is FETCH FIRST Limit ROWS WITH TIES.
	WithTies bool
	// Locking are the clauses FOR UPDATE, FOR SHARE and the like.
	Locking []Locking
	// Emit is EMIT CHANGES or EMIT FINAL ("changes", "final"), or "".
	Emit    string
	EmitPos int
	// With options of EMIT: WITH (snapshot = false, …). AS OF FRONTIER, OFFSET or TIMESTAMP is one named "as of frontier" ….
	EmitOptions []Option
}

// NamedWindow is an item of the WINDOW clause.
type NamedWindow struct {
	Name   string
	Window *Window
	Pos    int
}

// With is a WITH clause before INSERT, UPDATE or DELETE.
type With struct {
	Items     []CTE
	Recursive bool
}

// CTE is one WITH item.
type CTE struct {
	Name    string
	Columns []string
	Query   *Select
	// Materialized is AS MATERIALIZED.
	Materialized bool
	Pos          int
}

// SelectItem is one item of the select list.
type SelectItem struct {
	Expr  Expr
	Alias string // "" if none
}

// OrderItem is one item of ORDER BY. NullsFirst is resolved: PostgreSQL's default is NULLS LAST for ASC.
type OrderItem struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// TableExpr is an item of FROM.
type TableExpr interface{ tableExpr() }

// Items of FROM.
type (
	// TableRef names a relation.
	TableRef struct {
		Name    Name
		Alias   string
		Columns []string // column aliases
	}
	// Derived is a subquery in FROM.
	Derived struct {
		Query   *Select
		Lateral bool
		Alias   string
		Columns []string
		Pos     int
	}
	// FuncTable is a function in FROM.
	FuncTable struct {
		Call       *Call
		Ordinality bool
		Alias      string
		Columns    []string
	}
	// Join joins two items. Kind is "inner", "left", "right", "full", "cross".
	Join struct {
		Kind        string
		Natural     bool
		Left, Right TableExpr
		On          Expr
		Using       []string
		Pos         int
	}
)

func (*TableRef) tableExpr()  {}
func (*Derived) tableExpr()   {}
func (*FuncTable) tableExpr() {}
func (*Join) tableExpr()      {}

// Option is one item of WITH (name = value). Value is nil for a bare name.
type Option struct {
	Name  string
	Value Expr // *Literal, or *ColumnRef for a bare word
	Pos   int
}

// ColumnDef is a column of CREATE STREAM / TABLE / TOPIC.
type ColumnDef struct {
	Name       string
	Type       TypeName
	Key        bool // KEY (streams)
	PrimaryKey bool
	NotNull    bool
	Unique     *Unique
	Default    Expr
	Checks     []Check
	KeyName    string // CONSTRAINT name PRIMARY KEY, or ""
	Generated  string // GENERATED … AS (expr) STORED, as written, or ""
	// Collation is COLLATE's, without parts if there is none.
	Collation Name
	// Identity is GENERATED "always" or "by default" AS IDENTITY, or ""; Sequence are its options.
	Identity   string
	Sequence   SequenceOptions
	References *ForeignKey
	Pos        int
}

// Statements.
type (
	// SelectStmt is a query as a statement.
	SelectStmt struct{ Query *Select }
	// CreateRelation is CREATE STREAM | TABLE | TOPIC with columns.
	CreateRelation struct {
		Kind        string // "stream", "table", "topic"
		Name        Name
		IfNotExists bool
		Temporary   bool
		Columns     []ColumnDef
		PrimaryKey  []string     // table constraint
		KeyName     string       // its name, or ""
		Checks      []Check      // table constraints
		Uniques     []Unique     // table constraints
		ForeignKeys []ForeignKey // table constraints
		// Constraints lists other table constraints as words ("exclude"), to be refused by name.
		Constraints []NamedPos
		// Watermark is WATERMARK FOR column AS expr, or nil.
		Watermark *Watermark
		Options   []Option
	}
	// CreateType is CREATE TYPE … AS ENUM.
	CreateType struct {
		Name   Name
		Labels []string
	}
	// AlterType is ALTER TYPE; Verb is "add value", "rename value", "rename to", "owner to" or "set schema".
	AlterType struct {
		Name        Name
		Verb        string
		Value       string // the label that is added or renamed
		NewValue    string
		Neighbor    string // of BEFORE and AFTER
		Before      bool
		IfNotExists bool
		NewName     string // of RENAME TO and SET SCHEMA
		Role        *RoleSpec
		Pos         int
	}
	// CreateSequence is CREATE SEQUENCE.
	CreateSequence struct {
		Name        Name
		IfNotExists bool
		Options     SequenceOptions
	}
	// SequenceOptions are the options of a sequence; what is nil was not given.
	SequenceOptions struct {
		Type                              *TypeName
		Increment, Min, Max, Start, Cache *int64
		Cycle                             bool
	}
	// Check is [CONSTRAINT name] CHECK (expr); Text is the user's text of expr.
	Check struct {
		Name string
		Expr Expr
		Text string
		Pos  int
	}
	// Unique is [CONSTRAINT name] UNIQUE (columns).
	Unique struct {
		Name    string
		Columns []NamedPos
		Pos     int
	}
	// ForeignKey is [CONSTRAINT name] FOREIGN KEY (columns) REFERENCES table (columns), or REFERENCES of a column. Without Referenced
	// it is the table's primary key.
	ForeignKey struct {
		Name       string
		Columns    []NamedPos
		Table      Name
		Referenced []NamedPos
		Match      string // "simple", "full", "partial", or ""
		// OnDelete and OnUpdate are "no action", "restrict", "cascade", "set null", "set default", or "".
		OnDelete, OnUpdate string
		SetColumns         []NamedPos // of ON DELETE SET NULL and SET DEFAULT; nil: all
		Pos                int
	}
	// CreateIndex is CREATE [UNIQUE] INDEX; Name "": one is made.
	CreateIndex struct {
		Name        string
		IfNotExists bool
		Unique      bool
		Table       Name
		Columns     []IndexColumn
		Pos         int
	}
	// IndexColumn is a column of CREATE INDEX.
	IndexColumn struct {
		Name       string
		Desc       bool
		NullsFirst bool
		Pos        int
	}
	// NamedPos is a word at a place.
	NamedPos struct {
		Word string
		Pos  int
	}
	// Watermark is the WATERMARK clause of a stream.
	Watermark struct {
		Column string
		Expr   Expr
		Pos    int
	}
	// CreateQuery is CREATE STREAM | TABLE | MATERIALIZED VIEW … AS SELECT, and plain CREATE VIEW.
	CreateQuery struct {
		Kind        string // "stream", "table" (also for materialized view), "view"
		Name        Name
		OrReplace   bool
		IfNotExists bool
		Columns     []string
		Options     []Option
		Query       *Select
		// QueryText is the user's text of the query, for the catalog and pg_get_viewdef.
		QueryText string
		WithData  *bool // WITH [NO] DATA
	}
	// CreateSchema is CREATE SCHEMA. Without a name it is the owner's; without an owner it is the user's.
	CreateSchema struct {
		Name        string
		Owner       *RoleSpec
		IfNotExists bool
		Pos         int
	}
	// AlterSchema is ALTER SCHEMA … RENAME TO, or OWNER TO.
	AlterSchema struct {
		Name, NewName string
		Owner         *RoleSpec
		Pos           int
	}
	// Comment is COMMENT ON kind name IS text; NULL is "", which takes the comment away. Of a column the name's last part is its
	// own; of a constraint the name is the table's.
	Comment struct {
		Kind       string // as of Drop, "column", "constraint", "role"
		Name       Name
		Constraint string
		Text       string
	}
	// Drop is DROP kind names.
	Drop struct {
		Kind     string // "stream", "table", "topic", "view", "materialized view", "index", "schema", …
		Names    []Name
		IfExists bool
		Cascade  bool
	}
	// AlterOptions is ALTER kind name SET (option = value, …), or RESET (option, …), whose options have no values.
	AlterOptions struct {
		Kind     string // "stream", "table", "topic", "materialized view"
		Name     Name
		IfExists bool
		Reset    bool
		Options  []Option
	}
	// AlterRelation is ALTER kind name with RENAME, or with a list of other actions.
	AlterRelation struct {
		Kind     string // "stream", "table", "topic", "view", "materialized view", "sequence", "index"
		Name     Name
		IfExists bool
		Actions  []AlterAction
	}
	// AlterAction is one action; Verb is "rename to", "resume", "owner to", "set schema", "rename column", "add column", "drop column", "set default", "drop default",
	// "set not null", "drop not null", "add check", "add unique" or "drop constraint".
	AlterAction struct {
		Verb       string
		Name       string // of the column or the constraint
		NewName    string // of RENAME
		Def        *ColumnDef
		Default    Expr
		Check      *Check
		Unique     *Unique
		ForeignKey *ForeignKey
		PrimaryKey *Unique
		Role       *RoleSpec // of OWNER TO
		IfExists   bool      // IF EXISTS, or IF NOT EXISTS of ADD COLUMN
		Cascade    bool
		Pos        int
	}
	// Insert is INSERT INTO.
	Insert struct {
		With    *With // nil if there is none
		Table   Name
		Alias   string
		Columns []NamedPos
		// Overriding is OVERRIDING "system" or "user" VALUE, or "".
		Overriding string
		Query      *Select // VALUES or SELECT; nil for DEFAULT VALUES
		Conflict   *OnConflict
		Returning  []SelectItem
	}
	// OnConflict is ON CONFLICT.
	OnConflict struct {
		Columns []string
		Nothing bool
		Set     []Assignment
		Where   Expr
		Pos     int
	}
	// Assignment is column = expr of UPDATE's SET.
	Assignment struct {
		Column string
		Value  Expr
		// Row, if not nil, is instead of Value a query of one row, of which column Item is the value: (a, b) = (SELECT …).
		Row  *Subquery
		Item int
		Pos  int
	}
	// Update is UPDATE.
	Update struct {
		With      *With // nil if there is none
		Table     Name
		Alias     string
		Set       []Assignment
		From      []TableExpr
		Where     Expr
		Returning []SelectItem
	}
	// Delete is DELETE FROM.
	Delete struct {
		With      *With // nil if there is none
		Table     Name
		Alias     string
		Using     []TableExpr
		Where     Expr
		Returning []SelectItem
	}
	// Truncate is TRUNCATE. Restart is RESTART IDENTITY; Cascade: with the tables that refer to them.
	Truncate struct {
		Tables  []Name
		Restart bool
		Cascade bool
	}
	// Maintain is VACUUM, ANALYZE or REFRESH MATERIALIZED VIEW: What in capitals, and the relations named.
	Maintain struct {
		What      string
		Relations []Name
		Pos       int
	}
	// Copy is COPY table|(query) FROM STDIN | TO STDOUT.
	Copy struct {
		Table   Name
		Columns []NamedPos
		Query   *Select
		From    bool
		// Options are lower-case names: format, delimiter, null, header, quote, escape, freeze, encoding, force_null, …
		Options []Option
	}
	// Explain is EXPLAIN. Stage is "", "parsed", "logical", "optimized", "topology"; other options in Options.
	Explain struct {
		Analyze bool
		Stage   string
		Options []Option
		Stmt    Statement
	}
	// Set is SET [SESSION|LOCAL] name = values; nil Values is DEFAULT (also RESET).
	Set struct {
		Name   string
		Local  bool
		Values []string
		// All is RESET ALL.
		All bool
	}
	// Show is SHOW name, or SHOW TOPICS | STREAMS | TABLES | QUERIES | … with Name in lower case.
	Show struct{ Name string }
	// Describe is DESCRIBE relation.
	Describe struct{ Name Name }
	// Transaction is BEGIN, COMMIT, ROLLBACK, SAVEPOINT …; Verb is "begin", "commit", "rollback", "savepoint", "release",
	// "rollback to", "set transaction" and "set session characteristics" (with Modes).
	Transaction struct {
		Verb      string
		Savepoint string
		Modes     []string // "isolation level …", "read only", …
		Chain     bool     // AND CHAIN
	}
	// Prepare is PREPARE name [(types)] AS statement.
	Prepare struct {
		Name  string
		Types []TypeName
		Stmt  Statement
	}
	// Execute is EXECUTE name [(args)].
	Execute struct {
		Name string
		Args []Expr
	}
	// Deallocate is DEALLOCATE name; "" is ALL.
	Deallocate struct{ Name string }
	// Discard is DISCARD ALL | PLANS | SEQUENCES | TEMP.
	Discard struct{ What string }
	// Unlisten is UNLISTEN channel; "" is *.
	Unlisten struct{ Channel string }
	// DeclareCursor is DECLARE name [SCROLL] CURSOR [WITH HOLD] FOR query.
	DeclareCursor struct {
		Name         string
		Scroll, Hold bool
		Query        *Select
	}
	// Fetch is FETCH and MOVE. Count is the number of rows or of the row; with All it is of no account.
	Fetch struct {
		Cursor    string
		Direction FetchDirection
		Count     int64
		All       bool
		Move      bool
		Options   []Option
	}
	// Close is CLOSE cursor; "" is ALL.
	Close struct{ Cursor string }
	// Empty is an empty statement.
	Empty struct{}
	// Unsupported is a statement whose head is known and that is refused by name, with 0A000.
	Unsupported struct {
		What string // for example "CREATE INDEX"
		Pos  int
	}
)

func (*SelectStmt) statement()     {}
func (*CreateRelation) statement() {}
func (*CreateQuery) statement()    {}
func (*CreateType) statement()     {}
func (*AlterType) statement()      {}
func (*CreateSequence) statement() {}
func (*CreateIndex) statement()    {}
func (*Drop) statement()           {}
func (*AlterOptions) statement()   {}
func (*AlterRelation) statement()  {}
func (*CreateSchema) statement()   {}
func (*Comment) statement()        {}
func (*AlterSchema) statement()    {}
func (*Insert) statement()         {}
func (*Update) statement()         {}
func (*Delete) statement()         {}
func (*Truncate) statement()       {}
func (*Maintain) statement()       {}
func (*Copy) statement()           {}
func (*Explain) statement()        {}
func (*Set) statement()            {}
func (*Show) statement()           {}
func (*Describe) statement()       {}
func (*Transaction) statement()    {}
func (*Prepare) statement()        {}
func (*Execute) statement()        {}
func (*Deallocate) statement()     {}
func (*Discard) statement()        {}
func (*Unlisten) statement()       {}
func (*DeclareCursor) statement()  {}
func (*Fetch) statement()          {}
func (*Close) statement()          {}
func (*Empty) statement()          {}
func (*Unsupported) statement()    {}

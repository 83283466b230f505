package planner

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Placement gives the shards of the partitions of a new relation.
type Placement func(partitions int) []catalog.ShardID

// PlanCreateRelation makes the descriptor of a topic, stream or table. It returns nil without error if the relation is there
// and the statement says IF NOT EXISTS.
func PlanCreateRelation(stmt *ast.CreateRelation, env *Env, id catalog.RelationID, placement Placement) (*catalog.Relation, error) {
	c, err := planCreateRelation(stmt, env, id, placement)
	if c == nil || err != nil {
		return nil, err
	}
	return c.rel, nil
}

// PlanCreate is PlanCreateRelation with the sequences of serial and identity columns and the indexes of UNIQUE constraints: the
// relation comes first. Changed are the tables that its foreign keys refer to.
func PlanCreate(stmt *ast.CreateRelation, env *Env, placement Placement) (created, changed []*catalog.Relation, err error) {
	c, err := planCreateRelation(stmt, env, env.Catalog.NextID(), placement)
	if c == nil || err != nil {
		return nil, nil, err
	}
	return append([]*catalog.Relation{c.rel}, c.sequences...), c.parents, nil
}

func planCreateRelation(stmt *ast.CreateRelation, env *Env, id catalog.RelationID, placement Placement) (*creator, error) {
	if err := refuseCreate(stmt); err != nil {
		return nil, err
	}
	rel, err := newRelation(env, stmt.Name, stmt.IfNotExists, id)
	if rel == nil || err != nil {
		return nil, err
	}
	rel.Kind = catalog.Kind(stmt.Kind)
	opts, err := parseOptions(stmt.Options, rel.Kind)
	if err != nil {
		return nil, err
	}
	c := &creator{binder: newBinder(env), stmt: stmt, rel: rel, nextID: id + 1}
	for _, def := range stmt.Columns {
		if err := c.column(def); err != nil {
			return nil, err
		}
	}
	if err := c.keys(); err != nil {
		return nil, err
	}
	if err := c.checks(); err != nil {
		return nil, err
	}
	rel.Options = opts.given
	if opts.topic.Parts != nil {
		if err := c.overTopic(opts); err != nil {
			return nil, err
		}
		return c, refuseEnums(rel, true)
	}
	if opts.partitions == 0 {
		opts.partitions = defaultPartitions
	}
	rel.Config, rel.Placement = opts.config, placement(opts.partitions)
	if err := c.uniques(placement); err != nil {
		return nil, err
	}
	if err := refuseEnums(rel, false); err != nil {
		return nil, err
	}
	if err := c.foreignKeys(); err != nil {
		return nil, err
	}
	if rel.Kind == catalog.KindTopic {
		c.topic()
	}
	if rel.Format() != catalog.FormatNative {
		rel.PartitionBy = nil // equal values of different types have different texts
	}
	return c, nil
}

// topic makes the columns of CREATE TOPIC a template for streams.
func (c *creator) topic() {
	if len(c.rel.Columns) > 0 {
		c.rel.Template = &catalog.Template{Columns: c.rel.Columns, Key: c.rel.Key}
	}
	c.rel.Columns, c.rel.Key, c.rel.PartitionBy = catalog.TopicColumns, nil, nil
}

// newRelation checks the name of a relation to be created. Nil without error: it is there, and that is fine.
func newRelation(env *Env, n ast.Name, ifNotExists bool, id catalog.RelationID) (*catalog.Relation, error) {
	schema, err := creationSchema(env, n)
	if err != nil {
		return nil, err
	}
	if env.Catalog.Lookup(schema, n.Last()) != nil {
		if ifNotExists {
			return nil, nil
		}
		return nil, pgerr.New(pgerr.DuplicateTable, "relation %q already exists", n.Last()).At(n.Pos)
	}
	if err := relationNameFree(env, schema, n.Last()); err != nil {
		return nil, err
	}
	return &catalog.Relation{ID: id, Schema: schema, Name: n.Last(), CreatedAtMicros: env.NowMicros}, nil
}

func refuseCreate(stmt *ast.CreateRelation) error {
	switch {
	case stmt.Temporary:
		return pgerr.Unsupported("temporary tables are").At(stmt.Name.Pos).
			WithHint("Use a query in WITH, or a table that is dropped at the end.")
	case stmt.Watermark != nil:
		return pgerr.Unsupported("WATERMARK is").At(stmt.Watermark.Pos)
	case len(stmt.Constraints) > 0:
		c := stmt.Constraints[0]
		return pgerr.Unsupported("%s constraints are", strings.ToUpper(c.Word)).At(c.Pos)
	}
	return nil
}

// creator makes the columns of one relation.
type creator struct {
	*binder
	stmt *ast.CreateRelation
	rel  *catalog.Relation

	sequences []*catalog.Relation // of serial and identity columns, then the indexes of UNIQUE constraints
	nextID    catalog.RelationID  // of the next one
	parents   []*catalog.Relation // tables that foreign keys refer to
}

// column adds a column.
func (c *creator) column(def ast.ColumnDef) error {
	if err := refuseColumn(def); err != nil {
		return err
	}
	if slices.ContainsFunc(c.rel.Columns, func(o catalog.Column) bool { return o.Name == def.Name }) {
		return pgerr.New(pgerr.DuplicateColumn, "column %q specified more than once", def.Name).At(def.Pos)
	}
	if len(c.rel.Columns) >= maxColumns {
		return pgerr.New(pgerr.TooManyColumns, "tables can have at most %d columns", maxColumns).At(def.Pos)
	}
	t, serial := serialTypes[def.Type.Name]
	if serial = serial && def.Type.Schema == "" && !def.Type.Array; !serial {
		var err error
		if t, err = c.typeOf(def.Type); err != nil {
			return err
		}
	}
	if !storable(t) {
		return pgerr.Unsupported("a column of type %s is", t).At(def.Type.Pos)
	}
	if def.Collation.Parts != nil {
		if err := checkCollation(def.Collation, t); err != nil {
			return err
		}
	}
	col := catalog.Column{Name: def.Name, Type: t, NotNull: def.NotNull || def.PrimaryKey}
	if err := c.counted(def, &col, serial); err != nil {
		return err
	}
	if def.Default != nil {
		if err := c.setDefault(def.Default, &col); err != nil {
			return err
		}
	}
	c.rel.Columns = append(c.rel.Columns, col)
	return nil
}

// storable reports whether columns may have type t: the catalog's own types are for its relations alone.
func storable(t types.Type) bool {
	if t.IsArray() {
		return storable(t.Element())
	}
	switch t.ID {
	case types.IDBool, types.IDInt2, types.IDInt4, types.IDInt8, types.IDFloat8, types.IDNumeric, types.IDText, types.IDTimestamptz, types.IDDate,
		types.IDFloat4, types.IDVarchar, types.IDBpchar, types.IDBytea, types.IDUUID, types.IDJSON, types.IDJSONB, types.IDTimestamp, types.IDInterval, types.IDTime, types.IDEnum:
		return true
	}
	return false
}

func refuseColumn(def ast.ColumnDef) error {
	what := ""
	switch {
	case reserved(def.Name):
		return pgerr.New(pgerr.DuplicateColumn, "column name %q conflicts with a system column name", def.Name).At(def.Pos)
	case def.Generated != "":
		what = "GENERATED columns are"
	default:
		return nil
	}
	return pgerr.Unsupported("%s", what).At(def.Pos)
}

// reserved reports whether a column name is one that the system gives.
func reserved(name string) bool {
	switch name {
	case catalog.RowIDColumn, "_key", "_headers", "_op":
		return true
	}
	if postgresColumn(name) {
		return true
	}
	if rest, ok := strings.CutPrefix(name, keyColumnPrefix); ok {
		if _, err := strconv.Atoi(rest); err == nil {
			return true
		}
	}
	return slices.ContainsFunc(catalog.StreamSystemColumns, func(c catalog.Column) bool { return c.Name == name })
}

// postgresColumn reports whether a column is one that PostgreSQL's tables have of themselves, and Millrace's do not.
func postgresColumn(name string) bool {
	switch name {
	case "tableoid", "ctid", "xmin", "xmax", "cmin", "cmax":
		return true
	}
	return false
}

// setDefault checks a DEFAULT and keeps its text, in a form that reads back as the same.
func (b *binder) setDefault(e ast.Expr, col *catalog.Column) error {
	text, err := FormatExpr(e)
	if err != nil {
		return err
	}
	x, err := b.bindDefault(e, *col)
	if err != nil {
		return err
	}
	if text, err = b.enumDefault(e, text, x); err != nil {
		return err
	}
	if again, err := parse.ParseExpr(text); err != nil || again == nil {
		return pgerr.Unsupported("this expression in DEFAULT is").At(e.Position()).WithCause(err)
	}
	col.Default, col.Sequence = text, b.sequenceIn(x)
	return nil
}

// keys sets what the relation is keyed and partitioned by.
func (c *creator) keys() error {
	if !c.rel.Keyed() {
		return c.streamKey()
	}
	if err := c.primaryKey(); err != nil {
		return err
	}
	if !c.rel.HasPrimaryKey {
		c.rel.Columns = append(c.rel.Columns, catalog.Column{Name: catalog.RowIDColumn, Type: types.Int8, NotNull: true, Hidden: true})
		c.rel.Key = []int{len(c.rel.Columns) - 1}
	}
	c.rel.PartitionBy = c.rel.Key
	return nil
}

// indexable refuses a key of columns that cannot be compared.
func (c *creator) indexable() error {
	for _, i := range c.rel.Key {
		if err := needIndex(c.rel.Columns[i].Type, c.stmt.Name.Pos); err != nil {
			return err
		}
	}
	return nil
}

func (c *creator) streamKey() error {
	for i, def := range c.stmt.Columns {
		if def.PrimaryKey {
			return noStreamPrimaryKey(def.Pos)
		}
		if def.Key {
			c.rel.Key = append(c.rel.Key, i)
		}
	}
	if len(c.stmt.PrimaryKey) > 0 {
		return noStreamPrimaryKey(c.stmt.Name.Pos)
	}
	c.rel.PartitionBy = c.rel.Key
	return c.indexable()
}

func noStreamPrimaryKey(pos int) error {
	return pgerr.New(pgerr.InvalidTableDefinition, "a stream has no PRIMARY KEY").
		WithDetail("A stream keeps every row.").WithHint("Use KEY for the columns by which its rows are partitioned.").At(pos)
}

func (c *creator) primaryKey() error {
	for i, def := range c.stmt.Columns {
		if def.Key {
			return pgerr.New(pgerr.InvalidTableDefinition, "KEY is for streams").WithHint("Use PRIMARY KEY.").At(def.Pos)
		}
		if !def.PrimaryKey {
			continue
		}
		if c.rel.Key != nil {
			return c.twoKeys(def.Pos)
		}
		c.rel.Key, c.rel.KeyName = []int{i}, def.KeyName
	}
	if len(c.stmt.PrimaryKey) > 0 && c.rel.Key != nil {
		return c.twoKeys(c.stmt.Name.Pos)
	}
	for _, name := range c.stmt.PrimaryKey {
		i := slices.IndexFunc(c.rel.Columns, func(o catalog.Column) bool { return o.Name == name })
		if i < 0 {
			return pgerr.New(pgerr.UndefinedColumn, "column %q named in key does not exist", name).At(c.stmt.Name.Pos)
		}
		if slices.Contains(c.rel.Key, i) {
			return pgerr.New(pgerr.DuplicateColumn, "column %q appears twice in primary key constraint", name).At(c.stmt.Name.Pos)
		}
		c.rel.Columns[i].NotNull = true
		c.rel.Key = append(c.rel.Key, i)
	}
	if c.stmt.KeyName != "" {
		c.rel.KeyName = c.stmt.KeyName
	}
	if c.rel.KeyName == c.rel.Name+"_pkey" {
		c.rel.KeyName = ""
	}
	c.rel.HasPrimaryKey = c.rel.Key != nil
	return c.indexable()
}

func (c *creator) twoKeys(pos int) error {
	return pgerr.New(pgerr.InvalidTableDefinition, "multiple primary keys for table %q are not allowed", c.rel.Name).At(pos)
}

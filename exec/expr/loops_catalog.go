package expr

import (
	"fmt"
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	registerSafe("pg_get_userbyid(oid)", rows(userName))
	for _, s := range funcs.All() {
		switch {
		case privilegeFunctions[s.Name] != nil:
			registerPrivilege(s)
		case strings.HasPrefix(s.ID, "has_"):
			registerSafe(s.ID, rows(func(k *call, i int) error { k.out.Int[i] = 1; return nil }))
		case strings.HasSuffix(s.Name, "_is_visible"):
			registerSafe(s.ID, rows(isVisible))
		case strings.HasSuffix(s.Name, "_size") && s.Result == types.Int8:
			registerSafe(s.ID, rows(func(k *call, i int) error { k.out.Int[i] = 0; return nil }))
		case s.Result == types.Text && isAbsent(s.Name):
			registerSafe(s.ID, rows(func(k *call, i int) error { k.setNull(i); return nil }))
		}
	}
	registerDescription("obj_description(oid)", func(k *call, i int) string { return k.Catalog.Description("", uint32(k.int(0, i)), 0) })
	registerDescription("obj_description(oid,name)", func(k *call, i int) string { return k.Catalog.Description(k.str(1, i), uint32(k.int(0, i)), 0) })
	registerDescription("col_description(oid,int4)", func(k *call, i int) string {
		return k.Catalog.Description("pg_class", uint32(k.int(0, i)), int(k.int(1, i)))
	})
	registerDescription("shobj_description(oid,name)", func(k *call, i int) string {
		if r := k.role(k.int(0, i)); r != nil && k.str(1, i) == "pg_authid" {
			return r.Comment
		}
		return ""
	})
	registerSafe("pg_relation_is_publishable(regclass)", rows(func(k *call, i int) error { k.out.Int[i] = 0; return nil }))
	registerSafe("format_type(oid,int4)", rows(formatType))
	for _, id := range []string{"pg_get_expr(text,oid)", "pg_get_expr(text,oid,bool)"} {
		registerSafe(id, rows(func(k *call, i int) error { k.out.Str[i] = k.str(0, i); return nil }))
	}
	registerDefinition("pg_get_indexdef(oid)", indexDefinition)
	registerSafe("pg_get_indexdef(oid,int4,bool)", rows(indexColumn))
	registerDefinition("pg_get_constraintdef(oid)", func(k *call, oid int64) (string, bool) { return constraintDefinition(k, oid, false) })
	registerSafe("pg_get_constraintdef(oid,bool)", rows(func(k *call, i int) error {
		s, ok := constraintDefinition(k, k.int(0, i), k.int(1, i) != 0)
		if !ok {
			k.setNull(i)
		}
		k.out.Str[i] = s
		return nil
	}))
	for _, variant := range []string{"(oid)", "(oid,bool)"} {
		registerDefinition("pg_get_viewdef"+variant, viewDefinition)
	}
	registerSafe("pg_char_to_encoding(name)", rows(func(k *call, i int) error {
		k.out.Int[i] = -1
		if name := lowerASCII(k.str(0, i)); name == "utf8" || name == "utf-8" || name == "unicode" {
			k.out.Int[i] = 6
		}
		return nil
	}))
	registerText("pg_client_encoding()", func(*call) string { return "UTF8" })
	registerText("getdatabaseencoding()", func(*call) string { return "UTF8" })
	registerText("pg_tablespace_location(oid)", func(*call) string { return "" })
	registerSafe("pg_encoding_to_char(int4)", rows(func(k *call, i int) error {
		if k.int(0, i) == 6 {
			k.out.Str[i] = "UTF8"
		}
		return nil
	}))
	register("regclassin(text)", rows(func(k *call, i int) error {
		d, err := types.ParseText(types.Regclass, k.str(0, i), k.Scope())
		k.out.Int[i] = d.Int
		return err
	}))
	for _, f := range []string{"to_regclass", "to_regtype", "to_regnamespace", "to_regrole"} {
		registerSafe(f+"(text)", rows(func(k *call, i int) error {
			d, err := types.ParseText(k.out.Type, k.str(0, i), k.Scope())
			if err != nil {
				k.setNull(i)
				return nil
			}
			k.out.Int[i] = d.Int
			return nil
		}))
	}
	registerSafe("pg_size_pretty(int8)", rows(func(k *call, i int) error { k.out.Str[i] = prettySize(k.int(0, i)); return nil }))
}

// isAbsent reports whether a function tells of objects that there are none of.
func isAbsent(name string) bool {
	switch name {
	case "pg_get_ruledef", "pg_get_triggerdef", "pg_get_statisticsobjdef_columns", "pg_get_functiondef", "pg_get_function_result",
		"pg_get_function_arguments", "pg_get_function_identity_arguments", "pg_get_function_sqlbody", "pg_get_partkeydef", "pg_get_partition_constraintdef":
		return true
	}
	return false
}

func userName(k *call, i int) error {
	oid := k.int(0, i)
	switch r := k.role(oid); {
	case r == nil:
		k.out.Str[i] = fmt.Sprintf("unknown (OID=%d)", oid)
	case !k.Catalog.Guarded():
		k.out.Str[i] = k.SessionUser
	default:
		k.out.Str[i] = r.Name
	}
	return nil
}

// relation returns the relation with a number, nil if there is none.
func (k *call) relation(oid int64) *catalog.Relation {
	if k.Catalog == nil {
		return nil
	}
	if r := k.Catalog.ByID(catalog.RelationID(oid)); r != nil && r.Enum == nil {
		return r
	}
	return nil
}

// keyRelation returns the relation whose primary key has a number, nil if there is none.
func (k *call) keyRelation(oid int64) *catalog.Relation {
	if id := catalog.PrimaryKeyRelation(uint32(oid)); id != 0 {
		return k.relation(int64(id))
	}
	return nil
}

// isVisible reports whether a relation is found without its schema; what is not a user's always is.
func isVisible(k *call, i int) error {
	r := k.relation(k.int(0, i))
	if r == nil {
		r = k.keyRelation(k.int(0, i))
	}
	if number, _ := types.EnumOfOID(uint32(k.int(0, i))); r == nil && k.Catalog != nil {
		r = k.Catalog.EnumByID(number)
	}
	k.out.Int[i] = bit(r == nil && !isInformation(k.int(0, i)) || r != nil && k.isFirst(r))
	return nil
}

// isInformation reports whether a number is that of a relation of information_schema, to which no search path leads unless it says so.
func isInformation(oid int64) bool {
	s := catalog.SystemRelationByOID(uint32(oid))
	return s != nil && s.Schema == "information_schema"
}

// isFirst reports whether the search path leads to r, and to no other relation of its name before.
func (k *call) isFirst(r *catalog.Relation) bool {
	for _, schema := range searchPath(k.evaluation) {
		if r.Schema == schema || k.Catalog.Sibling(schema, r) != nil {
			return r.Schema == schema
		}
	}
	return false
}

// relationName is what r is called where it has to be found: with its schema if the search path does not lead to it.
func (k *call) relationName(r *catalog.Relation) string { return r.QuotedName(!k.isFirst(r)) }

func formatType(k *call, i int) error {
	if k.args[0].null(i) {
		k.setNull(i)
		return nil
	}
	modifier := int32(-1)
	if !k.args[1].null(i) {
		modifier = int32(k.int(1, i))
		if k.int(0, i) == int64(types.Bpchar.OID()) && modifier < 4 { // character without a length is not character(1)
			k.out.Str[i] = "bpchar"
			return nil
		}
	}
	k.out.Str[i] = types.FormatType(uint32(k.int(0, i)), modifier, k.Scope())
	return nil
}

// registerDescription registers a function that gives a comment, NULL if there is none.
func registerDescription(id string, text func(k *call, i int) string) {
	registerSafe(id, rows(func(k *call, i int) error {
		if k.Catalog != nil {
			k.out.Str[i] = text(k, i)
		}
		if k.out.Str[i] == "" {
			k.setNull(i)
		}
		return nil
	}))
}

// registerDefinition registers a function that gives the SQL text of an object, NULL if there is none with the number.
func registerDefinition(id string, text func(k *call, oid int64) (string, bool)) {
	registerSafe(id, rows(func(k *call, i int) error {
		s, ok := text(k, k.int(0, i))
		if !ok {
			k.setNull(i)
		}
		k.out.Str[i] = s
		return nil
	}))
}

// index returns the index with a number, nil if there is none.
func (k *call) index(oid int64) *catalog.ShownIndex {
	if k.Catalog == nil {
		return nil
	}
	return k.Catalog.IndexOf(uint32(oid))
}

func indexDefinition(k *call, oid int64) (string, bool) {
	x := k.index(oid)
	if x == nil {
		return "", false
	}
	return x.Definition(), true
}

// indexColumn gives a column of an index, from 1; of column 0 the whole definition.
func indexColumn(k *call, i int) error {
	n, x := k.int(1, i), k.index(k.int(0, i))
	switch {
	case x == nil:
		k.setNull(i)
	case n == 0:
		k.out.Str[i] = x.Definition()
	default:
		if names := x.ColumnNames(); n > 0 && n <= int64(len(names)) {
			k.out.Str[i] = names[n-1]
		}
	}
	return nil
}

// constraintDefinition is the SQL text of a constraint; pretty leaves the inner parentheses of a CHECK out.
func constraintDefinition(k *call, oid int64, pretty bool) (string, bool) {
	if k.Catalog == nil {
		return "", false
	}
	if _, check := k.Catalog.CheckOf(uint32(oid)); check != nil {
		if pretty {
			return "CHECK (" + check.SQL + ")", true
		}
		return "CHECK ((" + check.SQL + "))", true
	}
	if f := k.Catalog.ForeignKeyOf(uint32(oid)); f.Child != nil {
		return f.Definition(k.Catalog, k.relationName), true
	}
	x := k.index(oid)
	if x == nil || !x.Constraint {
		return "", false
	}
	return x.ConstraintDefinition(), true
}

func viewDefinition(k *call, oid int64) (string, bool) {
	r := k.relation(oid)
	if r == nil || r.SQL() == "" {
		return "", false
	}
	return " " + strings.TrimRight(strings.TrimSpace(r.SQL()), "; \n") + ";", true
}

// findRelation looks a relation up by name, or by schema and name.
func (k *call) findRelation(parts []string) (oid uint32, ok bool) {
	if k.Catalog == nil {
		return 0, false
	}
	names := catalog.Names{Current: func() *catalog.Catalog { return k.Catalog }, Path: searchPath(k.evaluation)}
	return names.Relation(parts)
}

// prettySize writes a number of bytes as PostgreSQL's pg_size_pretty does.
func prettySize(bytes int64) string {
	size, unit := bytes, 0
	names := []string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	limit := int64(10 * 1024)
	for unit < len(names)-1 && (size >= limit || size <= -limit) {
		if unit == 0 {
			size /= 512 // keeps one more bit, for rounding
		} else {
			size /= 1024
		}
		unit++
		limit = 20*1024 - 1
	}
	if unit > 0 {
		half := int64(1)
		if size < 0 {
			half = -1
		}
		size = (size + half) / 2
	}
	return fmt.Sprintf("%d %s", size, names[unit])
}

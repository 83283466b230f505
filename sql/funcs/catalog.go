package funcs

import "github.com/millracedb/millrace/sql/types"

// addCatalog adds the functions over the catalog that psql and drivers call.
func (r *registry) addCatalog() {
	oid, text, i4, yes := types.OID, types.Text, types.Int4, types.Bool
	r.fn("pg_get_userbyid", types.Name, oid).stable().doc("name of a user", "pg_get_userbyid(10)")
	for _, f := range []string{"pg_table_is_visible", "pg_type_is_visible", "pg_function_is_visible", "pg_operator_is_visible", "pg_opclass_is_visible",
		"pg_collation_is_visible", "pg_statistics_obj_is_visible", "pg_ts_config_is_visible",
		"pg_conversion_is_visible", "pg_opfamily_is_visible", "pg_ts_dict_is_visible", "pg_ts_parser_is_visible", "pg_ts_template_is_visible"} {
		r.fn(f, yes, oid).stable().doc("whether the object is found without its schema", f+"(1259)")
	}
	r.fn("format_type", text, oid, i4).lax().stable().doc("SQL name of a type with its modifier", "format_type(23, NULL)")
	r.fn("pg_get_expr", text, text, oid).stable().doc("SQL text of a stored expression", "pg_get_expr(adbin, adrelid)")
	r.fn("pg_get_expr", text, text, oid, yes).stable().doc("SQL text of a stored expression", "pg_get_expr(adbin, adrelid, true)")
	r.fn("pg_get_indexdef", text, oid).stable().doc("statement that makes an index", "pg_get_indexdef(16400)")
	r.fn("pg_get_indexdef", text, oid, i4, yes).stable().doc("a column of an index", "pg_get_indexdef(16400, 1, true)")
	for _, f := range []string{"pg_get_constraintdef", "pg_get_viewdef", "pg_get_ruledef", "pg_get_triggerdef"} {
		r.fn(f, text, oid).stable().doc("SQL text of the object", f+"(16400)")
		r.fn(f, text, oid, yes).stable().doc("SQL text of the object", f+"(16400, true)")
	}
	for _, f := range []string{"pg_get_statisticsobjdef_columns", "pg_get_functiondef", "pg_get_function_result", "pg_get_function_arguments",
		"pg_get_function_identity_arguments", "pg_get_function_sqlbody", "pg_get_partkeydef", "pg_get_partition_constraintdef"} {
		r.fn(f, text, oid).stable().doc("NULL: there are no such objects", f+"(16400)")
	}
	r.fn("pg_relation_is_publishable", yes, types.Regclass).stable().doc("false: there is no logical replication", "pg_relation_is_publishable('pg_class')")
	r.fn("obj_description", text, oid).stable().doc("comment on an object", "obj_description(16400)")
	r.fn("obj_description", text, oid, types.Name).stable().doc("comment on an object", "obj_description(16400, 'pg_class')")
	r.fn("col_description", text, oid, i4).stable().doc("comment on a column", "col_description(16400, 1)")
	r.fn("shobj_description", text, oid, types.Name).stable().doc("comment on a database", "shobj_description(1, 'pg_database')")
	r.fn("pg_encoding_to_char", types.Name, i4).stable().doc("name of an encoding", "pg_encoding_to_char(6)")
	r.fn("pg_char_to_encoding", i4, types.Name).stable().doc("number of an encoding, -1 if there is none", "pg_char_to_encoding('UTF8')")
	r.fn("getdatabaseencoding", types.Name).stable().doc("the encoding of all texts", "getdatabaseencoding()")
	r.fn("to_regclass", types.Regclass, text).stable().doc("number of a relation by its name, NULL if there is none", "to_regclass('orders')")
	r.fn("to_regtype", types.Regtype, text).stable().doc("type by its name, NULL if there is none", "to_regtype('int')")
	r.fn("to_regnamespace", types.Type{ID: types.IDRegnamespace}, text).stable().doc("schema by its name, NULL if there is none", "to_regnamespace('public')")
	r.fn("to_regrole", types.Type{ID: types.IDRegrole}, text).stable().doc("role by its name, NULL if there is none", "to_regrole('me')")
	for _, f := range []string{"pg_relation_size", "pg_table_size", "pg_total_relation_size", "pg_indexes_size"} {
		r.fn(f, types.Int8, types.Regclass).volatile().doc("0: sizes are kept elsewhere", f+"('pg_class')")
	}
	for _, f := range []string{"pg_database_size", "pg_tablespace_size"} {
		r.fn(f, types.Int8, oid).volatile().doc("0: sizes are kept elsewhere", f+"(16400)")
	}
	for _, f := range []string{"pg_database_size", "pg_tablespace_size"} {
		r.fn(f, types.Int8, types.Name).volatile().doc("0: sizes are kept elsewhere", f+"('pg_default')")
	}
	r.fn("pg_tablespace_location", text, oid).stable().doc("empty: there are no tablespaces", "pg_tablespace_location(1663)")
	r.fn("pg_size_pretty", text, types.Int8).doc("a number of bytes with a unit", "pg_size_pretty(1234::bigint)")
	r.addPrivileges()
	// What stored expressions of the time before regclass was a type may have.
	r.add(&Signature{Name: "regclassin", Args: []types.Type{text}, Result: oid, Strict: true, Volatility: Stable, operator: true})
	for _, f := range []string{"pg_relation_size", "pg_table_size", "pg_total_relation_size", "pg_indexes_size"} {
		r.add(&Signature{Name: f, Args: []types.Type{oid}, Result: types.Int8, Strict: true, Volatility: Volatile, operator: true})
	}
}

// addPrivileges adds the questions for privileges: every user has all of them.
func (r *registry) addPrivileges() {
	text, oid, name := types.Text, types.OID, types.Name
	for _, f := range []string{"has_table_privilege", "has_schema_privilege", "has_database_privilege", "has_sequence_privilege", "has_function_privilege",
		"has_tablespace_privilege", "has_type_privilege", "has_any_column_privilege"} {
		for _, object := range []types.Type{text, oid} {
			r.fn(f, types.Bool, object, text).stable().doc("whether the user has a privilege: true", f+"('orders', 'select')")
			r.fn(f, types.Bool, name, object, text).stable().doc("whether a user has a privilege: true", f+"('me', 'orders', 'select')")
		}
	}
	for _, object := range []types.Type{text, oid} {
		for _, column := range []types.Type{text, types.Int2} {
			doc := "whether the user has a privilege on a column: the one on its relation"
			r.fn("has_column_privilege", types.Bool, object, column, text).stable().doc(doc, "has_column_privilege('pg_class', 'oid', 'select')")
			r.fn("has_column_privilege", types.Bool, name, object, column, text).stable().doc(doc, "has_column_privilege('me', 'pg_class', 'oid', 'select')")
		}
	}
	for _, object := range []types.Type{name, oid} {
		r.fn("pg_has_role", types.Bool, object, text).stable().doc("whether the user has a role: true", "pg_has_role('me', 'usage')")
	}
}

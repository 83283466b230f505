package catalog

// statisticsFillers make the relations of PostgreSQL's statistics collector. They name what there is; counters that Millrace
// does not keep are NULL, and what it does not have at all (replication slots, vacuum) has no rows.
var statisticsFillers = map[string]filler{
	"pg_catalog.pg_stat_database":       fillStatDatabase,
	"pg_catalog.pg_stat_user_tables":    fillStatUserTables,
	"pg_catalog.pg_stat_all_tables":     fillStatUserTables,
	"pg_catalog.pg_statio_user_tables":  fillStatUserTables,
	"pg_catalog.pg_statio_all_tables":   fillStatUserTables,
	"pg_catalog.pg_stat_user_indexes":   fillStatUserIndexes,
	"pg_catalog.pg_stat_all_indexes":    fillStatUserIndexes,
	"pg_catalog.pg_statio_user_indexes": fillStatUserIndexes,
	"pg_catalog.pg_statio_all_indexes":  fillStatUserIndexes,
}

func fillStatDatabase(x *systemContext, add func(record)) {
	r := record{"datid": num(oidDatabase), "datname": str(x.env.Database)}
	if x.env.Activities != nil {
		r["numbackends"] = num(len(x.env.Activities()))
	}
	add(r)
}

func fillStatUserTables(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		if !r.HasRecords() {
			continue
		}
		add(record{"relid": num(r.oid()), "schemaname": str(r.Schema), "relname": str(r.Name)})
	}
}

func fillStatUserIndexes(x *systemContext, add func(record)) {
	for _, i := range x.catalog.ShownIndexes() {
		add(record{"relid": num(i.Table.oid()), "indexrelid": num(i.OID), "schemaname": str(i.Table.Schema),
			"relname": str(i.Table.Name), "indexrelname": str(i.Name)})
	}
}

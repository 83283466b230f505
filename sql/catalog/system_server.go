package catalog

// serverFillers make what shows the server: schemas, databases, users, settings.
var serverFillers = map[string]filler{
	"pg_catalog.pg_namespace":     fillNamespace,
	"pg_catalog.pg_am":            fillAm,
	"pg_catalog.pg_database":      fillDatabase,
	"pg_catalog.pg_tablespace":    fillTablespace,
	"pg_catalog.pg_settings":      fillSettings,
	"pg_catalog.pg_description":   fillDescription,
	"pg_catalog.pg_shdescription": fillSharedDescription,

	"pg_catalog.pg_stat_activity": fillActivity,
	"pg_catalog.pg_locks":         fillLocks,
	"pg_catalog.pg_cursors":       fillCursors,
}

func fillNamespace(x *systemContext, add func(record)) {
	for _, s := range x.catalog.schemaNames() {
		r := record{"oid": num(x.catalog.SchemaOID(s)), "nspname": str(s), "nspowner": num(x.catalog.schemaOwner(s))}
		switch own := x.catalog.Schema(s); {
		case own != nil && own.Grants == nil && own.ID != oidPublicSchema: // the owner has all, which goes without saying
		case own != nil:
			r["nspacl"] = x.grantsText(own.Access())
		default:
			r["nspacl"] = x.grantsText([]Grant{{Grantee: BootstrapRole, Grantor: BootstrapRole, Privileges: SchemaPrivileges},
				{Grantor: BootstrapRole, Privileges: Usage}})
		}
		add(r)
	}
}

func fillAm(x *systemContext, add func(record)) {
	add(record{"oid": num(oidHeap), "amname": str("heap"), "amtype": str("t")})
	add(record{"oid": num(oidBtree), "amname": str("btree"), "amtype": str("i")})
}

func fillDatabase(x *systemContext, add func(record)) {
	add(record{
		"oid": num(oidDatabase), "datname": str(x.env.Database), "datdba": num(oidOwner), "encoding": num(6),
		"datlocprovider": str("c"), "datallowconn": flag(true), "datconnlimit": num(-1), "dattablespace": num(1663),
		"datcollate": str("C"), "datctype": str("C"),
	})
}

func fillTablespace(x *systemContext, add func(record)) {
	add(record{"oid": num(1663), "spcname": str("pg_default"), "spcowner": num(oidOwner)})
	add(record{"oid": num(1664), "spcname": str("pg_global"), "spcowner": num(oidOwner)})
}

func fillSettings(x *systemContext, add func(record)) {
	for _, s := range x.env.Settings {
		add(record{"name": str(s.Name), "setting": str(s.Value), "category": str("Millrace"), "short_desc": str(s.Description),
			"context": str("user"), "vartype": str("string"), "source": str("session"), "reset_val": str(s.Value)})
	}
}
